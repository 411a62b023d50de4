"""Topics, subscriptions and limits, by Google's generated clients."""

import uuid
from datetime import timedelta

import pytest
from google.api_core import exceptions
from google.pubsub_v1 import PubsubMessage

BAD_NAMES = [
    "x",
    "projects/p/topics/ab",
    "projects/p/topics/googled",
    "projects/p/topics/1st",
    "projects/p/topics/a b",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_malformed_name_is_an_invalid_argument(name, topic):
    with pytest.raises(exceptions.InvalidArgument, match="name"):
        topic.publisher.create_topic(name=name)
    with pytest.raises(exceptions.InvalidArgument, match="name"):
        topic.subscriber.create_subscription(name=name, topic=topic.name)


def test_a_topic_is_there_once_it_is_created_and_only_once(topic):
    assert topic.publisher.get_topic(topic=topic.name).name == topic.name
    with pytest.raises(exceptions.AlreadyExists):
        topic.publisher.create_topic(name=topic.name)


def test_missing_topics_and_subscriptions_are_not_found(topic):
    no_topic, no_subscription = topic.other_name(), topic.other_name("subscriptions")
    for call in (
        lambda: topic.publisher.get_topic(topic=no_topic),
        lambda: topic.publisher.delete_topic(topic=no_topic),
        lambda: topic.publisher.publish(topic=no_topic, messages=[PubsubMessage(data=b"x")]),
        lambda: topic.subscriber.create_subscription(name=no_subscription, topic=no_topic),
        lambda: topic.subscriber.get_subscription(subscription=no_subscription),
        lambda: topic.subscriber.delete_subscription(subscription=no_subscription),
        lambda: topic.subscriber.pull(subscription=no_subscription, max_messages=1),
        lambda: topic.subscriber.acknowledge(subscription=no_subscription, ack_ids=["1-1-1"]),
    ):
        with pytest.raises(exceptions.NotFound):
            call()


def test_lists_show_everything_of_a_project_page_by_page(topic):
    project = f"projects/local-{uuid.uuid4().hex}"
    topics = [f"{project}/topics/topic-{n}" for n in range(5)]
    subscriptions = [f"{project}/subscriptions/subscription-{n}" for n in range(5)]
    for name in topics:
        topic.publisher.create_topic(name=name)
    for name in subscriptions:
        topic.subscriber.create_subscription(name=name, topic=topics[0])
    page = {"page_size": 2}
    listed = topic.publisher.list_topics({"project": project, **page})
    assert sorted(one.name for one in listed) == topics
    listed = topic.subscriber.list_subscriptions({"project": project, **page})
    assert sorted(one.name for one in listed) == subscriptions
    listed = topic.publisher.list_topic_subscriptions({"topic": topics[0], **page})
    assert sorted(listed) == subscriptions
    assert list(topic.publisher.list_topic_subscriptions(topic=topics[1])) == []


def test_a_subscription_gets_googles_defaults_and_keeps_what_it_was_made_with(topic):
    plain = topic.subscriber.get_subscription(subscription=topic.subscribe())
    assert plain.topic == topic.name
    assert plain.ack_deadline_seconds == 10
    assert plain.message_retention_duration == timedelta(days=7)
    name = topic.subscribe(
        ack_deadline_seconds=600, enable_message_ordering=True, retain_acked_messages=True, labels={"a": "b"}
    )
    made = topic.subscriber.get_subscription(subscription=name)
    assert made.ack_deadline_seconds == 600
    assert made.enable_message_ordering
    assert made.retain_acked_messages
    assert made.labels == {"a": "b"}
    with pytest.raises(exceptions.AlreadyExists):
        topic.subscriber.create_subscription(name=name, topic=topic.name)


@pytest.mark.parametrize(
    "config",
    [
        {"ack_deadline_seconds": 601},
        {"message_retention_duration": timedelta(seconds=1)},
        {"message_retention_duration": timedelta(days=32)},
    ],
    ids=str,
)
def test_a_subscription_beyond_the_limits_is_rejected(config, topic):
    with pytest.raises(exceptions.InvalidArgument):
        topic.subscribe(**config)


@pytest.mark.parametrize("config", [{"ack_deadline_seconds": 9}, {"filter": "lang = de"}], ids=str)
def test_a_subscription_that_the_real_service_rejects_is_rejected(config, topic, not_on_googles_emulator):
    with pytest.raises(exceptions.InvalidArgument):
        topic.subscribe(**config)


@pytest.mark.parametrize(
    "config",
    [
        {"push_config": {"push_endpoint": "https://example.com/push"}},
        {"bigquery_config": {"table": "p.d.t"}},
        {"enable_exactly_once_delivery": True},
    ],
    ids=str,
)
def test_unsupported_settings_are_rejected(config, topic, not_on_googles_emulator):
    with pytest.raises(exceptions.MethodNotImplemented):
        topic.subscribe(**config)


def test_a_dead_letter_topic_must_exist_and_be_given_enough_attempts(topic):
    policy = {"dead_letter_topic": topic.name, "max_delivery_attempts": 4}
    with pytest.raises(exceptions.OutOfRange):
        topic.subscribe(dead_letter_policy=policy)
    with pytest.raises(exceptions.NotFound):
        topic.subscribe(
            dead_letter_policy={"dead_letter_topic": topic.other_name(), "max_delivery_attempts": 5}
        )


def test_an_update_changes_the_fields_of_its_mask_and_no_others(topic):
    name = topic.subscribe(labels={"team": "data"})
    wanted = {"name": name, "ack_deadline_seconds": 30, "labels": {"team": "other"}}
    updated = topic.subscriber.update_subscription(
        subscription=wanted, update_mask={"paths": ["ack_deadline_seconds"]}
    )
    assert updated == topic.subscriber.get_subscription(subscription=name)
    assert (updated.ack_deadline_seconds, updated.labels) == (30, {"team": "data"})


@pytest.mark.parametrize("paths", [[], ["filter"], ["nonsense"], ["topic"]], ids=str)
def test_an_update_of_a_fixed_field_is_rejected(paths, topic):
    name = topic.subscribe()
    with pytest.raises(exceptions.InvalidArgument):
        topic.subscriber.update_subscription(subscription={"name": name}, update_mask={"paths": paths})


def test_a_topics_labels_and_retention_can_be_changed(topic, not_on_googles_emulator):
    wanted = {"name": topic.name, "labels": {"a": "b"}, "message_retention_duration": timedelta(days=1)}
    topic.publisher.update_topic(
        topic=wanted, update_mask={"paths": ["labels", "message_retention_duration"]}
    )
    found = topic.publisher.get_topic(topic=topic.name)
    assert found.labels == {"a": "b"}
    assert found.message_retention_duration == timedelta(days=1)


def test_a_deleted_topic_leaves_its_subscriptions_with_what_was_published(topic):
    name = topic.subscribe()
    topic.publish("left behind")
    topic.publisher.delete_topic(topic=topic.name)
    assert topic.subscriber.get_subscription(subscription=name).topic == "_deleted-topic_"
    assert topic.take(name, 1) == ["left behind"]
    topic.publisher.create_topic(name=topic.name)  # another topic of that name is not the old one
    assert list(topic.publisher.list_topic_subscriptions(topic=topic.name)) == []


def test_a_deleted_subscription_is_gone_and_its_name_free(topic):
    name = topic.subscribe()
    topic.publish("never read")
    topic.subscriber.delete_subscription(subscription=name)
    with pytest.raises(exceptions.NotFound):
        topic.subscriber.pull(subscription=name, max_messages=1)
    topic.subscriber.create_subscription(name=name, topic=topic.name)
    assert topic.pull_at_once(name) == []


@pytest.mark.parametrize(
    "messages",
    [[], [PubsubMessage()], [PubsubMessage(ordering_key="a")], [PubsubMessage(data=b"x")] * 1001],
    ids=["none", "empty", "only a key", "1001"],
)
def test_a_request_without_messages_or_with_too_many_is_rejected(messages, topic):
    with pytest.raises(exceptions.InvalidArgument):
        topic.publisher.publish(topic=topic.name, messages=messages)


TOO_MUCH = {
    "message above 10 MB": [PubsubMessage(data=b"x" * 10_000_001)],
    "request above 10 MB": [PubsubMessage(data=b"x" * 1_000_001)] * 10,
    "101 attributes": [PubsubMessage(data=b"x", attributes={f"k{n}": "" for n in range(101)})],
    "long key": [PubsubMessage(data=b"x", attributes={"k" * 257: ""})],
    "empty key": [PubsubMessage(data=b"x", attributes={"": "v"})],
    "goog key": [PubsubMessage(data=b"x", attributes={"googKey": "v"})],
    "long value": [PubsubMessage(data=b"x", attributes={"k": "v" * 1025})],
    "long value in bytes": [PubsubMessage(data=b"x", attributes={"k": "ü" * 513})],
    "long ordering key": [PubsubMessage(data=b"x", ordering_key="k" * 1025)],
    "two ordering keys": [PubsubMessage(data=b"x", ordering_key=key) for key in ("a", "b")],
}


@pytest.mark.parametrize("messages", TOO_MUCH.values(), ids=TOO_MUCH)
def test_messages_that_the_real_service_rejects_are_rejected(messages, topic, not_on_googles_emulator):
    name = topic.subscribe()
    with pytest.raises(exceptions.InvalidArgument):
        topic.publisher.publish(topic=topic.name, messages=messages)
    assert topic.pull_at_once(name) == []


def test_what_is_just_within_the_limits_arrives(topic):
    name = topic.subscribe()
    attributes = {f"{n:03}{'k' * 253}": "v" * 1024 for n in range(100)}
    big = PubsubMessage(data=b"x" * 9_800_000, attributes=attributes, ordering_key="k" * 1024)
    topic.publisher.publish(topic=topic.name, messages=[big])
    topic.publisher.publish(topic=topic.name, messages=[PubsubMessage(attributes={"no": "data"})])
    first, second = topic.pull(name, 2)
    assert {len(first.message.data), len(second.message.data)} == {9_800_000, 0}
    assert attributes in (first.message.attributes, second.message.attributes)

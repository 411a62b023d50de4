"""Delivery, redelivery, ordering, seek and dead letters, by Google's generated clients."""

from datetime import UTC, datetime, timedelta

import pytest
from google.api_core import exceptions


def test_a_message_arrives_as_it_was_published(topic):
    name = topic.subscribe()
    before = datetime.now(UTC)
    [number] = topic.publish("hello", key="k", ticket_id="35436", kind="ü")
    [received] = topic.pull(name, 1)
    message = received.message
    assert (message.data, message.ordering_key, message.message_id) == (b"hello", "k", number)
    assert message.attributes == {"ticket_id": "35436", "kind": "ü"}
    assert before - timedelta(seconds=1) < message.publish_time < datetime.now(UTC) + timedelta(seconds=1)
    assert received.delivery_attempt == 0


def test_ids_grow_in_the_order_of_publication(topic):
    ids = topic.publish("a", "b") + topic.publish("c")
    assert ids == sorted(set(ids), key=int)


def test_each_subscription_gets_every_message_from_its_creation_on(topic):
    early = topic.subscribe()
    topic.publish("first")
    late = topic.subscribe()
    topic.publish("second")
    assert sorted(topic.take(early, 2)) == ["first", "second"]
    assert topic.take(late, 1) == ["second"]
    assert topic.pull_at_once(late) == []


def test_a_pull_gives_no_more_than_it_was_asked_for(topic):
    name = topic.subscribe()
    topic.publish(*"abc")
    first = topic.subscriber.pull(subscription=name, max_messages=2, timeout=30).received_messages
    assert 1 <= len(first) <= 2
    assert len(topic.pull(name, 3 - len(first))) == 3 - len(first)
    with pytest.raises(exceptions.InvalidArgument):
        topic.subscriber.pull(subscription=name, max_messages=0)


def test_a_pull_waits_for_what_is_published_meanwhile(topic):
    name = topic.subscribe()
    pulling = topic.in_background(lambda: topic.pull(name, 1))
    topic.publish("came later")
    assert topic.texts(pulling.result(timeout=60)) == ["came later"]


def test_an_acknowledged_message_does_not_come_again_and_others_do(topic):
    name = topic.subscribe()
    topic.publish("done", "not done")
    received = topic.pull(name, 2)
    topic.acknowledge(name, [one for one in received if one.message.data == b"done"])
    topic.extend(name, received, 0)
    assert topic.texts(topic.pull(name, 1)) == ["not done"]
    assert topic.pull_at_once(name) == []


def test_a_message_comes_again_when_its_deadline_has_passed(topic):
    name = topic.subscribe()
    topic.publish("slow")
    first = topic.pull(name, 1)
    assert topic.pull_at_once(name) == []
    topic.extend(name, first, 1)
    second = topic.pull(name, 1)
    assert topic.texts(second) == ["slow"]
    assert second[0].ack_id != first[0].ack_id


def test_acknowledging_twice_or_too_late_is_no_error(topic):
    name = topic.subscribe()
    topic.publish("late")
    received = topic.pull(name, 1)
    topic.extend(name, received, 0)
    topic.acknowledge(name, received)
    topic.acknowledge(name, received)


def test_ack_ids_must_be_given_and_be_ack_ids(topic):
    name = topic.subscribe()
    for ack_ids in ([], ["nonsense"]):
        with pytest.raises(exceptions.InvalidArgument):
            topic.subscriber.acknowledge(subscription=name, ack_ids=ack_ids)
        with pytest.raises(exceptions.InvalidArgument):
            topic.subscriber.modify_ack_deadline(subscription=name, ack_ids=ack_ids, ack_deadline_seconds=10)


def test_an_ack_id_of_another_subscription_is_ignored(topic, not_on_googles_emulator):
    name, other = topic.subscribe(), topic.subscribe()
    topic.publish("mine")
    received, others = topic.pull(name, 1), topic.pull(other, 1)
    topic.acknowledge(name, others)
    topic.extend(name, received, 0)
    assert topic.texts(topic.pull(name, 1)) == ["mine"]


def test_an_ordered_subscription_delivers_each_key_in_order(topic):
    name = topic.subscribe(enable_message_ordering=True)
    for n in range(30):
        topic.publish(str(n), key=f"key {n % 3}")
    arrived = [int(text) for text in topic.take(name, 30)]
    for key in range(3):
        assert [n for n in arrived if n % 3 == key] == list(range(key, 30, 3))


def test_an_ordered_subscription_holds_a_key_back_until_what_is_out_is_acknowledged(topic):
    name = topic.subscribe(enable_message_ordering=True)
    topic.publish("a1", "a2", key="a")
    topic.publish("b1", key="b")
    first = topic.pull(name, 1)
    assert topic.texts(first) == ["a1"]
    assert topic.texts(topic.pull_at_once(name)) == ["b1"]
    topic.acknowledge(name, first)
    assert topic.texts(topic.pull_at_once(name)) == ["a2"]


def test_a_nacked_message_comes_again_with_the_later_ones_of_its_key(topic, not_on_googles_emulator):
    name = topic.subscribe(enable_message_ordering=True)
    topic.publish(*"123", key="a")
    first, second, _ = topic.pull(name, 3)
    topic.acknowledge(name, [first])
    topic.extend(name, [second], 0)
    assert topic.take(name, 2) == ["2", "3"]


def test_without_ordering_a_key_holds_nothing_back(topic):
    name = topic.subscribe()
    topic.publish("a1", "a2", key="a")
    assert sorted(topic.texts(topic.pull(name, 1) + topic.pull(name, 1))) == ["a1", "a2"]


def test_a_filtered_subscription_gets_what_its_filter_lets_through(topic, not_on_googles_emulator):
    name = topic.subscribe(filter='attributes.lang = "de" AND NOT attributes:draft')
    topic.publish("no", lang="en")
    topic.publish("yes", lang="de")
    topic.publish("neither", lang="de", draft="1")
    topic.publish("nor")
    assert topic.texts(topic.pull_at_once(name)) == ["yes"]
    topic.subscriber.seek({"subscription": name, "time": datetime.now(UTC) - timedelta(hours=1)})
    assert topic.texts(topic.pull_at_once(name)) == ["yes"]


def test_a_seek_into_the_past_brings_acknowledged_messages_again_if_they_are_retained(topic):
    retaining, forgetting = topic.subscribe(retain_acked_messages=True), topic.subscribe()
    before = datetime.now(UTC) - timedelta(minutes=1)
    topic.publish("once more")
    assert topic.take(retaining, 1) == topic.take(forgetting, 1) == ["once more"]
    for name in (retaining, forgetting):
        topic.subscriber.seek({"subscription": name, "time": before})
    assert topic.take(retaining, 1) == ["once more"]
    assert topic.pull_at_once(forgetting) == []


def test_a_seek_takes_up_where_it_points_to(topic):
    name = topic.subscribe(retain_acked_messages=True)
    topic.publish("one")
    topic.publish("two")
    [_, second] = topic.pull(name, 2)
    topic.subscriber.seek({"subscription": name, "time": second.message.publish_time})
    assert topic.texts(topic.pull_at_once(name)) == ["two"]


def test_a_seek_into_the_future_settles_everything(topic):
    name = topic.subscribe(retain_acked_messages=True)
    topic.publish("out", "waiting")
    topic.pull(name, 1)
    topic.subscriber.seek({"subscription": name, "time": datetime.now(UTC) + timedelta(minutes=1)})
    assert topic.pull_at_once(name) == []


def test_a_seek_makes_earlier_ack_ids_void(topic):
    name = topic.subscribe(retain_acked_messages=True)
    topic.publish("again")
    received = topic.pull(name, 1)
    topic.subscriber.seek({"subscription": name, "time": datetime.now(UTC) - timedelta(minutes=1)})
    topic.acknowledge(name, received)
    assert topic.texts(topic.pull_at_once(name)) == ["again"]


def test_a_topic_that_retains_messages_gives_them_to_a_subscription_made_later(
    topic, not_on_googles_emulator
):
    topic.publisher.update_topic(
        topic={"name": topic.name, "message_retention_duration": timedelta(days=1)},
        update_mask={"paths": ["message_retention_duration"]},
    )
    topic.publish("before its time")
    name = topic.subscribe()
    assert topic.pull_at_once(name) == []
    topic.subscriber.seek({"subscription": name, "time": datetime.now(UTC) - timedelta(minutes=1)})
    assert topic.texts(topic.pull_at_once(name)) == ["before its time"]


def test_a_seek_needs_a_time(topic):
    with pytest.raises(exceptions.InvalidArgument):
        topic.subscriber.seek({"subscription": topic.subscribe()})


def test_a_message_with_too_many_attempts_goes_to_the_dead_letter_topic(topic, not_on_googles_emulator):
    dead_letter_topic = topic.other_name()
    topic.publisher.create_topic(name=dead_letter_topic)
    dead_letter_subscription = topic.other_name("subscriptions")
    topic.subscriber.create_subscription(name=dead_letter_subscription, topic=dead_letter_topic)
    policy = {"dead_letter_topic": dead_letter_topic, "max_delivery_attempts": 5}
    name = topic.subscribe(dead_letter_policy=policy, enable_message_ordering=True)
    topic.publish("bad", key="k", ticket_id="1")
    topic.publish("good", key="k")
    for attempt in range(1, 6):
        received = topic.pull(name, 1)
        assert (topic.texts(received), received[0].delivery_attempt) == (["bad"], attempt)
        topic.extend(name, received, 0)
    assert topic.take(name, 1) == ["good"]
    [dead] = topic.pull(dead_letter_subscription, 1)
    assert dead.message.data == b"bad"
    assert dead.message.attributes["ticket_id"] == "1"
    assert dead.message.attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
    assert name.endswith(dead.message.attributes["CloudPubSubDeadLetterSourceSubscription"])

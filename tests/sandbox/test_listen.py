"""`python -m sandbox listen`."""

import dataclasses
import os
import subprocess
import sys
import uuid

import pytest
from google.pubsub_v1 import PublisherClient, PubsubMessage, SubscriberClient
from local_pubsub.clients import clients

from sandbox.addresses import Addresses
from sandbox.listen import listen
from sandbox.processes import SandboxError


@dataclasses.dataclass
class Topic:
    name: str
    publisher: PublisherClient
    subscriber: SubscriberClient

    def subscribe(self):
        name = f"projects/local-tests/subscriptions/test-{uuid.uuid4().hex}"
        self.subscriber.create_subscription(name=name, topic=self.name)
        return name

    def publish(self, *texts, key="", **attributes):
        """The messages' ids."""
        messages = [
            PubsubMessage(data=text.encode(), attributes=attributes, ordering_key=key) for text in texts
        ]
        return list(self.publisher.publish(topic=self.name, messages=messages).message_ids)


@pytest.fixture
def topic(pubsub):
    """A new topic."""
    with clients(pubsub.host) as (publisher, subscriber):
        name = f"projects/local-tests/topics/test-{uuid.uuid4().hex}"
        publisher.create_topic(name=name)
        yield Topic(name, publisher, subscriber)


def heard(pubsub, subscription, count=None, timeout=None, *, with_data=False):
    return list(listen(pubsub.host, subscription, count, timeout, with_data=with_data))


def test_a_message_is_one_line_with_the_fields_that_commons_uses(topic, pubsub):
    name = topic.subscribe()
    [number] = topic.publish("{}", key="key 7", ticket_id="35436", event_type="ticket.updated")
    [line] = heard(pubsub, name, count=1)
    assert line.endswith(f"message {number}  key key 7  ticket 35436  ticket.updated")


def test_a_message_without_attributes_is_shown_too(topic, pubsub):
    name = topic.subscribe()
    topic.publish("{}")
    [line] = heard(pubsub, name, count=1)
    assert line.endswith("key -  ticket -  -")


def test_data_is_indented_if_it_is_json(topic, pubsub):
    name = topic.subscribe()
    topic.publish('{"subject": "Grüße"}', "not json")
    shown = "\n".join(heard(pubsub, name, count=2, with_data=True))
    assert '{\n  "subject": "Grüße"\n}' in shown
    assert "b'not json'" in shown


def test_it_stops_after_its_count_and_leaves_the_rest(topic, pubsub):
    name = topic.subscribe()
    topic.publish(*"abc")
    assert len(heard(pubsub, name, count=2)) == 2
    assert len(heard(pubsub, name, count=1)) == 1
    assert heard(pubsub, name, timeout=1) == []


def test_it_stops_after_the_timeout(topic, pubsub):
    name = topic.subscribe()
    topic.publish("a")
    assert len(heard(pubsub, name, timeout=3)) == 1


def test_a_missing_subscription_or_server_is_one_sentence(topic, pubsub):
    name = f"projects/local-tests/subscriptions/test-{uuid.uuid4().hex}"
    with pytest.raises(SandboxError, match=f"{name} does not exist"):
        heard(pubsub, name, count=1)
    with pytest.raises(SandboxError, match="not on this machine"):
        list(listen("pubsub.googleapis.com:443", name, 1, None, with_data=False))
    with pytest.raises(SandboxError, match="no Pub/Sub server listens"):
        list(listen(f"127.0.0.1:{Addresses.free().pubsub}", name, 1, None, with_data=False))


def test_the_command_listens_where_the_environment_says(topic, pubsub):
    name = topic.subscribe()
    topic.publish("{}", ticket_id="1")
    ran = subprocess.run(
        [sys.executable, "-m", "sandbox", "listen", "--subscription", name, "--count", "1"],
        env={**os.environ, "PUBSUB_EMULATOR_HOST": pubsub.host},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "ticket 1" in ran.stdout


def test_a_closed_pipe_ends_it_quietly(topic, pubsub):
    name = topic.subscribe()
    topic.publish(*("x" * 100_000 for _ in range(5)))
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "listen", "--subscription", name, "--data"],
        env={**os.environ, "PUBSUB_EMULATOR_HOST": pubsub.host},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) != 0
        assert process.stderr.read() == b""

"""A running server, and a new topic with Google's generated clients around it."""

import dataclasses
import json
import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.pubsub_v1 import PublisherClient, PubsubMessage, SubscriberClient
from local_pubsub.clients import clients

PROJECT = "projects/local-tests"


@dataclasses.dataclass(frozen=True)
class PubSub:
    host: str
    is_googles_emulator: bool


@pytest.fixture(scope="session")
def pubsub():
    """One server for all tests, or the one that PUBSUB_EMULATOR_HOST names; each test uses its own topics."""
    if given := os.environ.get("PUBSUB_EMULATOR_HOST"):
        yield PubSub(given, is_googles_emulator=True)
        return
    argv = [sys.executable, "-m", "local_pubsub", "--port", "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        yield PubSub(json.loads(process.stdout.readline())["host"], is_googles_emulator=False)
        process.terminate()


@dataclasses.dataclass(frozen=True)
class Topic:
    name: str
    publisher: PublisherClient
    subscriber: SubscriberClient

    def other_name(self, kind="topics"):
        return f"{PROJECT}/{kind}/test-{uuid.uuid4().hex}"

    def subscribe(self, **config):
        name = self.other_name("subscriptions")
        self.subscriber.create_subscription({"name": name, "topic": self.name, **config})
        return name

    def in_background(self, call):
        """A future of its result; does not delay the end of the test."""
        pool = ThreadPoolExecutor(1)
        future = pool.submit(call)
        pool.shutdown(wait=False)
        return future

    def publish(self, *texts, key="", **attributes):
        """The messages' ids."""
        messages = [
            PubsubMessage(data=text.encode(), attributes=attributes, ordering_key=key) for text in texts
        ]
        return list(self.publisher.publish(topic=self.name, messages=messages).message_ids)

    def pull(self, subscription, count):
        """Waits for `count` messages."""
        received = []
        while len(received) < count:
            wanted = {"subscription": subscription, "max_messages": count - len(received)}
            received += self.subscriber.pull(wanted, timeout=30).received_messages
        return received

    def pull_at_once(self, subscription, most=100):
        """Messages that are available now."""
        wanted = {"subscription": subscription, "max_messages": most, "return_immediately": True}
        with pytest.warns(DeprecationWarning, match="return_immediately"):
            return list(self.subscriber.pull(wanted, timeout=30).received_messages)

    def acknowledge(self, subscription, received):
        self.subscriber.acknowledge(subscription=subscription, ack_ids=[one.ack_id for one in received])

    def extend(self, subscription, received, seconds):
        """0 seconds nacks them."""
        self.subscriber.modify_ack_deadline(
            subscription=subscription, ack_ids=[one.ack_id for one in received], ack_deadline_seconds=seconds
        )

    @staticmethod
    def texts(received):
        return [one.message.data.decode() for one in received]

    def take(self, subscription, count):
        """The texts of `count` messages, acknowledged request by request."""
        taken = []
        while len(taken) < count:
            wanted = {"subscription": subscription, "max_messages": count - len(taken)}
            received = self.subscriber.pull(wanted, timeout=30).received_messages
            if received:
                self.acknowledge(subscription, received)
            taken += self.texts(received)
        return taken


@pytest.fixture
def topic(pubsub):
    """A new topic."""
    with clients(pubsub.host) as (publisher, subscriber):
        made = Topic(f"{PROJECT}/topics/test-{uuid.uuid4().hex}", publisher, subscriber)
        publisher.create_topic(name=made.name)
        yield made


@pytest.fixture
def not_on_googles_emulator(pubsub):
    """For behavior of the real service that Google's emulator lacks; mostly, it accepts what the service rejects."""
    if pubsub.is_googles_emulator:
        pytest.skip("Google's emulator differs here")

"""Stops, kills and restarts, and the retention of messages."""

import asyncio
import json
import signal
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue

import pytest
from google.api_core import exceptions
from google.cloud.pubsub_v1 import SubscriberClient
from google.pubsub_v1 import PubsubMessage
from local_pubsub.clients import clients
from local_pubsub.deliveries import Deliveries
from local_pubsub.leases import Consumer
from local_pubsub.protos import PubsubMessage as RawMessage
from local_pubsub.protos import Subscription, Topic
from local_pubsub.publisher import Publisher
from local_pubsub.registry import Registry
from local_pubsub.retention import microseconds, sweep
from local_pubsub.store import Store

TOPIC = "projects/local-tests/topics/kept"
SUBSCRIPTION = "projects/local-tests/subscriptions/kept"
HOUR = 3600 * 1_000_000


class Server:
    """A server process with clients; can be started again on the same database."""

    def __init__(self, database, cleanup):
        self.database = database
        self.cleanup = cleanup

    def start(self, port=0):
        argv = [sys.executable, "-m", "local_pubsub", "--port", str(port), "--database", self.database]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.cleanup.callback(self.end, self.process)
        self.host = json.loads(self.process.stdout.readline())["host"]
        self.publisher, self.subscriber = self.cleanup.enter_context(clients(self.host))

    @staticmethod
    def end(process):
        process.kill()
        process.communicate()

    def stop(self, number):
        self.process.send_signal(number)
        return self.process.wait(60)

    def publish(self, *texts):
        messages = [PubsubMessage(data=text.encode()) for text in texts]
        return list(self.publisher.publish(topic=TOPIC, messages=messages).message_ids)

    def pull(self, most=10):
        return self.subscriber.pull(subscription=SUBSCRIPTION, max_messages=most).received_messages

    def acknowledge(self, received):
        self.subscriber.acknowledge(subscription=SUBSCRIPTION, ack_ids=[one.ack_id for one in received])


@pytest.fixture
def server(tmp_path):
    with ExitStack() as cleanup:
        server = Server(tmp_path / "new folder" / "pubsub.sqlite", cleanup)
        server.start()
        server.publisher.create_topic(name=TOPIC)
        server.subscriber.create_subscription(
            {"name": SUBSCRIPTION, "topic": TOPIC, "retain_acked_messages": True}
        )
        yield server


def texts(received):
    return [one.message.data.decode() for one in received]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_everything_but_leases_outlives_the_process(number, server):
    server.publish("done", "leased", "waiting")
    server.acknowledge(server.pull(1))
    [leased] = server.pull(1)
    server.stop(number)
    server.start()
    assert server.publisher.get_topic(topic=TOPIC).name == TOPIC
    assert server.subscriber.get_subscription(subscription=SUBSCRIPTION).retain_acked_messages
    assert texts(server.pull()) == ["leased", "waiting"]
    server.subscriber.seek({"subscription": SUBSCRIPTION, "time": datetime.now(UTC) - timedelta(hours=1)})
    assert texts(server.pull()) == ["done", "leased", "waiting"]
    assert leased.message.data == b"leased"


def test_an_ack_id_of_the_killed_process_still_counts(server):
    server.publish("done meanwhile", "waiting")
    received = server.pull(1)
    server.stop(signal.SIGKILL)
    server.start()
    server.acknowledge(received)
    assert texts(server.pull()) == ["waiting"]


def test_ids_are_not_given_again(server):
    before = server.publish("a", "b")
    server.stop(signal.SIGKILL)
    server.start()
    [after] = server.publish("c")
    assert int(after) > max(map(int, before))


def test_a_deleted_topic_and_a_deleted_subscription_stay_deleted(server):
    other = f"{SUBSCRIPTION}-too"
    server.subscriber.create_subscription(name=other, topic=TOPIC)
    server.publisher.delete_topic(topic=TOPIC)
    server.subscriber.delete_subscription(subscription=other)
    server.stop(signal.SIGKILL)
    server.start()
    with pytest.raises(exceptions.NotFound):
        server.publisher.get_topic(topic=TOPIC)
    left = server.subscriber.list_subscriptions(project="projects/local-tests")
    assert [(one.name, one.topic) for one in left] == [(SUBSCRIPTION, "_deleted-topic_")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_open_streams_with_an_error_that_clients_retry(number, server):
    requests = SimpleQueue()
    requests.put({"subscription": SUBSCRIPTION, "stream_ack_deadline_seconds": 60})
    responses = server.subscriber.streaming_pull(iter(requests.get, None), timeout=60)
    next(responses)
    assert server.stop(number) == 0
    with pytest.raises(exceptions.ServiceUnavailable):
        next(responses)
    requests.put(None)
    assert server.process.stderr.read() == ""


def test_a_high_level_subscriber_goes_on_where_the_killed_process_was(server, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", server.host)
    arrived = SimpleQueue()

    def callback(message):
        message.ack_with_response().result(timeout=60)
        arrived.put(message.data)

    with SubscriberClient() as subscriber:
        future = subscriber.subscribe(SUBSCRIPTION, callback=callback)
        server.publish("before")
        assert arrived.get(timeout=60) == b"before"
        server.stop(signal.SIGKILL)
        server.start(port=server.host.rpartition(":")[2])
        server.publish("after")
        while arrived.get(timeout=60) != b"after":
            pass  # the acknowledgement may have come too late for the killed process
        future.cancel()
        future.result(timeout=60)


def test_a_second_server_on_the_port_does_not_start(server, tmp_path):
    argv = [sys.executable, "-m", "local_pubsub"]
    argv += ["--port", server.host.rpartition(":")[2], "--database", tmp_path / "other.sqlite"]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode != 0
    assert ran.stdout == ""


class State:
    """Topics and subscriptions without a server."""

    def __init__(self, path):
        self.registry = Registry(Store(path))
        self.publisher = Publisher(self.registry)

    def topic(self, name, **config):
        return self.registry.create_topic(Topic(name=f"projects/p/topics/{name}", **config))

    def subscribe(self, name, topic, **config):
        path = f"projects/p/subscriptions/{name}"
        return self.registry.create_subscription(Subscription(name=path, topic=topic.config.name, **config))

    def publish(self, topic, count):
        return self.publisher.add(topic, [RawMessage(data=b"x") for _ in range(count)])

    def kept(self, topic):
        return self.registry.store.kept(topic.id, 0, 0)

    def sweep(self, later):
        asyncio.run(sweep(self.registry, microseconds() + later))


@pytest.fixture
def held(tmp_path):
    held = State(tmp_path / "pubsub.sqlite")
    yield held
    held.registry.store.close()


def test_a_message_is_kept_until_every_subscription_has_acknowledged_it(held):
    topic = held.topic("plain")
    one, two = held.subscribe("one", topic), held.subscribe("two", topic)
    ids = held.publish(topic, 3)
    held.registry.store.acknowledge(one.id, ids)
    held.registry.store.acknowledge(two.id, ids[:2])
    held.sweep(later=1)
    assert held.kept(topic) == [ids[2]]


def test_a_message_without_subscriptions_is_not_kept(held):
    topic = held.topic("unheard")
    held.publish(topic, 3)
    held.sweep(later=1)
    assert held.kept(topic) == []


def test_acknowledged_messages_are_kept_as_long_as_topic_or_subscription_says(held):
    by_topic = held.topic("by-topic", message_retention_duration=timedelta(hours=2))
    plain = held.topic("plain")
    held.subscribe("by-subscription", plain, retain_acked_messages=True)
    for topic in (by_topic, plain):
        held.publish(topic, 1)
        for subscription in held.registry.subscriptions_of(topic):
            held.registry.store.acknowledge_before(subscription.id, topic.id, microseconds() + HOUR)
    held.sweep(later=HOUR)
    assert (len(held.kept(by_topic)), len(held.kept(plain))) == (1, 1)
    held.sweep(later=3 * HOUR)
    assert (len(held.kept(by_topic)), len(held.kept(plain))) == (0, 1)
    held.sweep(later=8 * 24 * HOUR)
    assert held.kept(plain) == []


def test_an_unacknowledged_message_expires_by_the_retention_of_the_subscription(held):
    topic = held.topic("plain")
    held.subscribe("slow", topic, message_retention_duration=timedelta(hours=1))
    held.publish(topic, 5_000)
    held.sweep(later=HOUR // 2)
    assert len(held.kept(topic)) == 5_000
    held.sweep(later=2 * HOUR)
    assert held.kept(topic) == []


def test_a_change_just_before_the_wait_begins_ends_it(held):
    topic = held.topic("plain")
    held.subscribe("one", topic)
    subscription = held.registry.subscription("projects/p/subscriptions/one")
    held.publish(topic, 1)
    deliveries = Deliveries(held.registry, held.publisher.add)
    deliveries.take(
        subscription, Consumer(), 1, 1_000, seconds=600
    )  # `wait` must watch the end of this lease, too

    async def change_while_the_wait_begins():
        waiting = asyncio.create_task(deliveries.wait(subscription))
        await asyncio.sleep(0)
        subscription.wake()
        await asyncio.wait_for(waiting, 60)

    asyncio.run(change_while_the_wait_begins())

"""StreamingPull, and Google's high-level clients."""

import queue
import threading

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1


class Stream:
    """A StreamingPull, request by request."""

    def __init__(self, topic, subscription, **first):
        self.requests = queue.SimpleQueue()
        self.send(subscription=subscription, **{"stream_ack_deadline_seconds": 60, **first})
        self.responses = topic.subscriber.streaming_pull(iter(self.requests.get, None), timeout=60)

    def send(self, **request):
        self.requests.put(request)

    def receive(self, count):
        """At least `count` messages."""
        received = []
        while len(received) < count:
            received += next(self.responses).received_messages
        return received

    def end(self):
        self.requests.put(None)


@pytest.fixture
def stream(topic):
    opened = []

    def open_stream(subscription, **first):
        opened.append(Stream(topic, subscription, **first))
        return opened[-1]

    yield open_stream
    for one in opened:
        one.end()


@pytest.fixture
def high_level(pubsub, monkeypatch):
    """Google's PublisherClient, with ordering, and SubscriberClient, as made under PUBSUB_EMULATOR_HOST."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.host)
    publisher = pubsub_v1.PublisherClient(
        publisher_options=pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
    )
    with pubsub_v1.SubscriberClient() as subscriber:
        yield publisher, subscriber
    publisher.stop()
    publisher.transport.close()


def received_by(subscriber, subscription, count, settle):
    """The first `count` messages that a callback got, each passed to `settle`."""
    messages, is_enough, lock = [], threading.Event(), threading.Lock()

    def callback(message):
        with lock:
            messages.append(message)
            if len(messages) >= count:
                is_enough.set()
        settle(message)

    future = subscriber.subscribe(subscription, callback=callback)
    assert is_enough.wait(60)
    future.cancel()
    future.result(timeout=60)
    return messages


def test_the_high_level_clients_publish_in_batches_and_receive_each_key_in_order(topic, high_level):
    publisher, subscriber = high_level
    name = topic.subscribe(enable_message_ordering=True)
    futures = [
        publisher.publish(topic.name, str(n).encode(), ordering_key=f"key {n % 8}", n=str(n))
        for n in range(800)
    ]
    ids = [future.result(timeout=60) for future in futures]
    messages = received_by(subscriber, name, 800, lambda message: message.ack())
    assert sorted(message.message_id for message in messages) == sorted(ids)
    for key in range(8):
        arrived = [int(message.data) for message in messages if message.ordering_key == f"key {key}"]
        assert arrived == list(range(key, 800, 8))


def test_what_a_callback_acknowledged_does_not_come_again(topic, high_level):
    _, subscriber = high_level
    name = topic.subscribe()
    topic.publish(*map(str, range(50)))
    received_by(subscriber, name, 50, lambda message: message.ack_with_response().result(timeout=60))
    assert topic.pull_at_once(name) == []


def test_what_a_callback_nacks_comes_again(topic, high_level):
    _, subscriber = high_level
    name = topic.subscribe()
    topic.publish("twice")
    first = threading.Event()

    def settle(message):
        if first.is_set():
            message.ack()
        else:
            first.set()
            message.nack()

    messages = received_by(subscriber, name, 2, settle)
    assert [message.data for message in messages] == [b"twice", b"twice"]


def test_the_first_response_of_a_stream_says_whether_messages_are_ordered(
    topic, stream, not_on_googles_emulator
):
    plain = stream(topic.subscribe())
    ordered = stream(topic.subscribe(enable_message_ordering=True))
    assert not next(plain.responses).subscription_properties.message_ordering_enabled
    assert next(ordered.responses).subscription_properties.message_ordering_enabled


def test_a_stream_gets_what_is_published_meanwhile(topic, stream):
    name = topic.subscribe()
    opened = stream(name)
    topic.publish("live")
    assert opened.receive(1)[0].message.data == b"live"


def test_a_stream_holds_no_more_messages_than_it_asked_for(topic, stream, not_on_googles_emulator):
    name = topic.subscribe()
    topic.publish(*"abcde")
    opened = stream(name, max_outstanding_messages=2)
    held = opened.receive(2)
    assert len(held) == 2
    opened.send(ack_ids=[held[0].ack_id])
    assert len(opened.receive(1)) == 1
    topic.acknowledge(name, held[1:])  # the same, by a request of its own
    assert len(opened.receive(1)) == 1


def test_a_stream_holds_no_more_bytes_than_it_asked_for(topic, stream, not_on_googles_emulator):
    name = topic.subscribe()
    topic.publish(*("x" * 1000 for _ in range(5)))
    opened = stream(name, max_outstanding_bytes=1500)
    held = opened.receive(2)
    assert len(held) == 2
    opened.send(ack_ids=[one.ack_id for one in held])
    assert len(opened.receive(2)) == 2


def test_a_stream_gets_nacked_messages_again(topic, stream):
    name = topic.subscribe()
    topic.publish("again")
    opened = stream(name)
    [first] = opened.receive(1)
    opened.send(modify_deadline_ack_ids=[first.ack_id], modify_deadline_seconds=[0])
    [second] = opened.receive(1)
    assert second.message == first.message
    assert second.ack_id != first.ack_id


def test_two_streams_share_the_messages(topic, stream, not_on_googles_emulator):
    name = topic.subscribe()
    topic.publish(*"abcd")
    one, two = (stream(name, max_outstanding_messages=2) for _ in range(2))
    received = one.receive(2) + two.receive(2)
    assert sorted(message.message.data for message in received) == [b"a", b"b", b"c", b"d"]


def test_a_stream_ends_when_the_client_ends_it(topic, stream):
    opened = stream(topic.subscribe())
    opened.end()
    assert [message for response in opened.responses for message in response.received_messages] == []


@pytest.mark.parametrize(
    "second",
    [
        {"stream_ack_deadline_seconds": 5},
        {"ack_ids": ["nonsense"]},
        {"modify_deadline_ack_ids": ["1-1-1"], "modify_deadline_seconds": []},
    ],
    ids=str,
)
def test_an_invalid_request_ends_the_stream(second, topic, stream):
    opened = stream(topic.subscribe())
    opened.send(**second)
    with pytest.raises(exceptions.InvalidArgument):
        opened.receive(1)


def test_a_stream_cannot_change_its_flow_control(topic, stream, not_on_googles_emulator):
    opened = stream(topic.subscribe())
    opened.send(max_outstanding_messages=5)
    with pytest.raises(exceptions.InvalidArgument):
        opened.receive(1)


def test_a_stream_ends_when_its_subscription_is_deleted(topic, stream):
    name = topic.subscribe()
    opened = stream(name)
    topic.publish("one")
    opened.receive(1)
    topic.subscriber.delete_subscription(subscription=name)
    with pytest.raises(exceptions.NotFound):
        opened.receive(1)


def test_a_stream_needs_a_subscription_that_exists(topic, stream):
    with pytest.raises(exceptions.NotFound):
        stream(topic.other_name("subscriptions")).receive(1)

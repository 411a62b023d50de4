"""Leases, redelivery and ordering keys, without a server, a database or a clock."""

from itertools import count

import pytest
from local_pubsub.backlog import Backlog
from local_pubsub.leases import Consumer
from local_pubsub.store import Pending


class UnackedMessages:
    """A source in a list: message 1 has the first key, and so on."""

    def __init__(self, keys):
        self.messages = {n: Pending(n, key, 0, b"12345") for n, key in enumerate(keys, 1)}

    def after(self, message):
        yield from [pending for n, pending in sorted(self.messages.items()) if n > message]

    def one(self, message):
        return self.messages.get(message)


class Scene:
    def __init__(self, keys, *, is_ordered=True):
        self.source = UnackedMessages(keys)
        self.backlog = Backlog(self.source, count(1), is_ordered=is_ordered)
        self.numbers = {}
        self.acknowledged = []

    def take(self, consumer, limit=100, max_bytes=1_000, deadline=10.0):
        taken = self.backlog.take(consumer, limit, max_bytes, deadline)
        self.numbers |= {pending.message: number for number, pending in taken}
        return [pending.message for _, pending in taken]

    def acknowledge(self, *messages):
        for message in messages:
            for done in self.backlog.acknowledge(message, self.numbers[message]):
                del self.source.messages[done]
                self.acknowledged.append(done)

    def nack(self, *messages):
        for message in messages:
            self.backlog.nack(message, self.numbers[message])

    def extend(self, message, deadline):
        self.backlog.extend(message, self.numbers[message], deadline)


def test_a_message_is_handed_out_once_until_its_lease_ends():
    scene = Scene(["", ""])
    assert scene.take(Consumer()) == [1, 2]
    assert scene.take(Consumer()) == []
    scene.backlog.expire(9.9)
    assert scene.take(Consumer()) == []
    scene.backlog.expire(10)
    assert scene.take(Consumer()) == [1, 2]


def test_an_extended_lease_ends_later_and_a_shortened_one_sooner():
    scene = Scene(["", ""])
    scene.take(Consumer(), deadline=10)
    scene.extend(1, 30)
    scene.extend(2, 5)
    assert scene.backlog.next_expiry == 5
    scene.backlog.expire(29)
    assert scene.take(Consumer(), deadline=60) == [2]
    scene.backlog.expire(30)
    assert scene.take(Consumer()) == [1]


def test_leases_that_are_over_are_forgotten():
    scene = Scene([""] * 20_000, is_ordered=False)
    scene.take(Consumer(), limit=19_999, max_bytes=10**9, deadline=5)
    scene.acknowledge(*range(1, 20_000))
    scene.take(Consumer(), deadline=10)
    assert scene.backlog.next_expiry == 10


def test_nacked_messages_come_before_new_ones():
    scene = Scene([""] * 4)
    assert scene.take(Consumer(), limit=3) == [1, 2, 3]
    scene.nack(3, 1)
    assert scene.take(Consumer()) == [1, 3, 4]


def test_a_late_acknowledgement_counts_and_a_late_extension_or_nack_does_not():
    scene = Scene(["", ""], is_ordered=False)
    scene.take(Consumer())
    old = dict(scene.numbers)
    scene.backlog.expire(10)
    assert scene.backlog.acknowledge(1, old[1]) == [1]
    del scene.source.messages[1]
    assert scene.take(Consumer(), deadline=20) == [2]
    scene.backlog.nack(2, old[2])
    scene.backlog.extend(2, old[2], 99)
    assert scene.take(Consumer()) == []
    scene.backlog.expire(20)
    assert scene.take(Consumer()) == [2]


def test_an_acknowledgement_from_before_a_seek_is_ignored():
    backlog = Backlog(UnackedMessages([""]), count(100), is_ordered=False, since=50)
    assert backlog.acknowledge(1, 49) == []
    backlog.take(Consumer(), 1, 1, 10)
    assert backlog.acknowledge(1, 49) == []
    assert backlog.acknowledge(1, 50) == [1]


@pytest.mark.parametrize(("max_bytes", "expected"), [(1, [1]), (10, [1, 2]), (11, [1, 2, 3])])
def test_a_batch_ends_with_the_message_that_reaches_its_size(max_bytes, expected):
    assert Scene([""] * 4).take(Consumer(), max_bytes=max_bytes) == expected


def test_a_consumer_holds_no_more_messages_than_it_asked_for():
    scene, consumer = Scene([""] * 5), Consumer(max_messages=2)
    assert scene.take(consumer) == [1, 2]
    assert scene.take(consumer) == []
    scene.acknowledge(1)
    assert scene.take(consumer) == [3]
    scene.nack(3)
    assert scene.take(consumer) == [3]


def test_a_consumer_holds_no_more_bytes_than_it_asked_for_and_one_message():
    scene, consumer = Scene([""] * 5), Consumer(max_bytes=10)
    assert scene.take(consumer) == [1, 2]
    assert scene.take(consumer) == []
    scene.backlog.expire(10)
    assert scene.take(consumer) == [1, 2]


def test_the_messages_of_a_key_go_to_one_consumer_until_all_are_acknowledged():
    scene, first, second = Scene(["a", "a", "b", "a"]), Consumer(), Consumer()
    assert scene.take(first, limit=1) == [1]
    assert scene.take(second) == [3]
    assert scene.take(first) == [2, 4]
    scene.acknowledge(1, 2)
    scene.source.messages[5] = Pending(5, "a", 0, b"")
    assert scene.take(second) == []
    scene.acknowledge(4)
    assert scene.take(second) == [5]


def test_keys_mean_nothing_to_a_subscription_without_ordering():
    scene = Scene(["a", "a"], is_ordered=False)
    assert scene.take(Consumer(), limit=1) == [1]
    assert scene.take(Consumer()) == [2]


def test_a_message_without_a_key_waits_for_none():
    scene = Scene(["", "", "a"])
    assert scene.take(Consumer(), limit=1) == [1]
    assert scene.take(Consumer()) == [2, 3]


def test_a_message_that_comes_again_brings_those_of_its_key_behind_it_even_acknowledged_ones():
    scene = Scene(["a"] * 4)
    scene.take(Consumer())
    scene.acknowledge(3)
    scene.nack(2)
    assert scene.take(Consumer()) == []  # message 1 is still leased
    scene.acknowledge(1)
    assert scene.take(Consumer()) == [2, 3, 4]


def test_an_acknowledgement_out_of_order_counts_once_the_earlier_ones_are_in():
    scene = Scene(["a"] * 3)
    scene.take(Consumer())
    scene.acknowledge(2, 3)
    assert sorted(scene.source.messages) == [1, 2, 3]
    scene.acknowledge(1)
    assert scene.source.messages == {}


def test_a_key_whose_lease_expired_is_free_for_others():
    scene, first, second = Scene(["a", "a"]), Consumer(), Consumer()
    assert scene.take(first, limit=1) == [1]
    assert scene.take(second) == []
    scene.backlog.expire(10)
    assert scene.take(second) == [1, 2]
    assert scene.backlog.acknowledge(1, 1) == [1]  # the number is of the first delivery


def test_a_stream_gets_its_keys_side_by_side():
    scene, consumer = Scene(["a"] * 5 + ["b"] * 2), Consumer(max_messages_of_key=2)
    assert scene.take(consumer) == [1, 2, 6, 7]
    scene.acknowledge(1)
    assert scene.take(consumer) == [3]
    scene.acknowledge(2, 3, 6, 7)
    assert scene.take(Consumer()) == [4, 5]


def test_all_messages_are_acknowledged_in_the_order_of_their_key():
    """Two consumers, which nack every third message once."""
    keys = [f"key {n % 7}" if n % 5 else "" for n in range(300)]
    scene, pair, nacked = Scene(keys), [Consumer(10), Consumer(10)], set()
    while scene.source.messages:
        for consumer in pair:
            for message in scene.take(consumer, limit=4):
                if message % 3 == 0 and message not in nacked:
                    nacked.add(message)
                    scene.nack(message)
                else:
                    scene.acknowledge(message)
    assert sorted(scene.acknowledged) == list(range(1, 301))
    assert [consumer.messages for consumer in pair] == [0, 0]
    for key in set(keys) - {""}:
        of_key = [message for message in scene.acknowledged if keys[message - 1] == key]
        assert of_key == sorted(of_key)

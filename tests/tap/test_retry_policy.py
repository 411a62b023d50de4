"""How long a failed request waits, and how long each try may take."""

import random
import time

import pytest
from tap_zendesk_cityblock.errors import TransientError
from tap_zendesk_cityblock.http.retry_policy import RetryDeadline, seconds_before_retry, timeout_per_try


@pytest.mark.parametrize(
    ("tries", "longest"), [(1, 1), (2, 2), (3, 4), (4, 8), (7, 64), (8, 120), (9, 120), (5000, 120)]
)
def test_each_retry_waits_up_to_twice_as_long_until_two_minutes(tries, longest):
    random.seed(7)
    waits = [seconds_before_retry(TransientError("x"), tries) for _ in range(500)]
    assert longest * 0.5 <= min(waits) < longest * 0.51
    assert longest * 0.99 < max(waits) <= longest


@pytest.mark.parametrize(("asked", "least"), [(0, 1), (0.2, 1), (1, 1), (7, 7), (600, 600)])
def test_what_zendesk_asks_for_is_waited_for_at_least_a_second(asked, least):
    random.seed(7)
    waits = [seconds_before_retry(TransientError("x", wait=asked), 5) for _ in range(500)]
    assert least <= min(waits) < least + 0.01
    assert least + 0.49 < max(waits) <= least + 0.5


@pytest.mark.parametrize(
    ("give_up_after", "connect", "silence"),
    [(0, 2, 2), (6, 2, 2), (9, 3, 3), (30, 10, 10), (60, 10, 20), (360, 10, 120), (3600, 10, 120)],
)
def test_a_try_takes_a_third_of_the_deadline_within_bounds(give_up_after, connect, silence):
    assert timeout_per_try(give_up_after) == (connect, silence)
    assert RetryDeadline(give_up_after).timeout == (connect, silence)


def test_the_deadline_counts_from_the_first_try(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    deadline = RetryDeadline(90)
    now = 1500.0
    assert deadline.seconds_left == 90
    deadline.start()
    now = 1575.0
    deadline.start()
    assert deadline.seconds_left == 15
    assert deadline.timeout == (10, 15)
    now = 1583.0
    assert deadline.timeout == (7, 7)
    now = 1700.0
    assert deadline.timeout == (2, 2)

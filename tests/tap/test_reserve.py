"""How much of a rate limit is left to other clients of the account."""

import math

import pytest
from tap_zendesk_cityblock.http.rate_limits import Reserve

from tests.tap.limited_zendesk import EXPORTS, HELP_CENTER, Zendesk


def sent_in_window(zendesk, count, taken_by_others=0):
    """When a window's requests are sent, one after another, in seconds since it began."""
    start, sent = zendesk.now, []
    for number in range(1, count + 1):
        zendesk.send()
        sent.append(round(zendesk.now - start))
        zendesk.exports(10, 10 - number - taken_by_others, math.ceil(start + 60 - zendesk.now))
    zendesk.now = start + 60
    return sent


def test_a_fifth_of_a_limit_is_reserved_for_clients_that_were_not_seen_yet():
    zendesk = Zendesk(Reserve())
    assert sent_in_window(zendesk, 10) == [0] * 8 + [29, 59]
    assert sent_in_window(zendesk, 10) == [0] * 8 + [29, 59]


def test_half_of_a_limit_is_reserved_once_others_are_seen_and_less_as_the_window_passes():
    zendesk = Zendesk(Reserve())
    assert sent_in_window(zendesk, 9, taken_by_others=1) == [0, 0, 0, 0, 11, 23, 35, 47, 59]
    assert sent_in_window(zendesk, 10) == [0, 0, 0, 0, 0, 11, 23, 35, 47, 59]


def test_others_are_forgotten_after_a_window_without_them():
    zendesk = Zendesk(Reserve())
    sent_in_window(zendesk, 9, taken_by_others=1)
    sent_in_window(zendesk, 10)
    assert sent_in_window(zendesk, 10) == [0] * 8 + [29, 59]


def test_the_taps_own_requests_are_not_taken_for_those_of_others():
    """Concurrent, answered out of order, unanswered, or answered without the bucket's header."""
    zendesk = Zendesk(Reserve())
    zendesk.ask(10, 9, 60)
    sent = []
    for _ in range(4):
        zendesk.send()
        sent.append(zendesk.sent)
    zendesk.limits.lost(sent[0], zendesk.now)
    zendesk.answer(sent[1], status=503)
    zendesk.exports(10, 5, 60, request=sent[3])
    zendesk.exports(10, 6, 60, request=sent[2])
    assert [zendesk.ask(10, remaining, 60) for remaining in (4, 3, 2)] == [0, 0, 0]


@pytest.mark.parametrize("window", [1, 2])
def test_a_single_request_of_another_client_is_seen(window):
    """Beside five of the tap's own, one of which had no answer, and one an answer that does not mention the bucket."""
    zendesk = Zendesk(Reserve())
    if window == 2:
        zendesk.ask(10, 9, 60)
        zendesk.now += 60
    zendesk.ask(10, 9, 60)
    zendesk.send()
    zendesk.limits.lost(zendesk.sent, zendesk.now)
    zendesk.send()
    zendesk.answer(status=503)
    zendesk.ask(10, 6, 60)
    assert zendesk.wait() == 0
    zendesk.ask(10, 4, 60)
    assert zendesk.wait() == 23  # the reserve is half: five requests, and three after this one in 36 seconds


def test_requests_of_a_window_that_ended_sooner_are_not_taken_for_those_of_others():
    zendesk = Zendesk(Reserve())
    zendesk.ask(10, 9, 2)
    zendesk.now += 1.2
    sent = []
    for _ in range(3):
        zendesk.send()
        sent.append(zendesk.sent)
    for remaining, request in zip((9, 8, 7), sent, strict=True):
        zendesk.exports(10, remaining, 60, request=request)
    assert [zendesk.ask(10, remaining, 60) for remaining in (6, 5, 4, 3, 2)] == [0] * 5


@pytest.mark.parametrize(("path", "total"), [(HELP_CENTER, 10), ("/api/v2/search/export", 100)])
def test_a_refusal_shows_other_clients_where_other_responses_do_not(path, total):
    zendesk = Zendesk(Reserve())

    def sent_at_once():
        sent = 0
        while zendesk.wait(path) == 0:
            zendesk.send(path)
            sent += 1
            zendesk.answer(x_rate_limit=str(total), x_rate_limit_remaining=str(total - sent))
        return sent

    assert sent_at_once() == total * 0.8
    zendesk.send(path)
    zendesk.answer(status=429, retry_after="30")
    zendesk.now += 60
    assert sent_at_once() == total * 0.5


def test_half_is_reserved_for_a_minute_after_the_window_of_a_refusal():
    zendesk = Zendesk(Reserve(unseen=0))
    for remaining in (2, 1, 0):
        zendesk.ask(3, remaining, 60)
    refused = zendesk.limits.sent(EXPORTS, zendesk.now)
    zendesk.exports(3, 0, 60, status=429, request=refused)
    zendesk.now += 65
    for remaining in (2, 1):
        assert zendesk.wait() == 0
        zendesk.ask(3, remaining, 60)
    assert zendesk.wait() == 59
    zendesk.now += 55
    assert zendesk.wait() == 0


def test_an_account_without_other_clients_loses_no_request():
    zendesk = Zendesk(Reserve())
    start = zendesk.now
    for number in range(51):
        zendesk.send()
        window = (zendesk.now - start) // 60
        zendesk.exports(10, 9 - number % 10, int(start + 60 * (window + 1) - zendesk.now))
    assert zendesk.now == start + 5 * 60


@pytest.mark.parametrize("others", [1, 2, 3])
def test_other_clients_that_send_a_third_of_a_limit_are_served_once_they_are_seen(others):
    """Evenly; `others` of them in a window of ten. The first window shows them."""
    zendesk, refused = Zendesk(Reserve()), []
    start = zendesk.now
    moments = [start + 60 * (number + 0.5) / others for number in range(5 * others)]
    window, used = 0, 0

    def begin_window_of(moment):
        nonlocal window, used
        if (moment - start) // 60 > window:
            window, used = (moment - start) // 60, 0

    while moments:
        zendesk.send()
        while moments and moments[0] <= zendesk.now:
            begin_window_of(moments[0])
            refused += [moments[0]] if used == 10 else []
            used += used < 10
            moments.pop(0)
        begin_window_of(zendesk.now)
        status, used = (200, used + 1) if used < 10 else (429, used)
        zendesk.exports(10, 10 - used, math.ceil(start + 60 * (window + 1) - zendesk.now), status=status)
    assert [moment for moment in refused if moment > start + 60] == []


def test_a_limit_of_one_request_is_used():
    zendesk = Zendesk(Reserve())
    assert [zendesk.ask(1, 0, 60) for _ in range(3)] == [0, 60, 60]


def test_a_limit_that_refills_gradually_is_used():
    zendesk = Zendesk(Reserve())
    start = zendesk.now
    for _ in range(20):
        zendesk.ask(10, 4, 60)
        zendesk.now += 6
    assert zendesk.now - start < 20 * 30

"""Rate limits, at moments that the test chooses."""

import math
from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from tap_zendesk_cityblock.http.rate_limits import RateLimits, Reserve

EXPORTS = "/api/v2/incremental/tickets/cursor"
OTHER_EXPORTS = "/api/v2/incremental/organizations"
LISTS = "/api/v2/groups"
ACCESS_LOGS = "/api/v2/access_logs"
HELP_CENTER = "/api/v2/help_center/incremental/articles"
TALK = "/api/v2/channels/voice/stats/incremental/calls"
NOTHING = Reserve(unseen=0, seen=0)


class Zendesk:
    """Asks what the limits let it ask, one request after another, in a time of its own."""

    def __init__(self, reserve=NOTHING, **ceilings):
        self.limits = RateLimits(ceilings, reserve)
        self.now = 1000.0

    def wait(self, path=EXPORTS):
        return self.limits.seconds_to_wait(path, self.now)

    def send(self, path=EXPORTS):
        """Once the limits allow it; the seconds that takes."""
        waited = 0.0
        while (seconds := self.wait(path)) > 0:
            assert seconds < inf
            self.now += seconds
            waited += seconds
        self.sent = self.limits.sent(path, self.now)
        return waited

    def answer(self, request=None, status=200, **headers):
        reported = {name.replace("_", "-"): value for name, value in headers.items()}
        self.limits.answered(request or self.sent, status, reported, self.now)

    def exports(self, total, remaining, resets, **of_answer):
        bucket = f"total={total}; remaining={remaining}; resets={resets}"
        self.answer(**{"zendesk-ratelimit-incremental-exports": bucket, **of_answer})

    def ask(self, total, remaining, resets, **of_answer):
        waited = self.send()
        self.exports(total, remaining, resets, **of_answer)
        return waited


def test_the_first_request_does_not_wait():
    assert Zendesk().wait() == 0


def test_the_first_answer_of_all_is_waited_for():
    zendesk = Zendesk()
    zendesk.send()
    assert zendesk.wait(LISTS) == inf
    zendesk.answer(x_rate_limit="700", x_rate_limit_remaining="699", ratelimit_reset="60")
    assert zendesk.wait(LISTS) == 0


def test_the_first_answer_of_a_bucket_is_waited_for_by_all_its_paths():
    zendesk = Zendesk()
    zendesk.send(LISTS)
    zendesk.answer(x_rate_limit="700", x_rate_limit_remaining="699", ratelimit_reset="60")
    zendesk.send(EXPORTS)
    assert zendesk.wait(OTHER_EXPORTS) == inf
    assert zendesk.wait(LISTS) == 0
    zendesk.exports(10, 9, 60)
    assert zendesk.wait(OTHER_EXPORTS) == 0


def test_an_error_without_headers_teaches_nothing():
    zendesk = Zendesk()
    zendesk.send()
    zendesk.answer(status=503)
    zendesk.send()
    assert zendesk.wait(LISTS) == inf


def test_an_empty_bucket_is_waited_for_until_it_resets():
    zendesk = Zendesk()
    zendesk.ask(5, 0, 38)
    assert zendesk.wait() == 38


def test_an_empty_bucket_holds_up_no_other_path():
    zendesk = Zendesk()
    zendesk.ask(5, 0, 38)
    assert zendesk.wait(LISTS) == 0


def test_requests_under_way_are_counted_before_they_are_answered():
    zendesk = Zendesk()
    zendesk.ask(5, 2, 38)
    for _ in range(2):
        assert zendesk.wait() == 0
        zendesk.send()
    assert zendesk.wait() == 38


def test_answers_may_come_in_another_order():
    zendesk = Zendesk()
    zendesk.ask(5, 3, 38)
    zendesk.send()
    first = zendesk.sent
    zendesk.send()
    zendesk.exports(5, 1, 38)
    zendesk.exports(5, 2, 38, request=first)
    zendesk.send()
    assert zendesk.wait() == 38


def test_an_answer_of_the_window_before_does_not_close_the_new_one():
    zendesk = Zendesk()
    zendesk.ask(5, 2, 2)
    zendesk.send()
    late = zendesk.sent
    zendesk.send()
    zendesk.exports(5, 0, 2)
    assert zendesk.send() == 2
    zendesk.exports(5, 4, 60)
    zendesk.exports(5, 0, 0, request=late)
    for _ in range(4):
        assert zendesk.wait() == 0
        zendesk.send()
    assert zendesk.wait() == 60


def test_a_window_that_ends_sooner_than_reported_is_noticed():
    zendesk = Zendesk()
    zendesk.ask(5, 1, 60)
    zendesk.now += 30
    zendesk.ask(5, 4, 60)
    for _ in range(4):
        assert zendesk.wait() == 0
        zendesk.send()


def test_an_unanswered_request_counts():
    zendesk = Zendesk()
    zendesk.ask(5, 1, 38)
    zendesk.send()
    zendesk.limits.lost(zendesk.sent, zendesk.now)
    assert zendesk.wait() == 38


def test_an_unanswered_request_does_not_close_a_new_window_forever():
    zendesk = Zendesk()
    zendesk.ask(1, 0, 38)
    zendesk.send()
    zendesk.limits.lost(zendesk.sent, zendesk.now)
    assert zendesk.wait() == 60


def test_seconds_rounded_up_do_not_move_the_end_of_a_window():
    zendesk = Zendesk()
    zendesk.ask(5, 1, 38)
    zendesk.now += 0.5
    zendesk.ask(5, 0, 38)
    assert zendesk.wait() == 37.5


def test_a_refusal_in_the_last_second_of_a_window_is_waited_for():
    zendesk = Zendesk()
    zendesk.ask(5, 0, 0, status=429)
    assert zendesk.wait() == 1


def test_a_path_without_a_bucket_teaches_nothing_about_those_with_one():
    zendesk = Zendesk()
    ask_without_a_bucket(zendesk, "/api/v2/incremental/ticket_metric_events")
    zendesk.send(EXPORTS)
    assert zendesk.wait(OTHER_EXPORTS) == inf


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


def test_the_accounts_own_limit_holds_up_every_path():
    zendesk = Zendesk()
    zendesk.send(LISTS)
    zendesk.answer(**{"X-Rate-Limit": "5", "X-Rate-Limit-Remaining": "0", "ratelimit-reset": "12"})
    assert zendesk.wait(EXPORTS) == 12


@pytest.mark.parametrize("path", [HELP_CENTER, TALK])
def test_what_another_service_has_left_changes_nothing_for_support(path):
    zendesk = Zendesk(Reserve())
    zendesk.send(LISTS)
    zendesk.answer(x_rate_limit="700", x_rate_limit_remaining="585", ratelimit_reset="49")
    zendesk.send(path)
    zendesk.answer(x_rate_limit="700", x_rate_limit_remaining="1")
    assert zendesk.wait(LISTS) == 0
    assert zendesk.limits.left(LISTS) == (585, 700)
    assert zendesk.wait(path) > 0


def test_a_service_that_refuses_closes_itself_alone():
    zendesk = Zendesk()
    zendesk.send(HELP_CENTER)
    zendesk.answer(x_rate_limit="700", x_rate_limit_remaining="600")
    zendesk.send(HELP_CENTER)
    zendesk.answer(status=429, retry_after="7")
    assert zendesk.wait(HELP_CENTER) == 7
    assert zendesk.wait(LISTS) == 0


def test_a_limit_without_an_end_ends_within_a_minute():
    zendesk = Zendesk()
    zendesk.send(LISTS)
    zendesk.answer(ratelimit_limit="5", ratelimit_remaining="0")
    assert zendesk.wait(LISTS) == 60


@pytest.mark.parametrize(
    "date", ["{:%Y-%m-%dT%H:%M:%SZ}", "{:%a, %d %b %Y %H:%M:%S GMT}"], ids=["ISO", "HTTP"]
)
def test_access_logs_refuse_with_a_date_and_hold_up_nothing_else(date):
    zendesk = Zendesk()
    zendesk.send(ACCESS_LOGS)
    zendesk.answer()
    zendesk.send(ACCESS_LOGS)
    reset = datetime.now(UTC) + timedelta(seconds=30)
    zendesk.answer(status=429, ratelimit_reset=date.format(reset))
    assert 25 < zendesk.wait(ACCESS_LOGS) <= 30
    assert zendesk.wait(LISTS) == 0


def test_a_refusal_for_which_no_bucket_accounts_closes_the_account():
    zendesk = Zendesk()
    zendesk.send(LISTS)
    zendesk.answer(x_rate_limit="700", x_rate_limit_remaining="600", ratelimit_reset="60")
    zendesk.send(LISTS)
    zendesk.answer(status=429, retry_after="7")
    assert zendesk.wait(EXPORTS) == 7


WITHOUT_A_BUCKET = {
    "/api/v2/incremental/ticket_metric_events": ("incremental-exports", 10),
    "/api/v2/search/export": ("search-export", 100),
    "/api/v2/tickets/side_conversations/events": ("side-conversation-events", 60),
}


def ask_without_a_bucket(zendesk, path):
    waited = zendesk.send(path)
    zendesk.answer(x_rate_limit="700", x_rate_limit_remaining="600", ratelimit_reset="60")
    return waited


@pytest.mark.parametrize("path", WITHOUT_A_BUCKET)
def test_what_has_no_bucket_in_its_answers_is_held_to_the_document(path):
    zendesk = Zendesk()
    documented = WITHOUT_A_BUCKET[path][1]
    for _ in range(documented - documented // 20):
        assert ask_without_a_bucket(zendesk, path) == 0
    assert zendesk.wait(path) == 60
    assert zendesk.wait(EXPORTS) == 0


@pytest.mark.parametrize("path", WITHOUT_A_BUCKET)
def test_an_own_ceiling_is_kept_by_those_whose_answers_do_not_name_its_bucket(path):
    zendesk = Zendesk(**{WITHOUT_A_BUCKET[path][0]: 2})
    assert [ask_without_a_bucket(zendesk, path) for _ in range(5)] == [0, 0, 60, 0, 60]


def test_paths_that_differ_in_ids_share_what_is_known():
    zendesk = Zendesk()
    zendesk.send("/api/v2/tickets/1/audits")
    zendesk.answer(zendesk_ratelimit_audits="total=5; remaining=0; resets=38")
    assert zendesk.wait("/api/v2/tickets/2/audits") == 38


def test_a_bucket_may_shrink():
    zendesk = Zendesk()
    deleted = "/api/v2/deleted_tickets"
    for total, remaining in ((10, 9), (10, 8), (5, 1)):
        zendesk.send(deleted)
        bucket = f"total={total}; remaining={remaining}; resets=38"
        zendesk.answer(zendesk_ratelimit_deleted_tickets_index=bucket)
    zendesk.send(deleted)
    assert zendesk.wait(deleted) == 38


def test_an_own_ceiling_is_kept_in_any_minute():
    zendesk = Zendesk(account=3)
    for _ in range(9):
        zendesk.send()
        zendesk.answer()
    assert zendesk.now == 1000 + 2 * 60


def test_the_scarcest_bucket_is_reported():
    zendesk = Zendesk()
    assert zendesk.limits.left(EXPORTS) is None
    zendesk.send()
    zendesk.answer(
        x_rate_limit="700",
        x_rate_limit_remaining="600",
        zendesk_ratelimit_incremental_exports="total=10; remaining=4; resets=38",
    )
    assert zendesk.limits.left(EXPORTS) == (4, 10)
    assert zendesk.limits.left(LISTS) == (600, 700)

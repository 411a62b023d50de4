"""Rate limits, at moments that the test chooses."""

from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from tap_zendesk_cityblock.http.rate_limit_headers import retry_after_seconds
from tap_zendesk_cityblock.http.rate_limits import Reserve

from tests.tap.limited_zendesk import (
    ACCESS_LOGS,
    EXPORTS,
    HELP_CENTER,
    LISTS,
    OTHER_EXPORTS,
    TALK,
    Zendesk,
)


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


def test_an_error_without_headers_takes_nothing_away_from_what_is_known():
    zendesk = Zendesk()
    for status in (200, 503):
        zendesk.send(LISTS)
        zendesk.answer(status=status)
    zendesk.send(LISTS)
    assert zendesk.wait(LISTS) == 0


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


@pytest.mark.parametrize("reset", [38, 39])
def test_answers_may_come_in_another_order(reset):
    """Zendesk rounds up, so that a window that ends in 38 seconds may be reported with 39."""
    zendesk = Zendesk()
    zendesk.ask(5, 3, 38)
    zendesk.send()
    first = zendesk.sent
    zendesk.send()
    zendesk.exports(5, 1, 38)
    zendesk.exports(5, 2, reset, request=first)
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


def test_an_answer_of_a_window_that_ended_where_the_next_one_began_does_not_close_that_one():
    zendesk = Zendesk()
    zendesk.ask(5, 2, 38)
    zendesk.send()
    late = zendesk.sent
    zendesk.send()
    zendesk.exports(5, 0, 38)
    assert zendesk.send() == 38
    zendesk.exports(5, 4, 60)
    zendesk.exports(5, 0, 39, request=late)
    assert zendesk.wait() == 0


def test_an_answer_of_a_window_that_ends_in_two_seconds_is_not_of_the_one_before():
    zendesk = Zendesk()
    zendesk.ask(5, 0, 38)
    assert zendesk.ask(5, 0, 2) == 38
    assert zendesk.wait() == 2


@pytest.mark.parametrize("status", [200, 429])
def test_the_second_in_which_a_window_ends_belongs_to_the_next_one(status):
    zendesk = Zendesk()
    zendesk.ask(5, 1, 38)
    zendesk.ask(5, 0, 38, status=status)
    zendesk.now += 38
    for _ in range(5):
        assert zendesk.wait() == 0
        zendesk.send()
    assert zendesk.wait() == inf


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


def test_the_first_window_of_a_bucket_that_no_answer_names_begins_with_its_first_request():
    zendesk, path = Zendesk(Reserve()), "/api/v2/search/export"
    zendesk.send(path)
    zendesk.now += 1
    zendesk.answer(x_rate_limit="700", x_rate_limit_remaining="600", ratelimit_reset="60")
    sent = 1
    while zendesk.wait(path) == 0:
        ask_without_a_bucket(zendesk, path)
        sent += 1
    assert sent == 80
    assert zendesk.wait(path) == 1  # 20 of 100 are left, and 58 of 60 seconds when one more may go


def test_a_limit_that_is_only_documented_is_reported_once_it_counts_requests():
    zendesk, path = Zendesk(), "/api/v2/search/export"
    ask_without_a_bucket(zendesk, path)
    assert zendesk.limits.left(path) == (600, 700)
    assert zendesk.limits.per_minute(path) is None
    ask_without_a_bucket(zendesk, path)
    assert zendesk.limits.left(path) == (600, 700)
    assert zendesk.limits.per_minute(path) == 95
    for _ in range(20):
        ask_without_a_bucket(zendesk, path)
    assert zendesk.limits.left(path) == (78, 100)


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


@pytest.mark.parametrize(("account", "export", "scarcest"), [(600, 4, (4, 10)), (100, 9, (100, 700))])
def test_the_bucket_with_the_smallest_share_left_is_reported(account, export, scarcest):
    zendesk = Zendesk()
    assert zendesk.limits.left(EXPORTS) is None
    zendesk.send()
    zendesk.answer(
        x_rate_limit="700",
        x_rate_limit_remaining=str(account),
        zendesk_ratelimit_incremental_exports=f"total=10; remaining={export}; resets=38",
    )
    assert zendesk.limits.left(EXPORTS) == scarcest
    assert zendesk.limits.left(LISTS) == (account, 700)


NOT_NUMBERS = ("\xb2", "9" * 5000, "9" * 400, "-1", "1e3", "")


@pytest.mark.parametrize("text", [*NOT_NUMBERS, "Thu, 01 Jan 99999999999999999999 00:00:00 GMT", ", ,"])
def test_headers_that_are_no_number_and_no_date_are_as_good_as_none(text):
    zendesk = Zendesk()
    zendesk.ask(5, 0, 38)
    zendesk.send(LISTS)
    bucket = f"total={text}; remaining={text}; resets={text}"
    zendesk.answer(
        x_rate_limit=text,
        x_rate_limit_remaining=text,
        ratelimit_reset=text,
        zendesk_ratelimit_incremental_exports=bucket,
    )
    assert zendesk.wait() == 38
    assert retry_after_seconds(429, {"retry-after": text}) is None


def test_what_a_minute_allows_is_known_once_all_limits_of_the_path_are():
    zendesk = Zendesk(**{"incremental-exports": 6})
    assert zendesk.limits.per_minute(EXPORTS) is None
    zendesk.send(LISTS)
    zendesk.answer(x_rate_limit="700", x_rate_limit_remaining="699")
    assert zendesk.limits.per_minute(LISTS) == 700
    assert zendesk.limits.per_minute("/api/v2/tickets/7") == 700
    assert zendesk.limits.per_minute(EXPORTS) is None
    zendesk.exports(10, 9, 38, request=zendesk.limits.sent(EXPORTS, zendesk.now))
    assert zendesk.limits.per_minute(EXPORTS) == 6
    without_ceiling = Zendesk()
    without_ceiling.send()
    without_ceiling.answer(
        x_rate_limit="700",
        x_rate_limit_remaining="100",
        zendesk_ratelimit_incremental_exports="total=10; remaining=9; resets=38",
    )
    assert without_ceiling.limits.per_minute(EXPORTS) == 10


def test_a_limit_of_nothing_is_waited_for_and_has_no_share():
    zendesk = Zendesk()
    zendesk.ask(0, 0, 38)
    assert zendesk.wait() == 38
    assert zendesk.limits.left(EXPORTS) is None
    assert zendesk.limits.per_minute(EXPORTS) is None
    assert zendesk.limits.quota_used() is None


def test_a_path_whose_answers_report_no_limit_has_nothing_to_report():
    zendesk = Zendesk()
    zendesk.send(LISTS)
    zendesk.answer()
    assert zendesk.limits.left(LISTS) is None
    assert zendesk.limits.per_minute(LISTS) is None
    assert zendesk.limits.quota_used() is None


def test_the_greatest_share_of_any_limit_that_was_used_is_kept():
    zendesk = Zendesk()
    assert zendesk.limits.quota_used() is None
    zendesk.send()
    assert zendesk.limits.quota_used() is None
    zendesk.answer(
        x_rate_limit="800",
        x_rate_limit_remaining="600",
        zendesk_ratelimit_incremental_exports="total=10; remaining=5; resets=38",
    )
    assert zendesk.limits.quota_used() == 0.5
    zendesk.now += 60
    zendesk.ask(10, 9, 60)
    assert zendesk.limits.quota_used() == 0.5

"""Rate limits, with a clock that the test moves."""

from tap_zendesk_cityblock.limits import Limits

EXPORTS = "/api/v2/incremental/tickets/cursor"


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def limits(**ceilings):
    clock = Clock()
    return Limits(ceilings, clock=clock, sleep=clock.sleep), clock


def test_nothing_is_waited_for_before_anything_is_known():
    account, _ = limits()
    assert account.wait(EXPORTS) == 0


def test_an_empty_bucket_is_waited_for_until_it_resets():
    account, clock = limits()
    account.wait(EXPORTS)
    account.learn(EXPORTS, {"zendesk-ratelimit-incremental-exports": "total=10; remaining=0; resets=38"})
    assert account.wait(EXPORTS) == 38
    assert clock.now == 1038


def test_an_empty_bucket_holds_up_no_other_path():
    account, _ = limits()
    account.learn(EXPORTS, {"zendesk-ratelimit-incremental-exports": "total=10; remaining=0; resets=38"})
    assert account.wait("/api/v2/groups") == 0


def test_the_accounts_own_limit_holds_up_every_path():
    account, _ = limits()
    account.learn("/api/v2/groups", {"X-Rate-Limit-Remaining": "0", "ratelimit-reset": "12"})
    assert account.wait(EXPORTS) == 12


def test_a_reset_that_is_a_date_is_a_minute():
    account, _ = limits()
    account.learn(EXPORTS, {"ratelimit-remaining": "0", "ratelimit-reset": "Tue, 24 Nov 2026 12:00:00 GMT"})
    assert account.wait(EXPORTS) == 60


def test_an_own_ceiling_is_kept_in_any_minute():
    account, clock = limits(account=3)
    for _ in range(9):
        account.wait(EXPORTS)
    assert clock.now == 1000 + 2 * 60


def test_the_scarcest_bucket_is_told():
    account, _ = limits()
    assert account.left(EXPORTS) is None
    account.learn(
        EXPORTS,
        {
            "x-rate-limit": "700",
            "x-rate-limit-remaining": "600",
            "zendesk-ratelimit-incremental-exports": "total=10; remaining=4; resets=38",
        },
    )
    assert account.left(EXPORTS) == (4, 10)
    assert account.left("/api/v2/groups") == (600, 700)

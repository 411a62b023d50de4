"""What Zendesk answers about its rate limits, in a time of its own."""

from math import inf

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

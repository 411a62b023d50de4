"""What Zendesk documents, and reports in each response, about its rate limits.

- `x-rate-limit: 700`, `x-rate-limit-remaining: 699`: requests per minute, of the service that responds.
- `ratelimit-limit`, `ratelimit-remaining`, `ratelimit-reset: 38`: the same, with the seconds until the window ends.
- `zendesk-ratelimit-incremental-exports: total=10; remaining=9; resets=38`: an endpoint's own limit, by bucket.
- `retry-after: 38`: seconds, with HTTP 429. /access_logs sends none, and has a date in `ratelimit-reset`.

Sources, with links and dates: docs/zendesk/rate-limit-headers.md, documented-rate-limits.md, too-many-requests.md.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "account"
"""The bucket of Support, which Zendesk's documentation calls the account's."""
SERVICES = (("/api/v2/help_center/", "help-center"), ("/api/v2/channels/voice/", "talk"))
"""Path prefix, and the bucket of the service behind it; Support serves all other paths."""
SEARCH_EXPORT = "search-export"
HEADER = "zendesk-ratelimit-"
WINDOW_SECONDS = 60.0
"""Length of a window whose end Zendesk does not report."""
DOCUMENTED = (
    ("/deleted_tickets", "deleted-tickets-index", 10),
    ("/access_logs", "access-logs", 50),
    ("/chat/", "chat", 200),
    ("/search/export", SEARCH_EXPORT, 100),
    ("/side_conversations/events", "side-conversation-events", 60),  # 600 in ten minutes
    ("/incremental/users/cursor", "incremental-exports-cursor", 10),
    ("/incremental/", "incremental-exports", 10),
)
"""Part of a path, its own bucket, and the requests per minute that Zendesk documents for it."""
NUMBER, SECONDS = re.compile(r"[0-9]{1,9}"), re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
BUCKETS = (
    ACCOUNT,
    *sorted({bucket for _, bucket, _ in DOCUMENTED} | {bucket for _, bucket in SERVICES}),
)


class RateLimitStatus(msgspec.Struct, frozen=True):
    """A bucket, as a response reports it: requests per window, requests left, seconds until the window ends."""

    total: int
    remaining: int
    resets_in: float | None


def service_of(path: str) -> str:
    """The bucket that the `x-rate-limit*` headers of its responses describe."""
    return next((bucket for prefix, bucket in SERVICES if path.startswith(prefix)), ACCOUNT)


def documented(path: str) -> tuple[str, int] | None:
    """The path's own bucket, in addition to its service's, and the requests per minute."""
    return next(((bucket, total) for part, bucket, total in DOCUMENTED if part in path), None)


def reported(path: str, headers: Mapping[str, str]) -> dict[str, RateLimitStatus]:
    """By bucket; header names in lower case.

    `ratelimit-*` without `x-rate-limit*` describe the path's own documented bucket, if it has one.
    """
    found: dict[str, RateLimitStatus] = {}
    total = _integer(headers.get("x-rate-limit", headers.get("ratelimit-limit")))
    remaining = _integer(headers.get("x-rate-limit-remaining", headers.get("ratelimit-remaining")))
    if remaining is not None and total is not None:
        own = None if "x-rate-limit-remaining" in headers else documented(path)
        bucket = service_of(path) if own is None else own[0]
        found[bucket] = RateLimitStatus(total, remaining, _seconds(headers.get("ratelimit-reset")))
    for name, value in headers.items():
        if name.startswith(HEADER):
            fields = dict(re.findall(r"(\w+)=([0-9]{1,9})\b", value))
            if "remaining" in fields and "total" in fields:
                found[name.removeprefix(HEADER)] = RateLimitStatus(
                    int(fields["total"]), int(fields["remaining"]), _seconds(fields.get("resets"))
                )
    return found


def retry_after_seconds(status: int, headers: Mapping[str, str]) -> float | None:
    """How long Zendesk asks to wait; header names in lower case, or without case."""
    return _seconds(headers.get("retry-after") or (headers.get("ratelimit-reset") if status == 429 else None))


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and NUMBER.fullmatch(text.strip()) else None


def _seconds(text: str | None) -> float | None:
    """From a number of seconds, an ISO or an HTTP date; None for anything else."""
    text = (text or "").strip()
    if SECONDS.fullmatch(text):
        return float(text)
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
        except (ValueError, TypeError, OverflowError):
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return None

"""What BigQuery and GCS refuse: whether it passes, and how a log line may name it."""

from __future__ import annotations

import requests
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import TransportError

TRANSIENT_REASONS = frozenset(
    {
        "backendError",
        "internalError",
        "rateLimitExceeded",
        "jobRateLimitExceeded",
        "jobBackendError",
        "jobInternalError",
    }
)
UNREACHABLE = if_exception_type(
    exceptions.ServerError,
    exceptions.TooManyRequests,
    exceptions.RetryError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    ConnectionError,
    TransportError,  # of a token that could not be renewed
)


ONCE = Retry(predicate=lambda _error: False)
"""For calls of Google's clients: trying again is the loader's business, which bounds it and logs it."""


def is_transient(error: Exception) -> bool:
    """Also a 403 that only says "slow down"."""
    return UNREACHABLE(error) or reason_of(error) is not None


def reason_of(error: object) -> str | None:
    """Why Google refused, where that passes."""
    reasons = [one.get("reason") for one in getattr(error, "errors", None) or [] if isinstance(one, dict)]
    return next((reason for reason in reasons if reason in TRANSIENT_REASONS), None)


def told(error: object) -> str:
    """Type, code and reason: the texts of the services quote fields."""
    code, reason = getattr(error, "code", None), reason_of(error)
    known = ", ".join([*([str(int(code))] if code else []), *([reason] if reason else [])])
    return type(error).__name__ + (f" ({known})" if known else "")

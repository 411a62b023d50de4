"""Errors of Google's services: which are transient, and how a log line may name them."""

from __future__ import annotations

import requests
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import TransportError

from cityblock_singer.errors import PluginError

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
"""For calls of Google's clients: retries are ours, with one deadline and a line in the log."""


class WarehouseError(PluginError):
    """BigQuery or Cloud Storage refused a request, or could not be reached until the retry deadline."""


def is_transient(error: Exception) -> bool:
    """Also a 403 that only says "slow down"."""
    return UNREACHABLE(error) or _reason(error) is not None


def describe(error: object) -> str:
    """Type, code and transient reason. The services' messages quote fields."""
    code, reason = getattr(error, "code", None), _reason(error)
    known = ", ".join([*([str(int(code))] if code else []), *([reason] if reason else [])])
    return type(error).__name__ + (f" ({known})" if known else "")


def cause_of(error: Exception) -> Exception:
    """The last error before a retry deadline was reached."""
    while isinstance(error, exceptions.RetryError) and error.cause is not None:
        error = error.cause
    return error


def _reason(error: object) -> str | None:
    reasons = [one.get("reason") for one in getattr(error, "errors", None) or [] if isinstance(one, dict)]
    return next((reason for reason in reasons if reason in TRANSIENT_REASONS), None)

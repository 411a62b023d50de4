"""Which errors of Google's services are transient, and what a log line says of them."""

import pytest
import requests
from cityblock_singer.google.errors import cause_of, describe, is_transient
from cityblock_singer.google.rejected_records import are_too_many
from google.api_core import exceptions
from google.auth.exceptions import TransportError

SLOW_DOWN = exceptions.Forbidden("secret", errors=[{"reason": "rateLimitExceeded", "message": "secret"}])


@pytest.mark.parametrize(
    ("error", "is_so", "text"),
    [
        (exceptions.ServiceUnavailable("secret"), True, "ServiceUnavailable (503)"),
        (exceptions.TooManyRequests("secret"), True, "TooManyRequests (429)"),
        (SLOW_DOWN, True, "Forbidden (403, rateLimitExceeded)"),
        (exceptions.Forbidden("secret"), False, "Forbidden (403)"),
        (exceptions.NotFound("secret"), False, "NotFound (404)"),
        (requests.ConnectionError("secret"), True, "ConnectionError"),
        (TransportError("secret"), True, "TransportError"),
        (ValueError("secret"), False, "ValueError"),
    ],
    ids=str,
)
def test_errors_are_named_without_their_messages(error, is_so, text):
    assert is_transient(error) is is_so
    assert describe(error) == text


def test_the_last_error_before_a_deadline_is_its_cause():
    last = exceptions.ServiceUnavailable("secret")
    assert cause_of(exceptions.RetryError("x", exceptions.RetryError("y", last))) is last
    assert cause_of(last) is last
    without = exceptions.RetryError("x", None)
    assert cause_of(without) is without


@pytest.mark.parametrize(
    ("rejected", "total", "is_so"),
    [(10, 10, False), (11, 11, True), (11, 220, False), (12, 220, True)],
)
def test_more_than_ten_rejected_records_and_more_than_their_share_stop_a_run(rejected, total, is_so):
    assert are_too_many(rejected, total, 0.05) is is_so

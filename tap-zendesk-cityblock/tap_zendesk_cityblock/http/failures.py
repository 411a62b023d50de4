"""The exception for a failed connection or an error response.

Of a response's body, only Zendesk's error code gets into a message. Its shapes (recorded by zenpy and Estuary, read
27 November 2026): `{"error": "RecordNotFound", …}`, `{"error": {"title": "Forbidden", …}}`, and
`{"errors": [{"code": "StartTimeTooRecent", …}]}`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cityblock_singer.errors import SettingsError

from tap_zendesk_cityblock.errors import (
    CursorInvalidError,
    RefusedError,
    StartTooRecentError,
    StreamUnavailableError,
    TransientError,
    UnexpectedResponseError,
)
from tap_zendesk_cityblock.http.rate_limit_headers import retry_after_seconds
from tap_zendesk_cityblock.http.retry_policy import TRANSIENT_STATUSES

if TYPE_CHECKING:
    import requests


def connection_problem(error: requests.ConnectionError) -> str:
    """Names the host, but not the rest of the URL."""
    request = error.request
    host = urlsplit(request.url).netloc if request is not None and request.url else "the host"
    text = str(error)
    if "NameResolution" in text or "getaddrinfo" in text:
        return f"cannot resolve {host}"
    return f"cannot connect to {host}" if "NewConnectionError" in text else f"connection to {host} lost"


def account_error(response: requests.Response) -> SettingsError | None:
    """If the response is about the whole account, whatever was requested."""
    status, host = response.status_code, urlsplit(response.url).hostname
    if status == 402:
        return SettingsError(
            f"HTTP 402: the Zendesk account at {host} is suspended or unpaid;"
            " ask its owner to check the subscription"
        )
    if 300 <= status < 400:
        target = _redirect_target(response.headers.get("Location", ""), host)
        return SettingsError(
            f"HTTP {status}: {host} redirects to {target}, and credentials are not sent there;"
            " if the account was renamed, set subdomain and base_url"
        )
    return None


def response_error(path: str, response: requests.Response) -> Exception:
    """For any response but HTTP 200."""
    if (error := account_error(response)) is not None:
        return error
    status, code = response.status_code, error_code(response)
    problem = f"HTTP {status}{f' {code}' if code else ''}"
    if status in TRANSIENT_STATUSES:
        return TransientError(
            problem,
            retry_after_seconds(status, response.headers),
            is_too_large=status == 504,
            is_rate_limit=status == 429,
        )
    if status == 401:
        return SettingsError(
            f"Zendesk refused the credentials ({problem}): check the account and its login settings"
        )
    if status in (403, 404):
        if scopes := _missing_scopes(response):
            problem += f", the token lacks the scope {scopes}"
        return StreamUnavailableError(problem, is_missing=status == 404)
    return _unusable(path, status, code, problem)


def _unusable(path: str, status: int, code: str, problem: str) -> Exception:
    if status in (400, 422) and code == "StartTimeTooRecent":
        return StartTooRecentError()
    if status in (400, 422) and code in ("InvalidCursor", "InvalidPaginationParameter"):
        return CursorInvalidError(f"Zendesk refused the cursor ({problem})")
    return (
        RefusedError(f"{path}: {problem}", status)
        if 400 <= status < 500
        else UnexpectedResponseError(f"{path}: {problem}")
    )


def _redirect_target(location: str, host: str | None) -> str:
    """Its host at most: the rest of an address may hold a token."""
    try:
        target = urlsplit(location).hostname
    except ValueError:
        target = None
    if target == host or (target is None and location.startswith("/")):
        return "another path of the same host"
    return target or "an unknown address"


def content(response: requests.Response) -> Any:  # noqa: ANN401 - anything JSON holds
    """Of the body, None if it is not JSON or nested too deeply."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def error_code(response: requests.Response) -> str:
    """Empty if the body has another shape, or a text that is not a code."""
    body = content(response)
    try:
        error = body["errors"][0]["code"] if "errors" in body else body["error"]
        code = error["title"] if isinstance(error, dict) else error
    except (KeyError, IndexError, TypeError):
        return ""
    return str(code) if re.fullmatch(r"[A-Za-z_' ]{1,60}", str(code)) else ""


def _missing_scopes(response: requests.Response) -> str:
    """Of `{"error": "Forbidden", "description": "You are missing the following required scopes: read"}`, else empty."""
    try:
        description = str(content(response)["description"])
    except (KeyError, IndexError, TypeError):
        return ""
    named = re.fullmatch(r"You are missing the following required scopes: ([a-z_: ,]{1,200})", description)
    return named[1] if named else ""

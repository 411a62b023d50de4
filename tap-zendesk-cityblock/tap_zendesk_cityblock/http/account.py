"""Answers that are about the whole account, whatever was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cityblock_singer.errors import SettingsError

if TYPE_CHECKING:
    import requests


def account_failure(response: requests.Response) -> SettingsError | None:
    """None for an answer about what was asked for. Of a redirect, nothing but the host is logged."""
    status, host = response.status_code, urlsplit(response.url).hostname
    if status == 402:
        return SettingsError(
            f"HTTP 402: the Zendesk account at {host} is suspended or unpaid, so that nothing can be exported;"
            " ask its owner to check the subscription"
        )
    if 300 <= status < 400:
        other = _host(response.headers.get("Location", ""), host)
        return SettingsError(
            f"HTTP {status}: {host} redirects to {other}, and credentials are not sent along;"
            " if the account was renamed, set subdomain and base_url"
        )
    return None


def _host(location: str, host: str | None) -> str:
    try:
        other = urlsplit(location).hostname
    except ValueError:
        other = None
    if other is None:
        return "another page of its own" if location.startswith("/") else "an address that it does not name"
    return "another page of its own" if other == host else other

"""How a request says who sends it.

See docs/zendesk/oauth-tokens.md and docs/zendesk/api-tokens-end.md (read November 2026).
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from cityblock_singer.errors import SettingsError
from requests.auth import AuthBase, HTTPBasicAuth

from tap_zendesk_cityblock.errors import TransientError
from tap_zendesk_cityblock.http.account import account_failure
from tap_zendesk_cityblock.http.credentials import AccessToken, ApiToken, Credentials, OAuthClient
from tap_zendesk_cityblock.http.unreachable import connection_cause

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

TOKEN_SECONDS = 7200
RENEWED_BEFORE_SECONDS = 60


class Bearer(AuthBase):
    """An access token that was handed to us; nobody renews it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class ClientCredentials(AuthBase):
    """Tokens by the client_credentials grant, which gives no refresh token: a new one is asked for in time.

    Threads share them: one renews, the others wait for it. Raises SettingsError where Zendesk refuses the client, TransientError where it cannot be asked.
    """

    def __init__(
        self, client: OAuthClient, base_url: str, session: requests.Session, timeout: tuple[float, float]
    ) -> None:
        """`timeout`: seconds to connect, and without a byte of the answer."""
        self._client, self._url, self._session = client, f"{base_url}/oauth/tokens", session
        self._timeout = timeout
        self._token = ""
        self._expires = 0.0
        self._lock = threading.Lock()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        with self._held():
            if time.monotonic() > self._expires - RENEWED_BEFORE_SECONDS:
                self._renew()
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self, refused: requests.PreparedRequest) -> None:
        """A new token, unless another thread has had one since the request was sent."""
        with self._held():
            if refused.headers.get("Authorization") == f"Bearer {self._token}":
                self._renew()

    @contextmanager
    def _held(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=self._timeout[1]):
            raise TransientError("no OAuth token: the request for one is not answered")
        try:
            yield
        finally:
            self._lock.release()

    def _renew(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client.client_id,
            "client_secret": self._client.client_secret,
            "scope": "read",
            "expires_in": TOKEN_SECONDS,  # Zendesk tells the lifetime only to those who ask for one
        }
        try:
            answer = self._session.post(self._url, json=form, timeout=self._timeout, allow_redirects=False)
        except requests.ConnectionError as failure:
            raise TransientError(f"no OAuth token: {connection_cause(failure)}") from None
        except requests.RequestException as failure:
            raise TransientError(f"no OAuth token: {type(failure).__name__}") from None
        if answer.status_code == 429 or answer.status_code >= 500:
            told = f"no OAuth token: HTTP {answer.status_code}"
            raise TransientError(told, is_rate_limit=answer.status_code == 429)
        if (of_account := account_failure(answer)) is not None:
            raise of_account
        if answer.status_code == 404:
            host = urlsplit(self._url).hostname
            raise SettingsError(f"there is no Zendesk account at {host} (HTTP 404): check subdomain")
        granted = _token(answer)
        if granted is None:
            raise SettingsError(
                f"client_id, client_secret: Zendesk refused the OAuth client (HTTP {answer.status_code})"
            )
        self._token, lifetime = granted
        self._expires = time.monotonic() + lifetime


def _token(answer: requests.Response) -> tuple[str, float] | None:
    if answer.status_code != 200:
        return None
    try:
        granted: dict[str, Any] = answer.json()
        return granted["access_token"], float(granted.get("expires_in") or TOKEN_SECONDS)
    except (ValueError, KeyError, TypeError):
        return None


def authentication(
    credentials: Credentials,
    base_url: str,
    session: requests.Session,
    logger: logging.Logger,
    timeout: tuple[float, float],
) -> AuthBase:
    match credentials:
        case OAuthClient():
            return ClientCredentials(credentials, base_url, session, timeout)
        case AccessToken():
            return Bearer(credentials.access_token)
        case ApiToken():
            logger.warning(
                "Zendesk ends API tokens on 30 April 2027: set client_id and client_secret before then"
            )
            return HTTPBasicAuth(f"{credentials.email}/token", credentials.api_token)

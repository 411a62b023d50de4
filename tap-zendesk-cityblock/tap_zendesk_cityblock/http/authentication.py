"""Authenticates requests, with OAuth or an API token.

See docs/zendesk/oauth-tokens.md and docs/zendesk/api-tokens-end.md (read November 2026).
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from cityblock_singer.errors import SettingsError
from requests.auth import AuthBase, HTTPBasicAuth

from tap_zendesk_cityblock.errors import TransientError
from tap_zendesk_cityblock.http.credentials import AccessToken, ApiToken, Credentials, OAuthClient
from tap_zendesk_cityblock.http.failures import account_error, connection_problem, content, error_code

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

TOKEN_SECONDS = 7200
LONGEST_SECONDS = 10**9
PRINTABLE = re.compile("[!-~]+")
"""A token, which has to fit into a header."""
RENEWAL_MARGIN_SECONDS = 60


class Bearer(AuthBase):
    """A given access token, which is not renewed."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class ClientCredentials(AuthBase):
    """Access tokens of the client_credentials grant, requested again a minute before they expire.

    Thread-safe: one thread renews the token, the others wait. Raises SettingsError if Zendesk refuses the OAuth
    client, TransientError if it cannot be reached.
    """

    def __init__(
        self, client: OAuthClient, base_url: str, session: requests.Session, timeout: tuple[float, float]
    ) -> None:
        """`timeout`: seconds to connect, and without a byte of the response."""
        self._client, self._url, self._session = client, f"{base_url}/oauth/tokens", session
        self._timeout = timeout
        self._token = ""
        self.granted: frozenset[str] | None = None
        """The scopes of the last token, if the response named them."""
        self._expires = 0.0
        self._lock = threading.Lock()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        with self._locked():
            if time.monotonic() > self._expires - RENEWAL_MARGIN_SECONDS:
                self._renew()
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self, rejected: requests.PreparedRequest) -> None:
        """Gets a new token, unless another thread has renewed it since the request was sent."""
        with self._locked():
            if rejected.headers.get("Authorization") == f"Bearer {self._token}":
                self._renew()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=self._timeout[1]):
            raise TransientError("no OAuth token: no response to the token request of another thread")
        try:
            yield
        finally:
            self._lock.release()

    def _renew(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client.client_id,
            "client_secret": self._client.client_secret,
            "scope": " ".join(self._client.scopes),
            "expires_in": TOKEN_SECONDS,  # else the response may not say when the token expires
        }
        try:
            response = self._session.post(self._url, json=form, timeout=self._timeout, allow_redirects=False)
        except requests.ConnectionError as error:
            raise TransientError(f"no OAuth token: {connection_problem(error)}") from None
        except requests.RequestException as error:
            raise TransientError(f"no OAuth token: {type(error).__name__}") from None
        if response.status_code == 429 or response.status_code >= 500:
            raise TransientError(
                f"no OAuth token: HTTP {response.status_code}", is_rate_limit=response.status_code == 429
            )
        if (of_account := account_error(response)) is not None:
            raise of_account
        if response.status_code == 404:
            host = urlsplit(self._url).hostname
            raise SettingsError(f"No Zendesk account at {host} (HTTP 404): check subdomain")
        if error_code(response) == "invalid_scope":
            raise SettingsError(
                f"scopes: the OAuth client may not have {' '.join(self._client.scopes)} (HTTP 400 invalid_scope):"
                " add the missing scopes to its allowed scopes (Admin Center, Apps and integrations, APIs,"
                " OAuth clients), or change scopes"
            )
        granted = _token(response)
        if granted is None:
            raise SettingsError(
                f"client_id, client_secret: Zendesk refused the OAuth client (HTTP {response.status_code})"
            )
        self._token, lifetime, self.granted = granted
        self._expires = time.monotonic() + lifetime


def _token(response: requests.Response) -> tuple[str, float, frozenset[str] | None] | None:
    """The token, its seconds, and its scopes if they are named."""
    granted = content(response) if response.status_code == 200 else None
    if not isinstance(granted, dict):
        return None
    token = granted.get("access_token")
    if not isinstance(token, str) or not PRINTABLE.fullmatch(token):
        return None
    named, seconds = granted.get("scope"), granted.get("expires_in")
    scopes = frozenset(named.split()) if isinstance(named, str) else None
    if not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_SECONDS:
        seconds = TOKEN_SECONDS
    return token, seconds, scopes


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
                "Zendesk ends all API tokens on 30 April 2027: set client_id and client_secret before then"
            )
            return HTTPBasicAuth(f"{credentials.email}/token", credentials.api_token)

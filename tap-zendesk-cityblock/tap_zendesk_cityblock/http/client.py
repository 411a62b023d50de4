"""One GET against Zendesk: authenticated, within the limits, tried again while that can help.

Nothing of an answer's body reaches a message but Zendesk's own error title.
"""

from __future__ import annotations

import random
import re
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import requests
import urllib3
from cityblock_singer.errors import SettingsError
from requests.adapters import HTTPAdapter

from tap_zendesk_cityblock.errors import (
    AnswerError,
    CursorInvalidError,
    GaveUpError,
    OutOfRequestsError,
    RefusedError,
    StartTooRecentError,
    StreamUnavailableError,
    TransientError,
)
from tap_zendesk_cityblock.http.account import account_failure
from tap_zendesk_cityblock.http.authentication import ClientCredentials, authentication
from tap_zendesk_cityblock.http.clock import check_clock
from tap_zendesk_cityblock.http.ignored import HEADER, ignored
from tap_zendesk_cityblock.http.patience import Patience, timeout_of_a_try
from tap_zendesk_cityblock.http.query import smaller, to_parameters
from tap_zendesk_cityblock.http.rate_limit_headers import retry_after_seconds
from tap_zendesk_cityblock.http.request_queue import RequestQueue
from tap_zendesk_cityblock.http.unreachable import connection_cause

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from tap_zendesk_cityblock.http.credentials import Credentials
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.http.rate_limits import RateLimits

TRANSIENT_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
LONGEST_WAIT = 120.0
USER_AGENT = "tap-zendesk-cityblock"


class ZendeskClient:
    """Shared by all streams and their threads: one session, one login, one set of limits."""

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        base_url: str,
        credentials: Credentials,
        limits: RateLimits,
        logger: logging.Logger,
        *,
        give_up_after: float,
        max_concurrent: int = 1,
        checks_clock: bool = True,
        unlocked: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """`max_concurrent`: requests under way at the same time, at most; `unlocked` is entered wherever time passes.

        `checks_clock`: Zendesk's is the real one, so that this machine's can be held to it. `give_up_after`: seconds,
        of one request from its being sent, its further tries and the wait for them included.
        """
        self.base_url = base_url
        self.give_up_after = give_up_after
        self._queue, self._logger = RequestQueue(limits, max_concurrent, give_up_after), logger
        self._unlocked = unlocked
        self._date: float | None = None
        self._ignored: dict[str, None] = {}
        self._has_to_check_clock = checks_clock
        self._session = requests.Session()
        self._session.mount(base_url, HTTPAdapter(pool_maxsize=max_concurrent))
        self._session.headers.update({"Accept": "application/json", "User-Agent": USER_AGENT})
        self._session.trust_env = False  # a .netrc would replace the credentials
        timeout = timeout_of_a_try(give_up_after)
        self._auth = authentication(credentials, base_url, self._session, logger, timeout)

    def request(self, path: str, query: Query) -> Request:
        """A GET that is not sent yet."""
        return Request(self, path, query)

    def now(self) -> float:
        """Epoch seconds by Zendesk's clock, of the last answer; by this machine's before the first."""
        return time.time() if self._date is None else self._date

    def zendesk_time(self) -> datetime | None:
        """As `now`, None before the first answer."""
        return None if self._date is None else datetime.fromtimestamp(self._date, UTC)

    def take_ignored(self) -> list[str]:
        """The parameters that Zendesk has ignored since this was last asked."""
        names = [*self._ignored]
        self._ignored.clear()
        return names

    def left(self, path: str) -> tuple[int, int] | None:
        """Requests that the rate limit still allows, and of how many; None before the first answer."""
        return self._queue.left(path)

    def send(self, path: str, query: Query, patience: Patience) -> bytes:
        """One try, and a second one with a new token where the first is refused. Raises as `Request.send`, and TransientError."""
        response, body = self._request(path, query, patience)
        if response.status_code == 401 and isinstance(self._auth, ClientCredentials):
            with self._unlocked():
                self._auth.renew(response.request)
            response, body = self._request(path, query, patience)
        if response.status_code == 200:
            return body
        raise account_failure(response) or _failure(path, response)

    def pause(self, path: str, failure: TransientError, seconds: float) -> None:
        """Waits before the next try."""
        self._logger.warning("%s: %s, trying again in %.0f s", path, failure, seconds)
        with self._unlocked():
            time.sleep(seconds)

    def _request(self, path: str, query: Query, patience: Patience) -> tuple[requests.Response, bytes]:
        with self._unlocked(), self._queue.slot(path) as queued:
            patience.begin()
            timeout = patience.timeout
            try:
                response = self._session.get(
                    self.base_url + path,
                    params=to_parameters(query),
                    auth=self._auth,
                    timeout=timeout,
                    allow_redirects=False,
                    stream=True,
                )
                received = time.time()
                self._queue.answered(queued, response.status_code, response.headers)
                body = _body(response, patience)
            except requests.ReadTimeout:
                raise TransientError(f"no answer for {timeout[1]:.0f} s") from None
            except requests.ConnectionError as failure:
                raise TransientError(connection_cause(failure)) from None
            except requests.RequestException as failure:
                raise TransientError(type(failure).__name__) from None
        self._ignored |= dict.fromkeys(ignored(response.headers.get(HEADER, ""), query))
        date = _date(response)
        self._date = date or self._date  # not before: others may have been answered meanwhile
        if self._has_to_check_clock and response.status_code == 200 and date is not None:
            check_clock(received, date, self._logger)
            self._has_to_check_clock = False
        if queued.waited > 1:
            self._logger.info("%s: waited %.0f s in the request queue", path, queued.waited)
        return response, body


class Request:
    """One GET and its retries, which end together `give_up_after` seconds after the first is sent.

    `query` is that of the last try: what Zendesk could not build in time is asked for in smaller pages.
    """

    def __init__(self, client: ZendeskClient, path: str, query: Query) -> None:
        self.path, self.query = path, query
        self._client, self._patience, self._tries = client, Patience(client.give_up_after), 0

    def send(self) -> bytes:
        """The body of the answer, after as many tries as it takes.

        Raises StreamUnavailableError (403, 404), CursorInvalidError, StartTooRecentError, and the PluginErrors.
        """
        while True:
            self._tries += 1
            try:
                return self._client.send(self.path, self.query, self._patience)
            except TransientError as failure:
                self.retry_after(failure)

    def retry_after(self, failure: TransientError) -> None:
        """Waits until the next try is due; also where the body of an answer turns out to be incomplete.

        Raises GaveUpError where it would be due too late.
        """
        if failure.is_too_large:
            self.query = smaller(self.query)
        wait = _seconds_to_wait(failure, self._tries)
        if wait > self._patience.left:
            cause = OutOfRequestsError if failure.is_rate_limit else GaveUpError
            raise cause(f"{self.path}: {failure}; gave up after {self._tries} tries") from None
        self._client.pause(self.path, failure, wait)


def _seconds_to_wait(failure: TransientError, tries: int) -> float:
    """What Zendesk asks for and a little more, so that many clients do not return at once; else doubling."""
    if failure.wait is not None:
        return max(1.0, failure.wait) + random.uniform(0, 0.5)  # noqa: S311 - jitter
    return min(LONGEST_WAIT, 2.0 ** min(tries - 1, 8)) * random.uniform(0.5, 1)  # noqa: S311 - jitter


def _body(response: requests.Response, patience: Patience) -> bytes:
    """Read at once: `response.content` puts a page together from hundreds of pieces."""
    with patience.reading(response) as is_cut_off:
        try:
            if response.status_code != 200:
                return response.content
            return bytes(response.raw.read(decode_content=True))
        except (urllib3.exceptions.HTTPError, requests.RequestException) as failure:
            response.close()
            cause = "the answer did not come to its end" if is_cut_off.is_set() else "the answer broke off"
            raise TransientError(f"{cause} ({type(failure).__name__})") from None


def _failure(path: str, response: requests.Response) -> Exception:
    status, title = response.status_code, _title(response)
    told = f"HTTP {status}{f' {title}' if title else ''}"
    if status in TRANSIENT_STATUSES:
        return TransientError(
            told,
            retry_after_seconds(status, response.headers),
            is_too_large=status == 504,
            is_rate_limit=status == 429,
        )
    if status == 401:
        return SettingsError(
            f"Zendesk refused the credentials ({told}): check the account and its login settings"
        )
    if status in (403, 404):
        return StreamUnavailableError(told, is_missing=status == 404)
    if status in (400, 422) and title == "StartTimeTooRecent":
        return StartTooRecentError()
    if status in (400, 422) and title in ("InvalidCursor", "InvalidPaginationParameter"):
        return CursorInvalidError(f"Zendesk refused the cursor ({told})")
    return RefusedError(f"{path}: {told}", status) if 400 <= status < 500 else AnswerError(f"{path}: {told}")


def _title(response: requests.Response) -> str:
    """Zendesk's name of the error in any of its shapes; empty where the body has another."""
    try:
        body = response.json()
        error = body["errors"][0]["code"] if "errors" in body else body["error"]
        title = error["title"] if isinstance(error, dict) else error
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return str(title) if re.fullmatch(r"[A-Za-z' ]{1,60}", str(title)) else ""


def _date(response: requests.Response) -> float | None:
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except (ValueError, TypeError):
        return None

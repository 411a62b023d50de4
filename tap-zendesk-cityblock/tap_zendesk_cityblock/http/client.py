"""GET requests to Zendesk: authenticated, within the rate limits, retried as retry_policy.py says."""

from __future__ import annotations

import dataclasses
import logging
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from tap_zendesk_cityblock.errors import GaveUpError, OutOfRequestsError, TooManyRequestsError, TransientError
from tap_zendesk_cityblock.http.authentication import ClientCredentials, authentication
from tap_zendesk_cityblock.http.clock_skew import check_clock
from tap_zendesk_cityblock.http.failures import connection_problem, response_error
from tap_zendesk_cityblock.http.ignored_parameters import HEADER, ignored_parameters
from tap_zendesk_cityblock.http.query import smaller, to_parameters
from tap_zendesk_cityblock.http.request_queue import RequestQueue
from tap_zendesk_cityblock.http.retry_policy import RetryDeadline, seconds_before_retry, timeout_per_try

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_zendesk_cityblock.http.credentials import Credentials
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.http.rate_limits import RateLimits

USER_AGENT = "tap-zendesk-cityblock"
logging.getLogger("urllib3.connection").setLevel(
    logging.ERROR
)  # of odd headers it logs their text, and a traceback


@dataclasses.dataclass
class Usage:
    """Requests of a run with their tries, but without logins. `rate_limited`: HTTP 429. `waited`: seconds of all threads."""

    requests: int = 0
    rate_limited: int = 0
    retries: int = 0
    waited: float = 0


class _Session(requests.Session):
    """Follows no redirect. Even then, requests parses the address of a redirect, and fails on an invalid one."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class ZendeskClient:
    """Shared by all streams and their threads: one session, one login, one set of rate limits."""

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
        side_by_side: Callable[[Sequence[Iterable[Any]]], Iterator[Any]] = chain.from_iterable,
    ) -> None:
        """`give_up_after`: retry deadline in seconds. `checks_clock`: false if Zendesk's clock is not the real one.

        `unlocked`: a context in which other threads run; entered for every wait. `side_by_side`: reads from several iterables at a
        time that send requests; here one after the other.
        """
        self.base_url = base_url
        self.give_up_after = give_up_after
        self.usage = Usage()
        self.most_requests: int | None = None
        """Maximum number of requests that this client may send, retries included and logins excluded; None: no
        limit.
        """
        self._queue, self._logger = RequestQueue(limits, max_concurrent, give_up_after), logger
        self._unlocked, self.side_by_side = unlocked, side_by_side
        self._zendesk_time: float | None = None
        self._ignored: dict[str, None] = {}
        self._has_to_check_clock = checks_clock
        self._session = _Session()
        self._session.mount(base_url, HTTPAdapter(pool_maxsize=max_concurrent))
        self._session.headers.update({"Accept": "application/json", "User-Agent": USER_AGENT})
        self._session.trust_env = False  # a .netrc would replace the credentials
        timeout = timeout_per_try(give_up_after)
        self._auth = authentication(credentials, base_url, self._session, logger, timeout)

    def request(self, path: str, query: Query) -> Request:
        """A GET that is not sent yet."""
        return Request(self, path, query)

    def now(self) -> float:
        """Epoch seconds by Zendesk's clock as of the last response; by this machine's before the first."""
        return time.time() if self._zendesk_time is None else self._zendesk_time

    def zendesk_time(self) -> datetime | None:
        """As `now`, None before the first response."""
        return None if self._zendesk_time is None else datetime.fromtimestamp(self._zendesk_time, UTC)

    @property
    def granted_scopes(self) -> frozenset[str] | None:
        """The scopes of the last OAuth token. None: another login, no request yet, or the response did not name them."""
        return self._auth.granted if isinstance(self._auth, ClientCredentials) else None

    def take_ignored(self) -> list[str]:
        """The parameters that Zendesk has ignored since the last call."""
        names = [*self._ignored]
        self._ignored.clear()
        return names

    def left(self, path: str) -> tuple[int, int] | None:
        """Requests that the rate limit still allows, and of how many; None before the first response."""
        return self._queue.left(path)

    def per_minute(self, path: str) -> int | None:
        """Requests that the path's rate limits allow; None before the first response that reports them."""
        return self._queue.per_minute(path)

    def quota_used(self) -> float | None:
        """The greatest share of a rate limit that was used up so far, by all clients of the account, from 0 to 1."""
        return self._queue.quota_used()

    def send(self, path: str, query: Query, deadline: RetryDeadline) -> bytes:
        """One try, with a new token if Zendesk rejects the current one. Raises as `Request.send`, and TransientError."""
        response, body = self._send(path, query, deadline)
        if response.status_code == 401 and isinstance(self._auth, ClientCredentials):
            with self._unlocked():
                self._auth.renew(response.request)
            response, body = self._send(path, query, deadline)
        if response.status_code == 200:
            return body
        raise response_error(path, response)

    def pause(self, path: str, failure: TransientError, seconds: float) -> None:
        """Waits before the next try."""
        self._logger.warning("%s: %s, retrying in %.0f s", path, failure, seconds)
        self.usage.retries += 1
        self.usage.waited += seconds
        with self._unlocked():
            time.sleep(seconds)

    def _send(self, path: str, query: Query, deadline: RetryDeadline) -> tuple[requests.Response, bytes]:
        if self.most_requests is not None and self.usage.requests >= self.most_requests:
            raise TooManyRequestsError(
                f"{path}: the {self.most_requests} requests that are allowed have been sent"
            )
        self.usage.requests += 1
        with self._unlocked(), self._queue.slot(path) as queued:
            deadline.start()
            timeout = deadline.timeout
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
                body = _body(response, deadline)
            except requests.ReadTimeout:
                raise TransientError(f"no response for {timeout[1]:.0f} s") from None
            except requests.ConnectionError as error:
                raise TransientError(connection_problem(error)) from None
            except requests.RequestException as error:
                raise TransientError(type(error).__name__) from None
        # With the run lock held, so that the time is not that of a later response to another thread's request.
        self._learn(query, response, received)
        self.usage.rate_limited += response.status_code == 429
        self.usage.waited += queued.waited
        if queued.waited > 1:
            self._logger.info("%s: waited %.0f s in the request queue", path, queued.waited)
        return response, body

    def _learn(self, query: Query, response: requests.Response, received: float) -> None:
        """`received`: epoch seconds."""
        self._ignored |= dict.fromkeys(ignored_parameters(response.headers.get(HEADER, ""), query))
        date = _date(response)
        self._zendesk_time = date or self._zendesk_time
        if self._has_to_check_clock and response.status_code == 200 and date is not None:
            check_clock(received, date, self._logger)
            self._has_to_check_clock = False


class Request:
    """One GET and its retries.

    `query` is that of the last try: after HTTP 504, pages half as large are requested.
    """

    def __init__(self, client: ZendeskClient, path: str, query: Query) -> None:
        self.path, self.query = path, query
        self._client, self._deadline, self._tries = client, RetryDeadline(client.give_up_after), 0

    def send(self) -> bytes:
        """The body of the response, after as many tries as needed.

        Raises StreamUnavailableError (403, 404), CursorInvalidError, StartTooRecentError, and the PluginErrors.
        """
        while True:
            self._tries += 1
            try:
                return self._client.send(self.path, self.query, self._deadline)
            except TransientError as failure:
                self.retry_after(failure)

    def retry_after(self, failure: TransientError) -> None:
        """Waits until the next try is due. Call it if a body turns out to be incomplete, too.

        Raises GaveUpError if the deadline comes first.
        """
        if failure.is_too_large:
            self.query = smaller(self.query)
        wait = seconds_before_retry(failure, self._tries)
        if wait > self._deadline.seconds_left:
            error = OutOfRequestsError if failure.is_rate_limit else GaveUpError
            raise error(f"{self.path}: {failure}; gave up after {self._tries} tries") from None
        self._client.pause(self.path, failure, wait)


def _body(response: requests.Response, deadline: RetryDeadline) -> bytes:
    """In one read: `response.content` joins hundreds of chunks."""
    with deadline.aborting(response) as is_aborted:
        try:
            if response.status_code != 200:
                return response.content
            return bytes(response.raw.read(decode_content=True))
        except (urllib3.exceptions.HTTPError, requests.RequestException) as error:
            response.close()
            problem = "the response timed out" if is_aborted.is_set() else "the response is incomplete"
            raise TransientError(f"{problem} ({type(error).__name__})") from None


def _date(response: requests.Response) -> float | None:
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None

"""Timeouts of single requests: a silent server must not use more than the setting `timeout`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

MOST_SECONDS = 60
CONNECT_SECONDS = 10


def request_seconds(timeout: float) -> float:
    """Timeout of one attempt, so that attempts without an answer fill `timeout` and do not exceed it."""
    return timeout / math.ceil(timeout / MOST_SECONDS)


class _TimeoutAdapter(HTTPAdapter):
    """Google's client has its own timeouts for some requests, of up to an hour, and none for others."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:  # noqa: ANN401 - those of requests
        options["timeout"] = (min(CONNECT_SECONDS, self._seconds), self._seconds)
        return super().send(request, *arguments, **options)


def limit(session: Session, timeout: float) -> None:
    """`timeout`: seconds for all attempts of a request."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, _TimeoutAdapter(request_seconds(timeout)))

"""Requests that Zendesk rejects."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class RequestError(Exception):
    """Answered with this status and body."""

    status: int
    body: object

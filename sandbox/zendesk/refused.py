"""Answers that are no."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """A 4xx answer with this body."""

    status: int
    body: object

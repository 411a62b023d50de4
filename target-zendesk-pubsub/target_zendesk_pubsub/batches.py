"""Batches limited by number and by bytes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class BatchLimits:
    """A batch ends at the limit that it reaches first."""

    tickets: int
    bytes: int


def batches(sized: Iterable[tuple[T, int]], limits: BatchLimits) -> Iterator[list[T]]:
    """`sized`: pairs of a value and its size in bytes."""
    batch: list[T] = []
    size = 0
    for one, bytes_ in sized:
        batch.append(one)
        size += bytes_
        if len(batch) >= limits.tickets or size >= limits.bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch

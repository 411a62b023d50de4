"""Resource names and ack ids: their formats, and pages of lists, which are sorted by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from local_pubsub.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local_pubsub.protos import Message

DELETED_TOPIC = "_deleted-topic_"
DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000

_ID = r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}"
_PROJECT = re.compile(r"projects/[^/\s]+")
_TOPIC = re.compile(rf"{_PROJECT.pattern}/topics/{_ID}")
_SUBSCRIPTION = re.compile(rf"{_PROJECT.pattern}/subscriptions/{_ID}")
_ACK_ID = re.compile(r"(\d{1,18})-(\d{1,18})-(\d{1,18})")


class AckId(NamedTuple):
    """One delivery of one message."""

    subscription: int
    message: int
    delivery: int

    def __str__(self) -> str:
        return f"{self.subscription}-{self.message}-{self.delivery}"


def ack_id(written: str) -> AckId:
    match = _ACK_ID.fullmatch(written)
    if match is None:
        raise invalid(f"Invalid ack id (ack_id={written})")
    return AckId(*map(int, match.groups()))


def check_project(name: str) -> None:
    _check("projects", name, _PROJECT)


def check_topic(name: str) -> None:
    _check("topics", name, _TOPIC)


def check_subscription(name: str) -> None:
    _check("subscriptions", name, _SUBSCRIPTION)


def page(found: Iterable[str], request: Message) -> tuple[list[str], str]:
    """The names on the requested page, and the token of the next page: the last name, or empty on the last page."""
    size = min(request.page_size, MAX_PAGE_SIZE) if request.page_size > 0 else DEFAULT_PAGE_SIZE
    rest = sorted(name for name in found if name > request.page_token)
    return rest[:size], rest[size - 1] if len(rest) > size else ""


def _check(kind: str, name: str, form: re.Pattern[str]) -> None:
    if form.fullmatch(name) is None:
        raise invalid(f"Invalid [{kind}] name: (name={name})")

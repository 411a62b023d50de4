"""The formats of resource names and ack ids."""

from __future__ import annotations

import re
from typing import NamedTuple

from local_pubsub.errors import invalid

DELETED_TOPIC = "_deleted-topic_"

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


def _check(kind: str, name: str, form: re.Pattern[str]) -> None:
    if form.fullmatch(name) is None:
        raise invalid(f"Invalid [{kind}] name: (name={name})")

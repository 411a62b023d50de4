"""Receives messages in place of Commons and shows them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from google.api_core.exceptions import DeadlineExceeded, GoogleAPICallError, NotFound
from local_pubsub.clients import clients

from sandbox.addresses import TOPIC_PROJECT
from sandbox.processes import SandboxError
from sandbox.pubsub import check_pubsub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.pubsub_v1 import PubsubMessage, SubscriberClient

MAX_PULLED = 100
PULL_SECONDS = 10


def listen(
    host: str, subscription: str, count: int | None, timeout: float | None, *, with_data: bool
) -> Iterator[str]:
    """Yields each message as text, then acknowledges it.

    Ends after `count` messages, or after `timeout` seconds without one. Raises SandboxError.
    """
    check_pubsub(host)
    path = subscription if "/" in subscription else f"projects/{TOPIC_PROJECT}/subscriptions/{subscription}"
    with clients(host) as (_, subscriber):
        try:
            for message in _messages(subscriber, path, count, timeout):
                yield _described(message, with_data=with_data)
        except NotFound as missing:
            raise SandboxError(f"{path} does not exist at {host}") from missing
        except GoogleAPICallError as failure:
            raise SandboxError(f"{host}: {failure}") from failure


def _messages(
    subscriber: SubscriberClient, path: str, count: int | None, timeout: float | None
) -> Iterator[PubsubMessage]:
    listened, last = 0, time.monotonic()
    while count is None or listened < count:
        patience = PULL_SECONDS if timeout is None else last + timeout - time.monotonic()
        if patience <= 0:
            return
        most = MAX_PULLED if count is None else min(MAX_PULLED, count - listened)
        try:
            pulled = subscriber.pull(
                {"subscription": path, "max_messages": most}, timeout=min(patience, PULL_SECONDS), retry=None
            )
        except DeadlineExceeded:
            continue
        for received in pulled.received_messages:
            yield received.message
            subscriber.acknowledge(subscription=path, ack_ids=[received.ack_id])
            listened, last = listened + 1, time.monotonic()


def _described(message: PubsubMessage, *, with_data: bool) -> str:
    attributes = message.attributes
    line = (
        f"{message.publish_time:%Y-%m-%d %H:%M:%S.%f}  message {message.message_id}"
        f"  key {message.ordering_key or '-'}  ticket {attributes.get('ticket_id', '-')}"
        f"  {attributes.get('event_type', '-')}"
    )
    return f"{line}\n{_indented(message.data)}" if with_data else line


def _indented(data: bytes) -> str:
    try:
        return json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except ValueError:
        return repr(data)

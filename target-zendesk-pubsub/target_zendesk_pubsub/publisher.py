"""Publish to Pub/Sub: in order within an ordering key, ordering keys concurrently."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from cityblock_singer.errors import PluginError, SettingsError
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.pubsub_v1.types import PublishRequest

from target_zendesk_pubsub.errors import PublishError
from target_zendesk_pubsub.published_log import Published, Refused
from target_zendesk_pubsub.request_timeouts import request_seconds

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence

    from google.pubsub_v1 import PublisherClient
    from google.pubsub_v1.types import PublishResponse

    from target_zendesk_pubsub.clock import Clock
    from target_zendesk_pubsub.messages import Message

# https://docs.cloud.google.com/pubsub/quotas#resource_limits, read on 27 November 2026: 1,000 messages and 10 MB per
# publish request, 10 MB per message; less room for the other fields of a request.
MAX_REQUEST_MESSAGES = 1_000
MAX_REQUEST_BYTES = 9_500_000
MAX_MESSAGE_BYTES = 9_400_000
CONCURRENT_REQUESTS = 4
TRANSIENT = if_exception_type(
    exceptions.ServiceUnavailable,
    exceptions.GatewayTimeout,
    exceptions.InternalServerError,
    exceptions.TooManyRequests,
    exceptions.Aborted,
    exceptions.Cancelled,
    exceptions.Unknown,
)
"""The errors for which Google's client retries publish requests (its service configuration)."""

RawRequest = PublishRequest.pb()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Of the messages passed to publish(), in order. With a `failure`, those in neither list may have been published."""

    published: list[Published]
    refused: list[Refused]
    failure: PluginError | None


class Publisher:
    """`topic`: its full name. `timeout`: retry deadline of a request in seconds.

    Uses the generated client, because the high-level client has its own batching, with a thread and a queue per
    ordering key.
    """

    def __init__(
        self, client: PublisherClient, topic: str, timeout: float, clock: Clock, logger: logging.Logger
    ) -> None:
        self._topic, self._clock, self._logger = topic, clock, logger
        self._ask = partial(
            client.publish,
            retry=Retry(TRANSIENT, initial=0.2, maximum=10, timeout=timeout, on_error=self._log_retry),
            timeout=request_seconds(timeout),
        )

    def publish(self, messages: Sequence[Message], replay_of: Sequence[str] | None = None) -> Outcome:
        """Publishes all messages and returns after all answers. `replay_of`: the original message id of each.

        A refused message does not stop later ones. Never raises, because messages published before a failure must be
        logged.
        """
        sending = _Sending(self._ask, self._topic, messages)
        by_key: dict[str, list[int]] = {}
        for index, message in enumerate(messages):
            by_key.setdefault(message.ordering_key, []).append(index)
        with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
            for _ in pool.map(sending.send_key, by_key.values()):
                pass
        published, refused = [], []
        for index, message in enumerate(messages):
            if message_id := sending.ids.get(index):
                original = replay_of[index] if replay_of else None
                published.append(Published(message, message_id, self._clock.now(), original))
            elif reason := sending.reasons.get(index):
                refused.append(Refused(message, reason, self._clock.now()))
                self._logger.error("ticket %d: Pub/Sub refused the message", message.ticket_id)
        return Outcome(published, refused, sending.failure)

    def _log_retry(self, error: Exception) -> None:
        self._logger.warning("Pub/Sub: %s, retrying", type(error).__name__)


class _Sending:
    """One call of publish(): message ids, and reasons of refused messages, by index."""

    def __init__(self, ask: Callable[..., PublishResponse], topic: str, messages: Sequence[Message]) -> None:
        self._ask, self._topic, self._messages = ask, topic, messages
        self._stopped = threading.Event()
        self.ids: dict[int, str] = {}
        self.reasons: dict[int, str] = {}
        self.failure: PluginError | None = None

    def send_key(self, indices: Sequence[int]) -> None:
        for request in self._requests(indices):
            if self._stopped.is_set():  # another ordering key failed; this one would wait as long
                return
            try:
                self._send(request)
            except Exception as error:  # noqa: BLE001 - its text may contain data
                self.failure = self._failure(error)
                self._stopped.set()

    def _requests(self, indices: Sequence[int]) -> Iterator[list[int]]:
        request: list[int] = []
        size = 0
        for index in indices:
            message = self._messages[index]
            bytes_ = len(message.data) + sum(len(k) + len(v) + 8 for k, v in message.attributes.items()) + 64
            if bytes_ > MAX_MESSAGE_BYTES:
                self.reasons[index] = f"too large: {bytes_} bytes"
                continue
            if request and (len(request) == MAX_REQUEST_MESSAGES or size + bytes_ > MAX_REQUEST_BYTES):
                yield request
                request, size = [], 0
            request.append(index)
            size += bytes_
        if request:
            yield request

    def _send(self, indices: Sequence[int]) -> None:
        """Sends one request. A refused request is split in halves until each refused message is alone."""
        request = RawRequest(topic=self._topic)
        for index in indices:
            one = self._messages[index]
            request.messages.add(data=one.data, attributes=one.attributes, ordering_key=one.ordering_key)
        try:
            answer = self._ask(request=PublishRequest.wrap(request))
        except exceptions.InvalidArgument as refused:
            if len(indices) == 1:
                self.reasons[indices[0]] = f"InvalidArgument: {refused.message}"
                return
            half = len(indices) // 2
            self._send(indices[:half])
            self._send(indices[half:])
        else:
            self.ids.update(zip(indices, answer.message_ids, strict=True))

    def _failure(self, error: Exception) -> PluginError:
        cause = getattr(error, "cause", None) or error
        if isinstance(cause, exceptions.NotFound):
            return SettingsError(
                f"Topic {self._topic} does not exist: create it, or fix topic_project and topic"
            )
        code = getattr(cause, "code", None)
        return PublishError(
            f"Topic {self._topic}: {type(cause).__name__}{f' ({int(code)})' if code else ''} from Pub/Sub, gave up"
        )

"""Pub/Sub: messages of a bucket in their order, buckets side by side, what is refused told apart."""

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
from target_zendesk_pubsub.patience import request_seconds
from target_zendesk_pubsub.published_log import Published, Refused

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence

    from google.pubsub_v1 import PublisherClient
    from google.pubsub_v1.types import PublishResponse

    from target_zendesk_pubsub.clock import Clock
    from target_zendesk_pubsub.messages import Message

# Limits of a request and of a message ("Quotas and limits" of Pub/Sub); a request's own fields take the rest.
MOST_MESSAGES = 1_000
LARGEST_REQUEST = 9_500_000
LARGEST_MESSAGE = 9_400_000
SIDE_BY_SIDE = 4
TRANSIENT = if_exception_type(
    exceptions.ServiceUnavailable,
    exceptions.GatewayTimeout,
    exceptions.InternalServerError,
    exceptions.TooManyRequests,
    exceptions.Aborted,
    exceptions.Cancelled,
    exceptions.Unknown,
)
"""What Google's own client retries a publish for (its service configuration)."""

RawRequest = PublishRequest.pb()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Of messages given to publish(), in their order. With a `failure`, what is in neither list may or may not have been taken."""

    published: list[Published]
    refused: list[Refused]
    failure: PluginError | None


class Publisher:
    """`topic`: its whole name. `timeout`: seconds for which one request is tried again.

    Uses the generated client: the other batches by itself, with a thread and a queue per ordering key.
    """

    def __init__(
        self, client: PublisherClient, topic: str, timeout: float, clock: Clock, logger: logging.Logger
    ) -> None:
        self._topic, self._clock, self._logger = topic, clock, logger
        self._ask = partial(
            client.publish,
            retry=Retry(TRANSIENT, initial=0.2, maximum=10, timeout=timeout, on_error=self._tell),
            timeout=request_seconds(timeout),
        )

    def publish(self, messages: Sequence[Message], replay_of: Sequence[str] | None = None) -> Outcome:
        """Sends all of them, and returns when Pub/Sub has answered for each; `replay_of` tells of each what it repeats.

        A message that is refused does not keep those behind it. Never raises: what was sent before a failure has
        to be logged.
        """
        sending = _Sending(self._ask, self._topic, messages)
        buckets: dict[str, list[int]] = {}
        for index, message in enumerate(messages):
            buckets.setdefault(message.ordering_key, []).append(index)
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            for _ in pool.map(sending.send_bucket, buckets.values()):
                pass
        published, refused = [], []
        for index, message in enumerate(messages):
            if message_id := sending.ids.get(index):
                original = replay_of[index] if replay_of else None
                published.append(Published(message, message_id, self._clock.now(), original))
            elif reason := sending.reasons.get(index):
                refused.append(Refused(message, reason, self._clock.now()))
                self._logger.error("ticket %d: Pub/Sub refuses its message", message.ticket_id)
        return Outcome(published, refused, sending.failure)

    def _tell(self, error: Exception) -> None:
        self._logger.warning("Pub/Sub: %s, trying again", type(error).__name__)


class _Sending:
    """One call of publish(): by index of message, its id or why it was refused."""

    def __init__(self, ask: Callable[..., PublishResponse], topic: str, messages: Sequence[Message]) -> None:
        self._ask, self._topic, self._messages = ask, topic, messages
        self._stopped = threading.Event()
        self.ids: dict[int, str] = {}
        self.reasons: dict[int, str] = {}
        self.failure: PluginError | None = None

    def send_bucket(self, indices: Sequence[int]) -> None:
        for request in self._requests(indices):
            if self._stopped.is_set():  # another bucket has failed; each would wait as long
                return
            try:
                self._send(request)
            except Exception as error:  # noqa: BLE001 - whatever it is, its text must not get out
                self.failure = self._told(error)
                self._stopped.set()

    def _requests(self, indices: Sequence[int]) -> Iterator[list[int]]:
        request: list[int] = []
        size = 0
        for index in indices:
            message = self._messages[index]
            bytes_ = len(message.data) + sum(len(k) + len(v) + 8 for k, v in message.attributes.items()) + 64
            if bytes_ > LARGEST_MESSAGE:
                self.reasons[index] = f"too large: {bytes_} bytes"
                continue
            if request and (len(request) == MOST_MESSAGES or size + bytes_ > LARGEST_REQUEST):
                yield request
                request, size = [], 0
            request.append(index)
            size += bytes_
        if request:
            yield request

    def _send(self, indices: Sequence[int]) -> None:
        """One request; one that is refused in two halves, until the messages it is refused for stand alone."""
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

    def _told(self, error: Exception) -> PluginError:
        cause = getattr(error, "cause", None) or error
        if isinstance(cause, exceptions.NotFound):
            return SettingsError(
                f"topic {self._topic} does not exist: create it, or mend topic_project and topic"
            )
        code = getattr(cause, "code", None)
        return PublishError(
            f"topic {self._topic}: {type(cause).__name__}{f' ({int(code)})' if code else ''} from Pub/Sub, gave up"
        )

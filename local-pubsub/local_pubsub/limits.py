"""Google's limits on requests, by its quota page and API reference (read in November 2026).

https://cloud.google.com/pubsub/quotas#resource_limits; Google's emulator enforces only some of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from local_pubsub.errors import RequestError, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local_pubsub.protos import Message

REQUEST_BYTES = 10_000_000
MESSAGES = 1000
ATTRIBUTES = 100
ATTRIBUTE_KEY_BYTES = 256
ATTRIBUTE_VALUE_BYTES = 1024
ORDERING_KEY_BYTES = 1024
FILTER_BYTES = 256
DEFAULT_ACK_DEADLINE = 10
ACK_DEADLINES = range(10, 601)
EXTENSIONS = range(601)
DEFAULT_RETENTION = 7 * 24 * 3600
RETENTIONS = range(600, 31 * 24 * 3600 + 1)
DELIVERY_ATTEMPTS = range(5, 101)


def check_publish(request: Message) -> None:
    """Raises RequestError, and then no message of the request is published."""
    if not request.messages:
        raise invalid("No messages to publish")
    if len(request.messages) > MESSAGES:
        raise invalid("Too many messages to publish")
    if request.ByteSize() > REQUEST_BYTES:
        raise invalid(f"The request is larger than {REQUEST_BYTES} bytes")
    ordering_key = request.messages[0].ordering_key
    if _longer(ordering_key, ORDERING_KEY_BYTES):
        raise invalid(f"An ordering key is longer than {ORDERING_KEY_BYTES} bytes")
    for message in request.messages:
        if message.ordering_key != ordering_key:
            raise invalid("All messages of a request must have the same ordering key")
        if not message.data and not message.attributes:
            raise invalid("Some messages are empty")
        _check_attributes(message.attributes)


def _check_attributes(attributes: Mapping[str, str]) -> None:
    if len(attributes) > ATTRIBUTES:
        raise invalid(f"A message has more than {ATTRIBUTES} attributes")
    for key, value in attributes.items():
        if not key or key.startswith("goog") or _longer(key, ATTRIBUTE_KEY_BYTES):
            raise invalid(
                f"An attribute key is empty, longer than {ATTRIBUTE_KEY_BYTES} bytes, or starts with goog"
            )
        if _longer(value, ATTRIBUTE_VALUE_BYTES):
            raise invalid(f"An attribute value is longer than {ATTRIBUTE_VALUE_BYTES} bytes")


def check_topic(topic: Message) -> None:
    if topic.HasField("message_retention_duration"):
        _check_retention(topic)


def check_subscription(subscription: Message) -> None:
    """Does not check name, topic and filter. Raises RequestError."""
    if subscription.ack_deadline_seconds not in ACK_DEADLINES:
        raise invalid("ack_deadline_secs out of bounds")
    _check_retention(subscription)
    attempts = subscription.dead_letter_policy.max_delivery_attempts
    if subscription.HasField("dead_letter_policy") and attempts not in DELIVERY_ATTEMPTS:
        raise RequestError(
            grpc.StatusCode.OUT_OF_RANGE,
            f"max_delivery_attempts is {attempts}, and must be from {DELIVERY_ATTEMPTS[0]} to {DELIVERY_ATTEMPTS[-1]}",
        )


def _check_retention(resource: Message) -> None:
    if resource.message_retention_duration.ToSeconds() not in RETENTIONS:
        raise invalid("message_retention_duration out of bounds")


def _longer(text: str, limit: int) -> bool:
    """Encodes only when needed: a character has four bytes at most."""
    return len(text) * 4 > limit and len(text.encode()) > limit

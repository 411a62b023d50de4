"""Validates topics and subscriptions, and applies updates to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_pubsub import filters, limits, names
from local_pubsub.errors import invalid, unimplemented

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from local_pubsub.protos import Message

UPDATABLE_TOPIC_FIELDS = {"labels", "message_retention_duration"}
UPDATABLE_SUBSCRIPTION_FIELDS = {
    "ack_deadline_seconds", "dead_letter_policy", "expiration_policy", "labels", "message_retention_duration",
    "retain_acked_messages", "retry_policy",
}  # fmt: skip
UNSUPPORTED = {
    "bigquery_config", "bigtable_config", "cloud_storage_config", "enable_exactly_once_delivery",
    "ingestion_data_source_settings", "message_transforms", "schema_settings",
}  # fmt: skip
"""They would change which messages are delivered, or where: rejected rather than ignored."""


def check_topic(config: Message) -> None:
    """Raises RequestError."""
    names.check_topic(config.name)
    _check_supported(config)
    limits.check_topic(config)


def check_subscription(config: Message) -> filters.Filter:
    """Sets Google's defaults in `config`. Returns its filter. Raises RequestError."""
    names.check_subscription(config.name)
    _check_supported(config)
    if config.push_config.push_endpoint:
        raise unimplemented("Push subscriptions are not supported")
    config.push_config.SetInParent()
    config.ack_deadline_seconds = config.ack_deadline_seconds or limits.DEFAULT_ACK_DEADLINE
    if not config.HasField("message_retention_duration"):
        config.message_retention_duration.FromSeconds(limits.DEFAULT_RETENTION)
    if config.HasField("dead_letter_policy") and not config.dead_letter_policy.max_delivery_attempts:
        config.dead_letter_policy.max_delivery_attempts = limits.DELIVERY_ATTEMPTS[0]
    limits.check_subscription(config)
    return filters.parse(config.filter)


def updated(config: Message, wanted: Message, mask: Message, updatable: AbstractSet[str]) -> Message:
    """A copy of `config` with the masked fields of `wanted`. Raises RequestError."""
    if not mask.paths:
        raise invalid("The update_mask must be set, and must contain a non-empty paths list.")
    for path in mask.paths:
        if path.partition(".")[0] not in updatable:
            raise invalid(f"Invalid update_mask: {path} is not a field that can be changed")
    copy = type(config)()
    copy.CopyFrom(config)
    mask.MergeMessage(wanted, copy, replace_message_field=True, replace_repeated_field=True)
    return copy


def _check_supported(config: Message) -> None:
    for field, _ in config.ListFields():
        if field.name in UNSUPPORTED:
            raise unimplemented(f"{field.name} is not supported")

"""What a topic or subscription may be made with, or changed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pubsub import filters, limits, names
from sandbox.pubsub.refusals import invalid, unimplemented

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from sandbox.pubsub.wire import Message

CHANGEABLE_OF_TOPIC = {"labels", "message_retention_duration"}
CHANGEABLE_OF_SUBSCRIPTION = {
    "ack_deadline_seconds",
    "dead_letter_policy",
    "expiration_policy",
    "labels",
    "message_retention_duration",
    "retain_acked_messages",
    "retry_policy",
}
NOT_HERE = {
    "bigquery_config",
    "bigtable_config",
    "cloud_storage_config",
    "enable_exactly_once_delivery",
    "ingestion_data_source_settings",
    "message_transforms",
    "schema_settings",
}
"""What would change which messages arrive, or where: better refused than ignored."""


def check_topic(config: Message) -> None:
    """Raises RefusedError."""
    names.check_topic(config.name)
    _check_is_here(config)
    limits.check_topic(config)


def complete_subscription(config: Message) -> filters.Filter:
    """Gives it Google's defaults; its filter. Raises RefusedError."""
    names.check_subscription(config.name)
    _check_is_here(config)
    if config.push_config.push_endpoint:
        raise unimplemented("Nothing is pushed here: pull")
    config.push_config.SetInParent()
    config.ack_deadline_seconds = config.ack_deadline_seconds or limits.DEFAULT_ACK_DEADLINE
    if not config.HasField("message_retention_duration"):
        config.message_retention_duration.FromSeconds(limits.DEFAULT_RETENTION)
    if config.HasField("dead_letter_policy") and not config.dead_letter_policy.max_delivery_attempts:
        config.dead_letter_policy.max_delivery_attempts = limits.DELIVERY_ATTEMPTS[0]
    limits.check_subscription(config)
    return filters.parse(config.filter)


def changed(config: Message, wanted: Message, mask: Message, changeable: AbstractSet[str]) -> Message:
    """A copy of `config` with the masked fields of `wanted`. Raises RefusedError."""
    if not mask.paths:
        raise invalid("The update_mask must be set, and must contain a non-empty paths list.")
    for path in mask.paths:
        if path.partition(".")[0] not in changeable:
            raise invalid(f"Invalid update_mask: {path} is not a field that can be changed")
    copy = type(config)()
    copy.CopyFrom(config)
    mask.MergeMessage(wanted, copy, replace_message_field=True, replace_repeated_field=True)
    return copy


def _check_is_here(config: Message) -> None:
    for field, _ in config.ListFields():
        if field.name in NOT_HERE:
            raise unimplemented(f"{field.name} is not supported here")

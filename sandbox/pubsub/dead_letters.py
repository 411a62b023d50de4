"""What a message looks like in a dead letter topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pubsub.wire import Message, PubsubMessage

if TYPE_CHECKING:
    from sandbox.pubsub.store import Pending


def dead_letter(subscription: str, pending: Pending) -> Message:
    """The message as it was, with the attributes that Google adds to say where it comes from."""
    letter = PubsubMessage.FromString(pending.content)
    _, project, _, name = subscription.split("/")
    added = {
        "DeliveryCount": str(pending.attempts),
        "Subscription": name,
        "SubscriptionProject": project,
        "TopicPublishTime": letter.publish_time.ToJsonString(),
    }
    for key, value in added.items():
        letter.attributes[f"CloudPubSubDeadLetterSource{key}"] = value
    return letter

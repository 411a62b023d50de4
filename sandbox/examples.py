"""Publishes the contract's examples in place of the pipeline, for tests of consumers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import GoogleAPICallError
from google.pubsub_v1 import PubsubMessage
from local_pubsub.clients import clients

from sandbox.addresses import TOPIC, TOPIC_PROJECT
from sandbox.processes import SandboxError
from sandbox.pubsub import check_pubsub, make_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[1] / "target-zendesk-pubsub" / "contract" / "examples"


def publish_examples(host: str) -> Iterator[str]:
    """Creates the topic and its subscription if they are missing; publishes each example and yields a line about it.

    Raises SandboxError.
    """
    check_pubsub(host)
    try:
        make_topic(host)
        topic = f"projects/{TOPIC_PROJECT}/topics/{TOPIC}"
        with clients(host) as (publisher, _):
            for message in _examples():
                [number] = publisher.publish(topic=topic, messages=[message]).message_ids
                about = message.attributes
                yield f"message {number}  ticket {about['ticket_id']}  {about['event_type']}"
    except GoogleAPICallError as failure:
        raise SandboxError(f"{host}: {failure}") from failure


def _examples() -> Iterator[PubsubMessage]:
    """In the order in which they could happen to a ticket."""
    examples = [json.loads(path.read_text()) for path in EXAMPLES.glob("*.json")]
    for one in sorted(examples, key=lambda one: str(one["attributes"]["zendesk_updated_at"])):
        yield PubsubMessage(
            data=_canonical(one["data"]), attributes=one["attributes"], ordering_key=one["orderingKey"]
        )


def _canonical(data: dict[str, Any]) -> bytes:
    """As the pipeline writes it, so that `message_key` is the hash of these bytes."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

"""`python -m sandbox publish --examples`."""

import hashlib
import json
import uuid
from pathlib import Path

import pytest
from local_pubsub.clients import clients

from sandbox.addresses import TOPIC, TOPIC_PROJECT
from sandbox.examples import publish_examples
from sandbox.processes import SandboxError
from sandbox.pubsub import make_topic

EXAMPLES = Path(__file__).parents[2] / "target-zendesk-pubsub" / "contract" / "examples"


def test_commons_receives_each_example_with_its_own_key(pubsub):
    make_topic(pubsub.host)
    name = f"projects/{TOPIC_PROJECT}/subscriptions/examples-{uuid.uuid4().hex}"
    examples = [json.loads(path.read_text()) for path in EXAMPLES.iterdir()]
    with clients(pubsub.host) as (_, subscriber):
        topic = f"projects/{TOPIC_PROJECT}/topics/{TOPIC}"
        subscriber.create_subscription(name=name, topic=topic)
        lines = list(publish_examples(pubsub.host))
        pulled = subscriber.pull(subscription=name, max_messages=10, timeout=30).received_messages
    got = [one.message for one in pulled]
    by_event = {one.attributes["event_type"]: one for one in got}
    for example in examples:
        message = by_event[example["attributes"]["event_type"]]
        assert dict(message.attributes) == example["attributes"]
        assert json.loads(message.data) == example["data"]
        assert message.ordering_key == example["orderingKey"]
        key = hashlib.sha256(b"%d\0" % example["data"]["ticketId"] + message.data)
        assert key.hexdigest() == example["attributes"]["message_key"]
    assert lines[0] == f"message {got[0].message_id}  ticket 42  created"
    assert len(lines) == len(examples)


def test_a_server_elsewhere_is_left_alone():
    with pytest.raises(SandboxError, match="is not on this machine"):
        list(publish_examples("pubsub.example.com:443"))

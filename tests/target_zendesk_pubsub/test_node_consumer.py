"""A consumer in Node that has the AsyncAPI document alone, with AsyncAPI's own parser: `make test-contract`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest
from local_pubsub.clients import clients

from sandbox.addresses import TOPIC, TOPIC_PROJECT
from sandbox.pubsub import make_topic

pytestmark = pytest.mark.own_verb

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "target-zendesk-pubsub" / "contract"
NODE = ROOT / ".venvs" / "node" / "bin" / "node"
PACKAGES = ROOT / ".venvs" / "node-consumer"
PATH = f"projects/{TOPIC_PROJECT}/topics/{TOPIC}"
EXAMPLE = json.loads((CONTRACT / "examples" / "created.json").read_text())


@pytest.fixture
def consumer(pubsub):
    """Starts the consumer with this document; it is killed after a minute."""
    script = shutil.copy(CONTRACT / "consumers" / "node" / "consumer.js", PACKAGES)
    subscription = f"projects/{TOPIC_PROJECT}/subscriptions/node-{uuid.uuid4().hex}"
    make_topic(pubsub.host)
    with clients(pubsub.host) as (_, subscriber):
        subscriber.create_subscription(
            request={"name": subscription, "topic": PATH, "enable_message_ordering": True}
        )
    timers = []

    def start(document):
        process = subprocess.Popen(
            [NODE, script, document, subscription],
            env=os.environ | {"PUBSUB_EMULATOR_HOST": pubsub.host, "METADATA_SERVER_DETECTION": "none"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        timers.append(threading.Timer(60, process.kill))
        timers[0].start()
        return process

    yield start
    timers[0].cancel()


def publish(host, number, data, **attributes):
    message = {
        "data": data,
        "attributes": {**EXAMPLE["attributes"], "ticket_id": str(number), **attributes},
        "ordering_key": f"key {number}",
    }
    with clients(host) as (publisher, _):
        publisher.publish(topic=PATH, messages=[message])


def test_it_reads_the_sandboxs_topic_and_finds_messages_that_do_not_match_the_contract(consumer, pubsub):
    environment = os.environ | {"PUBSUB_EMULATOR_HOST": pubsub.host}
    sandbox = [sys.executable, "-m", "sandbox", "publish", "--examples"]
    subprocess.run(sandbox, env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    publish(pubsub.host, 1, json.dumps({**EXAMPLE["data"], "priority": 7, "subject": None}).encode())
    publish(pubsub.host, 2, json.dumps(EXAMPLE["data"]).encode(), event_type="merged")
    publish(pubsub.host, 3, EXAMPLE["data"]["subject"].encode())
    document = json.loads((CONTRACT / "asyncapi.json").read_text())
    expected = {
        f"ticket 42  {example['name']}  {name}  valid"
        for name, message in document["components"]["messages"].items()
        for example in message["examples"]
    }
    wrong = "/priority must be string; /priority must be null; /priority must match a schema in anyOf"
    expected |= {
        f"ticket 1  created  ticket-message  invalid: {wrong}",
        "ticket 2  merged  not in the contract, ignored",
        "ticket 3  created  ticket-message  invalid: not JSON",
    }

    process, heard = consumer(CONTRACT / "asyncapi.json"), set()
    for line in process.stdout:
        heard.add(line.rstrip("\n"))
        if heard >= expected:
            process.send_signal(signal.SIGINT)
            break
    rest, errors = process.communicate()
    assert heard | set(rest.splitlines()) == expected
    assert (process.returncode, errors) == (0, "")


def test_asyncapis_parser_refuses_a_document_that_is_not_asyncapi(consumer, tmp_path):
    document = json.loads((CONTRACT / "asyncapi.json").read_text())
    document["channels"]["local"]["bindings"] = {"googlepubsub": {"bindingVersion": "0.2.0"}}
    path = tmp_path / "asyncapi.json"
    path.write_text(json.dumps(document))
    process = consumer(path)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert (
        'channels.local.bindings.googlepubsub: "googlepubsub" property must have required property "schemaSettings"'
        in errors
    )

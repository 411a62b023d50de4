"""The sandbox's Pub/Sub server: its own, or that of PUBSUB_EMULATOR_HOST."""

import pytest
from local_pubsub.clients import clients

from sandbox.addresses import SUBSCRIPTION, TOPIC, TOPIC_PROJECT, Addresses
from sandbox.processes import SandboxError
from sandbox.pubsub import pubsub_server

TOPIC_PATH = f"projects/{TOPIC_PROJECT}/topics/{TOPIC}"
SUBSCRIPTION_PATH = f"projects/{TOPIC_PROJECT}/subscriptions/{SUBSCRIPTION}"


def test_the_server_has_commons_topic_and_subscription(pubsub):
    with clients(pubsub.host) as (publisher, subscriber):
        assert publisher.get_topic(topic=TOPIC_PATH).name == TOPIC_PATH
        subscription = subscriber.get_subscription(subscription=SUBSCRIPTION_PATH)
    assert subscription.topic == TOPIC_PATH
    assert subscription.enable_message_ordering
    assert subscription.retain_acked_messages
    assert subscription.message_retention_duration.days == 7


def test_a_given_server_is_used_instead_of_its_own(pubsub, tmp_path, monkeypatch):
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub.host)
    addresses = Addresses.free()
    assert addresses.environment()["PUBSUB_EMULATOR_HOST"] == pubsub.host
    assert addresses.environment()["TARGET_ZENDESK_PUBSUB_PUBSUB_EMULATOR_HOST"] == pubsub.host
    with pubsub_server(addresses, tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_without_a_given_server_its_own_has_the_default_port(monkeypatch):
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    assert Addresses().environment()["PUBSUB_EMULATOR_HOST"] == "127.0.0.1:8085"


@pytest.mark.parametrize(
    "host", ["pubsub.googleapis.com:443", "10.0.0.1:8085", "[2001:db8::1]:8085", "localhost.example.com:1"]
)
def test_a_given_server_on_another_machine_is_rejected(host, tmp_path):
    with (
        pytest.raises(SandboxError, match="not on this machine"),
        pubsub_server(Addresses(given_pubsub_host=host), tmp_path),
    ):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}"])
def test_a_given_server_that_does_not_listen_is_one_sentence(host, tmp_path):
    given = host.format(port=Addresses.free().pubsub)
    with (
        pytest.raises(SandboxError, match="no Pub/Sub server listens"),
        pubsub_server(Addresses(given_pubsub_host=given), tmp_path),
    ):
        pass

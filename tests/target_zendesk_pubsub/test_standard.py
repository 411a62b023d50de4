"""The SDK's standard tests of a target. Their streams are ignored by name; how each is read is tested all the same."""

import pytest
from singer_sdk.testing import get_target_test_class
from target_zendesk_pubsub.target import TargetZendeskPubSub

from sandbox.addresses import PROJECT, TOPIC

CONFIG = {"environment": "local", "project": PROJECT, "topic": TOPIC}


@pytest.fixture(autouse=True)
def _servers(warehouse, pubsub, company, messages_dataset):
    """The class below is made before any fixture has run; addresses and datasets come now."""
    CONFIG.update(
        dataset=company.dataset,
        messages_dataset=messages_dataset,
        bigquery_emulator_host=warehouse.addresses.bigquery_url,
        pubsub_emulator_host=pubsub.host,
    )


class TestStandard(get_target_test_class(TargetZendeskPubSub, config=CONFIG)):
    # These two want exceptions of the SDK's. Ours are sentences: see test_publishing.py, test_input_that_is_no_singer…
    test_target_record_before_schema = None
    test_target_record_missing_key_property = None
    test_target_invalid_schema = None  # wants an exception, and no schema is too odd for its tickets

"""Build the clients and tables of a run from its settings."""

from __future__ import annotations

import dataclasses
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from target_zendesk_pubsub.checkpoint import Checkpoint
from target_zendesk_pubsub.clock import Clock
from target_zendesk_pubsub.erased_messages import ErasedMessages
from target_zendesk_pubsub.join_errors import JoinErrors
from target_zendesk_pubsub.last_messages import LastMessages
from target_zendesk_pubsub.legacy_log import read_legacy_log
from target_zendesk_pubsub.lookup import Lookup
from target_zendesk_pubsub.published_log import PublishedLog
from target_zendesk_pubsub.publisher import Publisher
from target_zendesk_pubsub.rejected_records import RejectedRecords
from target_zendesk_pubsub.settings import bigquery_client, publisher_client, quieten_clients, topic_name
from target_zendesk_pubsub.warehouse import Warehouse

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping


@dataclasses.dataclass(frozen=True)
class Connections:
    """The clients and tables of a run. Building them sends no request."""

    warehouse: Warehouse
    lookup: Lookup
    publisher: Publisher
    log: PublishedLog
    last_messages: LastMessages
    join_errors: JoinErrors
    erased_messages: ErasedMessages
    checkpoint: Checkpoint
    rejected: RejectedRecords
    clock: Clock
    read_legacy_log: Callable[[], dict[int, int]]


def connect(config: Mapping[str, Any], logger: logging.Logger) -> Connections:
    """Raises SettingsError."""
    quieten_clients()
    run_id, clock, topic, dataset = uuid.uuid4().hex, Clock(), topic_name(config), config["dataset"]
    warehouse = Warehouse(bigquery_client(config), config["timeout"], logger, config.get("policy_tag"))
    messages_dataset = config["messages_dataset"]
    log = PublishedLog(warehouse, messages_dataset, topic, run_id)
    directory, users = f"{dataset}.zendesk_user_directory", f"{dataset}.user_latest"
    last_messages = LastMessages(warehouse, messages_dataset, log)
    join_errors = JoinErrors(warehouse, dataset, directory, log, run_id)
    rejected = RejectedRecords(warehouse, dataset, run_id, config["max_rejected_share"])
    sources = (*log.tables, join_errors.table)
    return Connections(
        warehouse=warehouse,
        lookup=Lookup(warehouse, directory, users, last_messages, join_errors),
        publisher=Publisher(publisher_client(config), topic, config["timeout"], clock, logger),
        log=log,
        last_messages=last_messages,
        join_errors=join_errors,
        erased_messages=ErasedMessages(
            warehouse, last_messages, join_errors, config.get("log_retention_days")
        ),
        checkpoint=Checkpoint(warehouse, last_messages.table, sources, rejected.table, join_errors.waiting),
        rejected=rejected,
        clock=clock,
        read_legacy_log=partial(read_legacy_log, config, warehouse, logger),
    )

"""Build the collaborators of a run from its settings."""

from __future__ import annotations

import dataclasses
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from target_zendesk_pubsub.clock import Clock
from target_zendesk_pubsub.join_errors import JoinErrors
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
    """The collaborators of a run. Building them sends no request."""

    warehouse: Warehouse
    lookup: Lookup
    publisher: Publisher
    log: PublishedLog
    join_errors: JoinErrors
    rejected: RejectedRecords
    clock: Clock
    read_legacy_log: Callable[[], dict[int, int]]


def connect(config: Mapping[str, Any], logger: logging.Logger) -> Connections:
    """Raises SettingsError."""
    quieten_clients()
    run_id, clock, topic, dataset = uuid.uuid4().hex, Clock(), topic_name(config), config["dataset"]
    warehouse = Warehouse(bigquery_client(config), config["timeout"], logger, config.get("policy_tag"))
    log = PublishedLog(warehouse, config["messages_dataset"], topic, run_id)
    directory, users = f"{dataset}.zendesk_user_directory", f"{dataset}.user_latest"
    join_errors = JoinErrors(warehouse, dataset, directory, log, run_id)
    return Connections(
        warehouse=warehouse,
        lookup=Lookup(warehouse, directory, users, log, join_errors),
        publisher=Publisher(publisher_client(config), topic, config["timeout"], clock, logger),
        log=log,
        join_errors=join_errors,
        rejected=RejectedRecords(warehouse, dataset, run_id, config["max_rejected_share"]),
        clock=clock,
        read_legacy_log=partial(read_legacy_log, config, warehouse, logger),
    )

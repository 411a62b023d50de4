"""Tables of the legacy system that have the names of the tap's streams.

Migration support: to be removed after 30 June 2027 (docs/old-commands.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cityblock_singer.google.errors import ONCE

if TYPE_CHECKING:
    from google.cloud import bigquery

METADATA = "EXPORT_METADATA"
MODELS = frozenset(
    [
        "activity",
        "automation",
        "brand",
        "custom_agent_role",
        "dynamic_content",
        "group",
        "group_membership",
        "macro",
        "nps_recipient",
        "nps_response",
        "organization",
        "organization_field",
        "organization_membership",
        "sharing_agreement",
        "sla_policy",
        "support_address",
        "suspended_ticket",
        "target",
        "ticket",
        "ticket_field",
        "ticket_form",
        "ticket_metric",
        "ticket_skip",
        "trigger",
        "user",
        "user_field",
        "view",
    ]
)
"""The models of the legacy system, a closed list."""
OURS = {METADATA: "export_id", **dict.fromkeys(MODELS, "_export_id")}
"""A column by which a table of the tap's streams is recognized."""


def legacy_tables(client: bigquery.Client, dataset: str, timeout: float) -> list[str]:
    """Names of tables that the legacy system made. Empty for a dataset without EXPORT_METADATA: other taps have a
    table `user`, too.

    Raises GoogleAPICallError.
    """
    tables = client.list_tables(dataset, retry=ONCE, timeout=timeout)
    names = {table.table_id for table in tables if table.table_type == "TABLE"}
    if not any(name.startswith(METADATA) for name in names):
        return []
    return [
        name
        for name in sorted(names & OURS.keys())
        if OURS[name]
        not in {
            field.name for field in client.get_table(f"{dataset}.{name}", retry=ONCE, timeout=timeout).schema
        }
    ]

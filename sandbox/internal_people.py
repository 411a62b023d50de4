"""Cityblock's own members and users, as the directory view expects them: made from the Zendesk account's people.

Some are left out, so that a few tickets cannot be joined.
"""

from __future__ import annotations

import json
import urllib.request

from google.cloud import bigquery

DATASET = "internal"
COLUMNS = {
    "member": [bigquery.SchemaField("id", "STRING", "REQUIRED")],
    "user": [bigquery.SchemaField("id", "STRING", "REQUIRED"), bigquery.SchemaField("email", "STRING")],
}
UNKNOWN_MEMBERS = 17
UNKNOWN_USERS = 11
"""Every so manieth is not known inside."""


def seed_internal_people(warehouse: bigquery.Client, zendesk_url: str) -> None:
    """Fills `internal.member` and `internal.user`, unless they are there."""
    warehouse.create_dataset(DATASET, exists_ok=True)
    if list(warehouse.list_tables(DATASET)):
        return
    with urllib.request.urlopen(f"{zendesk_url}/_sandbox/objects/user", timeout=600) as lines:  # noqa: S310 - loopback
        people = [json.loads(line) for line in lines]
    members = [{"id": person["external_id"]} for person in people if person["external_id"]]
    users = [
        {"id": f"U{person['id']}", "email": person["email"].upper()}
        for person in people
        if person["email"] and not person["external_id"]
    ]
    _fill(warehouse, "member", [row for n, row in enumerate(members) if n % UNKNOWN_MEMBERS])
    _fill(warehouse, "user", [row for n, row in enumerate(users) if n % UNKNOWN_USERS])


def _fill(warehouse: bigquery.Client, name: str, rows: list[dict[str, str]]) -> None:
    config = bigquery.LoadJobConfig(schema=COLUMNS[name])
    warehouse.load_table_from_json(rows, f"{DATASET}.{name}", job_config=config).result()

"""The internal directory's tables of members and users, made from the users of the Zendesk account.

Some are missing at first, so that a few tickets wait; resolve_users() adds them.
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
MISSING_EVERY = {"member": 97, "user": 11}
"""Every 97th member and every 11th user is missing."""


def seed_internal_directory(warehouse: bigquery.Client, zendesk_url: str) -> None:
    """Fills `internal.member` and `internal.user`, unless they exist."""
    warehouse.create_dataset(DATASET, exists_ok=True)
    if list(warehouse.list_tables(DATASET)):
        return
    for name, people in _people(zendesk_url).items():
        _append(warehouse, name, [row for n, row in enumerate(people) if n % MISSING_EVERY[name]])


def resolve_users(warehouse: bigquery.Client, zendesk_url: str) -> int:
    """Adds everyone who is missing, as Cityblock's own systems would later. Returns how many."""
    added = 0
    for name, people in _people(zendesk_url).items():
        known = {row.id for row in warehouse.query_and_wait(f"SELECT id FROM {DATASET}.{name}")}
        missing = [row for row in people if row["id"] not in known]
        _append(warehouse, name, missing)
        added += len(missing)
    return added


def _people(zendesk_url: str) -> dict[str, list[dict[str, str]]]:
    """All users of the account, by table."""
    with urllib.request.urlopen(f"{zendesk_url}/_sandbox/objects/user", timeout=600) as lines:  # noqa: S310 - loopback
        people = [json.loads(line) for line in lines]
    return {
        "member": [{"id": person["external_id"]} for person in people if person["external_id"]],
        "user": [
            {"id": f"U{person['id']}", "email": person["email"].upper()}
            for person in people
            if person["email"] and not person["external_id"]
        ],
    }


def _append(warehouse: bigquery.Client, name: str, rows: list[dict[str, str]]) -> None:
    if rows:
        config = bigquery.LoadJobConfig(schema=COLUMNS[name])
        warehouse.load_table_from_json(rows, f"{DATASET}.{name}", job_config=config).result()

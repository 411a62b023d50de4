"""How many personal columns have a policy tag, according to the metadata of the tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from cityblock_singer.checks import CheckFailed
from cityblock_singer.google.errors import ONCE
from cityblock_singer.google.rejected_records import TABLE

from target_bigquery.loader import PERSONAL_LABEL
from target_bigquery.retention import CURRENT
from target_bigquery.schema import leaves

if TYPE_CHECKING:
    from google.cloud import bigquery

AT_ONCE = 8
"""Requests for metadata."""
STUB = "_stub_"
"""Of columns that a current table has besides those of its stream."""


def tagged_columns(client: bigquery.Client, dataset: str, policy_tag: str | None, seconds: float) -> str:
    """How many are tagged. `seconds`: of each request.

    Known are the tables that a run has loaded, by their label; a current table has the same columns. Raises CheckFailed if
    tags are missing although `policy_tag` is set.
    """
    personal = _personal(client, dataset, seconds)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tags = pool.map(partial(_tags, client, dataset, seconds=seconds), personal)
        tagged = dict(zip(personal, tags, strict=True))
    missing = {name: count - tagged[name] for name, count in personal.items() if tagged[name] < count}
    total, lacking = sum(personal.values()), sum(missing.values())
    state = f"{total - lacking} of {total} personal columns have one"
    if policy_tag is None:
        return f"policy_tag is not set, {state}"
    if missing:
        raise CheckFailed(
            f"{state}; missing: {', '.join(f'{count} in {name}' for name, count in sorted(missing.items()))}"
        )
    return state


def _personal(client: bigquery.Client, dataset: str, seconds: float) -> dict[str, int]:
    """The number of personal columns by table."""
    listed = {table.table_id: table for table in client.list_tables(dataset, retry=ONCE, timeout=seconds)}
    found = {
        name: int(table.labels[PERSONAL_LABEL])
        for name, table in listed.items()
        if PERSONAL_LABEL in table.labels
    }
    current = {f"{name}{CURRENT}": count for name, count in found.items() if f"{name}{CURRENT}" in listed}
    rejected = {TABLE: 1} if TABLE in listed else {}
    return {**found, **current, **rejected}


def _tags(client: bigquery.Client, dataset: str, name: str, seconds: float) -> int:
    table = client.get_table(f"{client.project}.{dataset}.{name}", retry=ONCE, timeout=seconds)
    return sum(
        bool(field.policy_tags and field.policy_tags.names)
        for path, field in leaves(table.schema).items()
        if not path.startswith(STUB)
    )

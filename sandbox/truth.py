"""Whether the warehouse says what Zendesk says: every view against the account's own objects, by key and content."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from sandbox.addresses import MESSAGES_DATASET
from sandbox.zendesk.models import BY_MODEL, PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.cloud import bigquery

ADDED_BY_US = {"_export_id", "_exported_at"}
FLAGGED_DELETED = {
    "ticket",
    "user",
    "organization",
    "ticket_metric_event",
    "custom_object_record",
    "routing_attribute_event",
}
LEFT_OUT = {
    "ticket": {"fields"},
    "ticket_skip": {"ticket"},
    "activity": {"user", "actor"},
    "workspace": {"selected_macros"},
}
"""`fields` repeats `custom_fields`; skips, activities and workspaces embed other models."""

DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)\Z")

PUBLISHED_AS_THEY_ARE = {
    "status": "status",
    "subject": "subject",
    "description": "description",
    "priority": "priority",
    "organization_id": "organizationId",
    "group_id": "groupId",
    "updated_at": "updatedAt",
}


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Keys, never content: what a view lacks, has too much, or has otherwise than Zendesk."""

    model: str
    rows: int
    missing: frozenset[object]
    surplus: frozenset[object]
    different: frozenset[object]
    repeated: int

    @property
    def equal(self) -> bool:
        return not (self.missing or self.surplus or self.different or self.repeated)


def compare(zendesk_url: str, warehouse: bigquery.Client, dataset: str, model: str) -> Comparison:
    """`<model>_latest` in `dataset` against the objects of the account at `zendesk_url`."""
    key = (PARTS.get(model) or BY_MODEL[model]).key
    truth, _ = _checksums(_objects(zendesk_url, model), key, LEFT_OUT.get(model, set()))
    ours = ADDED_BY_US | ({"is_deleted"} if model in FLAGGED_DELETED else set())
    view, repeated = _checksums(_rows(warehouse, dataset, model), key, ours)
    return Comparison(
        model,
        rows=len(view),
        missing=frozenset(truth.keys() - view.keys()),
        surplus=frozenset(view.keys() - truth.keys()),
        different=frozenset(k for k in truth.keys() & view.keys() if truth[k] != view[k]),
        repeated=repeated,
    )


def compare_messages(zendesk_url: str, warehouse: bigquery.Client) -> Comparison:
    """What was published last of each ticket against the account; `missing` is what was not, `repeated` a message twice.

    Compared is what a message takes over from Zendesk's ticket under the same words.
    """
    truth = {}
    for line in _objects(zendesk_url, "ticket"):
        ticket = orjson.loads(line)
        truth[ticket["id"]] = [ticket[name] for name in PUBLISHED_AS_THEY_ARE]
    messages: dict[object, list[object]] = {}
    keys = []
    rows = warehouse.query(
        f"SELECT ticket_id, message_key, data FROM {MESSAGES_DATASET}.zendesk_ticket "
        "WHERE replay_of IS NULL ORDER BY published_at"
    ).result(page_size=2_000)
    for row in rows:
        content = orjson.loads(row.data)
        messages[row.ticket_id] = [content[name] for name in PUBLISHED_AS_THEY_ARE.values()]
        keys.append(row.message_key)
    return Comparison(
        "ticket message",
        rows=len(messages),
        missing=frozenset(truth.keys() - messages.keys()),
        surplus=frozenset(messages.keys() - truth.keys()),
        different=frozenset(k for k in truth.keys() & messages.keys() if truth[k] != messages[k]),
        repeated=len(keys) - len(set(keys)),
    )


def _objects(zendesk_url: str, model: str) -> Iterable[bytes]:
    with urllib.request.urlopen(f"{zendesk_url}/_sandbox/objects/{model}", timeout=600) as lines:  # noqa: S310 - loopback
        yield from lines


def _rows(warehouse: bigquery.Client, dataset: str, model: str) -> Iterable[str]:
    found = warehouse.query(f"SELECT TO_JSON_STRING(t) AS line FROM {dataset}.{model}_latest AS t").result(
        page_size=2_000
    )
    return (row.line for row in found)


def _checksums(lines: Iterable[bytes | str], key: str, left_out: set[str]) -> tuple[dict[object, bytes], int]:
    """Key → digest of the content in one canonical form; and how many lines repeated a key."""
    digests: dict[object, bytes] = {}
    count = 0
    for line in lines:
        record = {name: value for name, value in orjson.loads(line).items() if name not in left_out}
        content = orjson.dumps(_canonical(record), option=orjson.OPT_SORT_KEYS)
        digests[record[key]] = hashlib.blake2b(content, digest_size=16).digest()
        count += 1
    return digests, count - len(digests)


def _canonical(value: object) -> object:
    """One form for what BigQuery writes otherwise: absent for null and empty, UTC for times, 1 for 1.0."""
    match value:
        case dict():
            return {k: c for k, v in value.items() if (c := _canonical(v)) not in (None, [], {})}
        case list():
            return [_canonical(item) for item in value]
        case str() if DATE_TIME.match(value):
            return datetime.fromisoformat(value).astimezone(UTC).isoformat()
        case float() if value.is_integer():
            return int(value)
        case _:
            return value

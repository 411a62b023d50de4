"""Compares the warehouse's views and messages with the objects of the Zendesk account, by key and content."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from sandbox.addresses import MESSAGES_DATASET
from sandbox.zendesk import schemas
from sandbox.zendesk.models import BY_MODEL, DERIVED
from sandbox.zendesk.tickets import SCRUBBED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from google.cloud import bigquery

DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)\Z")

COPIED_FIELDS = {
    "status": "status",
    "subject": "subject",
    "description": "description",
    "priority": "priority",
    "organization_id": "organizationId",
    "group_id": "groupId",
    "updated_at": "updatedAt",
}

TICKET_OF = {
    "ticket_attachment": "ticket_id",
    "ticket_comment": "ticket_id",
    "ticket_event": "ticket_id",
    "ticket_field_history": "ticket_id",
    "side_conversation": "ticket_id",
    "side_conversation_event": "ticket_id",
    "satisfaction_rating": "ticket_id",
    "chat": "zendesk_ticket_id",
}
"""Models whose views have no personal values of scrubbed tickets, and the column with the ticket's id."""
NOT_PERSONAL = frozenset(
    {
        "status", "custom_status_id", "type", "priority", "assignee_id", "group_id", "organization_id", "brand_id",
        "ticket_form_id", "new_schedule_id", "previous_schedule_id"
    }
)  # fmt: skip
"""Fields whose values stay in the field history of scrubbed tickets."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The keys that a view has too few, too many, or with other content than Zendesk. Never content itself."""

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
    """Compares `<model>_latest` with the account at `zendesk_url`, in the properties that the schema file has."""
    key = "id" if model in DERIVED else BY_MODEL[model].key
    properties = schemas.of(model)["properties"].keys()
    truth, _ = _checksums(_without_scrubbed(zendesk_url, model), key, properties)
    view, repeated = _checksums(_rows(warehouse, dataset, model), key, properties)
    return Comparison(
        model,
        rows=len(view),
        missing=frozenset(truth.keys() - view.keys()),
        surplus=frozenset(view.keys() - truth.keys()),
        different=frozenset(k for k in truth.keys() & view.keys() if truth[k] != view[k]),
        repeated=repeated,
    )


def compare_messages(zendesk_url: str, warehouse: bigquery.Client) -> Comparison:
    """Compares the last message of each ticket with the account, in the fields that messages copy from the ticket.

    `missing` counts tickets without a message, `repeated` messages that were published twice.
    """
    truth = {}
    for line in _objects(zendesk_url, "ticket"):
        ticket = orjson.loads(line)
        truth[ticket["id"]] = [ticket[name] for name in COPIED_FIELDS]
    messages: dict[object, list[object]] = {}
    keys = []
    rows = warehouse.query(
        f"SELECT ticket_id, message_key, data FROM {MESSAGES_DATASET}.zendesk_ticket "
        "WHERE replay_of IS NULL ORDER BY published_at"
    ).result(page_size=2_000)
    for row in rows:
        content = orjson.loads(row.data)
        messages[row.ticket_id] = [content[name] for name in COPIED_FIELDS.values()]
        keys.append(row.message_key)
    return Comparison(
        "ticket message",
        rows=len(messages),
        missing=frozenset(truth.keys() - messages.keys()),
        surplus=frozenset(messages.keys() - truth.keys()),
        different=frozenset(k for k in truth.keys() & messages.keys() if truth[k] != messages[k]),
        repeated=len(keys) - len(set(keys)),
    )


def _without_scrubbed(zendesk_url: str, model: str) -> Iterable[bytes]:
    """The objects, without what Zendesk may still have of scrubbed tickets."""
    if model not in TICKET_OF:
        yield from _objects(zendesk_url, model)
        return
    tickets = map(orjson.loads, _objects(zendesk_url, "ticket"))
    scrubbed = {one["id"] for one in tickets if one["subject"] == SCRUBBED}
    personal = {name for name, part in schemas.of(model)["properties"].items() if "personal" in part}
    for line in _objects(zendesk_url, model):
        one = orjson.loads(line)
        if one[TICKET_OF[model]] in scrubbed and one.get("field_name") not in NOT_PERSONAL:
            one = {name: value for name, value in one.items() if name not in personal}
        yield orjson.dumps(one)


def _objects(zendesk_url: str, model: str) -> Iterable[bytes]:
    with urllib.request.urlopen(f"{zendesk_url}/_sandbox/objects/{model}", timeout=600) as lines:  # noqa: S310 - loopback
        yield from lines


def _rows(warehouse: bigquery.Client, dataset: str, model: str) -> Iterable[str]:
    found = warehouse.query(f"SELECT TO_JSON_STRING(t) AS line FROM {dataset}.{model}_latest AS t").result(
        page_size=2_000
    )
    return (row.line for row in found)


def _checksums(
    lines: Iterable[bytes | str], key: str, properties: Collection[str]
) -> tuple[dict[object, bytes], int]:
    """Key → digest of these properties in a canonical form; and the number of repeated keys."""
    digests: dict[object, bytes] = {}
    count = 0
    for line in lines:
        record = {name: value for name, value in orjson.loads(line).items() if name in properties}
        content = orjson.dumps(canonical(record), option=orjson.OPT_SORT_KEYS)
        digests[record[key]] = hashlib.blake2b(content, digest_size=16).digest()
        count += 1
    return digests, count - len(digests)


def canonical(value: object) -> object:
    """Removes differences of BigQuery's format: no nulls and empty values, times in UTC, 1 for 1.0."""
    match value:
        case dict():
            return {k: c for k, v in value.items() if (c := canonical(v)) not in (None, [], {})}
        case list():
            return [canonical(item) for item in value]
        case str() if DATE_TIME.match(value):
            return datetime.fromisoformat(value).astimezone(UTC).isoformat()
        case float() if value.is_integer():
            return int(value)
        case _:
            return value

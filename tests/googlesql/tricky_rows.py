"""A small data set of rows for which SQL engines differ: ties, nulls, deleted and restored objects, every kind of JSON,
ids beyond 2^53, the edges of days. No rows of people: all of it is made up here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cityblock_singer import schema_drift
from tap_zendesk_cityblock.columns import load_schema
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.state.export_metadata import ExportMetadataStream

from tests.googlesql import tricky_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[2] / "target-zendesk-pubsub" / "contract" / "examples" / "created.json"
BIG = 2**53 + 1
"""The first integer that a double cannot hold."""
YESTERDAY, TODAY = "2026-11-23", "2026-11-24"
EXPORTS = {"a": f"{YESTERDAY}T23:59:59.999999+00:00", "b": f"{TODAY}T00:00:00+00:00"}
"""The start of each export, by its id: the last microsecond of a day, and the first of the next."""
JSON_VALUES: list[Any] = [
    None,
    True,
    0,
    BIG,
    -1.5,
    "",
    'a "quoted" text, ünïcode',
    [],
    ["rx", "bh", None, 7],
    [{"id": 1}],
    {},
    {"b": {"c": [1, 2]}, "a": None},
]
MOMENTS = [
    "2026-11-22T23:59:59.999999Z",
    "2026-11-23T00:00:00Z",
    "2026-11-23T23:59:59.999999Z",
    "2026-11-24T00:00:00Z",
]
KEYS = (BIG, 1, 2)
VARIANTS = len(JSON_VALUES)


def value(schema: dict[str, Any], variant: int) -> Any:
    """Of the schema's type; null in every fourth variant if it may be."""
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    json_value = JSON_VALUES[variant % VARIANTS]
    if "properties" in schema:
        made: Any = {name: value(inner, variant) for name, inner in schema["properties"].items()}
    elif len(kinds) > 2:
        made = json_value
    elif "object" in kinds:
        made = {"value": json_value}
    elif "null" in kinds and variant % 4 == 3:
        made = None
    elif "array" in kinds and "items" in schema:
        made = [value(schema["items"], variant + step * 4) for step in range(variant % 3)]
    else:
        made = choices(kinds[0], schema.get("format"), variant)[variant % 4]
    return made


def choices(kind: str, form: str | None, variant: int) -> list[Any]:
    """Four values of a type."""
    moment = MOMENTS[variant // len(KEYS) % len(MOMENTS)]
    by_format: dict[str | None, list[Any]] = {"date": [moment[:10]] * 4, "date-time": [moment] * 4}
    by_kind: dict[str, list[Any]] = {
        "array": [[], [True], ["rx", None, 7], [BIG, {"id": 1}]],
        "boolean": [True, False] * 2,
        "integer": [0, BIG, -1, 42],
        "number": [0.0, 1.25, -3.5, 2.0],
        "string": ["", "text", "Ünïcode ß", "deleted"],
    }
    return by_format.get(form) or by_kind[kind]


def rows_of(model: str) -> Iterator[dict[str, Any]]:
    """Four versions of each key, two in each export, and one of them loaded twice.

    What orders the versions of a key differs among them, or they are equal: else any of them might be shown.
    """
    schema, key, clock = load_schema(model), MODELS[model].key, MODELS[model].clock
    is_text = "string" in schema["properties"][key]["type"]
    for variant in (*range(VARIANTS), VARIANTS - 1):
        export, number = "ab"[variant % 2], KEYS[variant % len(KEYS)]
        version = variant if clock else variant % 2
        row = {name: value(one, version) for name, one in schema["properties"].items()}
        yield {**row, **exported(export), key: str(number) if is_text else number}


def exported(export: str, **fields: Any) -> dict[str, Any]:
    return {"_export_id": export, "_exported_at": EXPORTS[export], **fields}


def ticket(export: str, key: int, clock: int, status: str, **fields: Any) -> dict[str, Any]:
    moment = f"2026-11-01T00:00:{clock:02}Z"
    return exported(export, id=key, generated_timestamp=clock, updated_at=moment, status=status, **fields) | (
        {"created_at": moment} if "subject" not in fields else {}
    )


TICKETS = [
    ticket("a", 11, 1, "open", description="whole", tags=["rx"]),
    ticket("a", 11, 2, "pending", description="later", tags=[]),
    ticket("b", 11, 4, "deleted", subject="stub"),
    ticket("b", 12, 4, "deleted", subject="a stub alone"),
    ticket("a", 13, 2, "deleted", subject="stub"),
    ticket("b", 13, 5, "open", description="restored"),
    ticket("a", 14, 3, "new", description="tie"),
    ticket("b", 14, 3, "open", description="the later export of two with one clock"),
    ticket(
        "b",
        15,
        6,
        "open",
        custom_fields=[{"id": BIG + number, "value": one} for number, one in enumerate(JSON_VALUES)],
    ),
    ticket("b", BIG, 7, "open", custom_fields=[{"id": 1, "value": "of a field with a title"}]),
]
PEOPLE = [
    exported("a", id=1, updated_at=MOMENTS[0], active=True, external_id="M1", email="m1@x.example"),
    exported("b", id=1, updated_at=MOMENTS[2], active=False, name="Permanently Deleted User", permanently_deleted=True),
    exported("a", id=2, updated_at=MOMENTS[0], active=True, email="ANN@x.example"),
    exported("a", id=3, updated_at=MOMENTS[0], active=True, email="twin@x.example"),
    exported("a", id=4, updated_at=MOMENTS[0], active=False, external_id="M2", name="deleted"),
    exported("b", id=4, updated_at=MOMENTS[0], active=True, external_id="M2", name="restored in the same second"),
    exported("a", id=BIG, active=True, external_id=str(BIG)),
]  # fmt: skip
INTERNAL = {
    "member": [{"id": "M1"}, {"id": "M2"}, {"id": str(BIG)}],
    "user": [
        {"id": "U1", "email": "ann@X.example"},
        {"id": "U2", "email": "twin@x.example"},
        {"id": "U3", "email": "TWIN@x.example"},
    ],
}


def messages() -> Iterator[dict[str, Any]]:
    """Of the Singer stream that target-bigquery reads."""
    for model in MODELS:
        yield stream(model, load_schema(model), [MODELS[model].key])
        rows = {"ticket": TICKETS, "user": PEOPLE}.get(model) or list(rows_of(model))
        if model == "ticket_field":
            rows = [exported("b", id=1, title="Program", type="text"), *rows]
        rows = [*rows, *tricky_metrics.ROWS.get(model, [])]
        yield from ({"type": "RECORD", "stream": model, "record": row} for row in rows)
    yield stream(schema_drift.NAME, schema_drift.SCHEMA, [*schema_drift.KEY])
    yield from ({"type": "RECORD", "stream": schema_drift.NAME, "record": row} for row in drift())
    yield stream("EXPORT_METADATA", ExportMetadataStream.schema, ["export_id", "bq_inserted_at"])
    for model in MODELS:
        for export, status, minute in (("a", "complete", 1), ("b", "complete", 2), ("c", "in_progress", 3)):
            record = {
                "table_name": model,
                "bq_inserted_at": f"{TODAY}T00:0{minute}:00Z",
                "zendesk_time": None if export == "a" else f"{TODAY}T00:0{minute}:00Z",
                "export_id": export,
                "export_status": status,
                "export_count": minute,
                "bq_partition": YESTERDAY if export == "a" else TODAY,
            }
            yield {"type": "RECORD", "stream": "EXPORT_METADATA", "record": record}


def drift() -> Iterator[dict[str, Any]]:
    for model, name, json_type in (
        ("user", "mood", "null"),
        ("user", "mood", "string"),
        ("group", "mood", "array"),
    ):
        for export, moment in EXPORTS.items():
            record = {
                "model": model,
                "property": name,
                "json_type": json_type,
                "row_count": len(json_type),
                "first_seen_at": moment,
                "last_seen_at": moment,
                "run_id": None if export == "a" else "run b",
            }
            yield exported(export, **record)


def stream(name: str, schema: dict[str, Any], key: list[str]) -> dict[str, Any]:
    return {"type": "SCHEMA", "stream": name, "schema": schema, "key_properties": key}


TICKET_IDS = (11, 12, 13, 14, 15, 16)
USER_IDS = (1, 2, 3, 4, 99)
CONTENT = json.dumps(json.loads(EXAMPLE.read_text())["data"])


def message(ticket_id: int, version: int, **fields: Any) -> dict[str, Any]:
    return {
        "message_key": f"{ticket_id}-{version}",
        "ticket_id": ticket_id,
        "ordering_key": str(ticket_id % 32),
        "attributes": f'{{"ticket_id": "{ticket_id}", "event_type": "updated", "generated_timestamp": "{version}"}}',
        "data": CONTENT,
        **fields,
    }


def at(day: int, second: float = 0) -> str:
    return f"2026-11-{day:02}T00:00:{second:09.6f}Z"


def published() -> list[dict[str, Any]]:
    common = {"topic": "projects/p/topics/t", "replay_of": None}
    return [
        message(11, 1, message_id="m1", published_at=at(23, 59.999999), **common),
        message(11, 2, message_id="m2", published_at=at(24), **common),
        message(12, 1, message_id="m3", published_at=at(24), **common),
        message(12, 1, message_id="m4", published_at=at(25), **{**common, "replay_of": "m3"}),
        message(13, 1, message_id="m5", published_at=at(24, 1), **common),
        message(14, 1, message_id="m6", published_at=at(24), **common) | {"attributes": "{}"},
        message(BIG, 3, message_id="m7", published_at=at(24, 0.000001), **common),
    ]


def intents() -> list[dict[str, Any]]:
    return [
        message(11, 2, intended_at=at(23)),
        message(13, 1, intended_at=at(24, 1)),
        message(16, 1, intended_at=at(24)),
    ]


def refused() -> list[dict[str, Any]]:
    return [message(15, 1, reason="too large", refused_at=at(24), run_id="run")]


def join_errors() -> list[dict[str, Any]]:
    def row(ticket_id: int, version: int, inserted: str, *users: int) -> dict[str, Any]:
        return {
            "ticket_id": ticket_id,
            "ticket_updated_at": at(23),
            "unjoined": [{"field": "requester", "zendesk_user_id": user, "reason": "not_exported"} for user in users],
            "payload": CONTENT,
            "message_key": f"{ticket_id}-{version}",
            "generated_timestamp": version,
            "first_seen_at": at(23),
            "inserted_at": inserted,
            "run_id": "run",
        }  # fmt: skip

    return [
        row(11, 3, at(25), 1),  # waits, and its user has a match
        row(12, 2, at(25), 1, 99),  # waits for one of two
        row(13, 1, at(24), 99),  # published later
        row(14, 1, at(23), 99),
        row(14, 2, at(24), 99),  # at the very time of its message: settled
        row(16, 1, at(24), BIG),
        row(BIG, 4, at(24, 2)),  # for no user
    ]


def rejection(key: str | None, moment: str, resolved: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "stream": "ticket",
        "record_key": key,
        "column": None,
        "reason": "expected a number",
        "run_id": "a",
        "payload": "{}",
        "rejected_at": moment,
        "resolved_at": resolved,
        "rejected_by": "target-zendesk-pubsub",
        **fields,
    }


def rejected() -> list[dict[str, Any]]:
    return [
        rejection("11", at(23)),
        rejection("11", at(24)),
        rejection("11", at(24, 0.000001)),  # after what is resolved up to the row before
        rejection("11", at(23), rejected_by="target-bigquery"),
        rejection("12", at(23), at(24)),
        rejection("12", at(24)),
        rejection("1", at(23)),
        rejection("", at(23)),
        rejection(None, at(23)),
        rejection("13", at(23), column="due_at", rejected_by="target-bigquery"),
        rejection("14", at(23), stream="user", run_id="b"),
        rejection("14", at(25)),
    ]


def reloadable() -> list[dict[str, Any]]:
    """Rows of target-bigquery, most of which fit their table."""
    twice, loaded, once = (
        json.dumps(ticket("b", key, 1, "open", custom_fields=[{"id": BIG, "value": {"a": [BIG, None]}}]))
        for key in (21, 22, 23)
    )
    common = {"rejected_by": "target-bigquery"}
    return [
        rejection("21", at(23), payload=twice, **common),
        rejection("21", at(24), payload=twice, **common),
        rejection("21", at(24), payload=twice, stream="user", **common),
        rejection("21", at(24), payload=twice),  # another target's
        rejection("22", at(23), at(24), payload=loaded, **common),
        rejection("22", at(25), payload=loaded, **common),  # rejected again: resolved, and not loaded again
        rejection("23", at(23), payload=once, **common),
        rejection("23", at(23), at(24), payload=once),  # another target's
        rejection("24", at(23), payload=json.dumps({"id": "none"}), **common),
        rejection(None, at(23), payload=None, **common),
    ]


MERGE_TARGET: list[tuple[int | None, str, int, str | None]] = [
    (1, YESTERDAY, 1, "older than the source's"),
    (2, YESTERDAY, 5, "newer than the source's"),
    (3, YESTERDAY, 1, None),
    (4, YESTERDAY, 1, "in no row of the source"),
    (5, "2026-11-22", 1, "in no row of the source, and too old to delete"),
    (6, TODAY, 1, "of another day than the source's"),
    (BIG, TODAY, 1, "as a double, the same id as the source's"),
    (None, TODAY, 1, "null equals nothing"),
]
MERGE_SOURCE: list[tuple[int | None, str, int, str | None]] = [
    (1, YESTERDAY, 2, None),
    (2, YESTERDAY, 4, "late"),
    (3, YESTERDAY, 2, "later"),
    (6, YESTERDAY, 2, "of another day"),
    (BIG - 1, TODAY, 2, "one less"),
    (None, TODAY, 1, "not even null"),
    (9, TODAY, 1, "new"),
    (9, TODAY, 2, "new, too"),
]

DIFFERENT = {
    "seven digits of a second": "SELECT SAFE_CAST('2026-01-02T03:04:05.1234567Z' AS TIMESTAMP) AS moment",
    "order of JSON keys": """SELECT TO_JSON_STRING(PARSE_JSON('{"b": 1, "a": 2}')) AS text""",
    "decimals that PARSE_JSON refuses": "SELECT TO_JSON_STRING(SAFE.PARSE_JSON('67.174118')) AS text",
    "decimals that PARSE_JSON rounds": "SELECT TO_JSON_STRING(PARSE_JSON('67.174118', wide_number_mode => 'round')) AS text",
}


def pipeline_runs() -> list[dict[str, Any]]:
    """A run that was killed, one whose later steps failed, and one of the other job without figures."""

    def row(
        run_id: str | None, event: str, hour: int, job: str = "tap-to-bigquery", **more: Any
    ) -> dict[str, Any]:
        at = f"{YESTERDAY}T{hour:02}:00:00Z"
        return {"job": job, "run_id": run_id, "event": event, "recorded_at": at, "started_at": at, **more}

    ended = {"ended_at": f"{YESTERDAY}T03:00:00Z", "steps": [{"name": "tap", "seconds": 1.5}], "rows": 7}
    ended["remainder"] = [{"model": "ticket", "rows": 1500}, {"model": "user", "rows": None}]
    later = {"ended_at": f"{YESTERDAY}T04:00:00Z", "seconds": 30.0, "ending": "failed"}
    return [
        row("killed", "start", 1),
        row("failed", "start", 2),
        row("failed", "end", 3, **ended, ending="complete"),
        row(None, "dbt", 4, **later, error="dbt: ticket_current failed"),
        row(None, "saved-state", 5, **later, error="cursors were not saved"),
        row("published", "start", 1, job="tap-to-pubsub"),
        row("published", "end", 2, job="tap-to-pubsub", ending="complete", error=None),
    ]

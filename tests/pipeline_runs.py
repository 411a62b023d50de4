"""The tap's messages about its run, as the targets get them."""

TABLE = "PIPELINE_RUN"
STARTED = "2026-11-27T10:00:00+00:00"
SCHEMA = {
    "type": "SCHEMA",
    "stream": TABLE,
    "schema": {"properties": {}},
    "key_properties": ["run_id", "event"],
}
FIGURES = {
    "requests": 12,
    "rate_limited": 1,
    "retries": 2,
    "waited_seconds": 3.5,
    "quota_used": 0.25,
    "rejected_records": 1,
    "remainder": [{"model": "ticket", "rows": 1500}, {"model": "user", "rows": None}],
}


def begun(run_id):
    return [SCHEMA, _record(run_id, event="start")]


def ended(run_id, ending="complete", error=None):
    return [_record(run_id, event="end", ending=ending, error=error, seconds=7.5, **FIGURES)]


def _record(run_id, **columns):
    row = {"run_id": run_id, "started_at": STARTED, **columns}
    return {"type": "RECORD", "stream": TABLE, "record": row}

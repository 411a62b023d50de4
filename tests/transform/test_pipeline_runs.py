"""PIPELINE_RUN_latest: every run once, as it ended, also if it could not say so."""

from datetime import UTC, datetime, timedelta

from cityblock_singer.google.pipeline_runs import FIELDS
from google.cloud import bigquery

NOW = datetime.now(UTC).replace(microsecond=0)


def row(job, run_id, event, minutes, **columns):
    """So many minutes ago. A run takes one."""
    at = (NOW - timedelta(minutes=minutes)).isoformat()
    columns = {"started_at": at, **columns}
    if event == "end":
        columns["started_at"] = (NOW - timedelta(minutes=minutes + 1)).isoformat()
        columns["ended_at"] = at
    return {"job": job, "run_id": run_id, "event": event, "recorded_at": at, **columns}


def run(job, run_id, minutes, ending, error=None, **figures):
    steps = [{"name": "tap", "seconds": 20}, {"name": "target", "seconds": 50}]
    columns = {"ending": ending, "error": error, "steps": steps, **figures}
    return [row(job, run_id, "start", minutes + 1), row(job, run_id, "end", minutes, **columns)]


def test_each_run_is_shown_once_as_it_ended(views):
    export, publication = "tap-to-bigquery", "tap-to-pubsub"
    step = {"ended_at": (NOW - timedelta(minutes=298)).isoformat(), "seconds": 30}
    rows = [
        row(export, "abandoned", "start", 3000),
        *run(export, "no-dbt", 400, "partly_unavailable", "brand: HTTP 403"),
        *run(export, "dbt-failed", 300, "complete", rows=7),
        row(export, None, "dbt", 298, ending="failed", error="dbt: ticket_current failed", **step),
        row(export, None, "dbt", 290, ending="complete", **step),  # by hand
        row(export, None, "saved-state", 289, ending="failed", error="cursors were not saved", **step),
        row(export, "killed", "start", 200),
        *run(export, "last", 100, "complete"),
        *run(publication, "published", 50, "complete", published=3, waiting=1, refused=0),
        row(publication, "now", "start", 5),
    ]
    of_an_earlier_release = [field for field in FIELDS if field.name != "remainder"]
    config = bigquery.LoadJobConfig(schema=of_an_earlier_release)
    table = f"{views.dataset}.PIPELINE_RUN"
    views.client.load_table_from_json(rows, table, job_config=config).result()

    views.client.query_and_wait(f"CREATE TABLE {views.dataset}.REJECTED_RECORD (payload STRING)")

    built = views.dbt("run", "--select", "PIPELINE_RUN_latest", "REJECTED_RECORD_latest")

    assert built.returncode == 1  # a step of the last run, as its hook records

    shown = {one["run_id"]: one for one in views.rows("PIPELINE_RUN_latest", "started_at")}
    without_a_word = "killed, or without a connection to BigQuery at its end"
    assert {name: (one["ending"], one["error"]) for name, one in shown.items()} == {
        "abandoned": ("interrupted", without_a_word),
        "no-dbt": ("partly_unavailable", "brand: HTTP 403"),
        "dbt-failed": ("failed", "dbt: ticket_current failed; cursors were not saved"),
        "killed": ("interrupted", without_a_word),
        "last": ("failed", "dbt: REJECTED_RECORD_latest failed"),
        "published": ("complete", None),
        "now": ("running", None),
    }
    names = {name: [step["name"] for step in one["steps"]] for name, one in shown.items()}
    assert names["dbt-failed"] == names["last"] == ["tap", "target", "dbt"]
    assert (names["no-dbt"], names["killed"]) == (["tap", "target"], [])
    assert shown["no-dbt"]["seconds"] == 60
    assert shown["dbt-failed"]["seconds"] == 60 + 2 * 60
    assert shown["last"]["seconds"] > 60
    assert (shown["killed"]["seconds"], shown["killed"]["ended_at"]) == (None, None)
    assert (shown["dbt-failed"]["rows"], shown["published"]["published"]) == (7, 3)
    assert shown["published"]["remainder"] == []

    tested = views.dbt("test", "--select", "PIPELINE_RUN_latest")
    assert tested.returncode == 0, tested.stdout[-3000:]

"""PIPELINE_RUN: what the loader keeps of a run, whether it ends well, badly, or not at all."""

import logging
import uuid

import pytest
from google.api_core.exceptions import NotFound

from tests.fault_proxy import Fault
from tests.pipeline_runs import FIGURES, STARTED, TABLE, begun, ended
from tests.target_bigquery.singer import lines, record, schema, state

CANARY = "canary-of-a-ticket"


@pytest.fixture
def way():
    return "uploaded directly"


@pytest.fixture
def run_id():
    """BigQuery knows the jobs of earlier tests, too."""
    return uuid.uuid4().hex


@pytest.fixture
def runs(warehouse, dataset):
    """The rows, in their order."""

    def read():
        sql = f"SELECT * FROM {dataset}.{TABLE} ORDER BY recorded_at"
        return [dict(row) for row in warehouse.client.query_and_wait(sql)]

    return read


def test_a_run_has_a_row_of_its_start_and_one_of_its_end(run_id, load_here, runs, warehouse, dataset, capsys):
    load_here(
        [*begun(run_id), schema(), record(1), record(2), record("x"), *ended(run_id), state(1)],
        max_rejected_share=0.5,
    )

    start, end = runs()
    assert (start["event"], start["run_id"], start["job"], start["ending"]) == (
        "start",
        run_id,
        "tap-to-bigquery",
        None,
    )
    assert start["started_at"].isoformat() == end["started_at"].isoformat() == STARTED
    assert start["recorded_at"] < end["recorded_at"]
    assert (end["event"], end["ending"], end["error"]) == ("end", "complete", None)
    assert end["seconds"] == pytest.approx((end["ended_at"] - end["started_at"]).total_seconds(), abs=0.01)
    assert end["steps"][0] == {"name": "tap", "seconds": 7.5}
    assert [step["name"] for step in end["steps"]] == ["tap", "target"]
    assert {name: end[name] for name in FIGURES} == {**FIGURES, "rejected_records": 2}
    assert end["rows"] == 2
    assert end["bytes"] > 100
    assert (end["published"], end["waiting"], end["refused"]) == (None, None, None)
    table = warehouse.client.get_table(f"{dataset}.{TABLE}")
    assert table.time_partitioning.field == "recorded_at"
    assert '"bookmarks":{"ticket":{"cursor":"1"}}' in capsys.readouterr().out.replace(" ", "")


@pytest.mark.parametrize(
    ("said", "ending", "error"),
    [
        (("partly_unavailable", "brand: HTTP 403"), "partly_unavailable", "brand: HTTP 403"),
        (None, "interrupted", "the tap ended without reporting why: it was killed, or ran out of memory"),
        (
            None,
            "failed",
            "Input line 5: a RECORD message of stream ticket whose record is an array, not an object",
        ),
    ],
)
def test_how_a_run_ended_is_what_the_tap_said_unless_the_loader_failed(
    run_id, load, runs, said, ending, error
):
    rest = ended(run_id, *said) if said else []
    if ending == "failed":
        rest = [{"type": "RECORD", "stream": "ticket", "record": [CANARY]}]
    loaded = load([*begun(run_id), schema(), record(1, subject=CANARY), *rest])

    _, end = runs()
    assert (end["ending"], end["error"]) == (ending, error)
    assert CANARY not in str(end)
    assert end["rows"] == (0 if ending == "failed" else 1)
    assert (loaded.code == 0) == (ending != "failed")


def test_a_loader_that_is_killed_leaves_the_row_of_its_start(run_id, start, runs):
    with start() as process:
        process.stdin.write(lines([*begun(run_id), schema(), record(1), state(1)]))
        process.stdin.flush()
        while True:
            try:
                [only] = runs()
                break
            except (NotFound, ValueError):
                assert process.poll() is None
        process.kill()
    assert only["event"] == "start"


def test_a_loader_that_is_asked_to_end_says_so(run_id, start, runs):
    with start(checkpoint_rows=1) as process:
        process.stdin.write(lines([*begun(run_id), schema(), record(1), state(1)]))
        process.stdin.flush()
        assert process.stdout.readline()
        process.terminate()
        assert process.wait(60) == 143
    _, end = runs()
    assert (end["ending"], end["error"], end["rows"]) == ("interrupted", "signal 15 ended the run", 1)


def test_a_run_that_cannot_be_recorded_succeeds_and_says_so(run_id, load_here, ids, proxy, caplog):
    caplog.set_level(logging.WARNING)
    proxy["bigquery"].add(Fault("status", "POST /upload", status=403))
    proxy["bigquery"].add(Fault("status", "POST /upload", status=403, after=1))

    load_here([*begun(run_id), schema(), record(1), *ended(run_id), state(1)])

    assert ids() == [1]
    assert [line for line in caplog.messages if "not recorded" in line] == [
        f"The {event} of this run is not recorded: {TABLE}: Forbidden (403) from BigQuery, gave up"
        for event in ("start", "end")
    ]


def test_without_the_taps_stream_nothing_is_recorded(load_here, runs):
    load_here([schema(), record(1), state(1)])
    with pytest.raises(NotFound):
        runs()


@pytest.mark.parametrize("started", [{}, {"started_at": None}, {"started_at": "yesterday"}])
def test_a_stream_of_that_name_from_another_tap_fails_no_run(run_id, load_here, ids, started):
    odd = {"type": "RECORD", "stream": TABLE, "record": {"run_id": run_id, **started}}
    load_here([begun(run_id)[0], odd, schema(), record(1), state(1)])
    assert ids() == [1]

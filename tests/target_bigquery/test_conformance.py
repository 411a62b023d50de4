"""The loader's promises: exactly the right rows, or an exit code, STATE not past the loss, and a next run that recovers.

Each case runs twice: files staged in GCS, and uploaded to BigQuery directly.
"""

import json
import random
import resource
import signal

import pytest

from tests.fault_proxy import Fault
from tests.target_bigquery.singer import lines, record, schema, state

UPLOAD = {"staged in GCS": ("gcs", "POST /upload"), "uploaded directly": ("bigquery", "/upload/")}
# The request that the job begins with: for a direct upload the last one of the resumable upload.
JOBS = {
    "staged in GCS": ("bigquery", "POST /bigquery/v2/projects/local-cityblock-data/jobs"),
    "uploaded directly": ("bigquery", "PUT /"),
}
SECRET = "canary-7f3a"


def batch(first, last, **fields):
    return [record(number, **fields) for number in range(first, last + 1)]


RUN = [schema(), *batch(1, 50), state(50), *batch(51, 80), state(80)]


@pytest.mark.fast
def test_rows_and_state_arrive(load, ids):
    loaded = load(RUN)
    assert loaded.code == 0, loaded.stderr
    assert ids() == list(range(1, 81))
    assert loaded.states == [state(80)["value"]]


def test_state_advances_during_a_run(load, ids):
    loaded = load(RUN, checkpoint_rows=50)
    assert loaded.states == [state(50)["value"], state(80)["value"]]
    assert ids() == list(range(1, 81))


def test_an_identical_replay_loads_nothing_twice(load, ids):
    assert load(RUN, checkpoint_rows=50).code == 0
    again = load(RUN, checkpoint_rows=50)
    assert again.code == 0
    assert again.says("had already loaded them")
    assert ids() == list(range(1, 81))


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (
            record(60, subject={"text": SECRET}),
            "60 rejected: column subject: expected a string, got an object",
        ),
        (record(SECRET), "column id: expected a 64-bit integer, got a string with an invalid value"),
        (
            record(60, _exported_at=SECRET),
            "60 rejected: column _exported_at: expected a date-time, got a string with an invalid value",
        ),
        ({"type": "RECORD", "stream": "ticket", "record": {"subject": SECRET}}, "row 60 rejected: column id"),
    ],
    ids=["an object for a text", "a text for a number", "a text for a time", "no key"],
)
def test_one_bad_record_stops_no_other_and_no_word_of_it_is_logged(bad, expected, load, ids):
    loaded = load([schema(), *batch(1, 50), state(50), *batch(51, 59), bad, state(60)], checkpoint_rows=50)
    assert loaded.code == 0, loaded.stderr
    assert loaded.says(expected)
    assert SECRET not in loaded.stderr.replace(f"ticket {SECRET} rejected", "")  # a key of letters is shown
    assert loaded.is_brief
    assert loaded.states == [state(50)["value"], state(60)["value"]]
    assert ids() == list(range(1, 60))


def test_a_refused_upload_stops_the_run_before_state(load, ids, proxy, way):
    server, request = UPLOAD[way]
    proxy[server].add(
        Fault("status", request, status=403, body=b'{"error": {"message": "%s"}}' % SECRET.encode())
    )
    loaded = load(RUN)
    assert loaded.code == 1
    assert loaded.states == []
    assert loaded.says("Forbidden (403)")
    assert SECRET not in loaded.stderr
    assert load(RUN).code == 0
    assert ids() == list(range(1, 81))


def failed_job(reason, message):
    """The answer to a job that BigQuery has tried and given up."""
    error = {"reason": reason, "message": message}
    status = {"state": "DONE", "errorResult": error, "errors": [error]}
    reference = {"projectId": "local-cityblock-data", "jobId": "failed", "location": "US"}
    configuration = {"load": {"destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t"}}}
    return json.dumps({"jobReference": reference, "status": status, "configuration": configuration}).encode()


def test_a_failing_load_job_stops_the_run_before_state(load, ids, proxy, way):
    server, request = JOBS[way]
    message = f"Error while reading data: {SECRET}"
    proxy[server].add(Fault("status", request, status=200, body=failed_job("invalid", message)))
    loaded = load(RUN)
    assert loaded.code == 1
    assert loaded.states == []
    assert loaded.says("Stream ticket: ticket rows 1-80: BigQuery refused them (invalid)")
    assert SECRET not in loaded.stderr
    assert load(RUN).code == 0
    assert ids() == list(range(1, 81))


def test_a_load_job_that_fails_for_bigquerys_own_reasons_is_tried_again(load, ids, proxy, way):
    server, request = JOBS[way]
    proxy[server].add(Fault("status", request, status=200, body=failed_job("backendError", "try again")))
    loaded = load(RUN)
    assert loaded.code == 0, loaded.stderr
    assert ids() == list(range(1, 81))


@pytest.mark.parametrize("kind", ["status", "drop"])
def test_a_while_of_503_or_broken_connections_is_waited_out(kind, load, ids, proxy):
    for server in proxy.values():
        server.add(Fault(kind, " /", times=3))
    loaded = load(RUN)
    assert loaded.code == 0, loaded.stderr
    assert loaded.says("trying again")
    assert ids() == list(range(1, 81))


def test_bigquery_that_stays_away_ends_the_run_and_the_next_one_loads(load, ids, proxy, dataset):
    proxy["bigquery"].add(Fault("status", " /", times=10_000))
    loaded = load(RUN, timeout=3)
    assert loaded.code == 1
    assert loaded.states == []
    assert loaded.says(
        f"Stream ticket: Table {dataset}.ticket: ServiceUnavailable (503) from Google, gave up"
    )
    proxy["bigquery"].clear()
    assert load(RUN).code == 0
    assert ids() == list(range(1, 81))


def test_an_answer_that_was_lost_after_the_job_ran_loads_nothing_twice(load, ids, proxy, way):
    server, request = JOBS[way]
    proxy[server].add(Fault("lost", request))
    loaded = load(RUN)
    assert loaded.code == 0, loaded.stderr
    assert ids() == list(range(1, 81))
    assert loaded.states == [state(80)["value"]]


def test_a_new_column_whose_answer_was_lost_is_there(load, proxy, rows):
    """The second attempt has the etag of the table before the first one."""
    load(RUN)
    proxy["bigquery"].add(Fault("lost", "PATCH /"))
    wider = [schema(priority={"type": ["string", "null"]}), record(81, priority="high"), state(81)]
    loaded = load(wider)
    assert loaded.code == 0, loaded.stderr
    assert rows()[-1]["priority"] == "high"


def test_a_kill_between_load_and_state_loses_and_repeats_nothing(
    start, load, ids, proxy, way, warehouse, dataset
):
    server, request = JOBS[way]
    proxy[server].add(Fault("late", request))
    process = start()
    process.stdin.write(lines(RUN))
    process.stdin.close()
    assert proxy[server].reached.wait(120)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert process.stdout.read() == b""
    process.stdout.close()
    process.stderr.close()
    proxy[server].clear()
    again = load(RUN)
    assert again.code == 0, again.stderr
    assert again.states == [state(80)["value"]]
    assert ids() == list(range(1, 81))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_a_load_finishes_it_and_its_state(number, start, ids, proxy, way):
    server, request = UPLOAD[way]
    proxy[server].add(Fault("hold", request))
    process = start(checkpoint_rows=50)
    process.stdin.write(lines([schema(), *batch(1, 50), state(50)]))
    process.stdin.flush()
    assert proxy[server].reached.wait(120)
    process.send_signal(number)
    process.send_signal(number)
    for line in process.stderr:
        if b"exiting once the current load is done" in line:
            break
    proxy[server].release()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert err.decode().rstrip().endswith(f"with exit code {128 + number}; rows loaded: ticket 50")
    assert out == lines([state(50)["value"]])
    assert ids() == list(range(1, 51))


def test_new_columns_are_added_before_the_load_that_needs_them(load, rows):
    place = {"type": ["object", "null"], "properties": {"city": {"type": ["string", "null"]}}}
    assert load([schema(place=place), record(1, place={"city": "Brooklyn"}), state(1)]).code == 0
    place["properties"]["floor"] = {"type": ["integer", "null"]}
    loaded = load(
        [
            schema(place=place, score={"type": ["number", "null"]}),
            record(2, place={"city": "Kings", "floor": 3}, score=0.5),
            state(2),
        ]
    )
    assert loaded.code == 0, loaded.stderr
    first, second = rows()
    assert (first["place"]["city"], first["place"]["floor"], first["score"]) == ("Brooklyn", None, None)
    assert (second["place"]["city"], second["place"]["floor"], second["score"]) == ("Kings", 3, 0.5)


def test_a_schema_in_mid_run_loads_what_came_before_it_first(load, rows):
    loaded = load(
        [schema(), record(1), schema(score={"type": ["number", "null"]}), record(2, score=1.5), state(2)]
    )
    assert loaded.code == 0, loaded.stderr
    assert [row["score"] for row in rows()] == [None, 1.5]


def test_a_changed_type_is_refused_with_a_sentence(load, ids):
    assert load([schema(), record(1), state(1)]).code == 0
    loaded = load([schema(subject={"type": ["integer", "null"]}), record(2, subject=7), state(2)])
    assert loaded.code == 1
    assert loaded.says(
        "Stream ticket: Table ticket: column subject is STRING in the table and INTEGER in the stream"
    )
    assert loaded.states == []
    assert ids() == [1]


@pytest.mark.parametrize(("loads", "loaded_ids"), [(0, []), (1, list(range(1, 10)))])
def test_streams_that_vouch_for_others_are_loaded_after_them(loads, loaded_ids, load, ids, proxy, way):
    server, request = JOBS[way]
    metadata = schema("EXPORT_METADATA")
    messages = [metadata, schema(), *batch(1, 9), record(1, stream="EXPORT_METADATA"), state(9)]
    proxy[server].add(Fault("status", request, status=400, after=loads))
    loaded = load(messages)
    assert loaded.code == 1
    assert loaded.states == []
    assert ids() == loaded_ids
    assert ids("EXPORT_METADATA") == []


@pytest.mark.parametrize(
    ("last", "settings"),
    [([record(2, stream="EXPORT_METADATA")], {"batch_size": 2}), ([schema("EXPORT_METADATA", more={})], {})],
    ids=["full", "before another SCHEMA"],
)
def test_streams_that_vouch_for_others_are_loaded_after_them_even_before_the_end(
    last, settings, load, ids, proxy, way
):
    server, request = JOBS[way]
    messages = [schema("EXPORT_METADATA"), schema(), record(1), record(1, stream="EXPORT_METADATA"), *last]
    proxy[server].add(Fault("status", request, status=400, after=1))
    loaded = load([*messages, state(9)], **settings)
    assert loaded.code == 1
    assert (ids(), ids("EXPORT_METADATA")) == ([1], [])


@pytest.mark.parametrize("bytes_", [0, 1_000, 300_000], ids=["from the start", "at its end", "on the way"])
def test_a_disk_that_is_full_stops_the_run_in_a_sentence_and_the_next_one_loads(
    bytes_, start, load, ids, monkeypatch
):
    monkeypatch.setenv("PYTHONWARNINGS", "default::ResourceWarning")
    generator = random.Random(1)
    rows = [record(row, subject="canary" + generator.randbytes(2000).hex()) for row in range(400)]
    messages = [schema(), *(rows if bytes_ > 1_000 else rows[:1]), state(1)]
    process = start()
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (bytes_, bytes_))
    out, err = process.communicate(lines(messages), timeout=120)
    assert (process.returncode, out) == (1, b"")
    assert "Stream ticket: cannot write rows to a temporary file" in err.decode()
    assert b"canary" not in err
    assert b"Traceback" not in err
    assert b"ResourceWarning" not in err
    loaded = load(messages)
    assert loaded.code == 0, loaded.stderr
    assert len(ids()) == len(messages) - 2

"""Records that have no place in their table: what is kept of them, and what a run with them does."""

import json
from importlib import resources

import pytest
from cityblock_singer.google.errors import WarehouseError
from target_bigquery import spool

from tests.fault_proxy import Fault
from tests.target_bigquery.singer import lines, record, schema, state

SECRET = "canary 7f3a"
VIA = {"type": ["object", "null"], "properties": {"channel": {"type": ["string", "null"]}}}
MISFIT = record(2, via={"channel": {"name": SECRET}}, _export_id="e-1")
KEYLESS = {"type": "RECORD", "stream": "ticket", "record": {"subject": SECRET}}


@pytest.fixture
def way():
    return "uploaded directly"


@pytest.fixture
def kept(warehouse, dataset):
    """The rejected records, in their order."""

    def read():
        sql = f"SELECT * FROM {dataset}.REJECTED_RECORD ORDER BY stream, record_key, rejected_at"
        return [dict(row) for row in warehouse.client.query_and_wait(sql)]

    return read


def test_what_does_not_fit_is_kept_and_stops_neither_rows_nor_state(load, ids, kept, warehouse, dataset):
    brand = [schema("brand"), record(7, stream="brand")]
    messages = [schema(via=VIA), record(1), MISFIT, KEYLESS, *brand, record(3), state(3)]
    loaded = load(messages)
    assert loaded.code == 0, loaded.stderr
    assert loaded.states == [state(3)["value"]]
    assert (ids(), ids("brand")) == ([1, 3], [7])
    keyless, rejection = kept()
    assert rejection.pop("rejected_at") is not None
    assert json.loads(rejection.pop("payload")) == MISFIT["record"]
    assert rejection == {
        "stream": "ticket",
        "record_key": "2",
        "column": "via.channel",
        "reason": "expected a string, got an object",
        "run_id": "e-1",
        "resolved_at": None,
        "rejected_by": "target-bigquery",
    }
    assert (keyless["record_key"], keyless["column"]) == (None, "id")
    assert keyless["run_id"]
    assert "ticket 2 rejected: column via.channel: expected a string, got an object\n" in loaded.stderr
    assert (
        "ticket row 3 rejected: column id: expected a value, because it is part of the key, got null\n"
        in loaded.stderr
    )
    assert f"ticket: 2 rejected records are stored in {dataset}.REJECTED_RECORD" in loaded.stderr
    assert "canary" not in loaded.stderr
    table = warehouse.client.get_table(f"{dataset}.REJECTED_RECORD")
    assert (table.time_partitioning.field, table.clustering_fields) == (
        "rejected_at",
        ["stream", "record_key"],
    )
    assert load(messages).code == 0
    assert len(kept()) == 2  # an identical replay rejects nothing twice


def test_odd_values_that_have_a_reading_are_loaded(load, rows):
    lists = {"type": ["null", "array"], "items": {"type": ["null", "string"]}}
    messages = [
        schema(external={"type": ["null", "string"]}, open={"type": ["null", "object"]}, tags=lists),
        record(1, external=123, tags=["a", None]),
        record(2, subject="cut \ud83d"),
        record(3, open={"n": 2**64 + 1, "m": 67.174118}, external=2**70),
        state(3),
    ]
    loaded = load(lines(messages).replace(b'"subject 3"', b'"caf\xe9"'))
    assert loaded.code == 0, loaded.stderr
    first, second, third = rows()
    assert (first["external"], first["tags"]) == ("123", ["a"])
    assert second["subject"] == "cut \ufffd"
    assert third["subject"] == "caf\ufffd"
    assert third["open"] == {"n": str(2**64 + 1), "m": "67.174118"}
    assert third["external"] == str(2**70)
    assert "ticket: column tags: nulls dropped from arrays\n" in loaded.stderr
    assert "ticket 2 repaired: invalid Unicode replaced by U+FFFD\n" in loaded.stderr
    assert (
        "ticket: column open: numbers that BigQuery's JSON cannot hold exactly are loaded as strings\n"
        in loaded.stderr
    )


def test_state_waits_for_rejected_records(load, ids, kept, proxy):
    messages = [schema(), record(2, subject=[SECRET]), state(2)]
    proxy["bigquery"].add(Fault("status", "PUT /", status=403))
    loaded = load(messages)
    assert (loaded.code, loaded.states) == (1, [])
    assert "Rejected records: REJECTED_RECORD rows 1-1: Forbidden (403) from Google, gave up" in loaded.stderr
    assert load(messages).states == [state(2)["value"]]
    assert (ids(), len(kept())) == ([], 1)


def test_a_kill_before_state_rejects_nothing_twice(start, load_here, kept, proxy):
    messages = [schema(), record(2, subject=[SECRET]), state(2)]
    proxy["bigquery"].add(Fault("late", "PUT /"))
    process = start()
    process.stdin.write(lines(messages))
    process.stdin.close()
    assert proxy["bigquery"].reached.wait(120)
    process.kill()
    process.wait()
    assert process.stdout.read() == b""
    process.stdout.close()
    process.stderr.close()
    proxy["bigquery"].clear()
    assert len(kept()) == 1
    load_here(messages)
    assert len(kept()) == 1


def refusal(row):
    """The answer to a load job that failed for one row."""
    error = {"reason": "invalid", "message": f"{SECRET}; line {row} has a bad value"}
    status = {"state": "DONE", "errorResult": error, "errors": [error]}
    reference = {"projectId": "local-cityblock-data", "jobId": "failed", "location": "US"}
    configuration = {"load": {"destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t"}}}
    return json.dumps({"jobReference": reference, "status": status, "configuration": configuration}).encode()


def test_a_row_that_bigquery_names_when_it_refuses_a_job_is_kept_apart(load_here, ids, kept, proxy, caplog):
    for row in (2, 3):  # of those that are left, the second is the third of all
        proxy["bigquery"].add(Fault("status", "PUT /", status=200, body=refusal(row)))
    load_here(
        [schema(), *(record(number, _exported_at="2026-11-24T10:00:00Z") for number in range(1, 6)), state(5)]
    )
    assert ids() == [1, 3, 5]
    assert [(row["record_key"], row["reason"]) for row in kept()] == [
        ("2", "refused by BigQuery (invalid)"),
        ("4", "refused by BigQuery (invalid)"),
    ]
    assert json.loads(kept()[0]["payload"])["subject"] == "subject 2"
    assert "ticket 2 rejected: refused by BigQuery (invalid)" in caplog.messages
    assert "canary" not in caplog.text


def test_a_job_that_bigquery_refuses_for_more_than_a_few_rows_stops_the_run(load_here, ids, proxy):
    proxy["bigquery"].add(Fault("status", "PUT /", times=11, status=200, body=refusal(1)))
    with pytest.raises(
        WarehouseError,
        match=r"^Stream ticket: ticket rows 1-10: BigQuery refused them \(invalid\), first at row 1$",
    ):
        load_here([schema(), *map(record, range(1, 21)), state(20)])
    assert ids() == []


def test_the_payload_is_under_the_policy_tag(load_here, warehouse, dataset):
    tag = "projects/p/locations/us/taxonomies/1/policyTags/2"
    load_here([schema(), record(1, subject=[]), state(1)], policy_tag=tag)
    table = warehouse.client.get_table(f"{dataset}.REJECTED_RECORD")
    assert [field.name for field in table.schema if field.policy_tags] == ["payload"]


@pytest.mark.parametrize(("share", "code"), [(0.05, 1), (0.5, 0)])
def test_a_run_stops_where_more_rows_do_not_fit_than_may(share, code, load, kept, ids):
    odd = [record(number, subject={"a": SECRET}) for number in range(100, 130)]
    loaded = load([schema(), *(record(n) for n in range(70)), *odd, state(1)], max_rejected_share=share)
    assert loaded.code == code
    sentence = (
        "Stream ticket: 30 of 100 rows rejected, more than max_rejected_share (0.05): the schema is probably wrong; "
        "most frequent reason: column subject: expected a string, got an object"
    )
    assert (sentence in loaded.stderr) is bool(code)
    assert loaded.states == ([] if code else [state(1)["value"]])
    assert loaded.stderr.count(" rejected: ") == 20
    assert loaded.stderr.count("ticket: more records rejected, not logged one by one") == 1
    assert "canary" not in loaded.stderr
    if not code:
        assert len(kept()) == 30
        assert len(ids()) == 70


def test_a_few_rows_never_stop_a_run_whatever_their_share(load, kept):
    loaded = load(
        [schema(), *(record(n, subject=[SECRET]) for n in range(10)), state(1)], max_rejected_share=0
    )
    assert (loaded.code, loaded.states) == (0, [state(1)["value"]])
    assert len(kept()) == 10


def test_a_row_that_is_longer_than_bigquery_loads_is_rejected_without_its_payload(
    load_here, ids, kept, monkeypatch
):
    monkeypatch.setattr(spool, "LARGEST_ROW", 1000)
    load_here([schema(), record(1), record(2, subject="x" * 2000), record(3), state(3)])
    assert ids() == [1, 3]
    [row] = kept()
    assert (row["record_key"], row["column"], row["payload"]) == ("2", "subject", None)
    assert row["reason"] == "the row is larger than 1000 bytes; this is its largest column"


TICKET = json.loads(
    resources.files("tap_zendesk_cityblock").joinpath("schemas/ticket.json").read_text(encoding="utf-8")
)
READ = [
    {"via": {"channel": 27, "source": None}},
    {"collaborator_ids": [None, 7]},
    {"external_id": 12345},
    {"external_id": 2**80},
    {"custom_fields": [{"id": 3}]},
    {"custom_fields": [{"id": 1, "value": 67.174118}, None]},
    {"custom_fields": [{"id": 1, "value": 2**70}]},
    {"due_at": ""},
    {"satisfaction_rating": "offered"},
    {"assignee_id": "42"},
    {"subject": "cut \ud83d"},
]
NOT_READ = [
    {"via": "Web form"},
    {"via": {"channel": ["a"]}},
    {"custom_fields": {}},
    {"subject": {"x": 1}},
    {"tags": "a"},
    {"created_at": "soon"},
    {"updated_at": "99999-01-01"},
    {"has_incidents": "yes"},
    {"assignee_id": "x"},
    {"group_id": 2**64},
    {"id": "abc def"},
    {"id": None},
]


def test_of_many_tickets_with_every_odd_value_none_is_lost(load_here, ids, kept, capsys):
    odd = dict(enumerate([*READ, *NOT_READ] * 2, 10))
    tickets = [{"id": number, "status": "open", **odd.get(number, {})} for number in range(1, 1001)]
    messages = [{"type": "SCHEMA", "stream": "ticket", "schema": TICKET, "key_properties": ["id"]}]
    messages += [{"type": "RECORD", "stream": "ticket", "record": ticket} for ticket in tickets]
    load_here([*messages, state(1)])
    lost = [number for number, change in odd.items() if change in NOT_READ]
    assert ids() == [number for number in range(1, 1001) if number not in lost]
    assert sorted(json.dumps(json.loads(row["payload"])) for row in kept()) == sorted(
        json.dumps(
            {"id": number, "status": "open", **odd[number]}
            | ({"group_id": str(2**64)} if "group_id" in odd[number] else {})
        )
        for number in lost
    )
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == state(1)["value"]

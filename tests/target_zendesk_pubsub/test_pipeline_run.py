"""PIPELINE_RUN: what the publisher keeps of a run."""

import uuid

import pytest

from tests.pipeline_runs import FIGURES, TABLE, begun, ended
from tests.target_zendesk_pubsub.tickets import STRANGER, schema, state, ticket

CANARY = "canary-of-a-ticket"


@pytest.fixture
def run_id():
    return uuid.uuid4().hex


@pytest.fixture
def runs(warehouse, dataset):
    def read():
        sql = f"SELECT * FROM {dataset}.{TABLE} ORDER BY recorded_at"
        return [dict(row) for row in warehouse.client.query_and_wait(sql)]

    return read


@pytest.mark.usefixtures("company")
def test_a_run_has_a_row_of_its_start_and_one_of_its_end(publish, runs, run_id):
    tickets = [ticket(1, subject=CANARY), ticket(2, assignee_id=STRANGER), ticket("x", subject=CANARY)]

    ran = publish([*begun(run_id), schema(), *tickets, state(1), *ended(run_id)])

    assert ran.code == 0, ran.stderr
    start, end = runs()
    assert (start["event"], start["run_id"], start["job"]) == ("start", run_id, "tap-to-pubsub")
    assert (end["event"], end["ending"], end["error"]) == ("end", "complete", None)
    assert {name: end[name] for name in FIGURES} == {**FIGURES, "rejected_records": 2}
    assert (end["rows"], end["published"], end["waiting"], end["refused"]) == (3, 1, 1, 0)
    assert end["bytes"] > 1000
    assert CANARY not in str(end)


def test_a_run_that_fails_says_so_in_one_sentence(publish, runs, run_id):
    """Its directory is missing."""
    ran = publish([*begun(run_id), schema(), ticket(1, subject=CANARY), state(1), *ended(run_id)])

    assert ran.code == 1
    _, end = runs()
    assert (end["ending"], end["published"]) == ("failed", 0)
    assert end["error"] in ran.stderr
    assert CANARY not in str(end)


@pytest.mark.usefixtures("company")
def test_a_tap_that_was_killed_leaves_an_interrupted_run(publish, runs, run_id):
    publish([*begun(run_id), schema(), ticket(1), state(1)])
    _, end = runs()
    assert (end["ending"], end["published"]) == ("interrupted", 1)
    assert [step["name"] for step in end["steps"]] == ["target"]

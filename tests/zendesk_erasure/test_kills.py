"""Erasures that are killed at ten moments, and run again: their content is gone, each has one proof, nothing else is changed."""

import random
import signal

import pytest

from tests.fault_proxy import Fault
from tests.zendesk_erasure.rows import CANARY, ERASED, KEPT, STAYS, records

MOMENTS, SEED = 10, 14


@pytest.fixture
def put(load, sql, dataset, messages_dataset):
    """Content of these tickets, and of the one that is kept."""

    def of(*tickets):
        texts = [*((number, CANARY["ticket"]) for number in tickets), (KEPT["ticket"], STAYS)]
        load(
            [
                *records("ticket", *({"id": number, "subject": text} for number, text in texts)),
                *records(
                    "ticket_comment",
                    *({"id": number, "ticket_id": number, "body": text} for number, text in texts),
                ),
            ]
        )
        log = f"{messages_dataset}.zendesk_ticket"
        sql(
            f"CREATE TABLE {log} (ticket_id INT64, attributes STRING, data STRING, published_at TIMESTAMP) "
            "PARTITION BY DATE(published_at)"
        )
        rows = ", ".join(f"({number}, '{{}}', '{text}', CURRENT_TIMESTAMP())" for number, text in texts)
        sql(f"INSERT INTO {log} VALUES {rows}")

    return of


@pytest.fixture
def unfinished(warehouse, dataset):
    """Tables with ids."""
    return lambda: [
        table.table_id
        for table in warehouse.client.list_tables(dataset)
        if table.table_id.startswith("_erasure_")
    ]


def test_erasures_that_are_killed_anywhere_are_finished_by_running_them_again(
    put, start, run, hits, sql, proxy, unfinished, dataset, messages_dataset
):
    """A ticket for each moment: before a request of the command, or after it, without its response."""
    chosen, both = random.Random(SEED), (dataset, messages_dataset)
    first, counted, *killed = range(ERASED["ticket"] + 10, ERASED["ticket"] + 10 + MOMENTS + 2)
    put(first, counted, *killed)
    tables = (f"{dataset}.ticket", f"{dataset}.ticket_comment", f"{messages_dataset}.zendesk_ticket")
    rows = "SELECT TO_JSON_STRING(t) FROM {0} AS t WHERE STRPOS(TO_JSON_STRING(t), '{1}') > 0"
    kept = [sql(rows.format(table, STAYS)) for table in tables]
    assert run("erase", "--ticket", first).code == 0  # which makes the tables of proofs
    counting = Fault("hold", "/bigquery/", after=1_000)
    proxy.add(counting)
    assert run("erase", "--ticket", counted).code == 0
    requests = 1_000 - counting.after
    for moment, ticket in zip(sorted(chosen.sample(range(requests), MOMENTS)), killed, strict=True):
        proxy.clear()
        # once the tables were listed, each that an earlier command left is read
        after = moment + len(unfinished()) if moment else 0
        proxy.add(Fault(chosen.choice(["hold", "late"]), "/bigquery/", after=after))
        with start("erase", "--ticket", ticket) as process:
            assert proxy.reached.wait(60)
            process.kill()
            assert process.wait(60) == -signal.SIGKILL
    proxy.clear()
    begun = len(unfinished())
    assert MOMENTS / 2 < begun <= MOMENTS
    resumed = run("erase", "--resume")
    assert resumed.code == 0, resumed.stderr
    assert not unfinished()
    again = run("erase", *(part for ticket in killed for part in ("--ticket", ticket)))
    assert again.code == 0, again.stderr
    assert hits(CANARY["ticket"], *both) == {}
    assert [sql(rows.format(table, STAYS)) for table in tables] == kept
    proofs = sql(f"SELECT erasure_id FROM {dataset}.ERASURE")
    assert len(set(proofs)) == len(proofs) > begun


def test_what_a_run_brings_in_meanwhile_is_erased_too(
    put, start, load, hits, sql, proxy, dataset, messages_dataset
):
    """The export and the publisher go on while a table is being erased."""
    put(ERASED["ticket"])
    # the first UPDATE: before it came two queries for the count, the ids to remember, and the announcement
    proxy.add(Fault("late", "/queries", after=4))
    with start("erase", "--ticket", ERASED["ticket"]) as process:
        assert proxy.reached.wait(60)
        later = [
            {"id": number, "subject": CANARY["ticket"], "description": STAYS} for number in ERASED.values()
        ]
        load(records("ticket", *later))
        log = f"{messages_dataset}.zendesk_ticket"
        sql(
            f"INSERT INTO {log} VALUES ({ERASED['ticket']}, '{{}}', '{CANARY['ticket']}', CURRENT_TIMESTAMP())"
        )
        proxy.release()
        _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()
    assert hits(CANARY["ticket"], dataset, messages_dataset) == {
        "ticket": 1
    }  # of the other ticket, which is kept
    assert sql(f"SELECT COUNT(*) FROM {dataset}.ticket WHERE id = {ERASED['ticket']}") == [(2,)]
    counted = sql(f"SELECT SUM(one.row_count) FROM {dataset}.ERASURE, UNNEST(tables) AS one")
    assert counted == [(4,)]  # the message came between the count and its statement

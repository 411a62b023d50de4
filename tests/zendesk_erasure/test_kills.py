"""An erasure that is killed at ten moments, and resumed: its content is gone, its proof is there once, nothing else is changed."""

import pytest

from tests.fault_proxy import Fault
from tests.zendesk_erasure.rows import CANARY, ERASED, KEPT, STAYS, records

MOMENTS = 10


@pytest.fixture
def put(load, sql, dataset, messages_dataset):
    """Content of both tickets; afterwards again, of the one that was erased."""
    texts = [(ERASED["ticket"], CANARY["ticket"]), (KEPT["ticket"], STAYS)]
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
    for number, text in texts:
        sql(f"INSERT INTO {log} VALUES ({number}, '{{}}', '{text}', CURRENT_TIMESTAMP())")

    def again():
        for table, column, key in (
            (f"{dataset}.ticket", "subject", "id"),
            (f"{dataset}.ticket_comment", "body", "ticket_id"),
            (log, "data", "ticket_id"),
        ):
            sql(f"UPDATE {table} SET {column} = '{CANARY['ticket']}' WHERE {key} = {ERASED['ticket']}")

    return again


@pytest.fixture
def unfinished(warehouse, dataset):
    """Tables with ids."""
    return lambda: [
        table.table_id
        for table in warehouse.client.list_tables(dataset)
        if table.table_id.startswith("_erasure_")
    ]


def test_an_erasure_that_is_killed_anywhere_is_resumed(
    put, start, run, hits, sql, proxy, unfinished, dataset, messages_dataset
):
    assert run("erase", "--ticket", ERASED["ticket"]).code == 0  # which makes the tables of proofs
    put()
    counting = Fault("hold", "/bigquery/", after=1_000)
    proxy.add(counting)
    assert run("erase", "--ticket", ERASED["ticket"]).code == 0
    requests = 1_000 - counting.after
    datasets = (dataset, messages_dataset)
    for moment in range(MOMENTS):
        put()
        proxy.clear()
        proxy.add(Fault("late", "/bigquery/", after=moment * requests // MOMENTS))  # done, and not answered
        with start("erase", "--ticket", ERASED["ticket"]) as process:
            assert proxy.reached.wait(60)
            process.kill()
            process.wait(60)
        proxy.clear()
        resumed = run("erase", "--resume")
        assert resumed.code == 0, resumed.stderr
        if hits(CANARY["ticket"], *datasets):  # killed before its ids were there: nothing was begun
            assert not unfinished()
            assert run("erase", "--ticket", ERASED["ticket"]).code == 0
        assert hits(CANARY["ticket"], *datasets) == {}
        assert not unfinished()
    proofs_of_all = MOMENTS + 2
    assert hits(STAYS, *datasets) == {"ticket": 1, "ticket_comment": 1, "zendesk_ticket": 1}
    proofs = sql(f"SELECT COUNT(*), COUNT(DISTINCT erasure_id), MIN(ids), MAX(ids) FROM {dataset}.ERASURE")
    assert proofs == [(proofs_of_all, proofs_of_all, 1, 1)]


def test_what_a_run_brings_in_meanwhile_is_erased_too(
    put, start, load, hits, sql, proxy, dataset, messages_dataset
):
    """The export and the publisher go on while a table is being erased."""
    proxy.add(
        Fault("late", "/queries", after=2)
    )  # the first UPDATE: before it came the count and the announcement
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

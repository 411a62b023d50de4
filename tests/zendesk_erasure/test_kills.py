"""Erasures that are killed at ten moments, and resumed: their content is gone, each has one proof, nothing else is changed."""

import pytest

from tests.fault_proxy import Fault
from tests.zendesk_erasure.rows import CANARY, ERASED, KEPT, STAYS, records

MOMENTS = 10


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


def test_erasures_that_are_killed_anywhere_are_resumed(
    put, start, run, hits, sql, proxy, unfinished, dataset, messages_dataset
):
    """A ticket for each moment, and at the end one command that finishes what the killed ones began."""
    first, counted, *killed = range(ERASED["ticket"] + 10, ERASED["ticket"] + 10 + MOMENTS + 2)
    put(first, counted, *killed)
    assert run("erase", "--ticket", first).code == 0  # which makes the tables of proofs
    counting = Fault("hold", "/bigquery/", after=1_000)
    proxy.add(counting)
    assert run("erase", "--ticket", counted).code == 0
    requests = 1_000 - counting.after
    for moment, ticket in enumerate(killed):
        proxy.clear()
        after = moment * requests // MOMENTS
        if moment:  # once the tables were listed, each that an earlier command left is read
            after += len(unfinished())
        proxy.add(Fault("late", "/bigquery/", after=after))  # done, and not answered
        with start("erase", "--ticket", ticket) as process:
            assert proxy.reached.wait(60)
            process.kill()
            process.wait(60)
    proxy.clear()
    resumed = run("erase", "--resume")
    assert resumed.code == 0, resumed.stderr
    assert not unfinished()
    content = f"SELECT id FROM {dataset}.ticket WHERE subject = '{CANARY['ticket']}'"
    not_begun = [ticket for (ticket,) in sql(content)]  # killed before their ids were there
    assert len(not_begun) < MOMENTS / 2
    proofs = sql(f"SELECT COUNT(*), COUNT(DISTINCT erasure_id), MIN(ids), MAX(ids) FROM {dataset}.ERASURE")
    done = MOMENTS + 2 - len(not_begun)
    assert proofs == [(done, done, 1, 1)]
    left, kept = hits(CANARY["ticket"], dataset, messages_dataset), hits(STAYS, dataset, messages_dataset)
    tables = ("ticket", "ticket_comment", "zendesk_ticket")
    assert left == {name: len(not_begun) for name in tables if not_begun}
    assert kept == dict.fromkeys(tables, 1)


def test_what_a_run_brings_in_meanwhile_is_erased_too(
    put, start, load, hits, sql, proxy, dataset, messages_dataset
):
    """The export and the publisher go on while a table is being erased."""
    put(ERASED["ticket"])
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

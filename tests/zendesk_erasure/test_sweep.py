"""`sweep`: what Zendesk has removed for good, and what earlier rows still have of it."""

import pytest

from tests.zendesk_erasure.rows import CANARY, STAYS, records

BEFORE, AFTER = "2026-11-01T10:00:00Z", "2026-11-02T10:00:00Z"
SECRET = CANARY["ticket"]


def versions(stream, *pairs):
    """Each object as it was exported before, and as it is after."""
    return records(
        stream,
        *(
            {"_exported_at": at, **one}
            for before, after in pairs
            for at, one in ((BEFORE, before), (AFTER, after))
        ),
    )


@pytest.fixture
def removed(load, sql, dataset, messages_dataset):
    """A scrubbed ticket 1, a user 2 who is deleted for good, and a redacted first comment of ticket 3.

    Ticket 6 has the subject of scrubbed tickets, from whoever wrote it, and is not deleted.
    """
    load(
        [
            *versions(
                "ticket",
                ({"id": 1, "subject": SECRET}, {"id": 1, "subject": "SCRUBBED", "status": "deleted"}),
                (
                    {"id": 3, "subject": STAYS, "description": SECRET},
                    {"id": 3, "subject": STAYS, "description": "▇"},
                ),
                (
                    {"id": 4, "subject": STAYS, "description": STAYS},
                    {"id": 4, "subject": STAYS, "description": "of another comment, after a merge"},
                ),
                (
                    {"id": 6, "subject": "SCRUBBED", "status": "new", "description": STAYS},
                    {"id": 6, "subject": "SCRUBBED", "status": "open", "description": STAYS},
                ),
            ),
            *versions(
                "user", ({"id": 2, "name": SECRET}, {"id": 2, "name": "gone", "permanently_deleted": True})
            ),
            *versions(
                "ticket_comment",
                (
                    {"id": 31, "ticket_id": 3, "body": SECRET, "via": {"x": SECRET}},
                    {"id": 31, "ticket_id": 3, "body": "▇"},
                ),
                (
                    {"id": 32, "ticket_id": 3, "body": SECRET},  # which no run could read again
                    {"id": 41, "ticket_id": 4, "body": STAYS},
                ),
                *(({"id": 10 * one + 1, "ticket_id": one, "body": STAYS},) * 2 for one in (4, 6)),
            ),
            *versions(
                "ticket_event",
                (
                    {"id": 311, "ticket_id": 3, "child_events": [{"body": SECRET}]},
                    {"id": 311, "ticket_id": 3, "child_events": [{"body": "▇"}]},
                ),
                (
                    {"id": 312, "ticket_id": 4, "child_events": [{"body": STAYS}]},
                    {
                        "id": 313,
                        "ticket_id": 3,
                        "child_events": [{"event_type": "CommentRedactionEvent", "comment_id": 32}],
                    },
                ),
            ),
            *versions(
                "ticket_attachment",
                (
                    {"id": 91, "ticket_id": 3, "file_name": SECRET},
                    {"id": 91, "ticket_id": 3, "is_redacted": True},
                ),
            ),
            *records(
                "ticket_field_history", {"id": "f1", "ticket_id": 1, "field_name": "subject", "value": SECRET}
            ),
            *records(
                "ticket_field_history", {"id": "f2", "ticket_id": 1, "field_name": "status", "value": STAYS}
            ),
        ]
    )
    payloads = ((31, BEFORE, SECRET), (31, AFTER, STAYS), (41, BEFORE, STAYS))
    sql(
        f"CREATE TABLE {dataset}.REJECTED_RECORD AS "
        + " UNION ALL ".join(
            f"SELECT 'ticket_comment' AS stream, '{key}' AS record_key, TIMESTAMP '{AFTER}' AS rejected_at, "
            f"""'{{"id": {key}, "_exported_at": "{at}", "body": "{text}"}}' AS payload, """
            "CAST(NULL AS TIMESTAMP) AS resolved_at"
            for key, at, text in payloads
        )
    )
    log = f"{messages_dataset}.zendesk_ticket"
    sql(
        f"CREATE TABLE {log} (ticket_id INT64, attributes STRING, data STRING, published_at TIMESTAMP) "
        "PARTITION BY DATE(published_at)"
    )
    for ticket, text, at in (
        (1, SECRET, BEFORE),
        (3, SECRET, BEFORE),
        (3, f"{STAYS} ▇", "2026-11-02T10:30:00Z"),  # of the redacted version
        (3, STAYS, "2026-11-02T12:00:00Z"),
        (4, STAYS, BEFORE),
        (6, STAYS, BEFORE),
    ):
        sql(f"INSERT INTO {log} VALUES ({ticket}, '{{}}', '{text}', TIMESTAMP '{at}')")


def test_a_sweep_finds_and_erases_what_zendesk_removed(
    removed, load, run, hits, sql, dataset, messages_dataset
):
    both = (dataset, messages_dataset)
    found, kept = hits(SECRET, *both), hits(STAYS, *both)
    assert set(found) == {
        "ticket",
        "user",
        "ticket_comment",
        "ticket_event",
        "ticket_field_history",
        "ticket_attachment",
        "zendesk_ticket",
        "REJECTED_RECORD",
    }

    reported = run("sweep")
    assert reported.code == 0, reported.stderr
    assert f"{sum(found.values())} rows found: sweep --erase erases them" in reported.stdout
    assert hits(SECRET, *both) == found
    assert "_erasure_" not in str(sql(f"SELECT table_name FROM {dataset}.INFORMATION_SCHEMA.TABLES"))

    swept = run("sweep", "--erase", "--request", "nightly")
    assert swept.code == 0, swept.stderr
    assert f"{sum(found.values())} rows found and erased" in swept.stdout
    assert hits(SECRET, *both) == {}
    assert hits(STAYS, *both) == kept
    assert sql(f"SELECT DISTINCT subject FROM {dataset}.ticket WHERE id = 1 AND subject IS NOT NULL") == [
        ("SCRUBBED",)
    ]
    assert sql(f"SELECT ticket_id FROM {messages_dataset}.zendesk_ticket_erased") == [(1,)]
    proofs = sql(
        f"SELECT mode, request, SUM(one.row_count) FROM {dataset}.ERASURE, UNNEST(tables) AS one GROUP BY mode, request"
    )
    assert proofs == [("sweep", "nightly", sum(found.values()))]

    again = run("sweep", "--erase")
    assert "Nothing is left here of what Zendesk removed" in again.stdout
    load(records("user", {"id": 2, "name": SECRET}))
    assert "Nothing is left" in run("sweep").stdout  # the user was deleted long before the last sweep
    assert "1 row found" in run("sweep", "--all").stdout


def test_what_a_run_brings_back_after_an_erasure_is_found(load, run, hits, sql, dataset, messages_dataset):
    """Even if the ticket was exported again since: Zendesk has it still."""
    load(records("ticket", *({"id": number, "subject": STAYS} for number in (5, 6))))
    assert run("erase", "--ticket", 5).code == 0
    late = {"id": 51, "ticket_id": 5, "body": SECRET}  # of an export that began before
    load(records("ticket_comment", late, {**late, "id": 61, "ticket_id": 6, "body": STAYS}))
    load(records("ticket", {"id": 5, "subject": STAYS, "_exported_at": "2099-01-01T00:00:00Z"}))
    log, erased = f"{messages_dataset}.zendesk_ticket", '{"event_type": "erased"}'
    sql(
        f"CREATE TABLE {log} PARTITION BY DATE(published_at) AS "
        "SELECT number AS ticket_id, attributes, data, TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL later MINUTE) "
        "AS published_at FROM UNNEST([5, 6]) AS number CROSS JOIN UNNEST(["
        f"STRUCT('{{}}' AS attributes, IF(number = 5, '{SECRET}', '{STAYS}') AS data, 1 AS later), "
        f"STRUCT('{erased}', '', 2), STRUCT('{{}}', '{STAYS}', 3)])"
    )
    both = (dataset, messages_dataset)
    kept = hits(STAYS, *both)
    assert "2 rows found and erased" in run("sweep", "--erase").stdout
    assert hits(SECRET, *both) == {}
    assert hits(STAYS, *both) == kept

"""`sweep`: what Zendesk has removed for good, and what earlier rows still have of it."""

import pytest

from tests.zendesk_erasure.rows import CANARY, STAYS, records

BEFORE, AFTER, LATER = "2026-11-01T10:00:00Z", "2026-11-02T10:00:00Z", "2026-11-03T10:00:00Z"
SECRET = CANARY["ticket"]
ADDRESS = "member@mail.example"


def versions(stream, *pairs):
    """Each object as it was exported before, and as it is after."""
    return records(
        stream,
        *(
            {"_exported_at": at, **one}
            for pair in pairs
            for at, one in zip((BEFORE, AFTER), pair, strict=False)
        ),
    )


def redaction(comment, kind="Comment"):
    return {"event_type": f"{kind}RedactionEvent", "comment_id": comment}


@pytest.fixture
def removed(load, sql, dataset, messages_dataset):
    """A scrubbed ticket 1, a user 2 who is deleted for good, and a redacted first comment of ticket 3.

    Ticket 5 was scrubbed while it waited, and was never published. Ticket 6 has the subject of scrubbed tickets, from whoever
    wrote it, and is not deleted.
    """
    load(
        [
            *versions(
                "ticket",
                ({"id": 1, "subject": SECRET}, {"id": 1, "subject": "SCRUBBED", "status": "deleted"}),
                ({"id": 5, "status": "open"}, {"id": 5, "subject": "SCRUBBED", "status": "deleted"}),
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
                    # which no run could read again
                    {"id": 32, "ticket_id": 3, "ticket_event_id": 314, "body": SECRET},
                    {"id": 41, "ticket_id": 4, "body": STAYS},
                ),
                # of which a later redaction took more, and then the ticket was deleted
                (
                    {"id": 33, "ticket_id": 3, "body": SECRET},
                    {"id": 33, "ticket_id": 3, "body": f"▇ {SECRET}"},
                ),
                ({"id": 34, "ticket_id": 3, "ticket_event_id": 315, "attachments": [{"file_name": SECRET}]},),
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
                        "child_events": [redaction(32)],
                    },
                ),
                ({"id": 314, "ticket_id": 3, "child_events": [{"id": 32, "body": SECRET}]},),
                (
                    {
                        "id": 315,
                        "ticket_id": 3,
                        "child_events": [{"id": 34, "attachments": [{"file_name": SECRET}]}],
                    },
                ),
                ({"id": 316, "ticket_id": 3, "child_events": [redaction(33)]},) * 2,
            ),
            *records(
                "ticket_event",
                {
                    "_exported_at": LATER,
                    "id": 317,
                    "ticket_id": 3,
                    "child_events": [redaction(33), redaction(34, "Attachment")],
                },
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
    redacted = f'{{"description":"▇","subject":"{STAYS}"}}'
    early, late = "2026-11-02T09:30:00Z", "2026-11-02T10:30:00Z"
    for ticket, text, at in (
        (1, SECRET, BEFORE),
        (3, f'{{"description":"{SECRET}"}}', BEFORE),
        (3, redacted, early),  # the publisher reads tickets more often
        (3, f'{{"description":"▇ {SECRET}"}}', late),  # of a run that had read it before the last redaction
        (3, redacted, late),
        (3, STAYS, "2026-11-02T12:00:00Z"),
        (4, STAYS, BEFORE),
        (6, STAYS, BEFORE),
    ):
        sql(f"INSERT INTO {log} VALUES ({ticket}, '{{}}', '{text}', TIMESTAMP '{at}')")
    sql(
        f"CREATE TABLE {messages_dataset}.zendesk_ticket_waiting AS "
        f"SELECT 3 AS ticket_id, '{redacted}' AS payload, TIMESTAMP '{early}' AS inserted_at "
        f"UNION ALL SELECT 5, '{SECRET}', TIMESTAMP '{AFTER}'"
    )


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
        "zendesk_ticket_waiting",
        "REJECTED_RECORD",
    }

    reported = run("sweep")
    assert reported.code == 0, reported.stderr
    assert f"{sum(found.values())} rows found: sweep --erase erases them" in reported.stdout
    assert hits(SECRET, *both) == found
    assert "_erasure_" not in str(sql(f"SELECT table_name FROM {dataset}.INFORMATION_SCHEMA.TABLES"))

    swept = run("sweep", "--erase", "--request", "nightly-1")
    assert swept.code == 0, swept.stderr
    assert f"{sum(found.values())} rows found and erased" in swept.stdout
    assert hits(SECRET, *both) == {}
    assert hits(STAYS, *both) == kept
    assert sql(f"SELECT DISTINCT subject FROM {dataset}.ticket WHERE id = 1 AND subject IS NOT NULL") == [
        ("SCRUBBED",)
    ]
    announced = sql(f"SELECT ticket_id FROM {messages_dataset}.zendesk_ticket_erased")
    assert sorted(announced) == [(1,), (5,)]  # the publisher ends the wait of a ticket that it informs of
    proofs = sql(
        f"SELECT mode, request, SUM(one.row_count) FROM {dataset}.ERASURE, UNNEST(tables) AS one GROUP BY mode, request"
    )
    assert proofs == [("sweep", "nightly-1", sum(found.values()))]
    [(updates,)] = sql(f"SELECT SUM(ARRAY_LENGTH(tables)) FROM {dataset}.ERASURE")
    assert f"{10 + updates} statements changed rows, 21 only read" in swept.stdout  # as the README says

    load(records("user", {"id": 2, "name": SECRET}))
    again = run("sweep")
    assert "1 row found" in again.stdout  # of a run that was under way, whose user the sweep erased
    assert "_erasure_" not in str(sql(f"SELECT table_name FROM {dataset}.INFORMATION_SCHEMA.TABLES"))


def test_what_a_run_brings_back_after_an_erasure_is_found(load, run, hits, sql, dataset, messages_dataset):
    """Whatever Zendesk says, but not what an export has that began after the erasure."""
    assert "Nothing that Zendesk removed is left here" in run("sweep").stdout
    late = {"_exported_at": "2099-01-01T00:00:00Z"}
    load(records("ticket", *({"id": number, "subject": STAYS} for number in (5, 6))))
    load(records("user", {"id": 7, "name": STAYS, "email": ADDRESS}, {"id": 8, "name": STAYS}))
    load(records("ticket", {"id": 9, "subject": STAYS, "requester_id": 7}))
    assert run("erase", "--ticket", 5).code == 0
    assert run("erase", "--user", 7).code == 0
    brought = {"id": 51, "ticket_id": 5, "body": SECRET}  # of an export that began before
    of_member = {"id": 91, "ticket_id": 9, "author_id": 8, "via": {"to": SECRET}, "body": STAYS}
    load(
        [
            *records("ticket_comment", brought, {**brought, "id": 61, "ticket_id": 6, "body": STAYS}, of_member),
            *records("ticket_comment", {**of_member, "via": {"to": STAYS}, **late}),
            *records("ticket", {"id": 5, "subject": STAYS, **late}, {"id": 10, "requester_id": 7, "recipient": SECRET}),
            *records("user", {"id": 7, "name": SECRET}, {"id": 7, "name": STAYS, **late}),
            *records("chat", {"id": "c1", "visitor": {"email": ADDRESS, "name": SECRET}}),
        ]
    )  # fmt: skip
    log, erased = f"{messages_dataset}.zendesk_ticket", '{"event_type": "erased"}'
    sql(
        f"CREATE TABLE {log} PARTITION BY DATE(published_at) AS "
        "SELECT number AS ticket_id, attributes, data, TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL later MINUTE) "
        "AS published_at FROM UNNEST([5, 6]) AS number CROSS JOIN UNNEST(["
        f"STRUCT('{{}}' AS attributes, IF(number = 5, '{SECRET}', '{STAYS}') AS data, 1 AS later), "
        f"STRUCT('{erased}', '', 2), STRUCT('{{}}', '{STAYS}', 3)])"
    )
    # rejected records of both users, before and after the erasure of the first; the other one is erased later
    sql(
        f"CREATE TABLE {dataset}.REJECTED_RECORD AS "
        "SELECT 'user' AS stream, '7' AS record_key, TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL later DAY) AS rejected_at, "
        'CONCAT(\'{"id": 7, "name": "\', text, \'"}\') AS payload, CAST(NULL AS TIMESTAMP) AS resolved_at '
        f"FROM UNNEST([STRUCT(-1 AS later, '{SECRET}' AS text), STRUCT(1, '{STAYS}')])"
    )
    sql(
        f"INSERT INTO {dataset}.ERASED_ID (kind, id, erased_at, erasure_id) "
        "SELECT 'user', 11, TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 2 DAY), 'e'"
    )
    both = (dataset, messages_dataset)
    kept = hits(STAYS, *both)
    assert set(hits(SECRET, *both)) == {
        "ticket", "ticket_comment", "user", "chat", "zendesk_ticket", "REJECTED_RECORD",
    }  # fmt: skip
    swept = run("sweep", "--erase")
    assert "7 rows found and erased" in swept.stdout, swept.stdout + swept.stderr
    assert hits(SECRET, *both) == {}
    assert hits(STAYS, *both) == kept
    # a user who is exported again after the erasure stays, also after another sweep that erases others
    load(records("user", {"id": 7, "notes": SECRET}))
    assert "1 row found and erased" in run("sweep", "--erase").stdout
    assert hits(STAYS, *both) == kept

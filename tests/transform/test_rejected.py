"""Rejected records as dbt shows them."""

from tests.transform.test_views import MONDAY, TUESDAY, exported, finish

ODD = {"not": "a truth value"}


def test_open_rejected_records_are_shown_once_counted_by_export_and_warned_of(views):
    """Rejected twice: of each stream, key, column and target the last row counts."""
    views.load(
        "brand",
        exported("a", MONDAY, id=1),
        exported("a", MONDAY, id=2, active=ODD),
        exported("a", MONDAY, id=3, default=ODD),
        exported("a", MONDAY),
    )
    views.load("brand", exported("b", TUESDAY, id=1), exported("b", TUESDAY, id=2, active=ODD))
    finish(views, "brand", "b", "2026-11-24", "2026-11-24T10:05:00Z")
    table = f"{views.dataset}.REJECTED_RECORD"
    views.client.query_and_wait(
        f"INSERT INTO {table} (stream, record_key, `column`, rejected_at, rejected_by) "
        "VALUES ('brand', '2', 'active', TIMESTAMP '2026-11-25', 'target-zendesk-pubsub')"
    )
    views.build("REJECTED_RECORD_latest", "EXPORT_METADATA_latest")

    def shown():
        rows = views.rows("REJECTED_RECORD_latest", "record_key, rejected_by")
        return [
            (row["record_key"], row["column"], row["run_id"], row["rejected_by"], row["rejections"])
            for row in rows
        ]

    ours, theirs = "target-bigquery", "target-zendesk-pubsub"
    keyless, *keyed = sorted(shown(), key=lambda row: row[0] or "")
    assert (keyless[0], keyless[1], keyless[4]) == (None, "id", 1)
    assert keyed == [
        ("2", "active", "b", ours, 2),
        ("2", "active", None, theirs, 1),
        ("3", "default", "a", ours, 1),
    ]
    [overview] = views.rows("EXPORT_METADATA_latest", "table_name")
    assert (overview["export_id"], overview["rejected_count"]) == ("b", 1)

    tested = views.dbt("test", "--select", "REJECTED_RECORD_latest")
    assert tested.returncode == 0, tested.stdout[-3000:]
    assert "Got 4 results, configured to warn if != 0" in tested.stdout

    views.client.query_and_wait(
        f"UPDATE {table} SET resolved_at = CURRENT_TIMESTAMP() WHERE record_key = '2' AND rejected_by = '{ours}'"
    )
    assert [row[3] for row in shown() if row[0] == "2"] == [theirs]

"""Rejected records as dbt shows them."""

from tests.transform.conftest import MONDAY, TUESDAY, ended, exported, given

ODD = {"not": "a truth value"}


given(
    "brand",
    exported("a", MONDAY, id=1),
    exported("a", MONDAY, id=2, active=ODD),
    exported("a", MONDAY, id=3, default=ODD),
    exported("a", MONDAY),
    exported("b", TUESDAY, id=1),
    exported("b", TUESDAY, id=2, active=ODD),
)
given("EXPORT_METADATA", ended("brand", "b", "2026-11-24", "2026-11-24T10:05:00Z"))


def test_open_rejected_records_are_shown_once_counted_by_export_and_warned_of(built):
    """Rejected twice: of each stream, key, column and target the last row counts."""
    table = f"{built.dataset}.REJECTED_RECORD"
    built.client.query_and_wait(
        f"INSERT INTO {table} (stream, record_key, `column`, rejected_at, rejected_by) "
        "VALUES ('brand', '2', 'active', TIMESTAMP '2026-11-25', 'target-zendesk-pubsub')"
    )

    def shown():
        rows = built.rows("REJECTED_RECORD_latest", "record_key, rejected_by")
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
    [overview] = built.rows("EXPORT_METADATA_latest", "table_name", where="table_name = 'brand'")
    assert (overview["export_id"], overview["rejected_count"]) == ("b", 1)

    tested = built.dbt("test", "--select", "REJECTED_RECORD_latest")
    assert tested.returncode == 0, tested.stdout[-3000:]
    assert "Got 4 results, configured to warn if != 0" in tested.stdout

    built.client.query_and_wait(
        f"UPDATE {table} SET resolved_at = CURRENT_TIMESTAMP() WHERE record_key = '2' AND rejected_by = '{ours}'"
    )
    assert [row[3] for row in shown() if row[0] == "2"] == [theirs]

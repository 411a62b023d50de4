"""`erase`: the content of tickets and users is gone from every table, and nothing else is."""

from zendesk_erasure.content import models

from tests.zendesk_erasure.rows import CANARY, ERASED, STAYS, messages

CURRENT = """
CREATE TABLE {0}.ticket_current PARTITION BY RANGE_BUCKET(id, GENERATE_ARRAY(0, 10000000, 1000)) AS
SELECT *, CAST(NULL AS BOOL) AS _is_superseded, subject AS _stub_subject FROM {0}.ticket
"""


def test_no_column_of_any_table_keeps_the_content(load, run, hits, sql, dataset):
    load(messages())
    sql(CURRENT.format(dataset))
    kept = hits(STAYS, dataset)
    for kind in ("ticket", "user"):
        before = hits(CANARY[kind], dataset)
        assert set(before) == {*(model.name for model in models(kind)), "ticket_current"}

        dry = run("erase", f"--{kind}", ERASED[kind], "--dry-run")
        assert dry.code == 0, dry.stderr
        assert f"1 {kind}: {len(before)} rows would be erased" in dry.stdout
        assert hits(CANARY[kind], dataset) == before

        ran = run("erase", f"--{kind}", ERASED[kind], "--request", "case 7")
        assert ran.code == 0, ran.stderr
        assert f"1 {kind}: {len(before)} rows erased" in ran.stdout
        assert hits(CANARY[kind], dataset) == {}
        assert CANARY[kind] not in ran.stdout + ran.stderr
    assert hits(STAYS, dataset) == kept
    proofs = sql(
        f"SELECT kind, mode, request, ids, ARRAY_LENGTH(tables) FROM {dataset}.ERASURE ORDER BY started_at"
    )
    assert proofs == [
        ("ticket", "erase", "case 7", 1, len(models("ticket")) + 1),
        ("user", "erase", "case 7", 1, len(models("user")) + 1),
    ]
    assert not [
        name
        for (name,) in sql(f"SELECT table_name FROM {dataset}.INFORMATION_SCHEMA.TABLES")
        if "_erasure_" in name
    ]


def test_an_erasure_that_leaves_content_is_not_finished(load, run, hits, sql, dataset):
    """As if a run brought the row in again and again: no partition of its table begins where this one's is looked for."""
    load(messages(("ticket",)))
    sql(
        f"CREATE TABLE {dataset}.ticket_comment_current "
        "PARTITION BY RANGE_BUCKET(id, GENERATE_ARRAY(0, 10000000, 1000)) AS "
        f"SELECT * REPLACE (-5 AS id) FROM {dataset}.ticket_comment WHERE ticket_id = {ERASED['ticket']}"
    )
    failed = run("erase", "--ticket", ERASED["ticket"])
    assert failed.code == 1
    assert f"{dataset}.ticket_comment_current still has content to erase" in failed.stderr
    assert CANARY["ticket"] not in failed.stdout + failed.stderr
    assert hits(CANARY["ticket"], dataset) == {"ticket_comment_current": 1}
    assert "ERASURE" not in str(sql(f"SELECT table_name FROM {dataset}.INFORMATION_SCHEMA.TABLES"))

    sql(f"UPDATE {dataset}.ticket_comment_current SET id = 5 WHERE TRUE")
    resumed = run("erase", "--resume")
    assert resumed.code == 0, resumed.stderr
    assert hits(CANARY["ticket"], dataset) == {}
    assert sql(f"SELECT COUNT(*) FROM {dataset}.ERASURE") == [(1,)]

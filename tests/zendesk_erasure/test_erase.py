"""`erase`: the content of tickets and users is gone from every table, and nothing else is."""

from zendesk_erasure.content import models

from tests.zendesk_erasure.rows import CANARY, ERASED, KEPT, STAYS, messages

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
        again = run("erase", f"--{kind}", ERASED[kind], KEPT[kind] + 1_000)
        assert again.code == 2  # an id without its option
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

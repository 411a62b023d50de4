"""`erase`: the content of tickets and users is gone from every table, and nothing else is."""

import pytest
from zendesk_erasure.content import models

from tests.zendesk_erasure.rows import CANARY, ERASED, STAYS, messages


@pytest.mark.parametrize("kind", ["ticket", "user"])
def test_no_column_of_any_table_keeps_the_content(kind, load, run, hits, sql, dataset):
    load(messages(kind))
    before = hits(CANARY, dataset)
    assert set(before) == {model.name for model in models(kind)}
    kept = hits(STAYS, dataset)

    dry = run("erase", f"--{kind}", ERASED, "--dry-run")
    assert dry.code == 0, dry.stderr
    assert f"1 {kind}: {len(before)} rows would be erased" in dry.stdout
    assert hits(CANARY, dataset) == before

    ran = run("erase", f"--{kind}", ERASED)
    assert ran.code == 0, ran.stderr
    assert f"1 {kind}: {len(before)} rows erased" in ran.stdout
    assert hits(CANARY, dataset) == {}
    assert hits(STAYS, dataset) == kept

"""`erase`: the content of tickets and users is gone from every table, and nothing else is."""

import logging
from datetime import UTC, datetime

import pytest
from cityblock_singer.google.errors import WarehouseError
from tap_zendesk_cityblock.models import MODELS
from zendesk_erasure.content import models
from zendesk_erasure.erasure import Request, begin
from zendesk_erasure.warehouse import Warehouse

from tests.zendesk_erasure.rows import CANARY, ERASED, STAYS, messages, records

TICKET, TEXT = ERASED["ticket"], CANARY["ticket"]

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

        ran = run("erase", f"--{kind}", ERASED[kind], "--request", "case-7")
        assert ran.code == 0, ran.stderr
        assert f"1 {kind}: {len(before)} rows erased" in ran.stdout
        assert hits(CANARY[kind], dataset) == {}
        assert CANARY[kind] not in ran.stdout + ran.stderr
    assert hits(STAYS, dataset) == kept
    proofs = sql(
        f"SELECT kind, mode, request, ids, ARRAY_LENGTH(tables) FROM {dataset}.ERASURE ORDER BY started_at"
    )
    assert proofs == [
        ("ticket", "erase", "case-7", 1, len(models("ticket")) + 1),
        ("user", "erase", "case-7", 1, len(models("user")) + 1),
    ]
    assert not [
        name
        for (name,) in sql(f"SELECT table_name FROM {dataset}.INFORMATION_SCHEMA.TABLES")
        if "_erasure_" in name
    ]


class Busy(Warehouse):
    """In which a run brings a ticket in again, after each statement that blanked one."""

    def change(self, what, sql):
        super().change(what, sql)
        if sql.startswith("UPDATE"):
            super().change("a run", f"INSERT INTO {what} (id, subject) VALUES ({TICKET}, '{TEXT}')")


def test_an_erasure_that_leaves_content_is_not_finished(
    load, run, hits, sql, warehouse, dataset, messages_dataset
):
    load(records("ticket", {"id": TICKET, "subject": TEXT}))
    busy = Busy(warehouse.client, 60, logging.getLogger(__name__))
    begun = Request("ticket", "erase", datetime.now(UTC), "case-7")
    erasure = begin(busy, (dataset, messages_dataset), begun, [TICKET], is_dry=False)
    with pytest.raises(WarehouseError, match=rf"{dataset}\.ticket still has content to erase"):
        erasure.carry_out()
    assert "ERASURE" not in str(sql(f"SELECT table_name FROM {dataset}.INFORMATION_SCHEMA.TABLES"))

    refused = run("erase", "--resume", "--request", "case-8")
    assert refused.code == 1
    assert "--resume keeps each erasure's own --request" in refused.stderr
    load(records("ticket_comment", {"id": 5, "ticket_id": TICKET, "body": TEXT}))
    sql(
        f"CREATE TABLE {dataset}.ticket_comment_current "
        "PARTITION BY RANGE_BUCKET(id, GENERATE_ARRAY(0, 10000000, 1000)) AS "
        f"SELECT * REPLACE (-5 AS id) FROM {dataset}.ticket_comment"  # below all partitions
    )
    resumed = run("erase", "--resume")
    assert resumed.code == 0, resumed.stderr
    assert hits(TEXT, dataset) == {}
    assert sql(f"SELECT request FROM {dataset}.ERASURE") == [("case-7",)]


def with_computed(sql, dataset, name):
    """The current table of a model, as dbt fills it: with the columns that it computes."""
    computed = ", ".join(f"{one.sql} AS {one.name}" for one in MODELS[name].computed)
    sql(f"CREATE TABLE {dataset}.{name}_current AS SELECT *, {computed} FROM {dataset}.{name}")


def test_what_metrics_read_stays(load, run, hits, sql, dataset):
    email = {"channel": "email", "source": {"from": {"address": TEXT}}}
    load(records("ticket", {"id": TICKET, "subject": TEXT, "tags": ["closed_by_merge"], "via": email}))
    merge = {"channel": "web", "source": {"rel": "merge"}}
    load(records("ticket_comment", {"id": 5, "ticket_id": TICKET, "body": TEXT, "via": merge}))
    values = {"status": "open", "new_schedule_id": "360", "subject": TEXT}
    load(
        records(
            "ticket_field_history",
            *(
                {"id": f"{number}", "ticket_id": TICKET, "field_name": field, "value": value}
                for number, (field, value) in enumerate(values.items())
            ),
        )
    )
    for name in ("ticket", "ticket_comment", "ticket_field_history"):
        with_computed(sql, dataset, name)

    ran = run("erase", "--ticket", TICKET, "--request", "case-7")
    assert ran.code == 0, ran.stderr
    assert hits(TEXT, dataset) == {}
    assert sql(f"SELECT is_closed_by_merge, via_channel FROM {dataset}.ticket_current") == [(True, "email")]
    assert sql(f"SELECT via_channel, via_source_rel FROM {dataset}.ticket_comment_current") == [
        ("web", "merge")
    ]
    assert sql(
        f"SELECT field_name, value, impersonal_value FROM {dataset}.ticket_field_history_current ORDER BY id"
    ) == [("status", "open", "open"), ("new_schedule_id", "360", "360"), ("subject", None, None)]

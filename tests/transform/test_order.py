"""Which row is the newer one: exports by machines whose clocks differ, and rows whose clock is null."""

from datetime import UTC, datetime, timedelta

from tap_zendesk_cityblock.state.export_metadata import ExportMetadataStream

NOW = datetime.now(UTC).replace(microsecond=0)
EARLIER_RELEASE = {
    **ExportMetadataStream.schema,
    "properties": {
        name: kind
        for name, kind in ExportMetadataStream.schema["properties"].items()
        if name != "zendesk_time"
    },
}


DAY, AHEAD = timedelta(days=1), timedelta(days=5)


def load_exports(views, *exports, schema=ExportMetadataStream.schema):
    """Exports as (model, id, Zendesk's time, how far the machine is ahead, name or None: not complete)."""
    by_model, metadata = {}, []
    for model, export_id, real, ahead, name in exports:
        machine = real + ahead
        row = {"id": 1, "name": name, "_export_id": export_id, "_exported_at": machine.isoformat()}
        by_model.setdefault(model, []).append(row)
        export = {
            "table_name": model,
            "bq_inserted_at": (machine + timedelta(minutes=1)).isoformat(),
            "zendesk_time": (real + timedelta(minutes=1)).isoformat(),
            "export_id": export_id,
            "export_status": "complete" if name else "in_progress",
            "bq_partition": machine.date().isoformat(),
        }
        metadata.append({column: value for column, value in export.items() if column in schema["properties"]})
    for model, rows in by_model.items():
        views.load(model, *rows)
    views.load("EXPORT_METADATA", *metadata, schema=schema, key=("export_id", "bq_inserted_at"))


def overview(views):
    """By model: the latest complete export, and whether a later one is under way."""
    return {
        row["table_name"]: (row["export_id"], row["in_progress_at"] is not None)
        for row in views.rows("EXPORT_METADATA_latest", "table_name")
    }


def test_a_clock_that_was_ahead_does_not_decide_which_export_is_the_latest(views):
    """Of earlier releases only the machine's time is there: of those, one that has not come yet is not believed."""
    load_exports(
        views,
        ("group", "a", NOW - 3 * DAY, AHEAD, "ahead"),
        ("group", "b", NOW - 2 * DAY, 0 * DAY, "right"),
        ("brand", "a", NOW - 3 * DAY, 0 * DAY, "first"),
        ("brand", "b", NOW - 2 * DAY, AHEAD, "ahead"),
        schema=EARLIER_RELEASE,
    )
    views.build("group_latest", "EXPORT_METADATA_latest")
    assert [row["name"] for row in views.rows("group_latest")] == ["right"]
    assert overview(views) == {"group": ("b", False), "brand": ("a", False)}

    load_exports(
        views,
        ("brand", "c", NOW - DAY, 0 * DAY, "right"),
        ("group", "c", NOW - DAY, AHEAD, "ahead"),
        ("group", "d", NOW, -AHEAD, "by a machine that is behind"),
        ("group", "e", NOW - 2 * DAY, AHEAD, None),
        ("ticket_form", "a", NOW - 3 * DAY, 2 * DAY, "ahead, and its time has come since"),
        ("ticket_form", "b", NOW - 2 * DAY, 0 * DAY, "right"),
        ("ticket_form", "c", NOW - DAY, -AHEAD, None),
    )
    models = ("brand", "group", "ticket_form")
    views.build(*(f"{model}_latest" for model in (*models, "EXPORT_METADATA")))
    assert {model: [row["name"] for row in views.rows(f"{model}_latest")] for model in models} == {
        "brand": ["right"],
        "group": ["by a machine that is behind"],
        "ticket_form": ["right"],
    }
    assert overview(views) == {"brand": ("c", False), "group": ("d", False), "ticket_form": ("b", True)}


def versions(views, model, *rows):
    """Loads rows as (export's day, clock, fields); a day without a clock has null there."""
    views.load(
        model,
        *(
            {"_export_id": f"day {day}", "_exported_at": f"2026-11-{day:02}T10:00:00Z", **fields}
            for day, fields in rows
        ),
    )


def test_a_row_without_a_clock_is_newer_than_what_was_exported_before_it(views, opt_in_views):
    versions(
        views,
        "ticket",
        (1, {"id": 1, "generated_timestamp": 1767209853, "status": "open"}),
        (2, {"id": 1, "generated_timestamp": None, "status": "solved"}),
        (1, {"id": 2, "generated_timestamp": 100, "status": "new"}),
        (2, {"id": 2, "generated_timestamp": None, "status": "open"}),
        (3, {"id": 2, "generated_timestamp": 200, "status": "pending"}),  # newer again
        (1, {"id": 3, "generated_timestamp": None, "status": "new"}),
        (2, {"id": 3, "generated_timestamp": None, "status": "open"}),
        (1, {"id": 4, "generated_timestamp": 300, "status": "new"}),
        (
            1,
            {"id": 4, "generated_timestamp": None, "status": "open"},
        ),  # the same export: the one with a clock
        (1, {"id": 4, "generated_timestamp": 200, "status": "pending"}),
        (2, {"id": 5, "generated_timestamp": 300, "status": "solved"}),
        (3, {"id": 5, "generated_timestamp": 200, "status": "open"}),  # an older version that came later
        (1, {"id": 6, "generated_timestamp": None, "status": "new"}),
        (2, {"id": 6, "generated_timestamp": 100, "status": "open"}),
    )
    at = "2026-10-{:02}T00:00:00Z".format
    versions(
        views,
        "organization",
        (1, {"id": 1, "updated_at": at(1), "name": "old"}),
        (2, {"id": 1, "updated_at": None, "name": "new"}),
        (1, {"id": 2, "updated_at": None, "name": "old"}),
        (2, {"id": 2, "updated_at": at(1), "name": "new"}),
    )
    versions(
        views,
        "ticket_metric_event",
        (1, {"id": 1, "time": at(1), "deleted": False}),
        (2, {"id": 1, "time": None, "deleted": True}),
    )
    views.build("ticket_latest", "organization_latest", "ticket_metric_event_latest")
    assert [(row["id"], row["status"]) for row in views.rows("ticket_latest")] == [
        (1, "solved"),
        (2, "pending"),
        (3, "open"),
        (4, "new"),
        (5, "solved"),
        (6, "open"),
    ]
    assert [row["name"] for row in views.rows("organization_latest")] == ["new", "new"]
    assert [row["is_deleted"] for row in views.rows("ticket_metric_event_latest")] == [True]
    columns = {field.name for field in views.client.get_table(f"{views.dataset}.organization_latest").schema}
    assert not any(name.startswith("_") for name in columns - {"_export_id", "_exported_at"})


def test_what_is_left_of_a_deleted_ticket_and_has_no_clock_is_as_new_as_its_export(views):
    whole = {"created_at": "2026-10-01T00:00:00Z", "description": "What was asked"}
    versions(
        views,
        "ticket",
        (1, {"id": 1, "generated_timestamp": 5, "status": "open", **whole}),
        (2, {"id": 1, "generated_timestamp": None, "status": "deleted"}),
        (1, {"id": 2, "generated_timestamp": 5, "status": "deleted"}),
        (2, {"id": 2, "generated_timestamp": None, "status": "open", **whole}),  # restored
        (1, {"id": 3, "generated_timestamp": None, "status": "deleted"}),
        (2, {"id": 3, "generated_timestamp": None, "status": "open", **whole}),
    )
    views.build("ticket_latest")
    assert [(row["id"], row["status"], row["description"]) for row in views.rows("ticket_latest")] == [
        (1, "deleted", "What was asked"),
        (2, "open", "What was asked"),
        (3, "open", "What was asked"),
    ]

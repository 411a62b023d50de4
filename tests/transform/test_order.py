"""Which export is the later one, of machines whose clocks differ."""

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

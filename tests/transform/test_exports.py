"""How the views learn which exports there are: one query for all of them, which BigQuery's cache can answer."""

from datetime import UTC, datetime, timedelta

from tap_zendesk_cityblock.state.export_metadata import ExportMetadataStream

NOW = datetime.now(UTC).replace(microsecond=0)


def export(views, model, export_id, days_ago, status="complete", rows=None, **metadata):
    """`rows`: None for an export whose rows are those of an earlier one."""
    began = NOW - timedelta(days=days_ago)
    if rows is not None:
        stamp = {"_export_id": export_id, "_exported_at": began.isoformat()}
        views.load(model, *({**row, **stamp} for row in rows))
    row = {
        "table_name": model,
        "bq_inserted_at": (began + timedelta(seconds=1)).isoformat(),
        "zendesk_time": began.isoformat(),
        "export_id": export_id,
        "export_status": status,
        "bq_partition": began.date().isoformat(),
        **metadata,
    }
    views.load(
        "EXPORT_METADATA", row, schema=ExportMetadataStream.schema, key=("export_id", "bq_inserted_at")
    )


def asked_of(views):
    """Texts of the queries on EXPORT_METADATA itself, in their order."""
    jobs = sorted(views.client.list_jobs(), key=lambda job: job.created)
    return [
        job.query
        for job in jobs
        if job.job_type == "query" and views.dataset in job.query and "as rows_export_id" in job.query
    ]


def test_all_views_of_a_run_ask_the_same_query_about_exports_with_constants_only(views):
    export(views, "brand", "a", 2, rows=[{"id": 1, "name": "old"}])
    export(views, "brand", "b", 1, rows=[{"id": 1, "name": "new"}])
    export(views, "group", "a", 1, rows=[{"id": 1, "name": "one"}])
    export(views, "group", "b", 1, rows_export_id="a")  # nothing had changed
    export(views, "group", "c", 0, status="in_progress", rows=[{"id": 1, "name": "half"}])
    export(views, "macro", "a", 1, rows=[])
    views.build("brand_latest", "group_latest", "macro_latest")
    assert [row["name"] for row in views.rows("brand_latest")] == ["new"]
    assert [row["name"] for row in views.rows("group_latest")] == ["one"]

    asked = asked_of(views)
    assert len(asked) == 4, "the hook, then three views"
    [text] = set(asked)
    assert "current_" not in text.lower()
    first_day = (datetime.now(UTC) - timedelta(days=35)).date()
    assert f"bq_partition >= date '{first_day}'" in text


def test_a_model_that_was_switched_off_long_ago_keeps_its_rows(views):
    export(views, "brand", "a", 90, rows=[{"id": 1, "name": "then"}])
    export(views, "group", "a", 0, rows=[{"id": 1, "name": "now"}])
    views.build("brand_latest", "group_latest")
    assert [row["name"] for row in views.rows("brand_latest")] == ["then"]
    assert [row["name"] for row in views.rows("group_latest")] == ["now"]
    assert ["bq_partition >=" in text for text in asked_of(views)].count(False) == 1, (
        "only brand looks further back"
    )

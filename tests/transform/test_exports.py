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
    export(views, "support_address", "a", 90, rows=[{"id": 1, "name": "then"}])  # switched off since
    views.build("brand_latest", "group_latest", "macro_latest", "support_address_latest")
    assert [row["name"] for row in views.rows("brand_latest")] == ["new"]
    assert [row["name"] for row in views.rows("group_latest")] == ["one"]
    assert [row["name"] for row in views.rows("support_address_latest")] == ["then"]

    first_day = (datetime.now(UTC) - timedelta(days=35)).date()
    *usual, further = sorted(asked_of(views), key=lambda text: "bq_partition >=" not in text)
    assert len(usual) == 5, "the hook, then four views"
    [text] = set(usual)
    assert "current_" not in text.lower()
    assert f"bq_partition >= date '{first_day}'" in text
    assert "bq_partition >=" not in further, "only the model that was switched off looks further back"

"""`meltano run tap-to-bigquery`, as its users run it: tap, loader and views against the sandbox."""

import json
import re
from datetime import datetime

import pytest
from tap_zendesk_cityblock.models import BULK_MODELS, INCREMENTAL_MODELS

from sandbox.comparison import compare
from sandbox.servers import Size, advance
from sandbox.zendesk import words

DEFAULT_MODELS = {model.name for model in (*BULK_MODELS, *INCREMENTAL_MODELS)}

EXPORT = ("tap-zendesk-cityblock", "target-bigquery")
STATE_ID = "local:tap-zendesk-cityblock-to-target-bigquery"
COMPLETE = "SELECT * FROM zendesk.EXPORT_METADATA WHERE export_status = 'complete' ORDER BY bq_inserted_at"


@pytest.fixture(scope="module")
def size():
    return Size(tickets=300, users=120)


@pytest.fixture(scope="module")
def first_run(project):
    """In pages of 100 tickets, as a larger account has several."""
    ran = project.run("tap-to-bigquery", TAP_ZENDESK_CITYBLOCK_PAGE_SIZE="100")
    return ran, project.rows(COMPLETE)


@pytest.fixture(scope="module")
def after_first_run(first_run):
    return first_run[1]


@pytest.fixture(scope="module")
def after_second_run(project, after_first_run):
    before = len(project.rows(COMPLETE))
    changed = advance(project.sandbox.addresses.zendesk_url, hours=24)
    assert changed["ticket"]
    project.run(*EXPORT)
    project.build()
    return project.rows(COMPLETE)[before:]


def unequal(project, models):
    url, warehouse = project.sandbox.addresses.zendesk_url, project.sandbox.warehouse
    compared = [compare(url, warehouse, "zendesk", model) for model in models]
    return [comparison for comparison in compared if not comparison.equal]


def test_every_view_says_what_zendesk_says_after_the_first_run(project, after_first_run):
    models = {row["table_name"] for row in after_first_run}
    assert models == DEFAULT_MODELS
    assert unequal(project, sorted(models)) == []


def test_dbt_is_left_out_of_a_run_in_which_nothing_has_changed(project, first_run):
    """The second one still builds: dbt added names of custom fields in the first one, and the last second of a time-based
    export came once more.
    """
    ran = [first_run[0], project.run("tap-to-bigquery"), project.run("tap-to-bigquery")]
    left_out = "dbt is not started: nothing has changed since its last run"
    assert [left_out in run.stderr for run in ran] == [False, False, True]


def test_every_view_says_what_zendesk_says_a_day_later(project, after_second_run):
    models = {row["table_name"] for row in after_second_run}
    assert models == DEFAULT_MODELS
    assert unequal(project, sorted(models)) == []


def test_the_second_run_starts_at_the_cursors_where_the_first_ended(after_first_run, after_second_run):
    ends = {row["table_name"]: (row["end_cursor"], row["end_time"]) for row in after_first_run}
    starts = {row["table_name"]: (row["start_cursor"], row["start_time"]) for row in after_second_run}
    for model in ("ticket", "user"):
        assert ends[model][0] is not None
        assert starts[model][0] == ends[model][0]
    assert starts["organization"][1] == ends["organization"][1]


def test_the_second_run_lands_only_what_changed_of_incremental_models(after_first_run, after_second_run):
    first = {row["table_name"]: row["export_count"] for row in after_first_run}
    second = {row["table_name"]: row["export_count"] for row in after_second_run}
    for model in ("ticket", "user"):
        assert 0 < second[model] < first[model] / 4


def test_the_history_of_a_model_reads_as_the_readme_says(project, after_second_run):
    history = project.rows(
        "SELECT * FROM zendesk.EXPORT_METADATA WHERE table_name = 'ticket' ORDER BY bq_inserted_at DESC"
    )
    assert list(history[0]) == [
        "table_name",
        "bq_inserted_at",
        "export_id",
        "export_status",
        "start_time",
        "start_cursor",
        "end_time",
        "end_cursor",
        "export_count",
        "run_length_sec",
        "bq_partition",
        "zendesk_time",
        "rows_export_id",
    ]
    inserted = [row["bq_inserted_at"] for row in history]
    assert all(isinstance(moment, datetime) for moment in inserted)
    assert inserted == sorted(inserted, reverse=True)


def test_nothing_of_a_ticket_or_a_user_is_logged_or_kept_in_the_state(project, first_run):
    ran, _ = first_run
    kept = project.meltano("state", "get", STATE_ID)
    assert re.search(r" ticket: 3\d\d ", ran.stderr)  # it did export, and logged how much
    for text in (*words.SENTENCES, *words.SUBJECTS, *words.LAST, "@mail.example", "sandbox-secret"):
        for output in (ran.stdout, ran.stderr, kept.stdout, kept.stderr):
            assert text not in output


def test_a_run_of_some_models_rewinds_one_to_a_cursor_and_maps_another(project, after_second_run):
    """The cursor is from EXPORT_METADATA, the models and the stream map are from variables."""
    second = {row["table_name"]: row for row in after_second_run}
    cursor, landed = second["ticket"]["start_cursor"], second["ticket"]["export_count"]
    override = {"singer_state": {"bookmarks": {"ticket": {"cursor": cursor}}}}
    merged = project.meltano("state", "merge", STATE_ID, json.dumps(override))
    assert merged.returncode == 0, merged.stderr

    before = len(project.rows(COMPLETE))
    project.run(
        *EXPORT,
        TAP_ZENDESK_CITYBLOCK_BULK_MODELS='["group", "brand"]',
        TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS='["ticket", "user"]',
        TAP_ZENDESK_CITYBLOCK_STREAM_MAPS='{"brand": {"mapped": "name"}}',
    )

    third = {row["table_name"]: row for row in project.rows(COMPLETE)[before:]}
    assert sorted(third) == ["brand", "group", "ticket", "user"]
    assert third["ticket"]["start_cursor"] == cursor
    assert third["ticket"]["export_count"] == landed
    assert third["user"]["export_count"] == 0
    project.build("ticket_latest")
    assert unequal(project, ["ticket"]) == []
    brands = project.rows(
        f"SELECT name, mapped FROM zendesk.brand WHERE _export_id = '{third['brand']['export_id']}'"
    )
    assert brands
    assert all(brand["mapped"] == brand["name"] for brand in brands)

"""Whether a run would find what it needs: the command target-bigquery-check."""

import json

import pytest
from cityblock_singer.google.pipeline_runs import FIELDS
from google.cloud import bigquery
from tap_zendesk_cityblock.models import BULK_MODELS, INCREMENTAL_MODELS
from target_bigquery.legacy_tables import MODELS

from sandbox.addresses import BUCKET, PROJECT
from tests.target_bigquery.singer import record, schema, state


@pytest.fixture
def check(warehouse, dataset, tmp_path, commands):
    def run(**settings):
        config = {
            "environment": "local",
            "project": PROJECT,
            "dataset": dataset,
            "bucket": BUCKET,
            "bigquery_emulator_host": warehouse.addresses.bigquery_url,
            "storage_emulator_host": warehouse.addresses.gcs_url,
            **settings,
        }
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        return commands.run("target-bigquery-check", "--config", path)

    return run


def test_everything_is_there(check):
    ran = check()
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("ok ") == 9


def test_how_the_last_run_ended_is_reported_and_that_none_has_completed_for_long(check, warehouse, dataset):
    config = bigquery.LoadJobConfig(schema=FIELDS)
    warehouse.client.load_table_from_json([], f"{dataset}.PIPELINE_RUN", job_config=config).result()

    def record(job, hours, ending, error="NULL", event="end"):
        ago = f"TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {hours} HOUR)"
        warehouse.client.query_and_wait(
            f"INSERT INTO {dataset}.PIPELINE_RUN (job, run_id, event, recorded_at, ended_at, ending, error) "
            f"VALUES ('{job}', 'r', '{event}', {ago}, {ago}, '{ending}', {error})"
        )

    record("tap-to-bigquery", 30, "complete")
    record("tap-to-bigquery", 2, "failed", "'/api/v2/groups: HTTP 500'")
    record("tap-to-pubsub", 1, "complete")
    ran = check()
    assert ran.returncode == 1
    assert "UTC: failed (/api/v2/groups: HTTP 500); none has completed since 2" in ran.stdout
    record("tap-to-bigquery", 1, "complete")
    ran = check()
    assert ran.returncode == 0
    assert "UTC: complete\n" in ran.stdout
    record("tap-to-bigquery", 0, "failed", "'dbt failed: ticket_latest'", event="dbt")
    ran = check()
    assert ran.returncode == 1
    assert "UTC: failed (dbt failed: ticket_latest); none has completed since 2" in ran.stdout


def test_what_is_missing_is_named_with_what_to_do(check):
    ran = check(dataset="nowhere", bucket="nothing")
    assert ran.returncode == 1
    assert (
        "MISSING dataset local-cityblock-data.nowhere in US: NotFound (404)\n        → create it"
        in ran.stdout
    )
    assert "MISSING bucket nothing: NotFound (404)" in ran.stdout


def test_a_dataset_in_another_location_is_reported(check):
    ran = check(location="EU")
    assert ran.returncode == 1
    assert "it is in US\n        → set location to where it is" in ran.stdout


def make(warehouse, dataset, **columns):
    for table, output in columns.items():
        warehouse.client.query_and_wait(f"CREATE TABLE {dataset}.{table} ({output})")


def test_tables_of_the_replaced_system_are_named_with_how_they_make_way(check, warehouse, dataset):
    make(
        warehouse,
        dataset,
        EXPORT_METADATA="table_name STRING, bq_inserted_at TIMESTAMP, end_cursor STRING",
        ticket="id INT64, subject STRING",
        user="id INT64, _export_id STRING, _exported_at TIMESTAMP",
        schedule="id INT64",
    )
    ran = check()
    assert ran.returncode == 1
    assert "the legacy system made EXPORT_METADATA, ticket, with other columns" in ran.stdout
    assert f"ALTER TABLE {dataset}.ticket RENAME TO ticket_legacy;" in ran.stdout
    for name in ("EXPORT_METADATA", "ticket"):
        warehouse.client.query_and_wait(f"ALTER TABLE {dataset}.{name} RENAME TO {name}_legacy")
    assert check().returncode == 0


def test_a_model_left_behind_is_noticed_when_exports_are_already_ours(check, warehouse, dataset):
    make(warehouse, dataset, EXPORT_METADATA="table_name STRING, export_id STRING", brand="id INT64")
    ran = check()
    assert ran.returncode == 1
    assert "the legacy system made brand, with" in ran.stdout


def test_tables_of_another_tap_are_not_called_legacy(check, warehouse, dataset):
    make(warehouse, dataset, user="id INT64")
    assert check().returncode == 0


def test_what_the_replaced_system_exported_is_what_runs_by_default():
    assert {model.name for model in (*BULK_MODELS, *INCREMENTAL_MODELS)} == MODELS


def test_an_environment_without_credentials_is_reported_with_the_findings(check, tmp_path):
    ran = check(
        environment="staging",
        bigquery_emulator_host=None,
        storage_emulator_host=None,
        credentials_path=str(tmp_path / "nowhere.json"),
    )
    assert ran.returncode == 1
    assert "MISSING target-bigquery: " in ran.stdout
    assert "nowhere.json" in ran.stdout


TAG = "projects/p/locations/us/taxonomies/1/policyTags/2"


def test_personal_columns_without_a_policy_tag_are_counted(check, load_here, warehouse, dataset):
    mark = {"x-sql-datatype-properties": {"personal": "contact"}}
    text = {"type": ["string", "null"]}
    author = {"type": ["object", "null"], "properties": {"address": text, "name": text}}
    marked = schema(phone=text | mark, author=author | mark, plain=text)
    load_here([marked, record(1, phone="1"), state(1)])
    warehouse.client.query_and_wait(
        f"CREATE TABLE {dataset}.ticket_current AS SELECT * FROM {dataset}.ticket"
    )
    line = f"policy tags in {dataset}: policy_tag is not set, 0 of 6 personal columns have one"
    ran = check()
    assert ran.returncode == 0
    assert line in ran.stdout
    load_here([marked, record(2, phone="2"), state(2)], policy_tag=TAG)
    ran = check(policy_tag=TAG)
    assert ran.returncode == 1
    assert "3 of 6 personal columns have one; missing: 3 in ticket_current" in ran.stdout
    warehouse.client.query_and_wait(f"DROP TABLE {dataset}.ticket_current")
    ran = check(policy_tag=TAG)
    assert ran.returncode == 0, ran.stdout
    assert f"policy tags in {dataset}: 3 of 3 personal columns have one" in ran.stdout

"""What the views promise, on rows as the loader appends them."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml
from google.cloud.bigquery import LoadJobConfig, SchemaField
from tap_zendesk_cityblock.models import MODELS, OPT_IN_MODELS
from tap_zendesk_cityblock.state.export_metadata import ExportMetadataStream

from tests.transform.conftest import ROOT

MONDAY, TUESDAY, WEDNESDAY = (
    "2026-11-23T23:50:00+00:00",
    "2026-11-24T10:00:00+00:00",
    "2026-11-25T10:00:00+00:00",
)


def exported(export_id, moment, **fields):
    return {"_export_id": export_id, "_exported_at": moment, **fields}


def finish(views, model, export_id, day, moment, status="complete"):
    row = {
        "table_name": model,
        "bq_inserted_at": moment,
        "export_id": export_id,
        "export_status": status,
        "export_count": 1,
        "bq_partition": day,
    }
    views.load(
        "EXPORT_METADATA", row, schema=ExportMetadataStream.schema, key=("export_id", "bq_inserted_at")
    )


def test_a_bulk_view_shows_the_latest_complete_export_and_never_a_half_finished_one(views):
    views.load("group", exported("a", MONDAY, id=1, name="one"), exported("a", MONDAY, id=2, name="two"))
    finish(views, "group", "a", "2026-11-23", "2026-11-24T00:10:00Z")  # it ended after midnight
    views.load("group", exported("b", TUESDAY, id=1, name="half"))
    finish(views, "group", "b", "2026-11-24", "2026-11-24T10:01:00Z", status="in_progress")
    views.build("group_latest", "EXPORT_METADATA_latest")
    assert [(row["id"], row["name"]) for row in views.rows("group_latest")] == [(1, "one"), (2, "two")]
    overview = views.rows("EXPORT_METADATA_latest", order="table_name")
    assert [(row["table_name"], row["export_id"]) for row in overview] == [("group", "a")]
    assert overview[0]["in_progress_at"] is not None

    views.load(
        "group", exported("c", WEDNESDAY, id=2, name="renamed"), exported("c", WEDNESDAY, id=3, name="three")
    )
    finish(views, "group", "c", "2026-11-25", "2026-11-25T10:02:00Z")
    views.build("group_latest")
    assert [(row["id"], row["name"]) for row in views.rows("group_latest")] == [(2, "renamed"), (3, "three")]


def test_a_bulk_view_reads_one_days_partition(views):
    views.load("brand", exported("a", MONDAY, id=1))
    finish(views, "brand", "a", "2026-11-23", "2026-11-24T00:10:00Z")
    views.build("brand_latest")
    sql = views.client.get_table(f"{views.dataset}.brand_latest").view_query
    assert sql.count("'2026-11-23 00:00:00+00'") == 2  # the day's two ends, as constants: only those prune
    assert sql.upper().count("SELECT") == 1


def test_rows_that_were_loaded_twice_are_shown_once(views, opt_in_views):
    for _ in range(2):
        views.load("brand", exported("a", MONDAY, id=1, name="x"), exported("a", MONDAY, id=2, name="y"))
        views.load("brand", exported("a", MONDAY, id=2, name="y"))
    finish(views, "brand", "a", "2026-11-23", "2026-11-24T00:10:00Z")
    views.load("tag", *(exported("a", MONDAY, name=name) for name in ("rx", "bh", "rx")), key=("name",))
    finish(views, "tag", "a", "2026-11-23", "2026-11-24T00:10:00Z")
    views.build("brand_latest", "tag_latest")
    assert [row["id"] for row in views.rows("brand_latest")] == [1, 2]
    assert [row["name"] for row in views.rows("tag_latest", order="name")] == ["bh", "rx"]


def test_of_two_versions_in_one_export_the_later_one_is_shown_in_whatever_order_they_came(views):
    """A list that changes while it is read can contain an object twice, before and after a change."""
    old = exported("a", MONDAY, updated_at="2026-11-22T00:00:00Z", name="old")
    new = exported("a", MONDAY, updated_at="2026-11-23T00:00:00Z", name="new")
    undated = exported("a", MONDAY, name="of no time")
    views.load("brand", {**old, "id": 1}, {**new, "id": 2}, {**undated, "id": 3}, {**new, "id": 4})
    views.load("brand", {**new, "id": 1}, {**old, "id": 2}, {**new, "id": 3}, {**undated, "id": 4})
    finish(views, "brand", "a", "2026-11-23", "2026-11-24T00:10:00Z")
    views.build("brand_latest")
    assert [(row["id"], row["name"]) for row in views.rows("brand_latest")] == [
        (id_, "new") for id_ in (1, 2, 3, 4)
    ]


def test_the_last_version_of_a_ticket_wins_by_the_systems_clock(views):
    views.load(
        "ticket",
        exported(
            "a", MONDAY, id=1, generated_timestamp=100, updated_at="2026-11-01T00:00:00Z", status="open"
        ),
        exported(
            "b", TUESDAY, id=1, generated_timestamp=200, updated_at="2026-10-01T00:00:00Z", status="solved"
        ),  # a system update
        exported("a", MONDAY, id=2, generated_timestamp=100, status="deleted"),
        exported("b", TUESDAY, id=3, generated_timestamp=300, status="deleted"),
        exported("b", TUESDAY, id=3, generated_timestamp=400, status="open"),  # restored
        exported("a", MONDAY, id=4, generated_timestamp=500, status="new"),
        exported(
            "b", TUESDAY, id=4, generated_timestamp=500, status="pending"
        ),  # the same second, exported later
    )
    views.build("ticket_latest")
    found = [(row["id"], row["status"], row["is_deleted"]) for row in views.rows("ticket_latest")]
    assert found == [(1, "solved", False), (2, "deleted", True), (3, "open", False), (4, "pending", False)]


def test_what_is_left_of_a_deleted_ticket_flags_it_and_erases_nothing(views):
    def whole(export, moment, id_, clock, status="open"):
        at = f"2026-11-01T00:0{clock}:00Z"
        return exported(
            export,
            moment,
            id=id_,
            generated_timestamp=clock,
            updated_at=at,
            status=status,
            created_at=at,
            description="What was asked",
            tags=["rx"],
        )

    def deletion_stub(export, moment, id_, clock):
        return exported(
            export,
            moment,
            id=id_,
            generated_timestamp=clock,
            updated_at=f"2026-11-01T00:0{clock}:00Z",
            status="deleted",
            subject="Left",
        )

    views.load(
        "ticket",
        whole("a", MONDAY, 1, 1),
        whole("a", MONDAY, 1, 2, "pending"),
        deletion_stub("b", TUESDAY, 1, 4),
        deletion_stub("b", TUESDAY, 2, 4),  # deleted before anything was exported
        deletion_stub("a", MONDAY, 3, 2),
        whole("b", TUESDAY, 3, 5),  # restored
        whole("a", MONDAY, 4, 3),
        deletion_stub("a", MONDAY, 4, 5),
        whole("b", TUESDAY, 4, 6, "deleted"),  # an export has all columns
    )
    views.build("ticket_latest")
    found = [
        (
            row["id"],
            row["status"],
            row["is_deleted"],
            row["generated_timestamp"],
            row["description"],
            row["_export_id"],
        )
        for row in views.rows("ticket_latest")
    ]
    assert found == [
        (1, "deleted", True, 4, "What was asked", "b"),
        (2, "deleted", True, 4, None, "b"),
        (3, "open", False, 5, "What was asked", "b"),
        (4, "deleted", True, 6, "What was asked", "b"),
    ]
    [first, *_] = views.rows("ticket_latest")
    assert first["tags"] == ["rx"]
    assert first["updated_at"].isoformat() == "2026-11-01T00:04:00+00:00"


def test_what_is_left_of_a_deleted_user_keeps_the_rest_unless_it_was_deleted_for_good(views):
    def whole(id_):
        return exported(
            "a",
            MONDAY,
            id=id_,
            updated_at="2026-11-01T00:00:00Z",
            active=True,
            verified=True,
            name="Ann",
            email="a@x.example",
            external_id=f"M{id_}",
            notes="Tall",
        )

    later = {"updated_at": "2026-11-02T00:00:00Z", "active": False, "email": None}
    views.load(
        "user",
        whole(1),
        whole(2),
        whole(3),
        exported("b", TUESDAY, id=2, name="Ann B.", permanently_deleted=False, **later),
        exported("b", TUESDAY, id=3, name="Permanently Deleted User", permanently_deleted=True, **later),
    )
    views.build("user_latest")
    found = [
        (row["id"], row["is_deleted"], row["name"], row["email"], row["external_id"], row["notes"])
        for row in views.rows("user_latest")
    ]
    assert found == [
        (1, False, "Ann", "a@x.example", "M1", "Tall"),
        (2, True, "Ann B.", None, "M2", "Tall"),
        (3, True, "Permanently Deleted User", None, None, None),
    ]


def test_deleted_people_organizations_and_events_are_flagged(views, opt_in_views):
    views.load("user", exported("a", MONDAY, id=1, active=True), exported("a", MONDAY, id=2, active=False))
    views.load(
        "organization",
        exported("a", MONDAY, id=1),
        exported("a", MONDAY, id=2, deleted_at="2026-01-01T00:00:00Z"),
    )
    views.load(
        "ticket_metric_event",
        exported("a", MONDAY, id=1, time="2026-11-01T00:00:00Z", deleted=False),
        exported("a", MONDAY, id=2, time="2026-11-01T00:00:00Z"),
        exported("b", TUESDAY, id=1, time="2026-11-01T00:00:00Z", deleted=True),
    )
    views.load(
        "custom_object_record",
        exported("a", MONDAY, id="A", updated_at="2026-11-01T00:00:00Z", name="[DELETED]"),
        exported("a", MONDAY, id="B", updated_at="2026-11-01T00:00:00Z", name="Van 7"),
    )
    views.load(
        "routing_attribute_event",
        exported("a", MONDAY, id="A", time="2026-11-01T00:00:00Z", type="create"),
        exported("a", MONDAY, id="A", time="2026-11-03T00:00:00Z", type="delete"),
        exported("a", MONDAY, id="A", time="2026-11-02T00:00:00Z", type="update"),
        exported("a", MONDAY, id="B", time="2026-11-01T00:00:00Z", type="create"),
    )
    flagged = (
        "user",
        "organization",
        "ticket_metric_event",
        "custom_object_record",
        "routing_attribute_event",
    )
    views.build(*(f"{model}_latest" for model in flagged))
    assert [row["is_deleted"] for row in views.rows("user_latest")] == [False, True]
    assert [row["is_deleted"] for row in views.rows("organization_latest")] == [False, True]
    assert [row["is_deleted"] for row in views.rows("ticket_metric_event_latest")] == [True, False]
    assert [row["is_deleted"] for row in views.rows("custom_object_record_latest")] == [True, False]
    assert [row["is_deleted"] for row in views.rows("routing_attribute_event_latest")] == [True, False]


def test_custom_fields_are_one_row_each_with_title_and_text(views):
    views.load(
        "ticket_field",
        exported("a", MONDAY, id=7, title="Programs", type="multiselect"),
        exported("a", MONDAY, id=8, title="Reached", type="checkbox"),
    )
    finish(views, "ticket_field", "a", "2026-11-23", "2026-11-24T00:10:00Z")
    fields = [{"id": 7, "value": ["rx", "bh"]}, {"id": 8, "value": True}, {"id": 9, "value": None}]
    views.load(
        "ticket", exported("a", MONDAY, id=1, generated_timestamp=1, status="open", custom_fields=fields)
    )
    views.build("ticket_custom_field_latest")
    found = [
        (row["field_id"], row["field_title"], row["value_text"])
        for row in views.rows("ticket_custom_field_latest", order="field_id")
    ]
    assert found == [(7, "Programs", "rx, bh"), (8, "Reached", "true"), (9, None, None)]


def test_the_directory_joins_members_by_id_and_users_by_address(views, warehouse):
    for table, rows in {
        "member": [{"id": "M1"}, {"id": "M3"}, {"id": "M5"}],
        "user": [
            {"id": "U1", "email": "Ann@X.example"},
            {"id": "U2", "email": "twin@x.example"},
            {"id": "U3", "email": "TWIN@x.example"},
        ],
    }.items():
        warehouse.client.create_dataset(f"{views.dataset}_internal", exists_ok=True)
        schema = [SchemaField(name, "STRING") for name in rows[0]]
        config = LoadJobConfig(schema=schema)
        warehouse.client.load_table_from_json(
            rows, f"{views.dataset}_internal.{table}", job_config=config
        ).result()
    views.load(
        "user",
        exported("a", MONDAY, id=1, external_id="M1", email="m1@x.example", active=True),
        exported("a", MONDAY, id=2, external_id="M2", email="m2@x.example", active=True),  # unknown inside
        exported(
            "a", MONDAY, id=3, external_id="M3", email=None, active=False
        ),  # deleted, and still a member
        exported("a", MONDAY, id=4, email="ann@x.example", active=True),
        exported("a", MONDAY, id=5, email="twin@x.example", active=True),  # two of that name
        exported("a", MONDAY, id=6, external_id="M5", email="ANN@x.example", active=True),  # a member first
    )
    done = views.dbt(
        "run", "--select", "+zendesk_user_directory", "--vars", f"internal_dataset: {views.dataset}_internal"
    )
    assert done.returncode == 0, done.stdout[-3000:]
    found = [
        (row["zendesk_user_id"], row["internal_id"], row["kind"])
        for row in views.rows("zendesk_user_directory", "zendesk_user_id")
    ]
    warehouse.client.delete_dataset(f"{views.dataset}_internal", delete_contents=True)
    assert found == [(1, "M1", "member"), (3, "M3", "member"), (4, "U1", "user"), (6, "M5", "member")]


def test_models_that_were_never_exported_have_empty_views_of_their_columns(views, opt_in_views):
    views.build()
    for model in MODELS.values():
        assert views.rows(f"{model.name}_latest", order=f"`{model.key}`") == []
    assert views.rows("REJECTED_RECORD_latest", order="stream") == []
    columns = {
        field.name: field.field_type
        for field in views.client.get_table(f"{views.dataset}.ticket_latest").schema
    }
    assert columns["id"] in ("INTEGER", "INT64")
    assert columns["generated_timestamp"] in ("INTEGER", "INT64")
    assert columns["updated_at"] == "TIMESTAMP"
    assert "is_waiting" in {
        field.name
        for field in views.client.get_table(f"{views.dataset}.TICKET_USER_JOIN_ERROR_latest").schema
    }


def test_the_projects_own_tests_pass_on_empty_views(views):
    views.build()
    tested = views.dbt("test")
    assert tested.returncode == 0, tested.stdout[-3000:]


def make_models(transform, *arguments):
    return subprocess.run(
        [sys.executable, transform / "make_models.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.processes
def test_models_and_columns_are_those_of_the_tap_and_the_loader():
    checked = make_models(ROOT / "transform", "--check")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.processes
@pytest.mark.parametrize(
    ("path", "was", "drifted"),
    [
        ("sources.yml", "  - name: brand\n", ""),
        ("sources.yml", "{name: schedule, config: {freshness: null}}", "name: schedule"),
        ("bulk/brand_latest.sql", "clock='updated_at'", "clock='created_at'"),
    ],
)
def test_what_no_longer_agrees_with_the_table_of_models_is_named_and_rewritten(tmp_path, path, was, drifted):
    shutil.copy(ROOT / "transform" / "make_models.py", tmp_path)
    shutil.copytree(ROOT / "transform" / "models", tmp_path / "models")
    file = tmp_path / "models" / path
    right = file.read_text()
    file.write_text(right.replace(was, drifted))

    checked = make_models(tmp_path, "--check")
    assert (checked.returncode, checked.stdout) == (1, f"stale {path}: run `make docs`\n")
    assert file.read_text() != right
    written = make_models(tmp_path)
    assert (written.returncode, written.stdout) == (0, f"wrote {path}\n")
    assert file.read_text() == right


@pytest.mark.processes
def test_a_schema_file_without_a_row_of_the_table_of_models_is_named(tmp_path):
    shutil.copy(ROOT / "transform" / "make_models.py", tmp_path)
    tap = shutil.copytree(
        ROOT / "tap-zendesk-cityblock" / "tap_zendesk_cityblock", tmp_path / "tap_zendesk_cityblock"
    )
    (tap / "schemas" / "sample_object.json").write_text("{}")
    made = make_models(tmp_path)
    assert made.returncode == 1
    assert made.stderr == "schemas/sample_object.json has no row in models.py: add one, or delete the file\n"


def test_targets_differ_in_project_and_dataset_only():
    """Google's analyzer sees the SQL of the targets local (these tests) and prod (tests/googlesql). It holds for staging."""
    outputs = yaml.safe_load((ROOT / "transform" / "profiles.yml").read_text())["zendesk"]["outputs"]
    assert outputs["staging"] == outputs["prod"] | {"project": outputs["staging"]["project"]}
    files = [path for path in (ROOT / "transform").rglob("*") if path.suffix in (".sql", ".yml")]
    written = "\n".join(path.read_text() for path in files if path.name != "profiles.yml")
    assert set(re.findall(r"\btarget\.(\w+)", written)) == {"schema", "project"}


@pytest.mark.parametrize("model", MODELS)
def test_each_model_has_its_view_beside_its_description(model):
    kind = "incremental" if MODELS[model].is_incremental else "bulk"
    folder = ROOT / "transform" / "models" / ("opt_in" if MODELS[model] in OPT_IN_MODELS else kind)
    assert (folder / f"{model}_latest.sql").exists()
    assert "One row per" in " ".join((folder / f"{model}_latest.yml").read_text().split())

"""What the views promise, on rows as the loader appends them."""

from tap_zendesk_cityblock.models import MODELS

from tests.transform.conftest import MONDAY, TUESDAY, WEDNESDAY, ended, exported, given

IN_THE_NIGHT = ("2026-11-23", "2026-11-24T00:10:00Z")
"""The day of an export that began on Monday, and its end after midnight."""

given("group", exported("a", MONDAY, id=1, name="one"), exported("a", MONDAY, id=2, name="two"))
given("group", exported("morning", TUESDAY, id=4, name="gone since the morning"))
given("group", exported("b", TUESDAY, id=2, name="renamed"), exported("b", TUESDAY, id=3, name="three"))
given("group", exported("c", WEDNESDAY, id=1, name="half"))
given(
    "EXPORT_METADATA",
    ended("group", "a", *IN_THE_NIGHT),
    ended("group", "morning", "2026-11-24", "2026-11-24T09:00:00Z"),
    ended("group", "b", "2026-11-24", "2026-11-24T10:02:00Z"),
    ended("group", "c", "2026-11-25", "2026-11-25T10:01:00Z", status="in_progress"),
)


def test_a_bulk_view_shows_the_latest_complete_export_and_never_a_half_finished_one(built):
    assert [(row["id"], row["name"]) for row in built.rows("group_latest")] == [(2, "renamed"), (3, "three")]
    [overview] = built.rows("EXPORT_METADATA_latest", "table_name", where="table_name = 'group'")
    assert overview["export_id"] == "b"
    assert overview["in_progress_at"] is not None


given("trigger", exported("a", MONDAY, id=1))
given("EXPORT_METADATA", ended("trigger", "a", *IN_THE_NIGHT))


def test_a_bulk_view_reads_one_days_partition(built):
    assert [row["id"] for row in built.rows("trigger_latest")] == [1]
    sql = built.client.get_table(f"{built.dataset}.trigger_latest").view_query
    assert sql.count("'2026-11-23 00:00:00+00'") == 2  # the day's two ends, as constants: only those prune
    assert sql.upper().count("SELECT") == 1


for _ in range(2):
    given("macro", *(exported("a", MONDAY, id=id_, title="x") for id_ in (1, 2, 2)))
given("tag", *(exported("a", MONDAY, name=name) for name in ("rx", "bh", "rx")))
given("EXPORT_METADATA", ended("macro", "a", *IN_THE_NIGHT), ended("tag", "a", *IN_THE_NIGHT))


def test_rows_that_were_loaded_twice_are_shown_once(built):
    assert [row["id"] for row in built.rows("macro_latest")] == [1, 2]
    assert [row["name"] for row in built.rows("tag_latest", order="name")] == ["bh", "rx"]


OLD = exported("a", MONDAY, updated_at="2026-11-22T00:00:00Z", title="old")
NEW = exported("a", MONDAY, updated_at="2026-11-23T00:00:00Z", title="new")
UNDATED = exported("a", MONDAY, title="of no time")
for id_, versions in enumerate(((OLD, NEW), (NEW, OLD), (UNDATED, NEW), (NEW, UNDATED)), 1):
    given("automation", *({**version, "id": id_} for version in versions))
given("EXPORT_METADATA", ended("automation", "a", *IN_THE_NIGHT))


def test_of_two_versions_in_one_export_the_later_one_is_shown_in_whatever_order_they_came(built):
    """A list that changes while it is read can contain an object twice, before and after a change."""
    shown = [(row["id"], row["title"]) for row in built.rows("automation_latest")]
    assert shown == [(id_, "new") for id_ in (1, 2, 3, 4)]


given(
    "ticket_field",
    exported("a", MONDAY, id=7, title="Programs", type="multiselect"),
    exported("a", MONDAY, id=8, title="Reached", type="checkbox"),
)
given("EXPORT_METADATA", ended("ticket_field", "a", *IN_THE_NIGHT))
FIELDS = [{"id": 7, "value": ["rx", "bh"]}, {"id": 8, "value": True}, {"id": 9, "value": None}]
given("ticket", exported("a", MONDAY, id=51, generated_timestamp=1, status="open", custom_fields=FIELDS))


def test_custom_fields_are_one_row_each_with_title_and_text(built):
    found = [
        (row["ticket_id"], row["field_id"], row["field_title"], row["value_text"])
        for row in built.rows("ticket_custom_field_latest", order="field_id")
    ]
    assert found == [(51, 7, "Programs", "rx, bh"), (51, 8, "Reached", "true"), (51, 9, None, None)]


given(
    "user",
    exported("a", MONDAY, id=1, external_id="M1", email="m1@x.example", active=True),
    exported("a", MONDAY, id=2, external_id="M2", email="m2@x.example", active=True),  # unknown inside
    exported("a", MONDAY, id=3, external_id="M3", email=None, active=False),  # deleted, and still a member
    exported("a", MONDAY, id=4, email="ann@x.example", active=True),
    exported("a", MONDAY, id=5, email="twin@x.example", active=True),  # two of that name
    exported("a", MONDAY, id=6, external_id="M5", email="ANN@x.example", active=True),  # a member first
)


def test_the_directory_joins_members_by_id_and_users_by_address(built):
    found = [
        (row["zendesk_user_id"], row["internal_id"], row["kind"])
        for row in built.rows("zendesk_user_directory", "zendesk_user_id")
    ]
    assert found == [(1, "M1", "member"), (3, "M3", "member"), (4, "U1", "user"), (6, "M5", "member")]


def drift(export_id, moment, row_count, json_type="string", **fields):
    about = {"model": "group", "property": "mood", "json_type": json_type, "row_count": row_count}
    seen = {"first_seen_at": moment, "last_seen_at": moment, "run_id": f"run {export_id}"}
    return exported(export_id, moment, **about, **seen, **fields)


given("SCHEMA_DRIFT", drift("a", MONDAY, 2), drift("b", TUESDAY, 3), drift("b", TUESDAY, 1, json_type="null"))
given("SCHEMA_DRIFT", drift("b", TUESDAY, 1) | {"model": "brand", "property": "risk"})


def test_drift_of_the_schema_is_shown_once_for_each_property(built):
    brand, group = built.rows("SCHEMA_DRIFT_latest", "model")
    assert (brand["model"], brand["property"], brand["row_count"], brand["exports"]) == (
        "brand",
        "risk",
        1,
        1,
    )
    assert (group["property"], group["json_types"], group["row_count"]) == ("mood", "null, string", 6)
    assert (group["exports"], group["last_export_id"], group["last_run_id"]) == (2, "b", "run b")
    seen = [group["first_seen_at"].isoformat(), group["last_seen_at"].isoformat()]
    assert seen == [MONDAY, TUESDAY]


def test_models_that_were_never_exported_have_empty_views_of_their_columns_which_pass_the_tests(views):
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
    tested = views.dbt("test", "--exclude", "path:models/opt_in", "path:models/metrics")
    assert tested.returncode == 0, tested.stdout[-3000:]

"""Rows of the fallback: tickets, users and organizations from lists and search, for accounts that may not use incremental exports."""

import json

import jsonschema
import pytest
from tap_zendesk_cityblock.columns import load_schema

from tests.tap.fallback_account import EVERYTHING, MODELS, OLD, TICKETS, epoch, in_fallback, served


@pytest.fixture
def zendesk(zendesk):
    return in_fallback(zendesk)


def last(result, model):
    return {record["id"]: record for record in result.records(model)}


def test_everything_comes_archived_and_deleted_objects_too(tap, zendesk):
    result = tap(**EVERYTHING)
    assert result.code == 0, result.stderr
    for model in MODELS:
        assert set(result.ids(model)) == served(zendesk, model)
    archived = [
        t["id"]
        for t in zendesk.objects("ticket")
        if t["status"] == "closed" and t["updated_at"] < "2025-08-01"
    ]
    assert archived
    assert set(archived) <= set(result.ids("ticket"))
    assert not any("/incremental/" in asked["path"] for asked in zendesk.requests())
    assert "new property" not in result.stderr


@pytest.mark.parametrize("model", MODELS)
def test_rows_are_those_of_the_exports_and_fit_the_schema(model, tap, zendesk):
    rows = tap(**EVERYTHING).records(model)
    truth = {thing["id"]: thing for thing in zendesk.objects(model)}
    validator = jsonschema.Draft202012Validator(load_schema(model))
    for record in rows:
        assert list(validator.iter_errors(record)) == []
        row = {name: value for name, value in record.items() if not name.startswith("_export")}
        expected = {name: value for name, value in truth[row["id"]].items() if name != "fields"}
        if expected.get("status") == "deleted" or expected.get("active") is False:
            continue
        if expected.get("status") == "closed":  # of archived ones search does not return it
            assert row.pop("generated_timestamp") in (
                epoch(expected["updated_at"]),
                expected.pop("generated_timestamp"),
            )
        assert row == expected


def test_a_deleted_ticket_is_a_row_of_what_is_left_of_it(tap, zendesk):
    row = last(tap(**TICKETS), "ticket")[3]
    assert {name: value for name, value in row.items() if not name.startswith("_export")} == {
        "id": 3,
        "subject": "gone",
        "status": "deleted",
        "updated_at": "2025-12-20T10:00:00Z",
        "generated_timestamp": epoch("2025-12-20T10:00:00Z"),
    }


def test_a_deleted_user_is_not_active_and_one_without_a_name_deleted_for_good(tap, zendesk):
    deleted = [user for user in zendesk.objects("user") if not user["active"]]
    name = {"name": "Permanently Deleted User", "active": False, "phone": None}
    zendesk.put("deleted_user", {"id": deleted[0]["id"], **name})
    rows = last(tap(**EVERYTHING), "user")
    for user in deleted:
        assert rows[user["id"]]["active"] is False
        assert rows[user["id"]]["permanently_deleted"] is (rows[user["id"]]["name"] == name["name"])
    assert rows[deleted[0]["id"]]["permanently_deleted"] is True


def test_a_model_that_only_exports_have_is_not_available(tap, zendesk):
    result = tap(
        bulk_models=["brand"], incremental_models=["ticket_metric_event", "call"], incremental_exports=False
    )
    assert result.code == 3
    assert "ticket_metric_event (only incremental exports have it" in result.stderr
    assert result.ids("brand")
    assert result.ids("call")  # Talk's is an API of its own


def test_export_metadata_has_times(tap, zendesk):
    [row] = [row for row in tap(**TICKETS).records("EXPORT_METADATA") if row["export_status"] == "complete"]
    assert row["start_time"] == "2019-09-30T00:00:00+00:00"
    assert row["end_time"] > "2025-12-19"
    assert row["start_cursor"] is row["end_cursor"] is None


def test_discovery_looks_at_each_source(tap, zendesk):
    zendesk.fault("/api/v2/search/export", status=403, body={"error": {"title": "Forbidden", "message": ""}})
    listed = tap("--discover", **EVERYTHING | {"incremental_models": ["default"]})
    metadata = {
        s["tap_stream_id"]: next(m["metadata"] for m in s["metadata"] if not m["breadcrumb"])
        for s in json.loads(listed.stdout)["streams"]
    }
    assert metadata["ticket"]["tap-zendesk-cityblock.missing"] == "HTTP 403 Forbidden"
    assert metadata["user"]["tap-zendesk-cityblock.readable"] is True


def test_a_stream_map_and_a_selection_work_on_these_rows_too(tap, zendesk):
    result = tap(**TICKETS, start_date=OLD, stream_maps={"ticket": {"subject": "'mapped'"}})
    assert {record["subject"] for record in result.records("ticket")} == {"mapped"}


@pytest.mark.parametrize("path", ["/api/v2/tickets", "/api/v2/deleted_tickets"])
def test_a_source_that_zendesk_will_not_list_leaves_the_model_out_and_stops_no_other(path, tap, zendesk):
    zendesk.fault(path, status=422)
    result = tap(**EVERYTHING)
    assert result.code == 3
    assert f"not available to this account: ticket ({path}: HTTP 422)" in result.stderr
    assert set(result.ids("user")) == served(zendesk, "user")
    assert not any(row["table_name"] == "ticket" for row in result.records("EXPORT_METADATA"))


def test_rows_that_go_back_in_time_from_page_to_page_are_all_exported(tap, zendesk):
    def organizations(*days):
        return [{"id": day, "updated_at": f"2025-06-{day:02}T00:00:00Z"} for day in days]

    for days, meta in (((1, 3), {"has_more": True, "after_cursor": "x"}), ((2, 4), {"has_more": False})):
        body = {"organizations": organizations(*days), "meta": meta}
        zendesk.fault("/api/v2/organizations", status=200, body=body)
    result = tap(bulk_models=[], incremental_models=["organization"], incremental_exports=False)
    assert result.code == 0, result.stderr
    assert result.ids("organization") == [1, 3, 2, 4]


def test_an_object_whose_clock_is_no_time_is_exported_and_moves_nothing(tap, zendesk):
    clocks = ["canary", {"a": 1}, None, "2025-12-30T00:00:00Z", "canary"]
    objects = [{"id": number, "updated_at": clock} for number, clock in enumerate(clocks)]
    body = {"organizations": objects, "meta": {"has_more": False, "after_cursor": "x"}}
    zendesk.fault("/api/v2/organizations", status=200, body=body)
    result = tap(bulk_models=[], incremental_models=["organization"], incremental_exports=False)
    assert result.code == 0, result.stderr
    assert result.ids("organization") == [0, 1, 2, 3, 4]
    assert "/api/v2/organizations: 4 of 5 objects have no valid updated_at" in result.stderr
    assert result.states[-1]["bookmarks"]["organization"]["reached"] == "2025-12-30T00:00:00+00:00"
    assert "canary" not in result.stderr

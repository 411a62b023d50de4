"""Properties that Zendesk sends and the schemas lack: reported by name, kept only on request."""

import hashlib
import hmac
import json

import pytest

DICTS = {"flattening_enabled": True, "flattening_max_depth": 0}
SECRET = "Secretive"
EVENTS = "/api/v2/incremental/ticket_events"
COLUMN = "_unknown_properties"


@pytest.fixture
def drifted(zendesk):
    """The ids of two groups and a user with new properties."""
    groups = sorted(zendesk.ids("group"))[:2]
    user = min(zendesk.ids("user"))
    zendesk.put(
        "group",
        {"id": groups[0], "mood": SECRET, "360011223344": SECRET, "risk": {"score": 2}},
        {"id": groups[1], "mood": None, "risk": {"score": 2.5}},
    )
    zendesk.put("user", {"id": user, "mood": f"{SECRET} ünïcode"})
    return groups, user


def export(tap, **settings):
    result = tap(bulk_models=["group"], incremental_models=["user", "organization"], **settings)
    assert result.code == 0, result.stderr
    return result


def test_a_run_without_new_properties_writes_no_stream(tap):
    assert "SCHEMA_DRIFT" not in export(tap).stdout


@pytest.mark.parametrize("settings", [{}, DICTS], ids=["bytes", "dicts"])
def test_new_properties_are_reported_without_their_values(settings, tap, drifted):
    result = export(tap, **settings)
    rows = result.records("SCHEMA_DRIFT")
    assert {(one["model"], one["property"], one["json_type"]): one["row_count"] for one in rows} == {
        ("group", "mood", "string"): 1,
        ("group", "mood", "null"): 1,
        ("group", "risk", "object"): 2,
        ("group", "(other)", "string"): 1,  # a key that an account may have chosen
        ("user", "mood", "string"): 1,
    }
    exports = {one["table_name"]: one["export_id"] for one in result.records("EXPORT_METADATA")}
    assert all(one["_export_id"] == exports[one["model"]] for one in rows)
    assert all(one["_exported_at"] <= one["first_seen_at"] <= one["last_seen_at"] for one in rows)
    kinds = [message["type"] for message in result.messages if message.get("stream") == "SCHEMA_DRIFT"]
    assert kinds == ["SCHEMA", *["RECORD"] * 5]
    assert SECRET not in result.stdout + result.stderr
    assert not any(COLUMN in one for one in (*result.records("group"), *result.records("user")))


def test_a_recorded_run_is_named(tap, drifted):
    result = export(tap, record_run=True)
    [run] = {one["run_id"] for one in result.records("PIPELINE_RUN")}
    assert {one["run_id"] for one in result.records("SCHEMA_DRIFT")} == {run}


@pytest.mark.parametrize("settings", [{}, DICTS], ids=["bytes", "dicts"])
def test_new_properties_are_kept_as_json_on_request(settings, tap, drifted):
    [first, second], user = drifted
    result = export(tap, keep_unknown_properties=["group", "user"], **settings)
    groups = {one["id"]: json.loads(one[COLUMN]) for one in result.records("group") if one.get(COLUMN)}
    assert groups == {
        first: {"mood": SECRET, "360011223344": SECRET, "risk": {"score": 2}},
        second: {"mood": None, "risk": {"score": 2.5}},
    }
    kept = {one["id"]: json.loads(one[COLUMN]) for one in result.records("user") if one.get(COLUMN)}
    assert kept == {user: {"mood": f"{SECRET} ünïcode"}}
    schemas = {
        message["stream"]: message["schema"] for message in result.messages if message["type"] == "SCHEMA"
    }
    marked = {name for name, schema in schemas.items() if COLUMN in schema["properties"]}
    assert marked == {"group", "user"}
    assert schemas["user"]["properties"][COLUMN]["x-sql-datatype-properties"] == {"personal": "text"}
    assert len(result.records("SCHEMA_DRIFT")) == 5
    assert SECRET not in result.stderr


@pytest.mark.parametrize("settings", [{}, DICTS], ids=["bytes", "dicts"])
def test_what_is_kept_can_be_hashed(settings, tap, drifted):
    salt = "0123456789abcdef" * 2
    chosen = {"hashed_columns": [f"user.{COLUMN}"], "hash_salt": salt}
    result = export(tap, keep_unknown_properties=["user"], **chosen, **settings)
    text = json.dumps({"mood": f"{SECRET} ünïcode"}, ensure_ascii=False, separators=(",", ":"))
    digest = hmac.new(salt.encode(), text.encode(), hashlib.sha256).hexdigest()
    assert [one[COLUMN] for one in result.records("user") if one.get(COLUMN)] == [digest]
    assert SECRET not in result.stdout
    refused = tap(bulk_models=[], incremental_models=["user"], **chosen)
    assert refused.code == 1
    assert f"hashed_columns: Unknown column '{COLUMN}'" in refused.stderr


def test_new_properties_of_derived_rows_are_kept_too(tap, zendesk):
    comment = {"id": 1, "event_type": "Comment", "mood": SECRET, "attachments": [{"id": 2, "mood": SECRET}]}
    body = {
        "ticket_events": [{"id": 8, "child_events": [comment]}],
        "end_time": 1_700_000_000,
        "end_of_stream": True,
    }
    zendesk.fault(EVENTS, status=200, body=body)
    models = ["ticket_comment", "ticket_attachment"]
    result = tap(bulk_models=[], incremental_models=models, keep_unknown_properties=["all"])
    assert result.code == 0, result.stderr
    for model in models:
        assert [json.loads(one[COLUMN]) for one in result.records(model)] == [{"mood": SECRET}]
    assert {one["model"] for one in result.records("SCHEMA_DRIFT")} == set(models)


def test_an_object_with_keys_of_its_own_does_not_flood_the_table(tap, zendesk):
    zendesk.put(
        "brand", {"id": min(zendesk.ids("brand")), **{f"member_{number}": SECRET for number in range(300)}}
    )
    rows = tap(bulk_models=["brand"], incremental_models=[]).records("SCHEMA_DRIFT")
    assert len(rows) == 101
    assert [one["row_count"] for one in rows if one["property"] == "(other)"] == [200]

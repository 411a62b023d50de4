"""What the tap exports, and in which order."""

import json
import subprocess
import sys

import jsonschema
import pytest
import requests
from tap_zendesk_cityblock.columns import load_schema
from tap_zendesk_cityblock.models import BULK_MODELS, INCREMENTAL_MODELS, METRICS, MODELS
from tap_zendesk_cityblock.state.positions import time_of


@pytest.fixture(scope="module")
def whole(request):
    """One run of everything, kept for the tests that only look at it."""
    return {}


@pytest.fixture
def everything(whole, tap, zendesk):
    if not whole:
        zendesk.put("deleted_ticket", *({"id": number} for number in (7, 9, 11)))  # a small account has none
        comment = zendesk.objects("ticket_comment")[0]
        redacted = {"kind": "redact_comment", "ticket_id": comment["ticket_id"], "comment_id": comment["id"]}
        requests.post(f"{zendesk.url}/_sandbox/removals", json={**redacted, "text": "the"}, timeout=30)
        zendesk.advance(3)  # a redaction of the last hour would be read again
        named = {"bulk_models": ["all"], "incremental_models": ["all"]}
        whole["result"] = tap(**named)
        whole["truth"] = {model: zendesk.objects(model) for model in MODELS}
        maps = {name: {model.key: f"record['{model.key}']"} for name, model in MODELS.items()}
        whole["mapped"] = tap(**named, stream_maps=maps)
    return whole["result"], whole["truth"]


def exported(listed):
    streams = json.loads(listed.stdout)["streams"]
    return {stream["tap_stream_id"] for stream in streams} - {"EXPORT_METADATA"}


@pytest.mark.fast
def test_by_default_the_models_of_the_legacy_system_are_exported(tap):
    assert exported(tap("--discover")) == {model.name for model in (*BULK_MODELS, *INCREMENTAL_MODELS)}


def test_opt_in_models_are_exported_if_they_are_named(tap):
    listed = tap("--discover", bulk_models=["schedule", "tag"], incremental_models=["call"])
    assert exported(listed) == {"schedule", "tag", "call"}
    listed = tap("--discover", bulk_models=["default", "schedule"], incremental_models=[])
    assert exported(listed) == {"schedule", *(model.name for model in BULK_MODELS)}
    assert exported(tap("--discover", bulk_models=["all"], incremental_models=["all"])) == set(MODELS)
    listed = tap("--discover", bulk_models=["metrics"], incremental_models=["metrics"])
    assert exported(listed) == METRICS | {"comment_redaction"}  # which comes with ticket comments


@pytest.mark.parametrize("model", MODELS)
def test_a_model_is_exported_whole_and_once(model, everything):
    result, truth = everything
    assert result.code == 0, result.stderr
    key = MODELS[model].key
    keys = [record[key] for record in result.records(model)]
    assert len(keys) == len(set(keys)) > 0
    assert set(keys) == {thing[key] for thing in truth[model]}


@pytest.mark.parametrize("model", MODELS)
def test_records_are_what_zendesk_served_and_fit_the_schema(model, everything):
    result, truth = everything
    validator = jsonschema.Draft202012Validator(load_schema(model))
    key = MODELS[model].key
    served = {thing[key]: thing for thing in truth[model]}
    for record in result.records(model):
        assert list(validator.iter_errors(record)) == []
        expected = {
            key: value for key, value in served[record[key]].items() if key not in MODELS[model].left_out
        }
        assert {key: value for key, value in record.items() if not key.startswith("_export")} == expected


def test_no_property_of_zendesk_is_unknown_to_the_schemas(everything):
    assert "new property" not in everything[0].stderr


def test_every_record_of_a_model_has_the_same_export(everything):
    result, _ = everything
    exports = {
        model: {(r["_export_id"], r["_exported_at"]) for r in result.records(model)} for model in MODELS
    }
    assert {len(found) for found in exports.values()} == {1}
    assert len(set.union(*exports.values())) == len(MODELS)


def test_export_metadata_says_that_each_export_is_complete(everything):
    result, truth = everything
    rows = {row["table_name"]: row for row in result.records("EXPORT_METADATA")}
    assert set(rows) == set(MODELS)
    for model, row in rows.items():
        first = result.records(model)[0]
        assert row["export_status"] == "complete"
        assert row["export_count"] == len(truth[model])
        assert row["export_id"] == first["_export_id"]
        assert row["bq_partition"] == first["_exported_at"][:10]


def test_a_cursor_in_export_metadata_is_one_that_a_state_carried(everything):
    result, _ = everything
    rows = {row["table_name"]: row for row in result.records("EXPORT_METADATA")}
    for model in ("ticket", "user"):
        carried = {state["bookmarks"].get(model, {}).get("cursor") for state in result.states}
        assert rows[model]["end_cursor"] in carried - {None}
        assert rows[model]["end_time"] is None


def test_a_state_has_the_cursor_of_the_last_row_before_it(tap):
    ran = tap(bulk_models=[], incremental_models=["ticket"], page_size=60)
    last, cursors = None, []
    for message in ran.messages:
        if message["type"] == "RECORD" and message["stream"] == "ticket":
            last = message["record"]
        elif message["type"] == "STATE" and (bookmark := message["value"]["bookmarks"].get("ticket")):
            cursors.append(bookmark["cursor"])
            assert time_of(bookmark["cursor"]) == last["generated_timestamp"]
    assert len(set(cursors)) > 2


def test_a_run_with_nothing_new_keeps_the_cursors_and_says_complete(tap, zendesk):
    first = tap(bulk_models=[], incremental_models=["ticket", "user"])
    second = tap(bulk_models=[], incremental_models=["ticket", "user"], state=first.states[-1])
    assert second.ids("ticket") == second.ids("user") == []
    assert second.states[-1] == first.states[-1]
    assert [row["export_status"] for row in second.records("EXPORT_METADATA")] == ["complete", "complete"]


@pytest.mark.parametrize("model", ["article", "call"])
def test_an_export_without_end_of_stream_goes_on_until_its_time_stands_still(model, tap, zendesk):
    whole = tap(bulk_models=[], incremental_models=[model], page_size=7)
    assert sorted(whole.ids(model)) == sorted(zendesk.ids(model))
    asked = len(zendesk.requests())
    rest = tap(bulk_models=[], incremental_models=[model], page_size=7, state=whole.states[-1])
    assert len(rest.ids(model)) == 1  # the last second again
    assert len(zendesk.requests()) == asked + 1
    zendesk.advance()
    later = tap(bulk_models=[], incremental_models=[model], page_size=7, state=rest.states[-1])
    assert {*whole.ids(model), *later.ids(model)} == zendesk.ids(model)
    assert len(later.ids(model)) == 3


def test_pages_smaller_than_asked_for_are_not_taken_for_the_last(tap, zendesk):
    result = tap(bulk_models=[], incremental_models=["call"])  # asks for 1,000, is given 100
    assert sorted(result.ids("call")) == sorted(zendesk.ids("call"))
    assert len(result.ids("call")) > 100


def test_deleted_tickets_have_a_limit_of_their_own_that_is_kept(tap, zendesk):
    zendesk.put("deleted_ticket", *({"id": number} for number in (7, 9, 11)))
    zendesk.limits(**{"deleted-tickets-index": {"total": 1, "window": 1}})
    result = tap(bulk_models=["deleted_ticket"], incremental_models=[], page_size=2)
    assert sorted(result.ids("deleted_ticket")) == sorted(zendesk.ids("deleted_ticket"))
    assert [request["status"] for request in zendesk.requests()] == [200] * len(zendesk.requests())


def test_next_page_is_followed(tap, zendesk):
    result = tap(bulk_models=["sla_policy"], incremental_models=[], page_size=3)
    assert sorted(result.ids("sla_policy")) == sorted(zendesk.ids("sla_policy"))
    assert len(zendesk.requests()) == 3


def test_export_metadata_cannot_be_deselected(tap):
    listed = tap("--discover", bulk_models=["group", "brand"], incremental_models=[])
    assert listed.code == 0
    catalog = {
        "streams": [
            {
                "tap_stream_id": "group",
                "schema": load_schema("group"),
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
        ]
    }
    result = tap(bulk_models=["group"], incremental_models=[], catalog=catalog)
    assert result.code == 0, result.stderr
    assert len(result.records("EXPORT_METADATA")) == 1
    assert [m["stream"] for m in result.messages if m["type"] == "SCHEMA"] == ["EXPORT_METADATA", "group"]


@pytest.mark.parametrize("model", MODELS)
def test_records_are_the_same_where_a_stream_map_looks_into_them(model, everything, whole):
    mapped = whole["mapped"]
    assert mapped.code == 0, mapped.stderr
    assert comparable(mapped, model) == comparable(everything[0], model)


def comparable(result, model):
    """But for what differs from run to run."""
    keys = ("_export_id", "_exported_at")
    return [
        {name: value for name, value in record.items() if name not in keys}
        for record in result.records(model)
    ]


EVERY_PAGE = "from tap_zendesk_cityblock import tap; from tap_zendesk_cityblock.state import export_metadata; export_metadata.INTERVAL_SECONDS = 0; tap.main()"


@pytest.mark.parametrize("model", ["macro", "ticket"])
def test_an_export_under_way_is_recorded_with_the_cursor_of_the_state_after_it(model, command, zendesk):
    """Once a minute; here that is a minute without seconds."""
    kinds = {"bulk_models": [], "incremental_models": []}
    kind = "bulk_models" if model == "macro" else "incremental_models"
    line = command(**kinds | {kind: [model]}, page_size=30)
    ran = subprocess.run(
        [sys.executable, "-c", EVERY_PAGE, *line[1:]], capture_output=True, text=True, timeout=60, check=True
    )
    messages = [json.loads(line) for line in ran.stdout.splitlines()]
    rows = [
        (number, message["record"])
        for number, message in enumerate(messages)
        if message["type"] == "RECORD" and message["stream"] == "EXPORT_METADATA"
    ]
    pages = -(-len(zendesk.ids(model)) // 30)
    assert pages > 2
    assert [row["export_status"] for _, row in rows] == ["in_progress"] * (pages - 1) + ["complete"]
    assert [row["export_count"] for _, row in rows][:-1] == [30 * page for page in range(1, pages)]
    for number, row in rows[:-1]:
        seen = [message for message in messages[:number] if message.get("stream") == model]
        assert sum(message["type"] == "RECORD" for message in seen) == row["export_count"]
        if model == "ticket":
            state = next(message for message in messages[number:] if message["type"] == "STATE")
            assert state["value"]["bookmarks"][model]["cursor"] == row["end_cursor"]


def test_flattening_reaches_into_records(tap, zendesk):
    result = tap(
        bulk_models=[], incremental_models=["ticket"], flattening_enabled=True, flattening_max_depth=1
    )
    assert result.code == 0, result.stderr
    assert {record["via__channel"] for record in result.records("ticket")} == {
        ticket["via"]["channel"] for ticket in zendesk.objects("ticket")
    }


@pytest.mark.parametrize("breadcrumb", [("description",), ("via", "channel")], ids=".".join)
def test_what_the_catalog_deselects_is_left_out(breadcrumb, tap, zendesk):
    path = [part for name in breadcrumb for part in ("properties", name)]
    streams = [{"tap_stream_id": "ticket", "schema": load_schema("ticket"), "metadata": []}]
    streams[0]["metadata"] = [
        {"breadcrumb": [], "metadata": {"selected": True}},
        {"breadcrumb": path, "metadata": {"selected": False}},
    ]
    result = tap(bulk_models=[], incremental_models=["ticket"], catalog={"streams": streams})
    assert result.code == 0, result.stderr
    served = {ticket["id"]: ticket for ticket in zendesk.objects("ticket")}
    assert len(result.records("ticket")) == len(served)
    for record in result.records("ticket"):
        ticket = served[record["id"]]
        assert record.get("subject") == ticket["subject"]
        assert record["via"] == {k: v for k, v in ticket["via"].items() if k != breadcrumb[-1]}
        assert ("description" in record) == ("description" not in breadcrumb)


def test_an_answer_over_several_lines_is_records_of_one_line_each(tap, zendesk):
    brands = zendesk.objects("brand")
    text = json.dumps({"brands": brands, "meta": {"has_more": False}}, indent=2)
    zendesk.fault("/api/v2/brands", status=200, body=text, headers={"Content-Type": "application/json"})
    result = tap(bulk_models=["brand"], incremental_models=[])
    assert result.code == 0, result.stderr
    assert sorted(result.ids("brand")) == sorted(brand["id"] for brand in brands)


@pytest.mark.parametrize("maps", [{}, {"brand": {"title": "name"}}], ids=["handed on", "mapped"])
@pytest.mark.parametrize("id_", [{"a": 1}, [1]], ids=["object", "list"])
def test_a_list_of_which_no_object_has_a_usable_key_is_not_shown_empty(id_, maps, tap, zendesk):
    body = {"brands": [{"id": id_, "name": "Secretive"}], "meta": {"has_more": False}}
    zendesk.fault("/api/v2/brands", status=200, body=body)
    result = tap(bulk_models=["brand"], incremental_models=[], stream_maps=maps)
    assert result.code == 1
    assert "brand: none of the objects that Zendesk lists has a usable key" in result.stderr
    assert result.records("EXPORT_METADATA") == []
    assert "Traceback" not in result.stderr
    assert "Secretive" not in result.stderr


def test_numbers_keep_their_digits_and_a_text_where_a_number_was_is_handed_on(tap, zendesk):
    text = '{"brands": [{"id": "seven", "name": 1.10, "created_at": 12345678901234567890.50}], "meta": {}}'
    zendesk.fault("/api/v2/brands", status=200, body=text)
    result = tap(bulk_models=["brand"], incremental_models=[])
    assert result.code == 0, result.stderr
    assert result.ids("brand") == ["seven"]
    assert '"name":1.10' in result.stdout
    assert '"created_at":12345678901234567890.50' in result.stdout


@pytest.mark.parametrize("maps", [{}, {"ticket": {"id": "id"}}])
def test_the_sdks_metrics_count_the_records_of_each_model(maps, tap, zendesk):
    named = {"bulk_models": ["brand", "schedule_holiday"], "incremental_models": ["ticket"]}
    result = tap(**named, stream_maps=maps)
    seen = [
        json.loads(line.split("METRIC: ")[1]) for line in result.stderr.splitlines() if "METRIC: " in line
    ]
    counts = {one["tags"]["stream"]: one["value"] for one in seen if one["metric"] == "record_count"}
    for model in ("brand", "schedule_holiday", "ticket"):
        assert counts[model] == len(result.records(model)) > 0


def test_a_dry_run_reads_one_row_of_a_model(tap):
    result = tap("--test", bulk_models=["brand"], incremental_models=["ticket", "ticket_metric_set"])
    assert result.code == 0, result.stderr
    assert len(result.records("brand")) == len(result.records("ticket")) == 1
    assert len(result.records("ticket_metric_set")) <= 1


def test_a_stream_map_that_fails_on_a_value_does_not_log_the_value(tap, zendesk):
    [first, *_] = [one["subject"] for one in zendesk.objects("ticket") if not one["subject"].isdigit()]
    maps = {"ticket": {"number": "int(subject)"}}
    result = tap(bulk_models=[], incremental_models=["ticket"], stream_maps=maps)
    assert result.code == 1
    assert "Unexpected error (message redacted): ValueError" in result.stderr
    assert first not in result.stderr


def test_a_stream_map_that_cannot_be_parsed_is_one_sentence(tap):
    result = tap(bulk_models=["brand"], incremental_models=[], stream_maps={"brand": {"x": "name +"}})
    assert result.code == 1
    assert "stream_maps: Failed to parse expression name +." in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("maps", [{}, {"ticket": {"id": "id"}, "ticket_metric_set": {"id": "id"}}])
def test_a_catalog_says_how_a_model_is_read_and_cannot_change_it(maps, tap):
    named = {
        "bulk_models": ["brand"],
        "incremental_models": ["ticket", "ticket_metric_set"],
        "stream_maps": maps,
    }
    catalog = json.loads(tap("--discover", **named).stdout)
    seen = {entry["tap_stream_id"]: entry["replication_method"] for entry in catalog["streams"]}
    methods = {"brand": "FULL_TABLE", "ticket": "INCREMENTAL", "ticket_metric_set": "INCREMENTAL"}
    assert methods.items() <= seen.items()
    as_it_is = tap(catalog=catalog, **named)
    for entry in catalog["streams"]:
        other = "FULL_TABLE" if entry["replication_method"] == "INCREMENTAL" else "INCREMENTAL"
        entry.update(replication_method=other, replication_key="updated_at")
    otherwise = tap(catalog=catalog, **named)
    assert as_it_is.code == otherwise.code == 0, otherwise.stderr
    of_run, of_other = (result.states[-1]["bookmarks"] for result in (as_it_is, otherwise))
    of_run.pop("EXPORT_METADATA"), of_other.pop("EXPORT_METADATA")  # ids of exports
    assert of_run == of_other
    assert tap(catalog=catalog, state=otherwise.states[0], **named).code == 0
    for model in methods:
        assert len(as_it_is.ids(model)) == len(otherwise.ids(model)) > 0
    assert "Beginning sync of 'ticket' in incremental mode" in otherwise.stderr

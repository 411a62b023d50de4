"""A bookmark never goes backwards, whatever a response says; an operator's rewind does."""

import base64
import re
from datetime import UTC, datetime

import pytest
from tap_zendesk_cityblock.model_types import Paging
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.state.bookmarks import move_bookmark, read_bookmark
from tap_zendesk_cityblock.state.positions import Position, is_ahead

STANDS = 1_732_725_000
ROW_AT = STANDS + 500
STAYS = "the bookmark stays at"
BY_TIME = [
    model.name for model in MODELS.values() if model.paging is Paging.EXPORT_TIME and not model.derivation
]
BY_CURSOR = ["ticket", "user"]
NEXT = ["chat", "routing_attribute_event"]


def iso(moment):
    return datetime.fromtimestamp(moment, UTC).isoformat()


def cursor(moment, number=0):
    return base64.b64encode(f"{moment}.0||{number}|".encode()).decode()


def following(model, moment):
    """The query of a next_page as this export has them."""
    return f"start_time={moment}.0&start_id=1712.7" if model == "chat" else f"cursor={cursor(moment, 7)}"


def row(model, moment=ROW_AT):
    clock = MODELS[model].clock
    return {MODELS[model].key: 1, clock: moment if clock == "generated_timestamp" else iso(moment)}


def bookmark(model, moment=STANDS):
    match MODELS[model].paging:
        case Paging.EXPORT_CURSOR:
            return {"cursor": cursor(moment)}
        case Paging.EXPORT_NEXT:
            return {"cursor": following(model, moment)}
    return {"start_time": moment}


def answer(model, rows, reported):
    """The last page: without a position, or one of 0, 1 or a little before the bookmark."""
    match MODELS[model].paging:
        case Paging.EXPORT_CURSOR:
            rest = {"after_cursor": None if reported is None else cursor(reported), "end_of_stream": True}
        case Paging.EXPORT_NEXT:
            address = f"https://x.example/?{following(model, reported)}" if reported is not None else None
            rest = {"next_page": address, "count": len(rows)}
        case _:
            rest = {"end_time": reported, "next_page": None, "count": len(rows)}
    return {MODELS[model].root: rows, **rest}


def run_with(export, zendesk, model, body, *, bookmark=None, **settings):
    zendesk.fault(MODELS[model].path, status=200, body=body)
    state = {"bookmarks": {model: bookmark}} if bookmark else None
    result = export(state=state, incremental_models=[model], **settings)
    assert result.code == 0, result.stderr
    return result


def bookmark_of(result, model):
    return result.states[-1]["bookmarks"][model]


@pytest.mark.parametrize("model", [*BY_TIME, *BY_CURSOR, *NEXT])
@pytest.mark.parametrize("reported", [None, 0, STANDS - 1])
def test_an_answer_without_a_position_or_with_an_old_one_leaves_the_bookmark(
    reported, model, export, zendesk
):
    for rows in ([], [row(model)]):
        if rows and reported is not None and MODELS[model].paging is Paging.EXPORT_NEXT:
            continue  # a page with rows that leads back is not the last
        stands = bookmark(model)
        result = run_with(export, zendesk, model, answer(model, rows, reported), bookmark=stands)
        assert {name: bookmark_of(result, model)[name] for name in stands} == stands
        assert len(bookmark_of(result, model)) <= 3
        assert len(re.findall(f" {model}: Zendesk's response .*; {STAYS}", result.stderr)) == 1
        [exported] = [one for one in result.records("EXPORT_METADATA") if one["table_name"] == model]
        assert exported["end_time"] == (iso(STANDS) if "start_time" in stands else None)
        assert exported["end_cursor"] == stands.get("cursor")
        assert exported["export_status"] == "complete"


@pytest.mark.parametrize(
    ("model", "reported"),
    [(model, None) for model in ("organization", "article", "call", *BY_CURSOR, *NEXT)]
    + [(model, 1) for model in ("organization", "article", "call", *BY_CURSOR)],
)
def test_a_first_export_without_a_position_leaves_the_time_of_its_last_row(reported, model, export, zendesk):
    rows = [row(model), row(model, STANDS) | {MODELS[model].key: 2}]
    result = run_with(export, zendesk, model, answer(model, rows, reported))
    assert bookmark_of(result, model) == {"start_time": ROW_AT, "subdomain": "cityblock-local"}
    assert f"{STAYS} {datetime.fromtimestamp(ROW_AT, UTC)}" in result.stderr
    assert [one["end_time"] for one in result.records("EXPORT_METADATA")] == [iso(ROW_AT)]
    again = export(state=result.states[-1], incremental_models=[model])
    assert again.code == 0, again.stderr
    asked = [request["query"] for request in zendesk.requests() if request["path"] == MODELS[model].path]
    assert asked[1]["start_time"] == str(ROW_AT)


@pytest.mark.parametrize("model", ["organization", "article", "ticket", "chat"])
def test_a_first_export_of_nothing_leaves_the_time_of_its_start(model, export, zendesk):
    result = run_with(export, zendesk, model, answer(model, [], None), start_date=iso(STANDS))
    assert bookmark_of(result, model) == {"start_time": STANDS, "subdomain": "cityblock-local"}
    assert [one["end_time"] for one in result.records("EXPORT_METADATA")] == [iso(STANDS)]


def test_a_row_of_the_future_does_not_take_the_bookmark_there(export, zendesk):
    rows = [row("organization", 4_000_000_000)]
    result = run_with(export, zendesk, "organization", answer("organization", rows, None))
    assert bookmark_of(result, "organization")["start_time"] < 3_000_000_000


@pytest.mark.parametrize(("model", "reported"), [("organization", {"end_of_stream": False}), ("call", {})])
def test_an_export_that_has_not_ended_and_goes_back_is_no_loop(model, reported, export, zendesk):
    rows = [{"id": number, "updated_at": iso(ROW_AT)} for number in range(100)]
    body = {MODELS[model].root: rows, "end_time": 1, "next_page": f"{zendesk.url}/x", **reported}
    zendesk.fault(MODELS[model].path, status=200, times=9, body=body)
    result = export(state={"bookmarks": {model: {"start_time": STANDS}}}, incremental_models=[model])
    assert result.code == 1
    assert f"{model}: the export has not ended, but its end_time moved back" in result.stderr
    assert bookmark_of(result, model) == {"start_time": STANDS}


def test_cursors_that_form_a_loop_end_the_run(export, zendesk):
    for moment in (STANDS + 9, STANDS + 8, STANDS + 9):
        body = {"tickets": [row("ticket")], "after_cursor": cursor(moment), "end_of_stream": False}
        zendesk.fault(MODELS["ticket"].path, status=200, body=body)
    result = export(incremental_models=["ticket"])
    assert result.code == 1
    assert "form a loop" in result.stderr
    assert result.stderr.count(STAYS) == 1
    assert bookmark_of(result, "ticket")["cursor"] == cursor(STANDS + 9)


@pytest.mark.parametrize("settings", [{"start_time": iso(STANDS - 5000)}, {}])
@pytest.mark.parametrize("model", ["organization", "ticket", "chat"])
def test_a_rewind_starts_earlier_and_moves_forward_from_there(model, settings, export, zendesk):
    stands = bookmark(model)
    if not settings:
        stands = stands | {"start_time": STANDS - 5000}
    reported = STANDS - 4000
    result = run_with(export, zendesk, model, answer(model, [], reported), bookmark=stands, **settings)
    moved = bookmark(model, reported)
    assert {name: bookmark_of(result, model)[name] for name in moved} == moved
    assert "start_time" not in bookmark_of(result, model) or model == "organization"
    assert STAYS not in result.stderr


def test_a_rewind_by_cursor_moves_forward_from_there(export, zendesk):
    reported = STANDS - 4000
    result = run_with(
        export,
        zendesk,
        "ticket",
        answer("ticket", [], reported),
        bookmark=bookmark("ticket"),
        start_cursor=cursor(reported - 9),
    )
    assert bookmark_of(result, "ticket")["cursor"] == cursor(reported)


def test_a_span_of_time_whose_rows_are_all_older_leaves_the_bookmark(export, zendesk):
    """It is asked for from a second before on, and the row at which the bookmark stands may be gone."""
    logs = [{"id": "1", "created_at": iso(STANDS - 1)}]
    body = {"audit_logs": logs, "meta": {"has_more": False}}
    stands = {"start_time": STANDS, "subdomain": "cityblock-local"}
    result = run_with(export, zendesk, "audit_log", body, bookmark=stands)
    assert all(
        state["bookmarks"]["audit_log"].get("start_time", STANDS) >= STANDS for state in result.states[1:]
    )
    assert (
        f"audit_log: Zendesk's response points back to {datetime.fromtimestamp(STANDS - 1, UTC)}"
        in result.stderr
    )


def test_what_is_below_a_parent_has_a_time_until_there_is_a_cursor(export, zendesk):
    path = "/api/v2/incremental/custom_objects/vehicle/cursor"
    record = {"id": "1", "updated_at": iso(ROW_AT)}
    body = {"custom_object_records": [record], "after_cursor": None, "meta": {"has_more": False}}
    zendesk.fault(path, status=200, body=body)
    first = export(incremental_models=["custom_object_record"])
    assert first.code == 0, first.stderr
    assert bookmark_of(first, "custom_object_record")["times"] == {"vehicle": ROW_AT}
    assert "vehicle" not in bookmark_of(first, "custom_object_record")["cursors"]
    assert first.stderr.count(STAYS) == 1
    second = export(state=first.states[-1], incremental_models=["custom_object_record"])
    assert second.code == 0, second.stderr
    asked = [request["query"] for request in zendesk.requests() if request["path"] == path]
    assert asked[1]["start_time"] == str(ROW_AT)
    assert "times" not in bookmark_of(second, "custom_object_record")
    assert bookmark_of(second, "custom_object_record")["cursors"]["vehicle"]
    body = {"custom_object_records": [], "after_cursor": cursor(1), "meta": {"has_more": False}}
    zendesk.fault(path, status=200, body=body)
    third = export(state=second.states[-1], incremental_models=["custom_object_record"])
    assert third.states[-1]["bookmarks"] == second.states[-1]["bookmarks"]
    assert third.stderr.count(STAYS) == 1


def test_times_below_parents_that_make_no_sense_are_refused(export):
    state = {"bookmarks": {"custom_object_record": {"cursors": {}, "times": {"vehicle": "x"}}}}
    result = export(state=state, incremental_models=["custom_object_record"])
    assert result.code == 1
    assert "State of custom_object_record: only the tap writes times" in result.stderr


def test_a_parents_bookmark_is_a_cursor_or_a_time():
    bookmark = {}
    move_bookmark(bookmark, Position(time=5), "x", "a")
    move_bookmark(bookmark, Position(cursor="c"), "x", "b")
    assert bookmark == {"cursors": {"b": "c"}, "times": {"a": 5}, "subdomain": "x"}
    assert read_bookmark(bookmark, "a") == Position(time=5)
    move_bookmark(bookmark, Position(cursor="d"), "x", "a")
    assert bookmark == {"cursors": {"b": "c", "a": "d"}, "subdomain": "x"}


def test_a_source_of_fallback_that_goes_back_leaves_its_place(export, zendesk):
    """A last page without a cursor, in the second in which the source stands."""
    user = row("user", STANDS) | {"name": "x"}
    listed = {"cursor": "x", "start_time": STANDS}
    state = {"bookmarks": {"user": {"sources": {"list": listed, "deleted": {"start_time": STANDS}}}}}
    zendesk.fault("/api/v2/users", status=200, body={"users": [user], "meta": {"has_more": False}})
    zendesk.fault(
        "/api/v2/deleted_users", status=200, body={"deleted_users": [], "meta": {"has_more": False}}
    )
    result = export(state=state, incremental_models=["user"], incremental_exports=False)
    assert result.code == 0, result.stderr
    assert bookmark_of(result, "user")["sources"]["list"] == listed
    assert result.stderr.count(STAYS) == 1


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (Position(cursor=cursor(9, 3)), Position(cursor=cursor(9, 2))),
        (Position(cursor=cursor(9)), Position(time=9)),
        (Position(time=10), Position(cursor=cursor(9, 7))),
        (Position(cursor=f"cursor={cursor(9)}"), Position(time=8)),
        (Position(cursor="fields=chats(*)&start_time=9.5&start_id=1712.7"), Position(time=9)),
        (Position(time=9), Position(cursor="start_time=8.0")),
    ],
)
def test_which_position_is_ahead_is_known_in_every_dialect(here, there):
    assert is_ahead(here, there)
    assert not is_ahead(there, here)
    assert not is_ahead(here, here)


@pytest.mark.parametrize("opaque", ["8a7c", "cursor=8a7c", "start_time=inf", "start_time=", "=", "&"])
def test_an_opaque_cursor_is_never_behind(opaque):
    assert not is_ahead(Position(time=9), Position(cursor=opaque))

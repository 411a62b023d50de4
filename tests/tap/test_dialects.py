"""Lists in every dialect of pages: what a response shows is followed, whatever the model is declared to have."""

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tap_zendesk_cityblock.errors import StreamUnavailableError, UnexpectedResponseError
from tap_zendesk_cityblock.model_types import Paging
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.readers.parsing import read_page
from tap_zendesk_cityblock.readers.queries import first_query
from tap_zendesk_cityblock.rows.decoding import DictRows
from tap_zendesk_cityblock.rows.oddities import IGNORED

BASE = "https://cityblock.zendesk.com"
LISTS = [
    model
    for model in MODELS.values()
    if model.paging in (Paging.NONE, Paging.NEXT_PAGE, Paging.LIST_CURSOR) and not model.derivation
]
WHOLE = [model.name for model in LISTS if model.paging is Paging.NONE and not model.parent]
DEFAULT_SIZE = 100
of_every_list = pytest.mark.parametrize("model", LISTS, ids=lambda model: model.name)
of_each_kind = pytest.mark.parametrize(
    "model",
    [MODELS[name] for name in ("target", "schedule_holiday", "sla_policy", "group", "audit_log")],
    ids=lambda model: model.name,
)


def by_number(model, query, total):
    """Page by page, each with the address of the next; `per_page` as it is asked for."""
    size, number = int(query.get("per_page", DEFAULT_SIZE)), int(query.get("page", 1))
    rows = list(range(total))[(number - 1) * size : number * size]
    following = urlencode({"page": number + 1, "per_page": size})
    is_last = number * size >= total
    next_page = None if is_last else f"{BASE}{model.path}.json?{following}"
    return {model.root: rows, "next_page": next_page, "previous_page": None, "count": total}


def by_cursor(model, query, total):
    """As Support does: the address of the next page is there on the last one, too."""
    size, first = int(query.get("page[size]", DEFAULT_SIZE)), int(query.get("page[after]", 0))
    rows = list(range(total))[first : first + size]
    reached = str(first + len(rows))
    links = {"next": f"{BASE}{model.path}.json?{urlencode({'page[after]': reached})}", "prev": None}
    meta = {"has_more": first + size < total, "after_cursor": reached, "before_cursor": None}
    return {model.root: rows, "meta": meta, "links": links}


def by_links(model, query, total):
    """The cursor is in the address alone."""
    body = by_cursor(model, query, total)
    body["meta"] = {"has_more": body["meta"]["has_more"]}
    return body


def read(model, query, body, received=0):
    rows = DictRows(model, [model.key], {}, IGNORED)
    return read_page(model, query, json.dumps(body).encode(), BASE, rows, received=received)


def walk(model, serve, total):
    """The keys that come, and the queries."""
    query, keys, asked = first_query(model, None, None), [], []
    while query is not None:
        asked.append(query)
        assert len(asked) < 20
        body = serve(model, query, total)
        body[model.root] = [{model.key: key} for key in body[model.root]]
        page = read(model, query, body, len(keys))
        keys += [record[model.key] for record in page.records]
        query = page.next
    return keys, asked


@of_every_list
@pytest.mark.parametrize("serve", [by_number, by_cursor, by_links])
def test_a_list_is_followed_in_the_dialect_that_it_answers_in(serve, model):
    named = "per_page" if serve is by_number else "page[size]"  # a size in the other dialect means nothing
    size = int(first_query(model, None, None).get(named, DEFAULT_SIZE))
    keys, asked = walk(model, serve, 3 * size - 1)
    assert keys == list(range(3 * size - 1))
    assert len(asked) == 3
    following = [name for query in asked[1:] for name in query if name in ("page", "page[after]")]
    assert following == ["page" if serve is by_number else "page[after]"] * 2
    assert not any("page[size]" in query for query in asked[1:] if serve is by_number)


@of_each_kind
@pytest.mark.parametrize("serve", [by_number, by_cursor, by_links])
def test_a_list_of_one_page_is_one_request(serve, model):
    assert walk(model, serve, 3) == ([0, 1, 2], [first_query(model, None, None)])


@of_each_kind
@pytest.mark.parametrize("rest", [{"next_page": None}, {}, {"meta": {"has_more": False}}])
def test_a_list_that_counts_more_than_it_serves_is_not_complete(rest, model):
    body = {model.root: [{model.key: 1}], "count": 130, **rest}
    with pytest.raises(StreamUnavailableError, match="Zendesk counts 130 objects but returned 1"):
        read(model, first_query(model, None, None), body)


@of_each_kind
def test_what_came_before_counts_and_rows_that_are_created_meanwhile_do_not_matter(model):
    body = {model.root: [{model.key: 1}], "count": 101, "next_page": None}
    assert read(model, {}, body, received=100).next is None
    assert read(model, {}, body, received=300).next is None


@of_each_kind
@pytest.mark.parametrize(
    "rest",
    [
        {"meta": {"has_more": True}},
        {"meta": {"has_more": True, "after_cursor": "x"}},
        {"meta": {"has_more": True}, "links": {"next": None}},
        {"meta": {"has_more": True, "after_cursor": 7}},
        {"meta": {"after_cursor": "y"}},
        {"meta": "more"},
        {"next_page": "https://elsewhere.example/api"},
        {"next_page": 7},
        {"next_page": f"{BASE}/api?page%5Bafter%5D=x"},
    ],
)
def test_more_that_cannot_be_followed_is_a_sentence(rest, model):
    with pytest.raises(UnexpectedResponseError, match=f"^{model.name}: "):
        read(model, {"page[after]": "x"}, {model.root: [], **rest})


def test_an_address_keeps_both_ends_of_a_span_of_time():
    model = MODELS["audit_log"]
    span = "2025-01-01T00:00:00Z,2025-02-01T00:00:00Z"
    query = first_query(model, None, None) | {"filter[created_at][]": span}
    shown = [("page", "2"), *(("filter[created_at][]", moment) for moment in span.split(","))]
    body = {"audit_logs": [], "next_page": f"{BASE}{model.path}?{urlencode(shown)}"}
    following = read(model, query, body).next
    assert following == {"sort": "created_at", "filter[created_at][]": span, "page": "2"}
    assert dict(parse_qsl(urlsplit(body["next_page"]).query))["page"] == "2"


@pytest.mark.parametrize("model", ["organization", "call", "article", "side_conversation_event"])
def test_an_export_that_has_more_goes_on_though_it_has_no_address(model):
    model = MODELS[model]
    query = {"start_time": "1000", "per_page": "100"}
    rows = [{model.key: 1, model.clock: "x"}]
    for shown in ({"end_of_stream": False}, {"meta": {"has_more": True}}):
        page = read(model, query, {model.root: rows, "end_time": 1500, "next_page": None, **shown})
        assert page.next == {"start_time": "1500", "per_page": "100"}


@pytest.mark.parametrize("model", ["call", "article", "chat", "routing_attribute_event"])
def test_an_export_whose_end_is_only_inferred_is_not_complete_if_it_counts_more(model):
    model = MODELS[model]
    body = {model.root: [], "count": 2, "end_time": 1500, "next_page": None}
    with pytest.raises(StreamUnavailableError, match="Zendesk counts 2 objects but returned 0"):
        read(model, {"start_time": "1000", "per_page": "100"}, body)


def test_lists_that_are_said_to_come_whole_come_whole_in_pages(export, zendesk):
    assert len(WHOLE) == 14  # and the holidays of each schedule
    zendesk.pages(1)
    result = export(bulk_models=[*WHOLE, "schedule_holiday"])
    assert result.code == 0, result.stderr
    for model in (*WHOLE, "schedule_holiday"):
        key = MODELS[model].key
        keys = [record[key] for record in result.records(model)]
        assert sorted(keys) == sorted(one[key] for one in zendesk.objects(model))
        assert len(keys) > 1
    assert {row["table_name"] for row in result.records("EXPORT_METADATA")} == {*WHOLE, "schedule_holiday"}


def test_a_list_that_forms_a_loop_ends_the_run(export, zendesk):
    for page in (2, 3, 2):
        address = f"{zendesk.url}/api/v2/targets.json?page={page}"
        zendesk.fault("/api/v2/targets", status=200, body={"targets": [{"id": page}], "next_page": address})
    result = export(bulk_models=["target"])
    assert result.code == 1
    assert "target: the pages of /api/v2/targets form a loop" in result.stderr


def test_an_incomplete_list_fails_its_model_alone(tap, zendesk):
    body = {"targets": [{"id": 7, "title": "Secretive"}], "count": 130, "next_page": None}
    zendesk.fault("/api/v2/targets", status=200, body=body)
    result = tap(bulk_models=["target", "brand"], incremental_models=[])
    assert result.code == 3
    assert "incomplete: target (Zendesk counts 130 objects but returned 1" in result.stderr
    assert "Secretive" not in result.stderr
    assert {row["table_name"] for row in result.records("EXPORT_METADATA")} == {"brand"}


def test_an_incomplete_list_of_parents_or_of_one_parents_rows_fails_the_model(export, zendesk):
    holidays = {"holidays": [], "count": 3}
    for path, body in (
        ("/api/v2/business_hours/schedules", {"schedules": [], "count": 2}),
        ("/api/v2/business_hours/schedules/", holidays),
    ):
        zendesk.fault(path, status=200, body=body)
        result = export(bulk_models=["schedule_holiday"])
        assert result.code == 3
        assert "incomplete: schedule_holiday (" in result.stderr
        assert not result.records("EXPORT_METADATA")


@pytest.mark.parametrize(
    ("path", "body", "shown"),
    [
        (
            "/api/v2/users",
            {"users": [], "meta": {"has_more": False}, "next_page": "/?page=2"},
            "no page cursor",
        ),
        ("/api/v2/users", {"users": [], "next_page": "/?page=2"}, "no page cursor"),
        (
            "/api/v2/deleted_users",
            {"deleted_users": [], "meta": {"has_more": False}, "count": 2},
            "incomplete",
        ),
        ("/api/v2/users", {"users": [], "meta": ["x"]}, "meta is not as documented"),
    ],
)
def test_a_source_of_fallback_that_shows_more_is_not_complete(path, body, shown, export, zendesk):
    if body.get("next_page"):
        body = {**body, "next_page": f"{zendesk.url}{path}{body['next_page'].removeprefix('/')}"}
    zendesk.fault(path, status=200, body=body)
    result = export(incremental_models=["user"], incremental_exports=False)
    assert result.code != 0
    assert shown in result.stderr
    assert not result.records("EXPORT_METADATA")


@pytest.mark.parametrize("odd", [None, {"title": "without a key"}, 7])
def test_objects_that_are_left_out_count_as_received(odd, export, zendesk):
    body = {"targets": [odd, *({"id": number} for number in range(20))], "count": 21, "next_page": None}
    zendesk.fault("/api/v2/targets", status=200, body=body)
    result = export(bulk_models=["target"])
    assert result.code == 0, result.stderr
    assert len(result.ids("target")) == 20

"""Responses that are not as Zendesk documents them."""

import json

import pytest
from tap_zendesk_cityblock.models import MODELS

TICKETS = "/api/v2/incremental/tickets/cursor"
ONLY_TICKETS = {"bulk_models": [], "incremental_models": ["ticket"], "page_size": 100}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v2/groups", {"groups": None}),
        ("/api/v2/groups", {"groups": [{"name": "Secretive"}]}),
        ("/api/v2/groups", {"groups": [], "meta": {"has_more": True}}),
        (TICKETS, {"tickets": [], "after_cursor": 5, "end_of_stream": True}),
        (TICKETS, {"tickets": [], "end_of_stream": False}),
    ],
    ids=["no list", "no keys", "no cursor for more", "odd cursor", "no cursor"],
)
def test_an_answer_that_is_not_as_documented_fails_its_model_alone(path, body, tap, zendesk):
    zendesk.fault(path, times=1000, status=200, body=body)
    result = tap(bulk_models=["brand", "group"], incremental_models=["organization", "ticket"])
    failed, other = ("group", "ticket") if path != TICKETS else ("ticket", "group")
    assert result.code == 1
    assert f"{failed}: " in result.stderr.splitlines()[-1]
    assert "Secretive" not in result.stderr
    for model in ("brand", "organization", other):
        assert set(result.ids(model)) == zendesk.ids(model)
    complete = [one["table_name"] for one in result.records("EXPORT_METADATA")]
    assert sorted(complete) == sorted(["brand", "organization", other])


@pytest.mark.parametrize(
    ("path", "model", "body", "message"),
    [
        ("/api/v2/groups", "group", {"grups": []}, "has no list 'groups'"),
        ("/api/v2/groups", "group", {"groups": []}, "no page cursor"),
        ("/api/v2/groups", "group", {"groups": [], "meta": {"has_more": True}}, "does not advance"),
        (
            "/api/v2/slas/policies",
            "sla_policy",
            {"sla_policies": [], "next_page": "https://elsewhere.example/api"},
            "another host",
        ),
        (TICKETS, "ticket", {"tickets": [], "end_of_stream": False}, "no cursor to continue from"),
    ],
)
def test_an_answer_that_would_lose_rows_ends_the_run(path, model, body, message, tap, zendesk):
    zendesk.fault(path, status=200, body=body)
    incremental = model == "ticket"
    result = tap(
        bulk_models=[] if incremental else [model], incremental_models=[model] if incremental else []
    )
    assert result.code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


UNSOUND = [
    ("ticket", "after_cursor", 5),
    ("ticket", "after_cursor", {"canary": "canary"}),
    ("organization", "end_time", "canary"),
    ("organization", "end_time", -5),
    ("organization", "end_time", 1767225420000),
    ("organization", "next_page", True),
    ("chat", "next_page", "http://[canary"),
    ("sla_policy", "next_page", ["canary"]),
]


@pytest.mark.parametrize(("model", "name", "value"), UNSOUND)
def test_pages_that_would_make_a_state_of_nonsense_end_the_run(model, name, value, tap, zendesk):
    of = MODELS[model]
    zendesk.fault(of.path, status=200, body={of.root: [], "end_of_stream": True, name: value})
    kind = "incremental_models" if of.is_incremental else "bulk_models"
    result = tap(**{"bulk_models": [], "incremental_models": [], kind: [model]})
    assert result.code == 1
    assert f"{model}: in the response of {of.path}, {name} is not as documented" in result.stderr
    assert "canary" not in result.stderr
    assert model not in json.dumps(result.states)


def test_an_object_without_its_key_is_left_out(tap, zendesk):
    zendesk.fault(
        "/api/v2/macros",
        status=200,
        body={"macros": [{"title": "canary"}, {"id": 5}], "meta": {"has_more": False}},
    )
    result = tap(bulk_models=["macro"], incremental_models=[])
    assert result.code == 0, result.stderr
    assert "macro: left out 1 object without a usable key" in result.stderr
    ends, odd = result.stderr.splitlines()[-2:]
    assert "with exit code 0; records exported: macro 1" in ends
    assert "| ERROR    |" in odd
    assert odd.endswith("because no row can be made from them: macro 1")
    assert "canary" not in result.stderr
    assert result.ids("macro") == [5]


def test_versions_of_the_same_second_are_all_exported(tap, zendesk):
    for subject, cursor in (("first", "x"), ("second", "y")):
        body = {
            "tickets": [{"id": 1, "subject": subject}],
            "after_cursor": cursor,
            "end_of_stream": cursor == "y",
        }
        zendesk.fault(TICKETS, status=200, body=body)
    result = tap(**ONLY_TICKETS)
    assert result.code == 0, result.stderr
    assert [row["subject"] for row in result.records("ticket")] == ["first", "second"]


@pytest.mark.parametrize(
    ("model", "body", "message"),
    [
        ("macro", {"meta": {"after_cursor": "x"}}, "does not say whether there are more pages"),
        ("organization", {"end_time": None, "end_of_stream": False}, "has no time to continue from"),
        ("call", {"end_time": None, "next_page": "http://x/"}, "has no time to continue from"),
    ],
)
def test_a_page_that_may_not_be_the_last_is_not_taken_for_it(model, body, message, tap, zendesk):
    of = MODELS[model]
    zendesk.fault(of.path, status=200, body={of.root: [{"id": 1}], **body})
    kind = "incremental_models" if of.is_incremental else "bulk_models"
    result = tap(**{"bulk_models": [], "incremental_models": [], kind: [model]})
    assert result.code == 1
    assert message in result.stderr

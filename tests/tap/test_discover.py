"""What --discover says of each stream: what it is, and whether the account may read it."""

import json

import pytest
from tap_zendesk_cityblock.models import BULK_MODELS, INCREMENTAL_MODELS

DEFAULT_MODELS = {model.name for model in (*BULK_MODELS, *INCREMENTAL_MODELS)}

FORBIDDEN = {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}


def permissions(listed):
    assert listed.code == 0, listed.stderr
    found = {}
    for stream in json.loads(listed.stdout)["streams"]:
        [entry] = [entry["metadata"] for entry in stream["metadata"] if not entry["breadcrumb"]]
        found[stream["tap_stream_id"]] = {
            name.partition(".")[2]: value for name, value in entry.items() if "." in name
        }
    return found


def test_every_stream_is_marked_readable(tap, zendesk):
    marked = permissions(tap("--discover"))
    assert marked.pop("EXPORT_METADATA") == {}
    assert set(map(str, marked.values())) == {"{'readable': True}"}
    assert marked.keys() == DEFAULT_MODELS
    assert len([asked for asked in zendesk.requests() if asked["path"] != "/oauth/tokens"]) == len(
        DEFAULT_MODELS
    )


def test_an_unavailable_model_has_its_cause_in_the_catalog_and_advice_in_the_log(tap, zendesk):
    zendesk.fault("/api/v2/incremental/tickets", status=403, body=FORBIDDEN)
    zendesk.fault("/api/v2/nps/incremental/responses", status=404)
    listed = tap("--discover")
    marked = permissions(listed)
    assert marked["ticket"] == {"readable": False, "missing": "HTTP 403 Forbidden"}
    assert marked["nps_response"] == {"readable": False, "missing": "HTTP 404"}
    assert marked["nps_recipient"] == marked["macro"] == {"readable": True}
    [line] = [line for line in listed.stderr.splitlines() if "ticket: not readable" in line]
    assert "make the login's user an admin" in line
    assert listed.stderr.count("not readable") == 2


def test_the_catalog_can_be_given_back_to_the_tap(tap, zendesk):
    settings = {"bulk_models": ["macro", "brand"], "incremental_models": []}
    zendesk.fault("/api/v2/macros", status=403, body=FORBIDDEN)
    listed = tap("--discover", **settings)
    result = tap(catalog=json.loads(listed.stdout), **settings)
    assert result.code == 0, result.stderr
    assert result.ids("macro")
    assert result.ids("brand")


def test_zendesk_is_not_asked_where_the_settings_say_so(tap, zendesk):
    marked = permissions(tap("--discover", discover_permissions=False, credentials={}))
    assert set(map(str, marked.values())) == {"{}"}
    assert zendesk.requests() == []


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        ({}, "No credentials"),
        ({"client_id": "sandbox", "client_secret": "other"}, "refused the OAuth client"),
    ],
)
def test_a_login_that_fails_is_one_sentence(credentials, message, tap):
    listed = tap("--discover", credentials=credentials)
    assert listed.code == 1
    assert message in listed.stderr
    assert "Traceback" not in listed.stderr
    assert listed.stdout == ""

"""Properties that real answers were seen to have, and what becomes of each."""

import pytest
from tap_zendesk_cityblock.columns import MARK, load_schema
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.readers.queries import first_query

SEEN = {
    "access_log": ["origin_service"],
    "call": [
        "copilot_suggestions_generated_successful",
        "copilot_suggestions_generated_total",
        "exceeded_queue_wait_time",
        "post_call_summary",
        "post_call_summary_created",
        "post_call_transcription",
        "post_call_transcription_created",
        "real_time_transcription",
        "transcription_language",
    ],
    "chat": ["abandon_time", "deleted", "dropped", "proactive", "skills_fulfilled", "skills_requested"],
    "locale": ["default", "native_name", "presentation_name", "rtl"],
    "target": ["username"],
    "ticket": ["deleted_ticket_form_id", "satisfaction_probability"],
    "ticket_comment": ["formatted_from", "formatted_to", "transcription_visible", "trusted"],
    "ticket_field": ["raw_agent_description"],
    "ticket_form": ["form_type"],
    "user": ["is_billing_admin", "suspension_details"],
    "view": ["watchable"],
}
PERSONAL = {
    "call": {"post_call_summary", "post_call_transcription", "real_time_transcription"},
    "target": {"username"},
    "ticket_comment": {"formatted_from", "formatted_to"},
    "user": {"suspension_details"},
}


@pytest.mark.parametrize("model", SEEN)
def test_what_real_answers_have_is_a_column_and_marked_where_it_is_personal(model):
    properties = load_schema(model)["properties"]
    assert set(SEEN[model]) <= properties.keys()
    assert {name for name in SEEN[model] if MARK in properties[name]} == PERSONAL.get(model, set())


@pytest.mark.parametrize("model", ["ticket_field", "user_field", "organization_field"])
def test_an_option_of_a_field_says_whether_it_is_the_default(model):
    options = load_schema(model)["properties"]["custom_field_options"]["items"]["properties"]
    assert options["default"] == {"type": ["boolean", "null"]}


def test_the_old_name_of_a_calls_property_stays_a_column():
    assert {"exceeded_queue_time", "exceeded_queue_wait_time"} <= load_schema("call")["properties"].keys()


@pytest.mark.parametrize("page_size", [None, 100, 1000])
def test_surveys_are_asked_for_fifty_at_a_time(page_size):
    assert first_query(MODELS["survey_response"], None, page_size)["page[size]"] == "50"


def test_a_targets_password_goes_nowhere_and_its_login_is_loaded(tap, zendesk):
    login = {"username": "hooks", "password": "correct-horse-battery"}
    [number] = zendesk.put("target", {"type": "http_target", **login})
    result = tap(bulk_models=["target"], incremental_models=[])
    assert result.code == 0
    [target] = [one for one in result.records("target") if one["id"] == number]
    assert target["username"] == "hooks"
    assert "password" not in result.stdout + result.stderr
    assert "horse" not in result.stdout + result.stderr

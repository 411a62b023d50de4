"""Whether a run may read what it is to export: the command tap-zendesk-cityblock-check."""

import json
import time

import pytest
from tap_zendesk_cityblock.http.ignored_parameters import ignored_parameters
from tap_zendesk_cityblock.models import BULK_MODELS, INCREMENTAL_MODELS

DEFAULT_MODELS = {model.name for model in (*BULK_MODELS, *INCREMENTAL_MODELS)}


@pytest.fixture
def check(zendesk, tmp_path, commands):
    def run(**settings):
        config = {
            "environment": "local",
            "subdomain": "cityblock-local",
            "base_url": zendesk.url,
            "client_id": "sandbox",
            "client_secret": "sandbox-secret",
            **settings,
        }
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        return commands.run("tap-zendesk-cityblock-check", "--config", path)

    return run


def test_every_model_is_listed(check, zendesk):
    ran = check()
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(": readable") == len(DEFAULT_MODELS)
    assert "ok      ticket: readable" in ran.stdout
    assert "WARNING" not in ran.stdout  # the sandbox names what it ignores
    assert len(zendesk.requests()) <= len(DEFAULT_MODELS) + 1


def test_parts_and_what_is_below_a_parent_are_looked_at_where_they_are(check):
    models = ["ticket_comment", "ticket_metric_set", "custom_object_record", "audit_log", "chat"]
    ran = check(bulk_models=["schedule_holiday"], incremental_models=models)
    assert ran.returncode == 0, ran.stderr
    assert "WARNING" not in ran.stdout
    for model in ("schedule_holiday", *models):
        assert f"ok      {model}: readable" in ran.stdout


def test_a_model_the_account_may_not_read_is_named_with_what_to_do(check, zendesk):
    refusal = {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}
    zendesk.fault("/api/v2/incremental/tickets", status=403, body=refusal)
    zendesk.fault("/api/v2/nps", times=2, status=404)
    ran = check()
    assert ran.returncode == 3
    assert "MISSING ticket: HTTP 403 Forbidden" in ran.stdout
    assert "→ ticket: make the login's user an admin" in ran.stdout
    assert "absent  nps_response: HTTP 404" in ran.stdout


def test_an_account_whose_requests_others_use_up_is_reported_as_in_a_run(check, zendesk):
    zendesk.fault("/api/v2/groups", status=429, headers={"Retry-After": "3600"})
    ran = check()
    assert ran.returncode == 4
    assert "MISSING tap-zendesk-cityblock: /api/v2/groups: HTTP 429" in ran.stdout
    assert "Traceback" not in ran.stderr


def test_credentials_that_are_refused_are_one_sentence(check):
    ran = check(client_secret="hunter2-hunter2")
    assert ran.returncode == 1
    assert "Zendesk refused the OAuth client" in ran.stdout
    assert "hunter2" not in ran.stderr + ran.stdout
    assert "Traceback" not in ran.stderr


def test_a_request_that_zendesk_refuses_is_reported_and_hides_no_other_model(check, zendesk):
    zendesk.fault("/api/v2/macros", status=422, body={"error": "FilterMissing"})
    zendesk.fault("/api/v2/custom_objects", status=400)
    ran = check(bulk_models=["macro", "brand"], incremental_models=["custom_object_record", "user"])
    assert ran.returncode == 3
    assert "MISSING macro: /api/v2/macros: HTTP 422 FilterMissing" in ran.stdout
    assert "MISSING custom_object_record: " in ran.stdout
    assert "→ macro: make the login's user an admin" in ran.stdout
    assert "→ custom_object_record: Zendesk refused the request itself" in ran.stdout
    assert "ok      brand: readable" in ran.stdout
    assert "ok      user: readable" in ran.stdout


def test_ticket_audits_that_may_not_be_read_are_named_with_what_a_run_then_leaves_out(check):
    events = {"bulk_models": [], "incremental_models": ["ticket_event"]}
    ran = check(scopes=["tickets:read"], **events)
    assert ran.returncode == 0, ran.stdout
    assert "WARNING find_private_comments: HTTP 403 Forbidden, the token lacks the scope read" in ran.stdout
    assert "→ comments that are made private after their export stay public here" in ran.stdout
    assert "WARNING scopes: find_private_comments requires read" in ran.stdout
    ran = check(**events)
    assert "ok      find_private_comments: readable" in ran.stdout
    assert "would be enough" not in ran.stdout
    ran = check(scopes=["tickets:read"], find_private_comments=False, **events)
    assert "find_private_comments" not in ran.stdout


def test_in_fallback_a_list_that_is_refused_is_reported_as_well(check, zendesk):
    zendesk.fault("/api/v2/deleted_tickets", status=422)
    ran = check(bulk_models=[], incremental_models=["ticket", "user"], incremental_exports=False)
    assert ran.returncode == 3
    assert "MISSING ticket: /api/v2/deleted_tickets: HTTP 422" in ran.stdout
    assert "ok      user: readable" in ran.stdout


def test_chat_which_refuses_the_last_minutes_is_asked_about_earlier_ones(check, zendesk):
    ran = check(bulk_models=[], incremental_models=["chat"])
    assert ran.returncode == 0, ran.stderr
    [asked] = [request for request in zendesk.requests() if "/chat/" in request["path"]]
    assert int(asked["query"]["start_time"]) < time.time() - 300


def test_scopes_that_are_asked_for_granted_and_required_are_compared(check, zendesk):
    bulk = ["brand", "group", "group_membership", "locale", "macro", "ticket_metric"]
    ran = check(
        scopes=["tickets:read brands:read", "users:read"], bulk_models=bulk, incremental_models=["ticket"]
    )
    assert ran.returncode == 3
    assert (
        "ok      scopes: requested tickets:read brands:read users:read, granted brands:read tickets:read users:read"
        in ran.stdout
    )
    assert "MISSING scopes: group, group_membership require groups:read" in ran.stdout
    assert "MISSING scopes: macro requires macros:read" in ran.stdout
    assert "MISSING scopes: locale requires read" in ran.stdout
    assert "ok      scopes: unverified for ticket_metric; without access they require read" in ran.stdout
    assert "ok      ticket_metric: readable" in ran.stdout
    assert "WARNING scopes: no model requires users:read" in ran.stdout
    assert "MISSING group: HTTP 403 Forbidden, the token lacks the scope groups:read" in ran.stdout
    assert "ok      ticket: readable" in ran.stdout

    ran = check(bulk_models=["brand"], incremental_models=["ticket"])
    assert ran.returncode == 0
    assert "requested read, granted read; brands:read tickets:read would be enough" in ran.stdout

    ran = check(
        scopes=["tickets:read"], bulk_models=[], incremental_models=["ticket"], incremental_exports=False
    )
    assert "MISSING scopes: ticket requires read" in ran.stdout


def test_a_scope_that_the_client_may_not_have_is_one_sentence(check, zendesk):
    zendesk.scopes(["tickets:read"])
    ran = check(scopes=["tickets:read", "users:read"], bulk_models=[], incremental_models=["ticket"])
    assert ran.returncode == 1
    assert (
        "scopes: the OAuth client may not have tickets:read users:read (HTTP 400 invalid_scope)" in ran.stdout
    )
    assert "Traceback" not in ran.stderr
    ran = check(scopes=["tickets:read"], bulk_models=[], incremental_models=["ticket"])
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"scopes": ["tickets:write"]}, "scopes: 'tickets:write' is not a scope for reading"),
        (
            {"scopes": ["read"], "client_id": "", "client_secret": "", "access_token": "sandbox-access"},
            "scopes requires client_id and client_secret",
        ),
    ],
)
def test_scopes_that_make_no_sense_are_refused(settings, expected, check):
    ran = check(**settings)
    assert ran.returncode == 1
    assert expected in ran.stdout


OLD_WARNING = 'Removed restricted keys ["exclude_deleted"] from parameters according to whitelist'
WARNING = (
    '{:allowed_parameters=>{:controller=>"per_page", :action=>"index", :unpermitted_keys=>["page.size"],'
    ' :invalid_values=>["include"]}}'
)


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (OLD_WARNING, ["exclude_deleted"]),
        (WARNING, ["page[size]", "include"]),
        ('["page"]', ["page[size]"]),
        ('["filter[created_at][]"]', ["filter[created_at][]"]),
        ("", []),
        ("an unknown text", []),
    ],
)
def test_ignored_parameters_are_read_in_every_recorded_form(header, named):
    sent = ["exclude_deleted", "page[size]", "per_page", "include", "filter[created_at][]"]
    assert ignored_parameters(header, sent) == named


def test_a_parameter_that_zendesk_ignores_is_a_warning_of_its_model(check, zendesk):
    body = {"groups": [], "meta": {"has_more": False}}
    headers = {"X-Zendesk-Api-Warn": OLD_WARNING, "Content-Type": "application/json"}
    zendesk.fault("/api/v2/groups", status=200, headers=headers, body=body)
    ran = check(bulk_models=["group", "brand"], incremental_models=["ticket"])
    assert ran.returncode == 0, ran.stderr
    assert "WARNING group: Zendesk ignores the parameters exclude_deleted\n" in ran.stdout
    assert ran.stdout.count("WARNING") == 1

"""The sandbox's account: its objects, who may read them, and how they change with time."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import jsonschema
import pytest
import requests

from sandbox.addresses import Addresses
from sandbox.servers import Size, advance, zendesk_server
from sandbox.zendesk import schemas
from sandbox.zendesk.models import BY_MODEL
from tests.sandbox.test_pages import BEARER
from tests.sandbox.test_pages import truth as objects

SIZE = Size(tickets=400, users=80)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    addresses = Addresses.free()
    with zendesk_server(addresses, tmp_path_factory.mktemp("account"), SIZE):
        yield addresses.zendesk_url


def everything(folder, size, hours):
    addresses = Addresses.free()
    with zendesk_server(addresses, folder, size):
        changed = [advance(addresses.zendesk_url, spell) for spell in hours]
        return changed, {model: objects(addresses.zendesk_url, model) for model in BY_MODEL}


@pytest.mark.processes
def test_the_same_seed_gives_the_same_account_and_the_same_future(tmp_path):
    first = everything(tmp_path / "a", SIZE, [24, 5])
    assert everything(tmp_path / "b", SIZE, [24, 5]) == first
    assert everything(tmp_path / "c", Size(seed=2, tickets=400, users=80), [24, 5]) != first


RULES = {
    "required": ["id"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": ["string", "null"]},
        "ticket_form_id": {"type": ["integer", "null"]},
        "active": {"type": ["boolean", "null"]},
        "actions": {
            "type": ["array", "null"],
            "items": {"type": ["object", "null"], "additionalProperties": True},
        },
        "updated_at": {"type": ["string", "null"], "format": "date-time"},
    },
}
ELSEWHERE = {"path": "ticket_forms/rules", "root": "form_rules"}
SERVE = """
import sys
from pathlib import Path
from sandbox.zendesk import schemas
schemas.FOLDER = Path(sys.argv.pop(1))
from sandbox.zendesk.__main__ import main
main()
"""


@pytest.mark.processes
@pytest.mark.parametrize(
    ("sandbox", "path", "root"),
    [({}, "ticket_form_rules", "ticket_form_rules"), (ELSEWHERE, *ELSEWHERE.values())],
    ids=["default path", "path in the file"],
)
def test_a_plain_new_model_needs_only_its_schema_file(sandbox, path, root, tmp_path):
    folder = shutil.copytree(schemas.FOLDER, tmp_path / "schemas")
    (folder / "ticket_form_rule.json").write_text(json.dumps(RULES | {"sandbox": sandbox}))
    argv = [sys.executable, "-c", SERVE, folder, "--database", tmp_path / "account.sqlite", "--tickets", "5"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        url = json.loads(process.stdout.readline())["url"]
        answer = requests.get(f"{url}/api/v2/{path}?page[size]=100", headers=BEARER, timeout=30).json()
        forms = {form["id"] for form in objects(url, "ticket_form")}
        assert answer[root] == objects(url, "ticket_form_rule")
        process.terminate()
    validator = jsonschema.Draft202012Validator({**RULES, "additionalProperties": False})
    assert len(answer[root]) > 10
    for rule in answer[root]:
        validator.validate(rule)
        assert rule["ticket_form_id"] in forms


def test_references_between_objects_hold(url):
    ids = {model: {one[BY_MODEL[model].key] for one in objects(url, model)} for model in BY_MODEL}
    for ticket in objects(url, "ticket"):
        people = [ticket[f"{role}_id"] for role in ("requester", "submitter", "assignee")]
        people += ticket["collaborator_ids"] + ticket["follower_ids"]
        assert {person for person in people if person} <= ids["user"]
        assert ticket["organization_id"] in {None, *ids["organization"]}
        assert ticket["group_id"] in {None, *ids["group"]}
        assert ticket["ticket_form_id"] in ids["ticket_form"]
        assert {field["id"] for field in ticket["custom_fields"]} <= ids["ticket_field"]
    for model, key, other in (
        ("group_membership", "user_id", "user"),
        ("group_membership", "group_id", "group"),
        ("organization_membership", "organization_id", "organization"),
        ("ticket_metric", "ticket_id", "ticket"),
        ("ticket_skip", "user_id", "user"),
        ("nps_response", "recipient_id", "nps_recipient"),
        ("brand_agent", "user_id", "user"),
        ("brand_agent", "brand_id", "brand"),
        ("trigger", "category_id", "trigger_category"),
        ("ticket_form_status", "custom_status_id", "custom_status"),
        ("ticket_form_status", "ticket_form_id", "ticket_form"),
        ("ticket_metric_event", "ticket_id", "ticket"),
        ("call_leg", "call_id", "call"),
        ("call", "customer_id", "user"),
        ("email_notification", "ticket_id", "ticket"),
    ):
        assert {one[key] for one in objects(url, model)} <= ids[other]


def test_tickets_are_of_every_kind_that_an_export_has_to_handle(url):
    tickets = objects(url, "ticket")
    measured = {metric["ticket_id"] for metric in objects(url, "ticket_metric")}
    epoch = {
        ticket["id"]: int(datetime.fromisoformat(ticket["updated_at"]).timestamp()) for ticket in tickets
    }
    assert any(ticket["status"] == "deleted" for ticket in tickets)
    scrubbed = [ticket for ticket in tickets if ticket["subject"] == "SCRUBBED"]
    assert {ticket["description"] for ticket in scrubbed} == {"X"}
    assert any(ticket["generated_timestamp"] > epoch[ticket["id"]] for ticket in tickets)
    assert any(ticket["status"] == "closed" and ticket["id"] not in measured for ticket in tickets)
    kinds = {type(field["value"]) for ticket in tickets for field in ticket["custom_fields"]}
    assert kinds == {str, list, bool, int, type(None)}


def test_users_say_whether_they_were_deleted_for_good_once_they_are_deleted(url):
    users = objects(url, "user")
    assert all(("permanently_deleted" in user) is not user["active"] for user in users)
    assert any(user.get("permanently_deleted") is False for user in users)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("model", "kind", "key"),
    [("user", "delete_user_permanently", "user_id"), ("ticket", "scrub_ticket", "ticket_id")],
)
def test_what_is_deleted_permanently_does_not_change_again(tmp_path, model, kind, key):
    addresses = Addresses.free()
    with zendesk_server(addresses, tmp_path, Size(tickets=40, users=40)):
        numbers = [one["id"] for one in objects(addresses.zendesk_url, model)][1:]
        for number in numbers:
            removal = {"kind": kind, key: number}
            requests.post(f"{addresses.zendesk_url}/_sandbox/removals", json=removal, timeout=30)

        def removed():
            return [one for one in objects(addresses.zendesk_url, model) if one["id"] in numbers]

        before = removed()
        advance(addresses.zendesk_url, 24 * 30)
        assert removed() == before


def test_surveys_are_listed_fifty_a_page(url):
    def asked(size):
        path = f"{url}/api/v2/guide/survey_responses"
        return requests.get(path, params={"page[size]": size}, headers=BEARER, timeout=30).status_code

    assert (asked(50), asked(51)) == (200, 400)


@pytest.mark.processes
def test_time_brings_every_kind_of_change_and_none_in_the_last_two_minutes(tmp_path):
    addresses = Addresses.free()
    with zendesk_server(addresses, tmp_path, Size(tickets=3000, users=300)):
        before = {one["id"]: one for one in objects(addresses.zendesk_url, "ticket")}
        later = f"{addresses.zendesk_url}/_sandbox/advance"
        answer = requests.post(later, json={"hours": 120}, timeout=60).json()
        after = {one["id"]: one for one in objects(addresses.zendesk_url, "ticket")}
    reported = answer["changed"]["ticket"]
    assert all(reported[kind] > 0 for kind in ("created", "updated", "deleted", "restored"))
    found = Counter(
        "created" if number not in before
        else "deleted" if after[number]["status"] == "deleted"
        else "restored" if before[number]["status"] == "deleted"
        else "updated"
        for number in after
        if after[number] != before.get(number)
    )  # fmt: skip
    assert found == reported
    now = datetime.fromisoformat(answer["now"]).timestamp()
    assert max(ticket["generated_timestamp"] for ticket in after.values()) < now - 119
    assert any(after[n]["updated_at"] == before[n]["updated_at"] and after[n] != before[n] for n in before)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [(None, 401), ("Bearer nonsense", 401), ("Basic bm9ib2R5OnB3", 401), ("Bearer sandbox-access", 200)],
)
def test_requests_need_valid_credentials(authorization, status, url):
    headers = {"Authorization": authorization} if authorization else {}
    assert requests.get(f"{url}/api/v2/brands", headers=headers, timeout=30).status_code == status


def test_tokens_are_granted_to_the_client_and_end(url):
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret"}
    granted = requests.post(f"{url}/oauth/tokens", json=form, timeout=30).json()
    assert "expires_in" not in granted
    longer = requests.post(f"{url}/oauth/tokens", json={**form, "expires_in": 600}, timeout=30).json()
    assert longer["expires_in"] == 600
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    assert requests.get(f"{url}/api/v2/brands", headers=headers, timeout=30).status_code == 200
    requests.post(f"{url}/_sandbox/expire_tokens", timeout=30)
    ended = requests.get(f"{url}/api/v2/brands", headers=headers, timeout=30)
    assert (ended.status_code, ended.json()["error"]) == (401, "invalid_token")
    refused = requests.post(f"{url}/oauth/tokens", json={**form, "client_secret": "x"}, timeout=30)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_rate_limits_are_reported_and_enforced(url):
    bucket = {"total": 2, "window": 10**9}
    requests.put(f"{url}/_sandbox/limits", json={"incremental-exports": bucket}, timeout=30)
    path, headers = f"{url}/api/v2/incremental/organizations?start_time=1", BEARER
    answers = [requests.get(path, headers=headers, timeout=30) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    header = answers[1].headers["zendesk-ratelimit-incremental-exports"]
    assert header.startswith("total=2; remaining=0; resets=")
    assert 0 < int(answers[2].headers["Retry-After"]) <= 10**9
    assert answers[2].json()["error"] == "APIRateLimitExceeded"


def test_the_help_center_has_a_limit_of_its_own(url):
    path = f"{url}/api/v2/help_center/incremental/articles?start_time=1"
    before = requests.get(f"{url}/_sandbox/limits", timeout=30).json()["account"]
    answer = requests.get(path, headers=BEARER, timeout=30)
    assert answer.headers["x-rate-limit-remaining"].isdigit()
    assert "ratelimit-reset" not in answer.headers
    assert requests.get(f"{url}/_sandbox/limits", timeout=30).json()["account"] == before


def test_the_limit_of_searches_is_enforced_and_not_reported(url):
    requests.put(f"{url}/_sandbox/limits", json={"search-export": {"total": 1}}, timeout=30)
    path = f"{url}/api/v2/search/export?filter[type]=ticket&query=x"
    answers = [requests.get(path, headers=BEARER, timeout=30) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert 0 < int(answers[1].headers["Retry-After"]) <= 60
    assert not any(name.lower().startswith("zendesk-ratelimit-") for name in answers[1].headers)


def test_other_clients_of_the_account_use_up_limits(url):
    bucket = {"total": 1, "window": 60, "others": 60}
    requests.put(f"{url}/_sandbox/limits", json={"incremental-exports": bucket}, timeout=30)
    path, headers = f"{url}/api/v2/incremental/organizations?start_time=1", BEARER
    assert requests.get(path, headers=headers, timeout=30).status_code == 429
    counts = requests.get(f"{url}/_sandbox/limits", timeout=30).json()["incremental-exports"]
    assert counts["others_served"] == 1
    assert counts["tap_refused"] == 1


def test_responses_take_the_latency_that_is_set(url):
    requests.put(f"{url}/_sandbox/latency", json={"seconds": 0.05}, timeout=30)
    answer = requests.get(f"{url}/api/v2/brands", headers=BEARER, timeout=30)
    requests.put(f"{url}/_sandbox/latency", json={"seconds": 0}, timeout=30)
    assert answer.elapsed.total_seconds() >= 0.05


def test_the_clock_moves_on_by_itself(url):
    def state():
        answer = requests.get(f"{url}/api/v2/brands", headers=BEARER, timeout=30)
        return parsedate_to_datetime(answer.headers["Date"]), list(objects(url, "ticket"))

    before, tickets = state()
    requests.put(f"{url}/_sandbox/clock", json={"seconds": 90}, timeout=30)
    assert state() == (before + timedelta(seconds=90), tickets)

"""`reconcile` against a real account and warehouse: what it finds, and that its own commands repair it."""

import json
import re

import pytest

SECRET = "canary-content-5d1c"


def repairs(ran):
    """The printed commands."""
    return [
        line.strip() for line in ran.stdout.splitlines() if " meltano --environment" in f" {line.strip()}"
    ]


def verdicts(ran):
    """(what, id) → verdict."""
    found = re.findall(r"^  (\w+) (\d+) (\w+): ", ran.stdout, re.MULTILINE)
    return {(what, int(number)): verdict for what, number, verdict in found}


@pytest.fixture
def alive(here):
    """Ids of some objects that are not deleted, nor changed last, by model."""
    dataset = here.views.dataset
    return {
        model: [
            number
            for (number,) in here.sql(
                f"SELECT id FROM {dataset}.{model}_latest WHERE NOT is_deleted ORDER BY updated_at LIMIT 8"
            )
        ]
        for model in ("ticket", "user")
    }


def test_what_is_broken_is_found_and_its_commands_repair_it(here, alive):
    dataset, messages = here.views.dataset, here.messages_dataset
    before = here.reconcile("--seed", "1")
    assert before.returncode == 0, before.stdout + before.stderr
    assert "no difference" in before.stdout
    assert "88 from the view" in before.stdout

    here.zendesk("POST", "advance", {"hours": 1})
    since = here.reconcile("--model", "ticket", "--seed", "1")
    assert since.returncode == 0, since.stdout  # what changed since the last export does not count
    assert "changed since" in since.stdout

    missing, stale, unmerged, different, unpublished, *_ = alive["ticket"]
    older = "updated_at = TIMESTAMP '2020-01-01', generated_timestamp = 1577836800"
    for table in ("ticket", "ticket_current"):
        here.sql(f"DELETE FROM {dataset}.{table} WHERE id = {missing}")
        here.sql(f"UPDATE {dataset}.{table} SET {older} WHERE id = {stale}")
    here.sql(f"UPDATE {dataset}.ticket_current SET {older} WHERE id = {unmerged}")
    here.sql(f"UPDATE {dataset}.ticket_current SET subject = '{SECRET}' WHERE id = {different}")
    here.sql(f"DELETE FROM {messages}.zendesk_ticket WHERE ticket_id = {unpublished}")
    [(gone,)] = here.sql(f"SELECT MIN(id) FROM {dataset}.user_latest WHERE is_deleted")
    here.sql(f"UPDATE {dataset}.user_current SET active = TRUE WHERE id = {gone}")

    [(group,)] = here.sql(f"SELECT MIN(id) FROM {dataset}.group_latest")
    here.sql(f"DELETE FROM {dataset}.`group` WHERE id = {group}")

    hasty = here.reconcile("--model", "ticket", "--seed", "2", max_requests=8, sample_size=1)
    assert hasty.returncode == 1
    assert "created from 1970-01-01T00:00:00Z to 2025-12-31T22:55:50Z: 1 more in Zendesk" in hasty.stdout
    assert "START_TIME=2019-09-29T23:59:59Z" in repairs(hasty)[0]

    broken = here.reconcile("--seed", "2", max_findings=10)
    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert verdicts(broken) == {
        ("ticket", missing): "missing",
        ("ticket", stale): "stale",
        ("ticket", unmerged): "unmerged",
        ("ticket", different): "different",
        ("message", unpublished): "unpublished",
        ("user", gone): "deleted",
        ("group", group): "missing",
    }
    assert "(subject)" in broken.stdout
    assert SECRET not in broken.stdout + broken.stderr

    assert "Objects differ from Zendesk, 7 of them known" in broken.stderr
    commands = repairs(broken)
    assert len(commands) == 5
    here.repair(commands)
    repaired = here.reconcile("--seed", "2")
    assert repaired.returncode == 0, repaired.stdout


def test_rejected_records_and_outdated_messages_are_found_and_repaired(here, alive):
    dataset, messages = here.views.dataset, here.messages_dataset
    *_, outdated, rejected = alive["ticket"]
    here.sql(
        f"UPDATE {messages}.zendesk_ticket SET message_key = '{outdated}-0', attributes = REGEXP_REPLACE("
        'attributes, r\'"generated_timestamp": ?"[0-9]+"\', \'"generated_timestamp": "1577836800"\')'
        f" WHERE ticket_id = {outdated}"
    )
    for table in ("ticket", "ticket_current"):
        here.sql(f"DELETE FROM {dataset}.{table} WHERE id = {rejected}")
    read = here.run("tap-zendesk-cityblock", bulk_models=[], incremental_models=["ticket"])
    [line] = [
        one for one in read.stdout.splitlines() if json.loads(one).get("record", {}).get("id") == rejected
    ]
    right = re.search(r'"created_at": ?"[^"]+"', line).group()
    wrong = line.replace(right, '"created_at":"soon"', 1)
    assert here.run("target-bigquery", given=read.stdout.replace(line, wrong)).returncode == 0
    here.build()

    broken = here.reconcile("--model", "ticket", "--seed", "3")
    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert verdicts(broken) == {("ticket", rejected): "rejected", ("message", outdated): "outdated"}

    # The schema, or the record, is right from here on.
    here.sql(
        f"""UPDATE {dataset}.REJECTED_RECORD SET payload = REPLACE(payload, '"created_at":"soon"', '{right}') WHERE TRUE"""
    )
    here.repair(repairs(broken))
    repaired = here.reconcile("--model", "ticket", "--seed", "3")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr


def test_what_cannot_be_compared_is_named_and_the_rest_is_compared(here):
    forbidden = {"path": "/api/v2/tickets/show_many", "kind": "status", "status": 403}
    here.zendesk("POST", "faults", forbidden)
    ran = here.reconcile("--model", "ticket", "--model", "group")
    assert ran.returncode == 2
    assert "NOT COMPARED: HTTP 403" in ran.stdout
    assert "Not all could be compared, and the rest does not differ" in ran.stderr
    assert "group: 12 in Zendesk, 12 in the view; first page: 12 equal" in ran.stdout


def test_accounts_without_incremental_exports_and_with_some_tickets_only_are_compared(here):
    here.zendesk("PUT", "exports", {"allowed": False})
    ran = here.reconcile("--model", "ticket", incremental_exports=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "count      equal" in ran.stdout
    ran = here.reconcile("--model", "ticket", incremental_exports=False, support_type_scope="agent")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "left out   what Zendesk has" in ran.stdout
    here.zendesk("PUT", "exports", {"allowed": True})


def test_no_more_requests_are_sent_than_the_setting_says(here):
    here.zendesk("DELETE", "requests")
    ran = here.reconcile("--model", "organization", "--model", "user", max_requests=12)
    [sent] = here.zendesk("GET", "requests")
    assert len(sent) <= 12
    assert ran.returncode == 2
    assert "may be sent (max_requests)" in ran.stdout


def test_an_empty_warehouse_is_one_sentence(here):
    ran = here.reconcile(dataset="other")
    assert ran.returncode == 2
    assert "other.EXPORT_METADATA does not exist: check the settings project and dataset" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_credentials_are_named_by_the_names_that_they_have_here(here, tmp_path):
    ran = here.reconcile(client_id=None, client_secret=None, zendesk_credentials_path=str(tmp_path / "none"))
    assert ran.returncode == 2
    assert "zendesk_credentials_path: " in ran.stderr

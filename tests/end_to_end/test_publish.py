"""`meltano run tap-to-pubsub` as its users run it: tickets from the sandbox's Zendesk to its Pub/Sub."""

import json

import pytest

from sandbox.addresses import SUBSCRIPTION
from sandbox.comparison import compare_messages
from sandbox.internal_directory import resolve_users
from sandbox.listen import listen
from sandbox.servers import advance
from sandbox.zendesk import words

STATE_ID = "local:tap-zendesk-cityblock-tickets-to-target-zendesk-pubsub"
WAITING = "SELECT ticket_id FROM zendesk.TICKET_USER_JOIN_ERROR_latest WHERE is_waiting ORDER BY ticket_id"
PUBLISHED = "SELECT * FROM pubsub_messages.zendesk_ticket WHERE replay_of IS NULL"


@pytest.fixture(scope="module")
def after_first_run(project):
    """Exported and published, with the views that publishing and these tests read."""
    project.run("tap-zendesk-cityblock", "target-bigquery", TAP_ZENDESK_CITYBLOCK_BULK_MODELS="[]")
    project.build("zendesk_user_directory")
    ran = project.run("tap-to-pubsub")
    project.build("TICKET_USER_JOIN_ERROR_latest")
    return ran


@pytest.fixture(scope="module")
def waiting(project, after_first_run):
    return {row["ticket_id"] for row in project.rows(WAITING)}


@pytest.fixture(scope="module")
def after_second_run(project, waiting):
    advance(project.sandbox.addresses.zendesk_url, hours=24)
    resolve_users(project.sandbox.warehouse, project.sandbox.addresses.zendesk_url)
    project.run("tap-to-pubsub")
    return {row["ticket_id"] for row in project.rows(WAITING)}


def published(project):
    return compare_messages(project.sandbox.addresses.zendesk_url, project.sandbox.warehouse)


def test_every_ticket_is_published_as_zendesk_has_it_or_waits(project, waiting):
    compared = published(project)
    assert compared.rows > 1000
    assert compared.missing == waiting != set()
    assert (compared.surplus, compared.different, compared.repeated) == (set(), set(), 0)


def test_a_day_later_changes_are_published_and_tickets_with_a_match(project, waiting, after_second_run):
    compared = published(project)
    assert len(waiting - after_second_run) > len(waiting) / 2  # the others wait for users deleted in Zendesk
    assert compared.missing | compared.different == after_second_run
    assert compared.surplus == set()


def test_commons_receives_what_the_log_says(project, after_second_run):
    logged = len(project.rows(PUBLISHED))
    commons = (project.sandbox.addresses.pubsub_host, SUBSCRIPTION)
    heard = list(listen(*commons, count=logged, timeout=60, with_data=False))
    assert len(heard) == logged
    assert list(listen(*commons, count=1, timeout=1, with_data=False)) == []


def test_a_run_without_changes_publishes_nothing(project, after_second_run):
    before = len(project.rows(PUBLISHED))
    ran = project.run("tap-to-pubsub")
    assert "0 messages published" in ran.stderr
    assert len(project.rows(PUBLISHED)) == before


def test_its_cursor_is_its_own_and_can_be_rewound(project, after_second_run):
    """Everything comes again, and nothing of it is news."""
    before = len(project.rows(PUBLISHED))
    rewind = json.dumps({"singer_state": {"bookmarks": {"ticket": {"start_time": 1569801600}}}})
    assert project.meltano("state", "merge", STATE_ID, rewind).returncode == 0
    ran = project.run("tap-to-pubsub")
    assert "0 messages published" in ran.stderr
    assert " 0 unchanged" not in ran.stderr
    assert len(project.rows(PUBLISHED)) == before


def test_a_day_can_be_replayed(project, after_second_run):
    before = project.rows(PUBLISHED)
    command = ("invoke", "target-zendesk-pubsub:replay", "--from", "2026-01-01", "--to", "2099-12-31")
    shown = project.meltano(*command, "--dry-run")
    assert f"{len(before)} messages" in shown.stdout, shown.stderr
    assert project.meltano(*command, "--ticket", str(before[0]["ticket_id"])).returncode == 0
    again = project.rows("SELECT * FROM pubsub_messages.zendesk_ticket WHERE replay_of IS NOT NULL")
    assert {row["message_key"] for row in again} == {
        row["message_key"] for row in before if row["ticket_id"] == before[0]["ticket_id"]
    }


def test_nothing_of_a_ticket_or_a_user_is_logged_or_kept_in_the_state(project, after_first_run):
    kept = project.meltano("state", "get", STATE_ID)
    assert "messages published" in after_first_run.stderr
    for text in (*words.SENTENCES, *words.SUBJECTS, *words.LAST, "@mail.example", "sandbox-secret"):
        for output in (after_first_run.stdout, after_first_run.stderr, kept.stdout, kept.stderr):
            assert text not in output

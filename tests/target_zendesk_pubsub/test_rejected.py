"""Tickets that cannot be parsed are stored in REJECTED_RECORD while all others are published."""

import json

import pytest
from target_bigquery import rejected
from target_zendesk_pubsub.rejected_records import FIELDS, RejectedRecords

from tests.target_zendesk_pubsub.tickets import DIRECTORY, STRANGER, schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

CANARY = "canary-7f3a"
RELOAD = "target-zendesk-pubsub-reload-rejected"
CHECK = "target-zendesk-pubsub-check"


def odd(ticket_id, second=0, **fields):
    """Not a valid ticket: custom_fields is not a list."""
    return ticket(ticket_id, second, **{"custom_fields": {CANARY: 1}, "subject": CANARY, **fields})


@pytest.fixture
def command(start):
    """Runs another command of the package to its end: exit code, stdout, stderr."""

    def run(name, *arguments, **settings):
        process = start(*arguments, command=name, **settings)
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    return run


@pytest.fixture
def fix(warehouse, dataset):
    """As if a release read custom_fields that are an object: rows are made as it would read them."""

    def run(number):
        table = f"{dataset}.REJECTED_RECORD"
        as_read = json.dumps({CANARY: 1})
        warehouse.client.query_and_wait(
            f"UPDATE {table} SET payload = REPLACE(payload, '{as_read}', '[]') WHERE record_key = '{number}'"
        )

    return run


def open_keys(rows):
    return sorted(row["record_key"] for row in rows if row["resolved_at"] is None)


def test_the_table_is_the_one_that_target_bigquery_makes():
    assert list(FIELDS) == rejected.fields(None)
    table = RejectedRecords(None, "zendesk", "run", 0.05).table
    layout = rejected.LAYOUT
    assert table.name == rejected.TABLE
    assert (table.partition, list(table.cluster)) == (layout.partition, layout.clusters)


def test_it_is_set_aside_and_all_others_are_published_and_state_goes_out(publish, commons, rows):
    many = [ticket(number) for number in range(1, 31)]
    many[9] = odd(10, _export_id="e1")
    many[19] = odd(20)
    many[19]["record"]["id"] = None
    ran = publish([schema(), *many, state(30)])
    assert ran.code == 0, ran.stderr
    assert ran.states == [state(30)["value"]]
    assert len(commons.receive()) == 28
    assert "ticket 10 rejected, stored in" in ran.stderr
    assert ": Expected `array | null`, got `object` - at `$.custom_fields`" in ran.stderr
    assert "a ticket without an id rejected, stored in" in ran.stderr
    assert "30 tickets: 28 messages published" in ran.stderr
    assert "2 rejected; total waiting: 0; 2 rejected tickets open" in ran.stderr
    assert CANARY not in ran.stderr
    by_key = {row["record_key"]: row for row in rows("rejected")}
    row = by_key["10"]
    assert (row["stream"], row["column"], row["run_id"]) == ("ticket", "custom_fields", "e1")
    assert (row["rejected_by"], row["resolved_at"]) == ("target-zendesk-pubsub", None)
    assert json.loads(row["payload"]) == many[9]["record"]
    assert by_key[None]["column"] == "id"
    assert by_key[None]["run_id"]


def test_the_same_version_is_kept_once_and_another_one_beside_it(publish, rows):
    for export in ("e1", "e2"):
        assert publish([schema(), odd(1, _export_id=export, _exported_at=export), odd(1), state(1)]).code == 0
    assert [row["run_id"] for row in rows("rejected")] == ["e1"]
    ran = publish([schema(), odd(1, 60), state(2)])
    assert "ticket 1 rejected, stored in" in ran.stderr
    assert len(rows("rejected")) == 2


def test_a_newer_version_that_is_read_settles_it_even_if_it_waits_or_says_nothing_new(publish, rows):
    tickets = [ticket(number) for number in (1, 2, 3)]
    publish([schema(), *tickets, *(odd(number, 60) for number in (1, 2, 3, 4)), state(1)])
    assert open_keys(rows("rejected")) == ["1", "2", "3", "4"]
    newer = [ticket(1, 90), ticket(2), ticket(3, 90, assignee_id=STRANGER)]
    ran = publish([schema(), *newer, state(2)])
    assert "1 rejected ticket open" in ran.stderr
    assert open_keys(rows("rejected")) == ["4"]


def test_an_older_version_that_waited_does_not_settle_it(publish, company, commons, rows):
    publish([schema(), ticket(1, assignee_id=STRANGER), odd(1, 60), state(1)])
    company.knows({**DIRECTORY, STRANGER: ("M4", "member")}, [*DIRECTORY, STRANGER])
    assert publish().code == 0
    assert len(commons.receive()) == 1
    assert open_keys(rows("rejected")) == ["1"]


def test_too_many_of_them_stop_the_run_before_anything_of_the_batch_is_published(publish, commons):
    many = [ticket(number) for number in range(1, 101)]
    few = [odd(number) for number in range(101, 111)]
    assert publish([schema(), *many[:10], *few, state(1)]).code == 0  # ten never stop a run
    assert len(commons.receive()) == 10
    ran = publish([schema(), *many[10:], *few, odd(111), state(2)])
    assert ran.code == 1
    assert ran.states == []
    assert "11 of 101 tickets cannot be parsed, more than max_rejected_share allows" in ran.stderr
    assert ran.stderr.splitlines()[-1].endswith("got `object` - at `$.custom_fields`")
    assert CANARY not in ran.stderr
    assert commons.receive() == []
    assert publish([schema(), *many[10:], *few, odd(111), state(2)], max_rejected_share=0.2).code == 0


def test_reloaded_tickets_are_published_if_they_read_and_nothing_newer_was(
    publish, command, fix, commons, rows
):
    publish([schema(), odd(1), odd(2), odd(3, assignee_id=STRANGER), odd(4), ticket(5, 60), state(1)])
    publish([schema(), odd(5, 30), state(2)])
    for number in (1, 3, 4, 5):
        fix(number)
    commons.receive()
    code, output, err = command(RELOAD, "--dry-run")
    assert code == 0, err
    assert output.splitlines() == [
        "ticket 2: Expected `array | null`, got `object` - at `$.custom_fields`",
        "5 rejected tickets: 4 can be parsed now, 1 of them replaced by a newer version",
    ]
    assert commons.receive() == []
    assert len(open_keys(rows("rejected"))) == 5
    code, output, err = command(RELOAD)
    assert code == 0, err
    assert output.splitlines()[-1] == (
        "5 rejected tickets: 4 can be parsed now, 1 of them replaced by a newer version; "
        "2 messages published, 0 unchanged, 1 waiting, 0 refused"
    )
    assert sorted(message.ticket_id for message in commons.receive()) == [1, 4]
    assert [row["ticket_id"] for row in rows("waiting")] == [3]
    assert open_keys(rows("rejected")) == ["2"]
    assert command(RELOAD)[1].splitlines()[-1].startswith("1 rejected ticket: 0 can be parsed now")


def test_the_last_version_of_a_ticket_is_the_one_that_is_reloaded(publish, command, fix, commons, rows):
    publish([schema(), odd(1, priority="low"), odd(1, 60, priority="high"), state(1)])
    fix(1)
    assert command(RELOAD)[0] == 0
    assert [message.content["priority"] for message in commons.receive()] == ["high"]
    assert open_keys(rows("rejected")) == []


def test_reloading_where_nothing_was_ever_rejected_says_so(command):
    assert command(RELOAD)[:2] == (0, "No rejected tickets are open\n")


def test_the_check_says_how_many_are_open(publish, command):
    code, output, _ = command(CHECK)
    assert code == 0
    assert "REJECTED_RECORD: does not exist yet" in output
    publish([schema(), odd(1), odd(2), ticket(3), state(1)])
    code, output, _ = command(CHECK)
    assert code == 0, output
    assert "REJECTED_RECORD: there, 2 rejected tickets open" in output


def test_the_payload_is_under_the_policy_tag(publish, warehouse, dataset):
    tag = "projects/p/locations/us/taxonomies/1/policyTags/2"
    assert publish([schema(), odd(1), state(1)], policy_tag=tag).code == 0
    table = warehouse.client.get_table(f"{dataset}.REJECTED_RECORD")
    tags = {field.name: field.policy_tags.names for field in table.schema if field.policy_tags}
    assert tags == {"payload": (tag,)}

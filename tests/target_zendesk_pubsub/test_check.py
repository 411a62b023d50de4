"""Whether a run would find what it needs: the command target-zendesk-pubsub-check."""

import pytest

from tests.target_zendesk_pubsub.tickets import DIRECTORY, schema, state, ticket

POLICY_TAG = "projects/p/locations/us/taxonomies/1/policyTags/2"
CHECK = "target-zendesk-pubsub-check"


@pytest.fixture
def check(start):
    def run(**settings):
        process = start(command=CHECK, **settings)
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    return run


@pytest.mark.usefixtures("company")
def test_everything_is_there(check, commons, dataset):
    code, output, _ = check()
    assert code == 0
    assert f"{dataset}.zendesk_user_directory: {len(DIRECTORY)} people" in output
    assert commons.subscription.rpartition("/")[2] in output
    assert output.count("does not exist yet; the first run creates it") == 7
    assert "MISSING" not in output


@pytest.mark.usefixtures("company")
def test_tables_of_our_own_are_as_they_must_be(check, publish):
    assert publish([schema(), ticket(1), state(1)]).code == 0
    code, output, _ = check()
    assert code == 0
    assert output.count(": there") == 7


@pytest.mark.usefixtures("company")
def test_personal_columns_without_a_policy_tag_are_counted(check, publish, dataset, messages_dataset):
    publish([schema(), ticket(1), state(1)])
    line = f"policy tags in {messages_dataset} and of TICKET_USER_JOIN_ERROR"
    code, output, _ = check()
    assert (code, f"{line}: policy_tag is not set, 0 of 5 personal columns have one" in output) == (0, True)
    code, output, _ = check(policy_tag=POLICY_TAG)
    assert code == 1
    assert (
        f"MISSING {line}: 0 of 5 personal columns have one; missing: {dataset}.TICKET_USER_JOIN_ERROR.payload, "
        in output
    )
    assert f"{messages_dataset}.zendesk_ticket_waiting.payload" in output
    publish([schema(), ticket(2), state(2)], policy_tag=POLICY_TAG)
    code, output, _ = check(policy_tag=POLICY_TAG)
    assert (code, f"{line}: 5 of 5 personal columns have one" in output) == (0, True)


@pytest.mark.usefixtures("company")
def test_a_table_of_the_replaced_system_is_named_with_how_it_makes_way(check, warehouse, messages_dataset):
    log = f"{messages_dataset}.zendesk_ticket"
    warehouse.client.query_and_wait(f"CREATE TABLE {log} (attributes STRING, data STRING)")
    code, output, _ = check()
    assert code == 1
    assert f"MISSING table {log}: made by another system: columns message_id, message_key" in output
    assert f"ALTER TABLE {log} RENAME TO zendesk_ticket_legacy;" in output


@pytest.mark.usefixtures("company")
def test_what_is_missing_is_named_with_what_to_do(check):
    code, output, _ = check(messages_dataset="nowhere", topic="nothing")
    assert code == 1
    assert output.count("MISSING") == 2
    assert "MISSING dataset local-cityblock-data.nowhere: NotFound (404)\n        → create it" in output
    assert "topics/nothing: NotFound (404)" in output


def test_an_empty_directory_is_reported(check, company):
    company.knows({}, [])
    code, output, _ = check()
    assert code == 1
    assert "zendesk_user_directory: empty" in output


@pytest.mark.usefixtures("company")
def test_a_topic_without_a_subscription_is_reported(check, commons):
    commons.subscriber.delete_subscription(subscription=commons.subscription)
    code, output, _ = check()
    assert code == 1
    assert "no subscription" in output


def test_a_setting_that_is_missing_is_one_sentence(check):
    code, output, err = check(topic=None)
    assert code == 1
    assert "MISSING target-zendesk-pubsub: " in output
    assert "Setting 'topic' is required" in output
    assert "Traceback" not in err

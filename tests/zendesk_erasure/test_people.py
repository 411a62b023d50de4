"""Names and addresses of a user in rows that others wrote."""

import json

from tests.zendesk_erasure.rows import ERASED, KEPT, STAYS, records

NAME, ADDRESS = "canary-name-51c2", "canary-51c2@mail.example"
TICKET, OTHER, MEMBER, AGENT = ERASED["ticket"], KEPT["ticket"], ERASED["user"], KEPT["user"]
TO = {"channel": "email", "source": {"from": {}, "to": {"address": ADDRESS, "name": NAME}, "rel": None}}
CALLER = {"from": "+1 555 canary-51c2", "recording_url": STAYS}


def others_rows(ticket):
    """What an agent, a caller, a visitor and strangers left in the member's ticket."""
    own = {"ticket_id": ticket}
    child = {"event_type": "Comment", "body": STAYS, "via": TO, "data": CALLER}
    message = {
        "subject": STAYS,
        "from": {"user_id": AGENT, "name": STAYS},
        "to": [{"user_id": None, "name": NAME, "email": ADDRESS.upper()}],
    }
    return [
        *records("user", {"id": MEMBER, "name": NAME, "email": ADDRESS}),
        *records(
            "ticket",
            {"id": ticket, "requester_id": AGENT, "email_cc_ids": [MEMBER], "subject": STAYS, "recipient": ADDRESS,
             "via": TO, "satisfaction_rating": {"score": "bad", "comment": f"from {ADDRESS}"}},
        ),
        *records("ticket_comment", {**own, "id": 1, "author_id": AGENT, "body": STAYS, "via": TO, "data": CALLER}),
        *records("ticket_event", {**own, "id": 1, "updater_id": AGENT, "child_events": [child]}),
        *records(
            "ticket_field_history",
            {**own, "id": "1-0", "updater_id": AGENT, "field_name": "recipient", "value": ADDRESS},
            {**own, "id": "1-1", "updater_id": AGENT, "field_name": "subject", "value": STAYS},
        ),
        *records(
            "chat",
            {"id": "c1", "zendesk_ticket_id": None, "visitor": {"name": NAME, "email": ADDRESS}, "comment": NAME,
             "history": [{"type": "chat.msg", "name": NAME, "msg": STAYS}]},
        ),
        *records("side_conversation_event", {**own, "id": "s1", "actor": {"name": NAME}, "message": message}),
        *records("suspended_ticket", {"id": 5, "ticket_id": None, "author": {"email": ADDRESS, "name": NAME},
                                      "recipient": ADDRESS, "content": NAME}),
        *records("call", {"id": 6, "customer_id": MEMBER, "agent_id": AGENT, "post_call_summary": NAME}),
        *records("satisfaction_rating", {"id": 7, "ticket_id": None, "requester_id": MEMBER, "comment": NAME}),
    ]  # fmt: skip


def test_rows_of_others_lose_names_and_addresses_of_an_erased_user(load, run, hits, sql, dataset):
    load([*others_rows(TICKET), *records("ticket_comment", {"id": 2, "ticket_id": OTHER, "via": TO})])
    tables = {"user", "ticket", "ticket_comment", "ticket_event", "ticket_field_history", "chat",
              "side_conversation_event", "suspended_ticket", "call", "satisfaction_rating"}  # fmt: skip
    rejected = json.dumps({"id": 9, "ticket_id": TICKET, "via": TO})
    sql(
        f"CREATE TABLE {dataset}.REJECTED_RECORD AS SELECT 'ticket_comment' AS stream, '9' AS record_key, "
        f"'''{rejected}''' AS payload, CURRENT_TIMESTAMP() AS rejected_at, CAST(NULL AS TIMESTAMP) AS resolved_at"
    )
    assert set(hits("51c2", dataset)) == {*tables, "REJECTED_RECORD"}
    stays = hits(STAYS, dataset)
    ran = run("erase", "--user", MEMBER)
    assert ran.code == 0, ran.stderr
    left = {"ticket_comment": 1}  # of a ticket in which the user took no part, as far as any column says
    assert hits("51c2", dataset) == hits(ADDRESS, dataset) == left
    assert hits(STAYS, dataset) == stays
    assert sql(f"SELECT requester_id FROM {dataset}.ticket") == [(AGENT,)]
    assert f"{dataset}" in ran.stdout


def test_an_audited_id_is_a_users_only_if_it_says_so(load, run, hits, dataset):
    load(
        records(
            "audit_log",
            *({"id": number, "actor_id": AGENT, "source_id": MEMBER, "source_type": source, "source_label": text}
              for number, source, text in ((1, "user", NAME), (2, "rule", STAYS))),
        )
    )  # fmt: skip
    assert run("erase", "--user", MEMBER).code == 0
    assert hits(NAME, dataset) == {}
    assert hits(STAYS, dataset) == {"audit_log": 1}

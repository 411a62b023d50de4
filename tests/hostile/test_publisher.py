"""Hostile lines into target-zendesk-pubsub: each odd ticket is published as what it says, or rejected; no other is harmed."""

import json
import re
from collections import Counter

import pytest
from target_zendesk_pubsub.target import TargetZendeskPubSub

from tests.hostile.conftest import LINES, sentence_of
from tests.hostile.mutations import CANARY, mutated, torn
from tests.hostile.readings import is_same, value_of
from tests.target_zendesk_pubsub.conftest import (  # noqa: F401 - fixtures
    bigquery_proxy,
    commons,
    company,
    config,
    messages_dataset,
    publish,
    rows,
    start,
)
from tests.target_zendesk_pubsub.tickets import schema, state, ticket

FIRST = 10**6
COPIED = {
    "brand_id": "brandId",
    "created_at": "createdAt",
    "custom_status_id": "customStatusId",
    "description": "description",
    "due_at": "dueAt",
    "external_id": "externalId",
    "group_id": "groupId",
    "organization_id": "organizationId",
    "priority": "priority",
    "problem_id": "problemId",
    "recipient": "recipient",
    "status": "status",
    "subject": "subject",
    "ticket_form_id": "ticketFormId",
    "type": "type",
    "updated_at": "updatedAt",
}
USERS = {"requester_id": "requester", "submitter_id": "submitter", "assignee_id": "assignee"}


def record(number):
    fields = {"subject": f"subject {number}", "description": CANARY, "mark": number}
    return ticket(number, number - FIRST, **fields)["record"]


def line(text):
    return b'{"type": "RECORD", "stream": "ticket", "record": %b}\n' % text


def differing(sent, content):
    """Properties that a message does not say as its ticket does."""
    wrong = [name for name, copy in COPIED.items() if not is_same(sent.get(name), content[copy])]
    for name, copy in USERS.items():
        user = content[copy] and content[copy]["zendeskUserId"]
        if not is_same(sent.get(name), user) and not (user is None and _is_missing(sent.get(name))):
            wrong.append(name)
    tags = sent.get("tags") or []
    if not is_same(sorted({str(one) for one in tags if one is not None}), sorted(content["tags"])):
        wrong.append("tags")
    fields = {str(_id(one)): one.get("value") for one in sent.get("custom_fields") or () if one is not None}
    if not is_same(fields, {str(one["id"]): one["value"] for one in content["customFields"]}):
        wrong.append("custom_fields")
    return wrong


def _is_missing(user):
    try:
        return float(user) <= 0
    except (TypeError, ValueError):
        return False


@pytest.mark.usefixtures("company")
def test_of_odd_tickets_each_is_published_as_it_says_or_rejected(rng, publish, commons, rows):  # noqa: F811
    sent = {}
    for number in range(FIRST, FIRST + LINES):
        good = record(number)
        sent[number] = mutated(rng, good, spare=("mark",)) if number % 2 else json.dumps(good).encode()
    end = json.dumps(state("end")).encode()
    given = [json.dumps(schema()).encode() + b"\n", *map(line, sent.values()), end]
    ran = publish(b"".join(given), max_rejected_share=1)
    assert ran.code == 0, ran.stderr[-3000:]
    assert ran.states[-1] == state("end")["value"]
    assert "Traceback" not in ran.stderr
    assert CANARY not in ran.stderr

    rejected = set()
    for row in rows("rejected"):
        [mark] = re.findall(r'"mark": ?(\d+)', row["payload"])
        rejected.add(int(mark))
        assert is_same(value_of(sent[int(mark)]), value_of(row["payload"].encode()))
        assert CANARY not in row["reason"]
    waiting = {row["ticket_id"]: json.loads(row["payload"]) for row in rows("waiting")}
    published = {one.ticket_id: one.content for one in commons.receive()}
    good = {number for number in sent if number % 2 == 0}
    assert good <= published.keys()
    assert rejected
    assert rejected.isdisjoint(good)
    shown = waiting | published
    said = {number: value_of(text) for number, text in sent.items() if number not in rejected}
    assert {number: sent[number] for number, one in said.items() if _id(one) not in shown} == {}
    by_id = Counter(_id(one) for one in said.values())
    for number, one in said.items():
        if by_id[_id(one)] == 1:  # else they are versions of one ticket
            wrong = differing(one, shown[_id(one)])
            assert not wrong, (number, [one.get(name) for name in wrong], shown[_id(one)])


def _id(one):
    digits = str(one["id"])
    return int(float(digits)) if set(".eE") & set(digits) else int(digits)


# --- lines that are not messages ---------------------------------------------------------------------------------------
KINDS = ("RECORD", "RECORD", "SCHEMA", "STATE", "BATCH", "ACTIVATE_VERSION", "RECORDS", "")
STREAMS = ("ticket", "ticket", "PIPELINE_RUN", "user")


def odd_line(rng):
    kind, stream = rng.choice(KINDS), rng.choice(STREAMS)
    of_run = {"run_id": "r", "started_at": "2026-01-01T00:00:00Z", "event": "start", "seconds": 1.5}
    message = {
        "RECORD": {
            "type": kind,
            "stream": stream,
            "record": of_run if stream == "PIPELINE_RUN" else record(FIRST),
        },
        "STATE": {"type": kind, "value": {"bookmarks": {"ticket": {"cursor": CANARY}}}},
    }.get(kind, {"type": kind, "stream": stream})
    text = json.dumps(message).encode()
    text = torn(rng, text) if rng.random() < 0.5 else mutated(rng, message, spare=("stream",))
    return text.replace(b"\n", b" ") + b"\n"


def test_a_line_that_is_no_message_ends_the_run_with_a_sentence(rng, config, caplog):  # noqa: F811
    ends = Counter()
    for _ in range(LINES // 15):
        given = odd_line(rng)
        if b'"SCHEMA"' in given:
            continue  # begins the run
        sentence = sentence_of(TargetZendeskPubSub(config=config), given)
        is_taken = sentence == "Input line 2: not a Singer message"
        assert is_taken or re.match(r"Input line 1: |A RECORD of stream |An input line |BATCH ", sentence), (
            given
        )
        ends[is_taken] += 1
        assert CANARY not in sentence, given
        assert CANARY not in caplog.text, given
        caplog.clear()
    assert set(ends) == {True, False}

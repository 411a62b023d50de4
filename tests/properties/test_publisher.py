"""The publisher's functions, of any tickets: what a message says, and which messages are sent."""

import copy
import json
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import strategies as st
from target_zendesk_pubsub.decisions import decide
from target_zendesk_pubsub.directory import Person, join, users_of
from target_zendesk_pubsub.lookup import Known, LastMessage, WaitingVersion
from target_zendesk_pubsub.messages import decode, encode_into, message_key
from target_zendesk_pubsub.ticket_parsing import read_ticket

from tests.properties.drawn import drawn
from tests.target_zendesk_pubsub.tickets import ticket

RANDOMS = st.randoms(use_true_random=False)
USERS = st.integers(1, 9)
PEOPLE = st.dictionaries(
    USERS, st.sampled_from([(None, None), ("member", "M1"), ("user", "U2"), ("member", "M3")])
).map(lambda known: {one: Person(one, *match) for one, match in known.items()})
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.fixed_dictionaries(
    {
        "requester_id": st.none() | USERS,
        "submitter_id": st.none() | USERS,
        "assignee_id": st.none() | USERS,
        "collaborator_ids": st.lists(USERS, max_size=4),
        "follower_ids": st.lists(USERS, max_size=4),
        "tags": st.lists(TEXTS, max_size=4),
        "subject": st.none() | TEXTS,
        "custom_fields": st.dictionaries(st.integers(1, 9), VALUES, max_size=3).map(
            lambda values: [{"id": number, "value": value} for number, value in values.items()]
        ),
    }
)


def content_of(record):
    return read_ticket(json.dumps(record).encode()).ticket.content


def data_of(content):
    data = bytearray()
    encode_into(content, data)
    return bytes(data)


def shuffled(value, random):
    """With the properties of each object in another order."""
    if isinstance(value, dict):
        names = list(value)
        random.shuffle(names)
        return {name: shuffled(value[name], random) for name in names}
    return [shuffled(one, random) for one in value] if isinstance(value, list) else value


@drawn(FIELDS, PEOPLE, RANDOMS)
def test_the_same_ticket_has_the_same_message_in_any_order(fields, people, random):
    """Of properties, of users, tags and custom fields, which Zendesk does not promise; and whatever it adds."""
    record = ticket(7, **fields)["record"]
    other = shuffled({**record, "new_in_zendesk": [1]}, random)
    for name in ("collaborator_ids", "follower_ids", "tags", "custom_fields"):
        random.shuffle(other[name])
    other["tags"] += other["tags"][:1]
    first, second = content_of(record), content_of(other)
    assert data_of(first) == data_of(second)
    join(first, people)
    join(second, dict(reversed(people.items())))
    assert data_of(first) == data_of(second)


@drawn(FIELDS, FIELDS, PEOPLE)
def test_messages_are_the_same_only_if_tickets_are(fields, others, people):
    """The key is of the data alone, and the data says all that the message has of the ticket."""
    contents = [content_of(ticket(7, **one)["record"]) for one in (fields, others)]
    for content in contents:
        join(content, people)
        assert decode(data_of(content)) == content
    keys = [message_key(7, data_of(content)) for content in contents]
    assert (keys[0] == keys[1]) == (contents[0] == contents[1])


@drawn(FIELDS, PEOPLE, PEOPLE, RANDOMS)
def test_each_user_has_the_match_of_the_directory_alone(fields, people, before, random):
    """Whatever was matched before, and in whatever order the users are."""
    content = content_of(ticket(7, **fields)["record"])
    other = copy.deepcopy(content)
    random.shuffle(other.collaborators)
    random.shuffle(other.followers)
    join(other, before)
    unmatched = join(content, people)
    assert sorted(map(repr, unmatched)) == sorted(map(repr, join(other, people)))
    for _, user in [*users_of(content), *users_of(other)]:
        known = people.get(user.zendeskUserId, Person(user.zendeskUserId))
        assert (user.kind, user.id) == (known.kind, known.id)
    without = [(field, user.zendeskUserId) for field, user in users_of(content) if user.id is None]
    assert [(one.field, one.zendesk_user_id) for one in unmatched] == without


STRANGER, MEMBER = 1, 2
DIRECTORY = {STRANGER: Person(STRANGER), MEMBER: Person(MEMBER, "member", "M1")}
START = datetime(2026, 1, 1, tzinfo=UTC)
VERSIONS = st.lists(
    st.tuples(
        st.integers(1, 3), st.sampled_from(["a", "b"]), st.sampled_from(["open", "deleted"]), st.booleans()
    ),
    max_size=14,
)
"""Ticket, subject, status, and whether its user has a match. Few of each, so that tickets change back."""


def version(second, ticket_id, subject, status, has_match):
    user = MEMBER if has_match else STRANGER
    users = {"requester_id": user, "submitter_id": user, "assignee_id": user, "follower_ids": []}
    times = {"updated_at": "2026-01-01T00:00:00Z"}  # so that a ticket can be as it was before
    record = ticket(ticket_id, second, subject=subject, status=status, **users, **times)["record"]
    return read_ticket(json.dumps(record).encode()).ticket


class Published:
    """What the log and the table of waiting tickets have after each batch."""

    def __init__(self):
        self.messages, self.last, self.waiting, self.count = [], {}, {}, 0

    def take(self, versions):
        decision = decide(versions, Known(DIRECTORY, {**self.last}, {**self.waiting}, START), "local")
        for message in decision.messages:
            key, event = message.attributes["message_key"], message.attributes["event_type"]
            self.last[message.ticket_id] = LastMessage(message.ticket_id, key, event)
            self.messages.append((message.ticket_id, key, event))
        for number in decision.settled:
            del self.waiting[number]
        for error in decision.errors:
            self.waiting[error.ticket.id] = WaitingVersion(error.ticket.id, error.message_key, 0, 0)
        self.count += decision.waiting_more

    def waiting_keys(self):
        return {number: one.message_key for number, one in self.waiting.items()}


@drawn(VERSIONS, st.sets(st.integers(0, 14)))
def test_each_joinable_change_is_published_once_in_order_in_batches_of_any_size(drawn_versions, ends):
    published, waiting = Published(), {}
    expected, last = [], {}
    bounds = [0, *sorted(ends & set(range(len(drawn_versions)))), len(drawn_versions)]
    for first, end in pairwise(bounds):
        published.take([version(second, *drawn_versions[second]) for second in range(first, end)])
    for second, (number, subject, status, has_match) in enumerate(drawn_versions):
        content = version(second, number, subject, status, has_match).content
        join(content, DIRECTORY)
        key = message_key(number, data_of(content))
        if not has_match:
            waiting[number] = key
        elif last.get(number, (None,))[0] != key or number in waiting:
            before = last.get(number, (None, None))[1]
            event = "created" if before is None else "restored" if before == "deleted" else "updated"
            last[number] = key, "deleted" if status == "deleted" else event
            expected.append((number, *last[number]))
            waiting.pop(number, None)
    assert published.messages == expected
    assert published.waiting_keys() == waiting
    assert published.count == len(waiting)

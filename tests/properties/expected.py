"""What the last message of each ticket has to be, by the states that runs have read and the directory that they had."""

from __future__ import annotations

import dataclasses

import msgspec
from target_zendesk_pubsub.directory import join
from target_zendesk_pubsub.messages import encode_into
from target_zendesk_pubsub.tickets import Record, ticket_of


def message(record, people):
    """The data of the message about this state of a ticket; None if one of its users has no match."""
    content = ticket_of(msgspec.convert(record, Record)).content
    if join(content, people):
        return None
    data = bytearray()
    encode_into(content, data)
    return data.decode()


@dataclasses.dataclass
class Ticket:
    """By all that runs have read of it. `last`: one of these is its last message; None: it has none."""

    state: dict | None = None
    last: set[str | None] = dataclasses.field(default_factory=lambda: {None})
    of_state: set[str] = dataclasses.field(default_factory=set)
    """Those of the last state that a run may have published before it was interrupted."""
    waits: bool | None = False
    """None: it may."""
    is_forgotten: bool = False
    """It was erased, so that its messages are empty."""

    def read(self, record, people, *, is_given, is_complete):
        """`is_given`: whether the target has got it for certain, perhaps once more; else it may know it of a run before."""
        is_new = record != self.state
        if not (is_new or is_given or self.waits is not False):
            return
        if is_new:
            if self.waits is not False and (late := message(self.state, people)):
                self.last.add(late)  # what waits comes before what is read
            self.state, self.of_state = record, set()
        data = message(record, people)
        if data is None:
            self._cannot_be_published(is_new=is_new, is_given=is_given, is_complete=is_complete)
        elif is_complete:
            self.last = {data} if is_given else {data} | self.of_state
            self.waits = False
        else:
            self.last.add(data)
            self.of_state.add(data)
            self.waits = None if is_new or self.waits else self.waits

    def _cannot_be_published(self, *, is_new, is_given, is_complete):
        if is_complete and (is_given or is_new):
            self.waits = None if self.of_state else True
        elif is_new or self.waits is False:
            self.waits = None


class Expected:
    def __init__(self):
        self.tickets = {}

    def ran(self, records, given, people, *, is_complete):
        """A run has read the account when it had these tickets; its target was given those with these ids."""
        for record in records:
            ticket = self.tickets.setdefault(record["id"], Ticket())
            ticket.read(record, people, is_given=record["id"] in given, is_complete=is_complete)

    def forgets(self, number):
        """The ticket is erased, whatever the runs have read of it."""
        self.tickets.setdefault(number, Ticket()).is_forgotten = True

    def wrong(self, published, waiting):
        """Sentences. `published`: data of the last message by ticket; `waiting`: the tickets that wait."""
        for number, ticket in self.tickets.items():
            if ticket.is_forgotten:
                continue
            if published.get(number) not in ticket.last:
                yield f"the last message of ticket {number} is not of its last joinable state"
            if ticket.waits is not None and ticket.waits != (number in waiting):
                yield f"ticket {number} {'does not wait' if ticket.waits else 'waits'}"
        if unknown := published.keys() - self.tickets.keys():
            yield f"messages of tickets that no run has read: {sorted(unknown)}"

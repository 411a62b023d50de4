"""What comes in, line by line: tickets beside anything else."""

import io
import logging

import pytest
from target_zendesk_pubsub.errors import InputError
from target_zendesk_pubsub.reader import TicketReader
from target_zendesk_pubsub.ticket_parsing import Rejected

from tests.target_zendesk_pubsub.tickets import lines, schema, state, ticket


def read(given):
    """The messages, in their order: of tickets their ids, of rejected ones their names."""
    got = []

    def take(message):
        got.extend(one.name if isinstance(one, Rejected) else one.id for one in message["record"])

    others = {kind: lambda message: got.append(message["type"]) for kind in ("SCHEMA", "STATE", "BATCH")}
    TicketReader(logging.getLogger("reader")).process_lines(io.BytesIO(given), {"RECORD": take, **others})
    return got


def test_an_odd_ticket_does_not_keep_those_around_it():
    many = [ticket(number, description="x" * 2_000) for number in range(1, 101)]
    many[49]["record"]["custom_fields"] = {}
    many[59]["record"]["via"] = {"channel": 27}
    assert read(lines(many)) == [*range(1, 50), "ticket 50", *range(51, 101)]


def test_blank_lines_are_skipped_and_counted():
    blank = b"\n \r\n\t\n"
    given = (
        blank + lines([schema()]) + blank + lines([ticket(1)]) + blank + lines([ticket(2), state(1)]) + blank
    )
    assert read(given) == ["SCHEMA", 1, 2, "STATE"]
    with pytest.raises(InputError, match=r"^Input line 13: not a Singer message$"):
        read(given.replace(b'"STATE"', b'"STATE'))


def test_text_that_is_no_proper_unicode_is_said_once_by_ticket(caplog):
    given = lines([ticket(1), ticket(2, subject="ODD"), ticket(3)]).replace(b"ODD", rb"canary \ud800")
    assert read(given) == [1, 2, 3]
    assert [record.getMessage() for record in caplog.records] == [
        "ticket 2: invalid Unicode was replaced with U+FFFD"
    ]


def test_lines_of_others_are_not_read():
    other = {"type": "RECORD", "stream": "user", "record": {"name": "ODD"}}
    given = lines([other]).replace(b"ODD", rb"\ud800")
    with pytest.raises(TypeError):  # None: not even a list
        read(given)


REFUSED = {
    "an unknown type": (b'{"type": "CONTROL"}\n', "Input line 1: unknown message type CONTROL"),
    "an unknown type that may be somebody's text": (
        b'{"type": "canary@example.org"}\n',
        "Input line 1: unknown message type",
    ),
    "a type that is a list": (b'{"type": ["RECORD"]}\n', "Input line 1: not a Singer message"),
    "a type that is null": (b'{"type": null}\n', "Input line 1: unknown message type"),
    "a list": (b"[1]\n", "Input line 1: not a Singer message"),
    "a record that is a list": (
        lines([{**ticket(1), "record": [1]}]),
        "Input line 1: the record of a RECORD message is not an object",
    ),
    "a record that is null": (
        lines([{**ticket(1), "record": None}]),
        "Input line 1: the record of a RECORD message is not an object",
    ),
    "a stream that is a number": (
        lines([{**ticket(1), "stream": 5}]),
        "Input line 1: a RECORD message without stream or record",
    ),
    "a line that is cut": (lines([ticket(1)])[:-20], "Input line 1: not a Singer message"),
}


@pytest.mark.parametrize(("given", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_singer_is_one_sentence(given, expected):
    with pytest.raises(InputError) as refused:
        read(given)
    assert str(refused.value) == expected


@pytest.mark.parametrize("name", ["tags", "of_no_use"])
def test_a_record_nested_past_all_bounds_is_rejected_and_named(name):
    deep = lines([ticket(5, **{name: "V"})]).replace(b'"V"', b"[" * 100_000 + b"]" * 100_000)
    assert read(lines([ticket(4)]) + deep + lines([ticket(6)])) == [4, "ticket 5", 6]

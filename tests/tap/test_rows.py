"""How the objects of a response are read: as bytes or as dicts, and the same either way."""

import json
import logging

import msgspec
import pytest
from tap_zendesk_cityblock.errors import TransientError, UnexpectedResponseError
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.rows.decoding import DictRows, RawRows, RowsFactory
from tap_zendesk_cityblock.rows.oddities import Oddities, check_not_all_left_out
from tap_zendesk_cityblock.rows.texts import integer, keys_with_invalid_text
from tap_zendesk_cityblock.rows.unknown import as_text, json_type

MODEL = MODELS["ticket"]
KNOWN = ["id", "generated_timestamp", "subject", "via", "tags"]
CONSTANTS = {"_export_id": "1"}


@pytest.fixture(params=["bytes", "dicts"])
def read(request, caplog):
    """The records of `{"tickets": [<objects>]}` as they are exported, and the reader's oddities."""
    oddities = Oddities("ticket", logging.getLogger("rows"))
    if request.param == "bytes":
        rows = RawRows(MODEL, KNOWN, [*KNOWN, *CONSTANTS], CONSTANTS, oddities, has_via=True)
    else:
        rows = DictRows(MODEL, KNOWN, CONSTANTS, oddities, has_via=True)

    def run(*objects):
        listed = ",".join(one.decode("utf-8", "surrogateescape") for one in objects)
        body = f'{{"tickets": [{listed}], "end_of_stream": true}}'.encode("utf-8", "surrogateescape")
        answer, records = rows.read(body)
        assert answer.end_of_stream is True
        written = json.loads(msgspec.json.encode(rows.released(records)).decode(errors="replace"))
        assert all(record.pop("_export_id") == "1" for record in written)
        run.kind = request.param
        run.oddities, run.messages = oddities, [entry.getMessage() for entry in caplog.records]
        return written

    return run


INVALID_TEXTS = {
    "first half of a pair": (rb"cut \ud83d", "cut \ufffd"),
    "second half of a pair": (rb"\ude00 cut", "\ufffd cut"),
    "halves in the wrong order": (rb"\ude00\ud83d", "\ufffd\ufffd"),
    "half before a pair": (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
    "half before another escape": (rb"\ud83d\n", "\ufffd\n"),
    "both": (b"\xff \\udc00", "\ufffd \ufffd"),
}


@pytest.mark.parametrize(("served", "exported"), INVALID_TEXTS.values(), ids=INVALID_TEXTS)
def test_text_that_is_not_valid_unicode_is_replaced_and_logged_once_by_id(served, exported, read):
    odd = b'{"id": 7, "subject": "%b", "tags": ["canary"]}' % served
    for _ in range(2):
        records = read(b'{"id": 6, "subject": "ok \xf0\x9f\x98\x80"}', odd)
        assert [record["subject"] for record in records] == ["ok 😀", exported]
    assert read.messages == ["ticket: text that is not valid Unicode was replaced by U+FFFD in id 7"]


NOT_UTF8 = {
    "Latin-1": (b"Caf\xe9 au lait", "Caf\ufffd au lait"),
    "cut UTF-8": (b"\xf0\x9f\x98 x", "\ufffd x"),
    "a surrogate as bytes": (b"\xed\xa0\xbd", "\ufffd\ufffd\ufffd"),
}


@pytest.mark.parametrize(("served", "exported"), NOT_UTF8.values(), ids=NOT_UTF8)
def test_bytes_that_are_not_utf8_are_replaced_by_whoever_reads_them_first(served, exported, read):
    """The loader and the publisher, where records are handed on as bytes."""
    records = read(b'{"id": 7, "subject": "%b"}' % served, b'{"id": 8, "subject": "ok"}')
    assert [record["subject"] for record in records] == [exported, "ok"]
    logged = ["ticket: text that is not valid Unicode was replaced by U+FFFD in id 7"]
    assert read.messages == ([] if read.kind == "bytes" else logged)


VALID_TEXTS = {
    "a pair": (rb"\ud83d\ude00", "😀"),
    "an escaped backslash before letters": (rb"C:\\ud83d", "C:\\ud83d"),
    "two escaped backslashes": (rb"\\\\ud83d", "\\\\ud83d"),
    "U+FFFD itself": ("�".encode(), "\ufffd"),
    "letters of every length": ("aß€😀".encode(), "aß€😀"),
}


@pytest.mark.parametrize(("served", "exported"), VALID_TEXTS.values(), ids=VALID_TEXTS)
def test_text_that_is_valid_stays_as_it_is(served, exported, read):
    [record] = read(b'{"id": 7, "subject": "%b"}' % served)
    assert record["subject"] == exported
    assert read.messages == []


def test_an_escaped_backslash_stays_where_another_text_is_replaced(read):
    records = read(rb'{"id": 7, "subject": "\\ud83d"}', rb'{"id": 8, "subject": "\ud83d"}')
    assert [record["subject"] for record in records] == ["\\ud83d", "\ufffd"]
    assert read.messages == ["ticket: text that is not valid Unicode was replaced by U+FFFD in id 8"]


def test_many_ids_are_one_short_line_and_a_key_that_may_be_a_text_is_not_logged(read):
    read(rb'{"id": "canary@example.com", "subject": "\ud83d"}')
    read(*(rb'{"id": %d, "subject": "\ud83d"}' % number for number in range(1, 13)))
    assert [message.rpartition(" in id ")[2] for message in read.messages] == [
        "(not logged)",
        "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more",
    ]


def test_a_number_of_any_length_is_read_beside_a_text_that_is_replaced():
    """Python refuses to make a number of more than 4,300 digits."""
    assert integer("9" * 1000) == int("9" * 1000)
    assert integer("9" * 1001) == "9" * 1001
    body = b'{"tickets": [{"id": 7, "subject": "\\ud83d", "count": %b}, {"id": 8}]}' % (b"9" * 5000)
    assert keys_with_invalid_text(body, "tickets", "id") == [7]


@pytest.mark.parametrize("body", [b'{"tickets": [{"id": 7, "subject": "\\ud83d', b'{"tickets": [{"id": 7'])
@pytest.mark.parametrize(
    "rows",
    [
        RawRows(MODEL, KNOWN, KNOWN, {}, Oddities("ticket", logging.getLogger("rows"))),
        DictRows(MODEL, KNOWN, {}, Oddities("ticket", logging.getLogger("rows"))),
    ],
    ids=["bytes", "dicts"],
)
def test_a_body_cut_short_is_transient(body, rows):
    with pytest.raises(TransientError):
        rows.read(body)


VIAS = {
    "text": (b'"Web form"', {"channel": "Web form"}),
    "number": (b"27", {"channel": "27"}),
    "negative number": (b"-1", {"channel": "-1"}),
    "object": (b'{"channel": 27, "source": null}', {"channel": 27, "source": None}),
    "null": (b"null", None),
}


@pytest.mark.parametrize(("served", "exported"), VIAS.values(), ids=VIAS)
def test_a_via_that_is_a_text_or_a_number_is_the_channel(served, exported, read):
    records = read(b'{"id": 1, "via": %b}' % served, b'{"id": 2}')
    assert records == [{"id": 1, "via": exported}, {"id": 2}]


def test_null_among_the_objects_is_skipped_and_counted(read):
    assert read(b'{"id": 1}', b"null", b'{"id": 2}', b"null") == [{"id": 1}, {"id": 2}]
    assert read.messages == ["ticket: null entries skipped in the list of objects: 2"]
    assert read.oddities.count == 0


@pytest.mark.parametrize(
    "odd", [b'{"subject": "canary"}', b'{"id": null}', b'{"id": {"a": 1}}', b'{"id": [1]}', b'{"id": true}']
)
def test_an_object_without_a_usable_key_is_left_out_and_counted(odd, read):
    assert read(odd, b'{"id": 2}') == [{"id": 2}]
    assert read.messages == ["ticket: left out 1 object without a usable key"]
    assert read.oddities.count == 1


@pytest.mark.parametrize("odd", [b'"canary"', b"7", b"[1]", b"true"])
def test_an_entry_that_is_not_an_object_has_no_key_either(odd, read):
    assert read(odd, b'{"id": 2}') == [{"id": 2}]
    assert read.oddities.count == 1
    assert "canary" not in " ".join(read.messages)


@pytest.mark.parametrize("odd", [b'{"subject": "canary"}', b"7"])
def test_a_few_without_a_key_in_many_are_left_out_and_many_end_the_run(odd, read):
    good = [b'{"id": %d}' % number for number in range(1, 801)]
    assert len(read(*good, *[odd] * 40)) == 800
    with pytest.raises(UnexpectedResponseError, match=r"50 of 850 objects .* are without a usable key"):
        read(*good, *[odd] * 50)


@pytest.mark.parametrize("clock", [b'{"a": 1}', b"[1]", b'"canary"', b"true"])
def test_a_clock_of_any_kind_is_handed_on(clock, read):
    [record] = read(b'{"id": 1, "generated_timestamp": %b}' % clock)
    assert record == {"id": 1, "generated_timestamp": msgspec.json.decode(clock)}


def test_oddities_of_every_kind_in_one_answer(read):
    records = read(
        b"null",
        rb'{"id": 1, "subject": "\ud83d", "hue": "canary", "via": 5}',
        b'{"subject": "canary"}',
        b'{"id": 2, "generated_timestamp": {}}',
    )
    assert records == [
        {"id": 1, "subject": "\ufffd", "via": {"channel": "5"}},
        {"id": 2, "generated_timestamp": {}},
    ]
    assert sorted(message.partition("ticket: ")[2][:22] for message in read.messages) == [
        "Zendesk has a new prop",
        "left out 1 object with",
        "null entries skipped i",
        "text that is not valid",
    ]
    assert "canary" not in " ".join(read.messages)


def test_a_number_beyond_all_floats_costs_no_other_object(read):
    assert [record["id"] for record in read(b'{"id": 1, "tags": 1e999}', b'{"id": 2}')] == [1, 2]


def test_rows_of_long_responses_are_those_of_short_ones(read):
    """The first long response may change how those after it are read: also one with a property that is new."""
    listed = [
        {"tags": [number], "generated_timestamp": 5, "via": {"channel": "web"}, "id": number, "subject": "a"}
        for number in range(1, 121)
    ]
    del listed[0]["subject"], listed[60]["tags"]
    served = [json.dumps({**row, "fields": []}).encode() for row in listed]
    assert read(*served) == listed
    served[100] = json.dumps({**listed[100], "new": 1}).encode()
    assert read(*served) == read(*served) == listed
    assert read(*served[:2]) == listed[:2]
    assert len([message for message in read.messages if "new" in message]) == 1


@pytest.mark.parametrize("as_bytes", [True, False])
def test_rows_below_a_parent_have_its_key_beside_the_constants_of_the_export(as_bytes):
    oddities, known = Oddities("ticket", logging.getLogger("rows")), [*KNOWN, "parent"]
    made = RowsFactory(known, [*known, *CONSTANTS], CONSTANTS, oddities, has_via=True, as_bytes=as_bytes)
    assert type(made.dicts(MODEL)) is DictRows
    rows = made.with_constants({"parent": 7, "_export_id": "2"}).make(MODEL)
    assert type(rows) is (RawRows if as_bytes else DictRows)
    served = {"id": 1, "generated_timestamp": 5, "via": "web", "hue": 1}
    _, records = rows.read(msgspec.json.encode({"tickets": [served]}))
    assert rows.versions(records) == [(1, 5)]
    assert rows.value(records[0], "subject") is None
    rows.replace(records[0], "subject", "a")
    assert rows.value(records[0], "subject") == "a"
    [written] = json.loads(msgspec.json.encode(rows.released(records)))
    del served["hue"]
    assert written == {**served, "via": {"channel": "web"}, "subject": "a", "parent": 7, "_export_id": "1"}
    [drift] = oddities.properties.records({})
    assert (drift["property"], drift["json_type"], drift["row_count"]) == ("hue", "number", 1)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *(("a", "string"), (1, "number"), (-1.5, "number"), (True, "boolean"), (False, "boolean")),
        *((None, "null"), ([1], "array"), ({"a": 1}, "object")),
    ],
    ids=str,
)
def test_the_type_of_a_new_property_is_known_from_bytes_too(value, name):
    assert json_type(value) == json_type(msgspec.Raw(msgspec.json.encode(value))) == name


def test_new_properties_are_kept_as_text_whatever_their_bytes_are():
    properties = {"a": msgspec.Raw(b'"Caf\xe9"'), "b": [1, None], "c": "\u00fc"}
    assert as_text(properties) == '{"a":"Caf\ufffd","b":[1,null],"c":"\u00fc"}'


def test_a_list_of_which_nothing_can_be_kept_is_not_empty():
    oddities = Oddities("group", logging.getLogger("rows"))
    check_not_all_left_out("group", 0, oddities)
    oddities.left_out(2, "without a usable key")
    check_not_all_left_out("group", 1, oddities)
    with pytest.raises(
        UnexpectedResponseError, match=r"^group: none of the objects that Zendesk lists has a usable key$"
    ):
        check_not_all_left_out("group", 0, oddities)


LATER_VALUES = ['"a text"', "1.50", "1e999", "18446744073709551616", "[1]", '{"a": null}', "true", "null"]


@pytest.mark.parametrize("value", LATER_VALUES)
def test_a_property_of_plain_values_may_have_any_other_later(value):
    """Exported as served, byte for byte, by the page that begins it and by those after it."""
    oddities = Oddities("ticket", logging.getLogger("rows"))
    rows = RawRows(MODEL, KNOWN, KNOWN, {}, oddities)

    def page(*subjects):
        objects = ",".join(
            f'{{"id":{number},"subject":{subject},"tags":["{"long" * 20}"]}}'
            for number, subject in enumerate(subjects)
        )
        _, records = rows.read(b'{"tickets":[%b]}' % objects.encode())
        return [bytes(msgspec.json.encode(one)) for one in rows.released(records)]

    plain = ["null", "false", "-7", "123456789012345678901234567890"] * 40
    for subjects in (plain, [*plain, value, "5"], [*plain, value], plain):
        assert [
            f'"subject":{subject},'.encode() in row
            for subject, row in zip(subjects, page(*subjects), strict=True)
        ] == [True] * len(subjects)

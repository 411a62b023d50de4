"""Positions as values: the time in a cursor, which of two is behind, and what an operator may write."""

import base64
import time
from urllib.parse import urlencode

import pytest
from tap_zendesk_cityblock.model_types import Paging
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.state.positions import (
    CLOCK_SKEW_SECONDS,
    Position,
    described_at,
    earliest,
    epoch_of,
    example,
    is_ahead,
    is_opaque,
    is_past,
    is_readable,
    moment_of,
    seconds_of,
    time_of,
)

NOON = 1_767_268_800
OPAQUE = Position(cursor="an-opaque-cursor")


def cursor(text):
    return base64.b64encode(text.encode()).decode()


def by_paging(paging, *, parent=False):
    return next(
        model for model in MODELS.values() if model.paging is paging and (model.parent is not None) is parent
    )


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        (cursor(f"{NOON}||7"), NOON),
        (cursor(f"{NOON}.0||7"), NOON),
        (cursor(f"{NOON}.987654||"), NOON),
        (urlencode({"cursor": cursor(f"{NOON}.0||7")}), NOON),
        (urlencode({"start_time": f"{NOON}.5", "start_id": "a-1"}), NOON),
        (cursor("x||7"), None),
        ("not base64!", None),
        ("an-opaque-cursor", None),
    ],
)
def test_a_cursor_has_the_time_that_zendesk_made_it_of_if_it_shows_one(written, moment):
    assert time_of(written) == moment


def test_of_two_cursors_of_one_second_the_one_with_the_later_part_or_id_is_ahead():
    ordered = [
        Position(time=NOON),
        Position(cursor=cursor(f"{NOON}||3")),
        Position(cursor=cursor(f"{NOON}||20")),
        Position(cursor=cursor(f"{NOON}.5||1")),
        Position(time=NOON + 1),
    ]
    for number, position in enumerate(ordered):
        assert [is_ahead(position, other) for other in ordered] == [number > at for at in range(5)]
    assert not is_ahead(OPAQUE, ordered[0])
    assert not is_ahead(ordered[0], OPAQUE)
    assert is_ahead(ordered[0], Position())
    assert not is_ahead(Position(), Position(time=0))


def test_the_earliest_of_several_is_where_nothing_is_missed():
    first, later = Position(time=NOON), Position(cursor=cursor(f"{NOON}.0||3"))
    assert earliest([later, first, later], 5) == first
    assert earliest([first, later], 5) == first
    assert earliest([OPAQUE, OPAQUE], 5) == OPAQUE
    assert earliest([OPAQUE], 5) == OPAQUE
    assert earliest([OPAQUE, first], 5) == earliest([first, OPAQUE], 5) == Position(time=5)
    assert earliest([first, first, later, OPAQUE], 5) == Position(time=5)


@pytest.mark.parametrize(
    ("position", "moment"),
    [
        (None, None),
        (Position(), None),
        (Position(time=NOON), NOON),
        (Position(time=0), 0),
        (Position(cursor=cursor(f"{NOON}||3")), NOON),
        (Position(cursor=cursor(f"{NOON}||3"), time=5), 5),
        (OPAQUE, None),
        (Position(parents={"a": Position(time=5)}, time=7), None),
        (Position(sources={"a": Position(time=9), "b": Position(cursor="c", time=5)}), 5),
        (Position(sources={"a": Position(time=9), "b": OPAQUE}), 9),
        (Position(sources={"b": OPAQUE}), None),
        (Position(sources={}), None),
    ],
)
def test_the_time_of_a_position(position, moment):
    assert epoch_of(position) == moment


def test_a_position_is_described_by_its_time():
    assert described_at(Position(time=NOON)) == "2026-01-01 12:00:00+00:00"
    assert described_at(OPAQUE) == "its cursor"
    assert described_at(None) == "its cursor"


def test_a_parents_object_without_a_position_has_the_time_of_all_others():
    of_a = Position(cursor="c")
    position = Position(time=5, parents={"a": of_a})
    assert position.of_parent("a") is of_a
    assert position.of_parent("b") == Position(time=5)
    assert position.of_parent(None) is position
    alone = Position(time=5)
    assert alone.of_parent("a") is alone


@pytest.mark.parametrize(
    ("clock", "moment"),
    [
        (NOON, NOON),
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T12:00:00", NOON),
        ("2026-01-01T14:00:00+02:00", NOON),
        ("2026-01-01T12:00:00.9Z", NOON),
        ("1969-12-31T23:59:59.5Z", -1),
        (True, None),
        (None, None),
        (1.5, None),
        ("soon", None),
    ],
)
def test_a_clock_is_a_number_or_a_time(clock, moment):
    assert moment_of(clock) == moment
    if isinstance(clock, str) and moment is not None:
        assert seconds_of(clock) == moment


def test_only_a_whole_number_of_seconds_that_are_not_to_come_is_past():
    now = int(time.time())
    assert [is_past(moment) for moment in (0, NOON, now, now + CLOCK_SKEW_SECONDS - 60)] == [True] * 4
    assert [is_past(moment) for moment in (-1, now + CLOCK_SKEW_SECONDS + 60)] == [False] * 2
    assert [is_past(moment) for moment in (True, 1.0, "1", None)] == [False] * 4
    assert CLOCK_SKEW_SECONDS == 24 * 60 * 60


def test_which_cursors_zendesk_can_have_given():
    exports, chats = by_paging(Paging.EXPORT_CURSOR), by_paging(Paging.EXPORT_NEXT)
    below = next(model for model in MODELS.values() if model.parent is not None)
    known, query = cursor(f"{NOON}.0||7"), "start_time=5&fields=chats"
    assert [is_readable(exports, one) for one in (known, "an-opaque-cursor")] == [True, False]
    assert [is_readable(below, one) for one in ("an-opaque-cursor", "short")] == [True, False]
    assert [is_readable(chats, one) for one in (query, "an-opaque-cursor", "a=1")] == [True, False, False]
    assert [is_opaque(one) for one in ("12345678", "1234567", "with a space", "umlaut-\xe4-here")] == [
        True,
        False,
        False,
        False,
    ]


def test_an_operator_is_shown_what_the_model_takes():
    at = '{"start_time": 1748736000}'
    below = next(model for model in MODELS.values() if model.parent is not None)
    assert example(below) == f'{{"cursors": {{"{below.parent.column}": "…"}}}} or {at}'
    for paging in (Paging.EXPORT_CURSOR, Paging.EXPORT_NEXT):
        assert example(by_paging(paging)) == f'{{"cursor": "…"}} or {at}'
    assert example(by_paging(Paging.EXPORT_TIME)) == at


def test_a_time_without_an_offset_is_utc_on_any_machine(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "EST5")
        time.tzset()
        moment = seconds_of("2026-01-01T12:00:00")
    time.tzset()
    assert moment == NOON

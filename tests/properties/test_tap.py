"""The tap's functions, of any positions, pages and answers: nothing is missed, positions never move back, limits are kept."""

import base64
import itertools
import json
import logging
import math
from functools import partial
from types import SimpleNamespace
from urllib.parse import urlencode

import msgspec
from hypothesis import strategies as st
from multidict import MultiDict
from tap_zendesk_cityblock.http.rate_limits import RateLimits, Reserve
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.readers.exports import ExportReader
from tap_zendesk_cityblock.readers.page import Page
from tap_zendesk_cityblock.readers.walk import ForwardOnly
from tap_zendesk_cityblock.rows.decoding import RowsFactory
from tap_zendesk_cityblock.rows.oddities import Oddities
from tap_zendesk_cityblock.state.bookmarks import move_bookmark, read_bookmark, read_parents
from tap_zendesk_cityblock.state.positions import Position, Remainder, Search, earliest, is_ahead
from tap_zendesk_cityblock.state.validation import check_state

from sandbox.zendesk.clock import START, iso
from sandbox.zendesk.models import BY_MODEL
from sandbox.zendesk.pages import page
from sandbox.zendesk.store import Store, Stored
from tests.properties.drawn import drawn
from tests.tap.limited_zendesk import EXPORTS

TIMES = st.integers(0, START)
CURSORS = st.tuples(TIMES, st.integers(0, 999_999), st.integers(0, 10**12)).map(
    lambda parts: base64.b64encode(b"%d.%06d||%d" % parts).decode()
)
QUERIES = st.one_of(
    TIMES.map(lambda time: urlencode({"start_time": f"{time}.5", "start_id": "1712.3"})),
    CURSORS.map(lambda cursor: urlencode({"cursor": cursor})),
)
OPAQUE = st.text("abcdef", min_size=8, max_size=9)
BY_TIME = TIMES.map(lambda time: Position(time=time))
BY_CURSOR = CURSORS.map(lambda cursor: Position(cursor=cursor))
UNKNOWN = OPAQUE.map(lambda cursor: Position(cursor=cursor))
READABLE = BY_TIME | BY_CURSOR | QUERIES.map(lambda cursor: Position(cursor=cursor))
"""Positions whose order is known."""
ANY = READABLE | UNKNOWN


@drawn(st.lists(ANY, max_size=8), st.booleans())
def test_a_position_never_moves_back(positions, has_start):
    """Of those whose order is known; what is unknown is followed, because repeating rows is better than missing them."""
    forward, reached = ForwardOnly(positions[0] if has_start and positions else None), None
    for position in positions:
        reached = forward.reached
        checked = forward.checked(Page([], None, position))
        if reached is not None and is_ahead(reached, position):
            assert (checked.position, checked.behind) == (None, position)
            assert forward.reached == reached
        else:
            assert (checked.position, checked.behind) == (position, None)
            assert forward.reached == position


@drawn(st.lists(READABLE, min_size=1, max_size=6), st.randoms(use_true_random=False), TIMES)
def test_the_earliest_of_positions_misses_nothing_of_any_in_any_order(positions, random, start):
    found = earliest(positions, start)
    assert found in positions
    assert not any(is_ahead(found, one) for one in positions)
    random.shuffle(positions)
    other = earliest(positions, start)
    assert not is_ahead(found, other)
    assert not is_ahead(other, found)


@drawn(ANY, ANY, ANY)
def test_of_positions_at_most_one_is_ahead(first, second, third):
    assert not is_ahead(first, first)
    assert not (is_ahead(first, second) and is_ahead(second, first))
    if is_ahead(first, second) and is_ahead(second, third):
        assert is_ahead(first, third)


SPANS = st.lists(TIMES, max_size=8, unique=True).map(
    lambda times: tuple(zip(sorted(times)[::2], sorted(times)[1::2], strict=False))
)
SOURCES = st.tuples(st.none() | OPAQUE, TIMES).map(lambda parts: Position(*parts))
SEARCHES = st.tuples(TIMES, st.just(START), SPANS, TIMES, TIMES, st.none() | SOURCES).map(
    lambda parts: Search(*parts)
)
REMAINDERS = st.none() | st.tuples(BY_TIME | BY_CURSOR, TIMES).map(lambda parts: Remainder(*parts))
FALLBACK = st.sampled_from([one.name for one in MODELS["ticket"].fallback])
OF_TICKETS = st.one_of(
    st.tuples(BY_TIME | BY_CURSOR | UNKNOWN, REMAINDERS).map(
        lambda parts: msgspec.structs.replace(parts[0], remainder=parts[1])
    ),
    SEARCHES.map(lambda search: Position(time=search.since, search=search)),
    st.dictionaries(FALLBACK, SOURCES, min_size=1).map(lambda sources: Position(sources=sources)),
)


@drawn(st.lists(OF_TICKETS, min_size=1, max_size=3))
def test_a_state_that_the_tap_writes_it_accepts_and_reads_as_it_was(positions):
    bookmark = {}
    for position in positions:
        move_bookmark(bookmark, position, "city")
        saved = json.loads(json.dumps(bookmark))
        check_state({"bookmarks": {"ticket": saved}}, "city")
        assert read_bookmark(saved) == position


@drawn(st.lists(st.tuples(st.sampled_from("abc"), ANY), max_size=8), st.randoms(use_true_random=False))
def test_positions_of_parents_do_not_depend_on_the_order_in_which_parents_are_read(moves, random):
    """Each parent's own moves stay in order."""
    keys = [key for key, _ in moves]
    random.shuffle(keys)
    own = {key: iter([position for parent, position in moves if parent == key]) for key in set(keys)}
    first, other = {}, {}
    for key, position in moves:
        move_bookmark(first, position, "city", key)
    for key in keys:
        move_bookmark(other, next(own[key]), "city", key)
    assert first == other
    assert read_parents(first) == dict(moves)


# --- pages


class Zendesk:
    """Its exports without HTTP, of an account that changes between pages."""

    base_url = "https://cityblock-local.zendesk.com"

    def __init__(self, model, clocks):
        self.model, self.endpoint = MODELS[model], BY_MODEL[model]
        self.store = Store(":memory:")
        self.store.set_fact("now", START)
        self.put(clocks)

    def put(self, clocks):
        """Objects by id, with the second of their last change."""
        self.store.put(
            Stored.of(self.model.name, {"id": number, **CLOCK[self.model.clock](moment)}, moment)
            for number, moment in clocks.items()
        )

    def request(self, path, query):
        assert path == self.endpoint.path
        answer = partial(page, self.endpoint, None, MultiDict(query), self.store, self.base_url)
        return SimpleNamespace(send=answer, query=query)

    def reader(self, page_size):
        settings = SimpleNamespace(page_size=page_size, start_date=0, start_cursor=None, start_time=None)
        return ExportReader(self.model, settings, self, LOGGER)


LOGGER = logging.getLogger("test")
CLOCK = {
    "generated_timestamp": lambda moment: {"generated_timestamp": moment, "support_type": "agent"},
    "updated_at": lambda moment: {"updated_at": iso(moment)},
}
BEFORE = START - 1000
CLOCKS = st.dictionaries(st.integers(1, 30), st.integers(BEFORE, BEFORE + 6), max_size=25)
"""Few seconds, so that some have more objects than a page."""
EXPORTED = st.sampled_from(["ticket", "user", "organization", "article"])
CHANGED = st.sets(st.integers(1, 30), max_size=5)


@drawn(
    EXPORTED,
    CLOCKS,
    st.lists(st.tuples(st.integers(1, 40), st.lists(CHANGED, min_size=1, max_size=4)), max_size=3),
)
def test_pages_of_any_size_have_every_last_version_also_over_several_runs(model, clocks, runs):
    """Each run reads so many pages, after each of which some objects change; the last one reads to the end."""
    zendesk = Zendesk(model, clocks)
    last, now, position, exported = dict(clocks), BEFORE + 10, Position(time=0), {}
    for size, changes in [*runs, (7, None)]:
        rows = RowsFactory(["id", zendesk.model.clock], (), {}, Oddities(model, LOGGER), as_bytes=False)
        reading = zendesk.reader(size).pages(position, rows)
        for one, changed in zip(reading, changes or itertools.repeat(()), strict=False):
            exported |= {record["id"]: record[zendesk.model.clock] for record in one.records}
            assert one.behind is None
            position = one.position or position
            moved = dict.fromkeys(changed, now)
            last, now = last | moved, now + 1
            zendesk.put(moved)
    assert exported == {
        number: CLOCK[zendesk.model.clock](moment)[zendesk.model.clock] for number, moment in last.items()
    }


# --- rate limits


@drawn(
    st.integers(2, 30),
    st.floats(0, 59),
    st.lists(st.tuples(st.floats(0, 5), st.integers(0, 3)), min_size=1, max_size=80),
)
def test_the_tap_alone_exceeds_no_limit_and_leaves_the_share_of_others(total, begun, steps):
    """`steps`: how long the tap has nothing to ask, and which of the requests under way is answered next."""
    reserve, path = Reserve(), EXPORTS
    limits, now, window_end = RateLimits({}, reserve), 1000.0, 1060.0 - begun
    used, under_way = 0, []
    for idle, which in steps:
        now += idle
        while (seconds := limits.seconds_to_wait(path, now)) > 0:
            if seconds == math.inf or under_way:
                answer(limits, under_way.pop(which % len(under_way)), total, now)
            else:
                now += seconds
        while now >= window_end:
            window_end, used = window_end + 60, 0
        used += 1
        left = max(0.0, window_end - now - 1)
        is_first = used == 1 and not under_way
        assert used <= total
        assert is_first or total - used >= math.floor(int(total * reserve.unseen) * left / 60)
        under_way.append((limits.sent(path, now), total - used, window_end))


def answer(limits, request, total, now):
    sent, remaining, window_end = request
    resets = math.ceil(max(0, window_end - now))
    header = f"total={total}; remaining={remaining}; resets={resets}"
    limits.answered(sent, 200, {"zendesk-ratelimit-incremental-exports": header}, now)


@drawn(st.integers(1, 5), st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_a_ceiling_is_kept_in_any_minute(ceiling, idle):
    limits, now, sent = RateLimits({"account": ceiling}, Reserve()), 1000.0, []
    for seconds in idle:
        now += seconds
        now += limits.seconds_to_wait("/api/v2/groups", now)
        request = limits.sent("/api/v2/groups", now)
        limits.answered(request, 200, {}, now)
        sent.append(now)
    assert all(later - first >= 60 - 1e-6 for first, later in zip(sent, sent[ceiling:], strict=False))

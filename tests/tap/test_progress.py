"""How far an export has come, with a clock that the test moves."""

import base64
import logging
from datetime import UTC, datetime

import pytest
from tap_zendesk_cityblock.state.export_metadata import Export
from tap_zendesk_cityblock.state.positions import Position, Search
from tap_zendesk_cityblock.state.progress import Progress

BEGAN, NOW = 1_600_000_000, 1_700_000_000


class Clock:
    def __init__(self):
        self.now = float(NOW)

    def __call__(self):
        return self.now


@pytest.fixture
def logged(caplog):
    """A function: the lines of an export of 120,000 records, 200 s after its start at `start`, now at `reached`."""

    def log(start, reached, left=None):
        caplog.set_level(logging.INFO)
        export, clock = Export("ticket", "x", datetime.now(UTC), start, start), Clock()
        progress = Progress(export, lambda: left, logging.getLogger("test"), clock=clock)
        progress.log(export)
        export.count, export.pages, export.reached = 120_000, 120, reached
        clock.now += 200
        progress.log(export)
        progress.log(export)
        return caplog.messages

    return log


def test_an_export_logs_once_a_minute_how_far_it_has_come(logged):
    cursor = base64.b64encode(f"{BEGAN + 25_000_000}.0||467|".encode()).decode()
    assert logged(Position(time=BEGAN), Position(cursor=cursor), (3, 10)) == [
        (
            "ticket: 120000 records of 120 pages, 600 per second; 25% of the period from its start to now, about 10 min left"
            "; 3 of 10 requests left before the rate limit"
        )
    ]


def test_a_list_logs_what_it_has(logged):
    assert logged(None, None) == ["ticket: 120000 records of 120 pages, 600 per second"]


def test_the_end_of_an_export_logs_what_it_had(tap, zendesk):
    result = tap(bulk_models=["brand"], incremental_models=[])
    assert f"brand: {len(zendesk.ids('brand'))} records of 1 page in " in result.stderr


def test_searches_log_the_minutes_with_and_without_them(caplog):
    caplog.set_level(logging.INFO)
    start = Position(time=BEGAN, search=Search(BEGAN, NOW, ((0, NOW),), 80_000, 300_000))
    export, clock = Export("ticket", "x", datetime.now(UTC), start, start), Clock()
    progress = Progress(export, lambda: None, logging.getLogger("test"), rows_per_minute=10_000, clock=clock)
    export.count, export.pages = 120_000, 120
    clock.now += 60
    progress.log(export)
    assert caplog.messages == [
        (
            "ticket: 120000 records of 120 pages, 2000 per second; 100000 of 300000 records left,"
            " about 1 min by search, 10 min by the export alone"
        )
    ]

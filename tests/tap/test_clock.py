"""Whose clock counts: Zendesk's orders exports, and this machine's is held to it."""

import json
import logging
import time
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from tap_zendesk_cityblock.errors import ClockError
from tap_zendesk_cityblock.http.clock_skew import check_clock

NOW = 1_800_000_000
BRANDS = {
    "path": "/api/v2/brands",
    "status": 200,
    "body": json.dumps({"brands": [{"id": 1}], "meta": {"has_more": False}}),
}
ONLY_BRANDS = {"bulk_models": ["brand"], "incremental_models": []}


@pytest.mark.parametrize(
    ("ahead", "warned"),
    [
        (0, []),
        (60.4, []),
        (-60, []),
        (90, ["this machine's clock is 0:01:30 ahead of Zendesk's: set it; above 1:00:00 a run stops"]),
        (-3600, ["this machine's clock is 1:00:00 behind Zendesk's: set it; above 1:00:00 a run stops"]),
    ],
)
def test_clocks_may_differ_by_a_minute_and_up_to_an_hour_with_a_warning(ahead, warned, caplog):
    check_clock(NOW + ahead, NOW, logging.getLogger("test"))
    assert caplog.messages == warned


@pytest.mark.parametrize(
    ("ahead", "skew"),
    [(3601, "1:00:01 ahead of"), (5 * 86_400, "5 days, 0:00:00 ahead of"), (-7200, "2:00:00 behind")],
)
def test_a_clock_that_differs_by_more_is_refused(ahead, skew):
    with pytest.raises(ClockError, match=f"^this machine's clock is {skew} Zendesk's: set it, and run again"):
        check_clock(NOW + ahead, NOW, logging.getLogger("test"))


def dated(zendesk, ahead):
    """The next answer with brands is dated as by a Zendesk that this machine is ahead of."""
    date = format_datetime(datetime.fromtimestamp(time.time()).astimezone() - ahead)
    zendesk.fault(**BRANDS, headers={"Date": date, "Content-Type": "application/json"})


def test_a_run_beside_a_wrong_clock_ends_before_the_first_record(tap, zendesk):
    dated(zendesk, timedelta(days=5))
    refused = tap(**ONLY_BRANDS, environment=None)
    assert (refused.code, refused.records("brand"), refused.records("EXPORT_METADATA")) == (1, [], [])
    assert "this machine's clock is 5 days, 0:00:" in refused.stderr.splitlines()[-1]

    dated(zendesk, timedelta(minutes=5))
    warned = tap(**ONLY_BRANDS, environment=None)
    assert (warned.code, warned.ids("brand")) == (0, [1])
    assert "WARNING" in next(
        line for line in warned.stderr.splitlines() if "this machine's clock is 0:05:" in line
    )


def test_export_metadata_has_zendesks_time_and_the_sandboxs_clock_is_not_compared(tap, zendesk):
    zendesk.advance(24)
    result = tap(**ONLY_BRANDS)
    assert result.code == 0
    assert "clock" not in result.stderr
    [row] = result.records("EXPORT_METADATA")
    assert datetime.fromisoformat(row["zendesk_time"]).timestamp() == zendesk.now()
    assert abs(datetime.fromisoformat(row["bq_inserted_at"]).timestamp() - time.time()) < 3600

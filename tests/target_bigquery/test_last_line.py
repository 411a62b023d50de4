"""What a run says last: its seconds, rows and exit code, and after them nothing but the sentence of an error."""

import logging
import re

import pytest
from cityblock_singer.errors import PluginError
from cityblock_singer.plugin import run
from target_bigquery.target import TargetBigQuery

from tests.target_bigquery.singer import record, schema, state

USERS = [schema("user"), record(7, stream="user")]


@pytest.fixture(autouse=True)
def _all_lines(caplog):
    caplog.set_level(logging.INFO)


def test_the_last_line_has_seconds_rows_and_exit_code(load_here, caplog):
    load_here([schema(), record(1), record(2), *USERS, state(1)])
    assert re.fullmatch(
        r"ends after \d+\.\d s with exit code 0; rows loaded: (ticket 2, user 1|user 1, ticket 2)",
        caplog.messages[-1],
    )
    assert "METRIC" not in caplog.text


def test_an_error_is_the_last_line_behind_it(load_here, caplog):
    wrong = [schema(), record(1), state(1), {"type": "RECORD", "stream": "ticket", "record": ["canary"]}]
    with pytest.raises(SystemExit) as left:
        run(lambda: load_here(wrong, checkpoint_rows=1), TargetBigQuery.logger)
    assert left.value.code == 1
    *_, ends, error = caplog.records
    assert re.fullmatch(r"ends after \d+\.\d s with exit code 1; rows loaded: ticket 1", ends.message)
    assert error.levelname == "CRITICAL"
    assert "canary" not in caplog.text


def test_a_run_that_loads_nothing_says_so(load_here, caplog):
    with pytest.raises(PluginError):
        load_here([schema(), record(1), {"type": "CONTROL"}])
    assert caplog.messages[-1].endswith("with exit code 1; rows loaded: none")

"""Signals, which take effect between sections of work."""

import logging
import signal

import pytest
from cityblock_singer.termination import Termination

NUMBERS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])


@pytest.fixture
def termination():
    """Of this process, whose handlers come back afterwards."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield Termination("the current batch", logging.getLogger("test-plugin"))
    for number, handler in handlers.items():
        signal.signal(number, handler)


@NUMBERS
def test_a_signal_between_sections_ends_the_process_at_once(number, termination):
    with termination.postponed():
        pass
    with pytest.raises(SystemExit) as left:
        signal.raise_signal(number)
    assert left.value.code == 128 + number


@NUMBERS
def test_a_signal_inside_a_section_waits_until_the_outermost_one_is_left(number, termination, caplog):
    done = []

    def work():
        with termination.postponed():
            with termination.postponed():
                signal.raise_signal(number)
                done.append("inner")
            done.append("outer")
        done.append("never")

    with pytest.raises(SystemExit) as left:
        work()
    assert left.value.code == 128 + number
    assert done == ["inner", "outer"]
    assert caplog.messages == [f"Signal {number:d}: exiting once the current batch is done"]


def test_an_error_inside_a_section_is_not_hidden_by_a_signal(termination):
    def work():
        with termination.postponed():
            signal.raise_signal(signal.SIGTERM)
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the very one
        work()

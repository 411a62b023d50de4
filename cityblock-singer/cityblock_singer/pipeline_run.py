"""The stream PIPELINE_RUN, by which the tap reports to a target that a run has begun, and how it ended."""

from __future__ import annotations

import enum
import time
from datetime import UTC, datetime

from cityblock_singer.errors import PluginError, redacted

NAME = "PIPELINE_RUN"


class Event(enum.StrEnum):
    """What a row is about."""

    START = "start"
    END = "end"
    SAVED_STATE = "saved-state"


class Ending(enum.StrEnum):
    COMPLETE = "complete"
    PARTLY_UNAVAILABLE = "partly_unavailable"
    OUT_OF_QUOTA = "out_of_quota"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


BY_EXIT_CODE = {3: Ending.PARTLY_UNAVAILABLE, 4: Ending.OUT_OF_QUOTA}


def ending_of(error: BaseException | None) -> Ending:
    """By what a plugin raises at its end. None: nothing."""
    if error is None:
        return Ending.COMPLETE
    if isinstance(error, (SystemExit, KeyboardInterrupt)):
        return Ending.INTERRUPTED
    return BY_EXIT_CODE.get(getattr(error, "exit_code", 1), Ending.FAILED)


def sentence_of(error: BaseException | None) -> str | None:
    """Without content, as the log has it."""
    if error is None:
        return None
    if isinstance(error, SystemExit):
        return f"signal {int(error.code or 0) - 128} ended the run"
    if isinstance(error, PluginError) or not isinstance(error, Exception):
        return str(error)
    return redacted(error).partition("\n")[0]


class Stopwatch:
    """From when it is made."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._began, 3)

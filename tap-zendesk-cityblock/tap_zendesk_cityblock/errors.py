"""Errors of the tap, by what happens next.

PluginError                     stops the run; one sentence without credentials and without an object's content; exit code 1
├── SettingsError               a setting, a credential or the state is invalid: correct it
├── SchemaError                 a schema file is missing or incomplete: complete it
├── ClockError                  this machine's clock is wrong: set it
├── UnexpectedResponseError     an unexpected response: fails the model, and the run once the other models have run
│   └── RefusedError            an HTTP 4xx without a meaning of its own; makes the model unavailable if it comes first
├── TooManyRequestsError        a command has sent as many requests as it may: what is left stays undone
├── GaveUpError                 the retry deadline has passed: run again later
│   └── OutOfRequestsError      the same, at the rate limit: run again when other clients send less; exit code 4
└── PartlyUnavailableError      at the end, when every other model was exported; exit code 3
TransientError                  the request is retried
StreamUnavailableError          the model is skipped, the others continue
├── IncompleteError             the same: more objects exist, but no response says where
└── CursorRefusedError          the same: the cursor contains no time to continue from
StartTooRecentError             the model is complete: nothing can have changed since its start
CursorInvalidError              the model continues from the time in its cursor; stops the run if that fails, too
"""

from __future__ import annotations

from cityblock_singer.errors import PluginError


class SchemaError(PluginError):
    pass


class ClockError(PluginError):
    pass


class UnexpectedResponseError(PluginError):
    pass


class RefusedError(UnexpectedResponseError):
    """`status`: of the response."""

    def __init__(self, cause: str, status: int) -> None:
        super().__init__(cause)
        self.status = status


class TooManyRequestsError(PluginError):
    pass


class GaveUpError(PluginError):
    pass


class OutOfRequestsError(GaveUpError):
    exit_code = 4


class PartlyUnavailableError(PluginError):
    exit_code = 3


class TransientError(Exception):
    """`wait`: seconds that Zendesk asks to wait, if it does. `is_too_large`: a smaller page may succeed."""

    def __init__(
        self,
        cause: str,
        wait: float | None = None,
        *,
        is_too_large: bool = False,
        is_rate_limit: bool = False,
    ) -> None:
        super().__init__(cause)
        self.wait = wait
        self.is_too_large = is_too_large
        self.is_rate_limit = is_rate_limit


class StreamUnavailableError(Exception):
    """`is_missing`: HTTP 404, not 403. `is_refused`: HTTP 400, which no plan and no permission changes."""

    def __init__(self, cause: str, *, is_missing: bool = False, is_refused: bool = False) -> None:
        super().__init__(cause)
        self.is_missing = is_missing
        self.is_refused = is_refused

    @property
    def problem(self) -> str:
        """As the log and the check command show it."""
        return "Zendesk refused the request" if self.is_refused else "not available to this account"


class IncompleteError(StreamUnavailableError):
    """Zendesk counts more objects than its responses contain."""

    @property
    def problem(self) -> str:
        return "incomplete"


class CursorRefusedError(StreamUnavailableError):
    """Zendesk refuses the cursor, and the cursor contains no time to continue from."""

    @property
    def problem(self) -> str:
        return "cursor refused"


class StartTooRecentError(Exception):
    """The start is in the last minute."""


class CursorInvalidError(Exception):
    pass

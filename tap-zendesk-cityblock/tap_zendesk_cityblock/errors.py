"""What can go wrong, by what is done about it.

PluginError                 stops the run; one sentence, never an object's content or a credential; exit code 1
├── SettingsError           a setting, a credential or a state makes no sense: mend it
├── SchemaError             a schema file is missing or incomplete: complete it
├── ClockError              this machine's clock is wrong: set it
├── AnswerError             Zendesk answered what the tap cannot work with: raised once the other models have run
│   └── RefusedError        it does not take the request as it is; on a model's first request: as StreamUnavailableError
├── GaveUpError             Zendesk did not answer well for too long: run again later
│   └── OutOfRequestsError  it did so for the account's rate limit: run again when others ask less; exit code 4
└── PartlyUnavailableError  raised at the very end: everything else was exported; exit code 3
TransientError              the request is tried again
StreamUnavailableError      the model is left out, the others go on
├── IncompleteError         the same: its answers show that there is more, and not where
└── CursorRefusedError      the same: it names no time to go on from, and the first day is nobody's wish
StartTooRecentError         the model is complete: nothing can have changed since
CursorInvalidError          the model goes on from the time at which the cursor stood; stops the run if that does not help
"""

from __future__ import annotations

from cityblock_singer.errors import PluginError, SettingsError

TapError, ConfigurationError = PluginError, SettingsError


class SchemaError(PluginError):
    pass


class ClockError(PluginError):
    pass


class AnswerError(PluginError):
    pass


class RefusedError(AnswerError):
    """`status`: of the answer."""

    def __init__(self, cause: str, status: int) -> None:
        super().__init__(cause)
        self.status = status


class GaveUpError(PluginError):
    pass


class OutOfRequestsError(GaveUpError):
    exit_code = 4


class PartlyUnavailableError(PluginError):
    exit_code = 3


class TransientError(Exception):
    """`wait`: seconds that Zendesk asks for, None where it does not say. `is_too_large`: a smaller page may help."""

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
    """`is_missing`: Zendesk knows no such thing, rather than that it may not be read.

    `is_refused`: Zendesk did not take the request as it is (HTTP 400), which no plan and no permission changes.
    """

    def __init__(self, cause: str, *, is_missing: bool = False, is_refused: bool = False) -> None:
        super().__init__(cause)
        self.is_missing = is_missing
        self.is_refused = is_refused

    @property
    def problem(self) -> str:
        """What the run says of the model."""
        return "Zendesk refused the request" if self.is_refused else "not available to this account"


class IncompleteError(StreamUnavailableError):
    """Zendesk counts more objects than its answers have."""

    @property
    def problem(self) -> str:
        return "incomplete"


class CursorRefusedError(StreamUnavailableError):
    """Zendesk does not take the cursor, which names no time to go on from."""

    @property
    def problem(self) -> str:
        return "cursor refused"


class StartTooRecentError(Exception):
    """The start lies in the last minute."""


class CursorInvalidError(Exception):
    pass

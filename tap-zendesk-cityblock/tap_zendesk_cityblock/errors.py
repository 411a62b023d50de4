"""What can go wrong, by what is done about it.

TapError                    stops the run; one sentence, never an object's content or a credential
├── ConfigurationError      a setting, a credential or a state makes no sense: mend it
├── AnswerError             Zendesk answered what the tap cannot work with: read the sentence
├── GaveUpError             Zendesk did not answer well for too long: run again later
└── PartlyUnavailableError  raised at the very end: everything else was exported
TransientError              the request is tried again
StreamUnavailableError      the model is left out, the others go on
CursorInvalidError          the model goes on from the time at which the cursor stood
"""

from __future__ import annotations


class TapError(Exception):
    pass


class ConfigurationError(TapError):
    pass


class AnswerError(TapError):
    pass


class GaveUpError(TapError):
    pass


class PartlyUnavailableError(TapError):
    pass


class TransientError(Exception):
    """`wait`: seconds that Zendesk asks for, None where it does not say. `is_too_large`: a smaller page may help."""

    def __init__(self, cause: str, wait: float | None = None, *, is_too_large: bool = False) -> None:
        super().__init__(cause)
        self.wait = wait
        self.is_too_large = is_too_large


class StreamUnavailableError(Exception):
    pass


class CursorInvalidError(Exception):
    pass

"""The last log line of every run: seconds, exit code, records. Only an error's sentence follows it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cityblock_singer.errors import PluginError, SettingsError

from tap_zendesk_cityblock.errors import PartlyUnavailableError, UnexpectedResponseError

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_zendesk_cityblock.errors import StreamUnavailableError
    from tap_zendesk_cityblock.settings import Settings
    from tap_zendesk_cityblock.streams import ModelStream


class Ending:
    """Of one run, which begins when this object is made."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._began = time.monotonic()
        self._streams: list[ModelStream] = []

    @contextmanager
    def of(self, streams: Iterable[ModelStream]) -> Iterator[None]:
        """Logs the end of the block, which exports these streams."""
        self._streams = [*streams]
        code: Any = 1
        try:
            yield
            code = 0
        except SystemExit as leaving:
            code = leaving.code
            raise
        except PluginError as error:
            code = error.exit_code
            raise
        finally:
            self.log(code)

    def log(self, code: object) -> None:
        records = ", ".join(f"{one.name} {one.export.count}" for one in self._streams if one.export.count)
        unchanged = ", ".join(one.name for one in self._streams if one.export.rows_of)
        left = ", ".join(one.name for one in self._streams if one.export.remainder is not None)
        self._logger.info(
            "ends after %.1f s with exit code %s; records exported: %s%s%s",
            *(time.monotonic() - self._began, code, records or "none"),
            f"; unchanged and not loaded again: {unchanged}" if unchanged else "",
            f"; left to later runs, of a first export: {left}" if left else "",
        )
        odd = ", ".join(f"{one.name} {one.oddities.count}" for one in self._streams if one.oddities.count)
        if odd:
            self._logger.error("Objects that were left out, because no row can be made from them: %s", odd)


def check_responses(streams: Sequence[ModelStream], failed: Mapping[str, UnexpectedResponseError]) -> None:
    """Raises UnexpectedResponseError if a model's responses were not as documented, with each sentence once."""
    causes = dict.fromkeys(str(failed[stream.name]) for stream in streams if stream.name in failed)
    if causes:
        raise UnexpectedResponseError("; ".join(causes))


def check_availability(
    streams: Sequence[ModelStream], unavailable: Mapping[str, StreamUnavailableError], settings: Settings
) -> None:
    """Raises PartlyUnavailableError if a model that is not optional could not be read.

    SettingsError if all of several models return HTTP 404: then the account does not exist.
    """
    names = [stream.name for stream in streams if stream.name in unavailable]
    missing = {name: unavailable[name] for name in names if name not in settings.optional_models}
    if not missing:
        return
    is_any_complete = any(stream.export.is_complete for stream in streams)
    if not is_any_complete and len(missing) > 1 and all(cause.is_missing for cause in missing.values()):
        raise SettingsError(
            f"Every model returns HTTP 404: check subdomain, {settings.base_url} is not an account that has any of them"
        )
    by_problem: dict[str, list[str]] = {}
    for name, cause in missing.items():
        by_problem.setdefault(cause.problem, []).append(f"{name} ({cause})")
    problems = [f"{problem}: {', '.join(causes)}" for problem, causes in by_problem.items()]
    others = "the other models are complete" if is_any_complete else "no model could be read"
    raise PartlyUnavailableError(f"{'; '.join(problems)}; {others}")

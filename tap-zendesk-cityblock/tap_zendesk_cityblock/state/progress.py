"""How far an export has come: a line every few seconds on a terminal, every minute in logs."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.state.positions import epoch_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from tap_zendesk_cityblock.state.export_metadata import Export
    from tap_zendesk_cityblock.state.positions import Search

TERMINAL_SECONDS = 5
LOG_SECONDS = 60


class Progress:
    """An export's share is that of its position between its start and now; lists have none."""

    def __init__(
        self,
        export: Export,
        left: Callable[[], tuple[int, int] | None],
        logger: logging.Logger,
        *,
        rows_per_minute: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`left`: the requests that the rate limit still allows, and of how many.

        `rows_per_minute`: of the export alone, where it begins with searches.
        """
        self._rows_per_minute = rows_per_minute
        self._left, self._logger, self._clock = left, logger, clock
        self._began = epoch_of(export.start)
        self._interval = TERMINAL_SECONDS if sys.stderr.isatty() else LOG_SECONDS
        self._started = self._logged = clock()

    def log(self, export: Export) -> None:
        """Call it after each page."""
        now = self._clock()
        if now - self._logged < self._interval:
            return
        self._logged = now
        elapsed = now - self._started
        self._logger.info(
            "%s: %s, %.0f per second%s%s",
            *(export.model, export.described(), export.count / elapsed),
            self._share(export, elapsed),
            self._quota(),
        )

    def _quota(self) -> str:
        left = self._left()
        return "" if left is None else f"; {left[0]} of {left[1]} requests left before the rate limit"

    def _share(self, export: Export, elapsed: float) -> str:
        if export.reached is not None and export.reached.search is not None:
            return self._share_of_search(export, export.reached.search, elapsed)
        reached = epoch_of(export.reached)
        if self._began is None or reached is None or reached <= self._began:
            return ""
        share = min(1.0, (reached - self._began) / max(1.0, self._clock() - self._began))
        left = elapsed * (1 - share) / share
        return f"; {share:.0%} of the period from its start to now, about {left / 60:.0f} min left"

    def _share_of_search(self, export: Export, search: Search, elapsed: float) -> str:
        before = (
            export.start.search.rows if export.start is not None and export.start.search is not None else 0
        )
        left = max(0, search.total - before - export.count)
        alone = (
            f", {left / self._rows_per_minute:.0f} min by the export alone" if self._rows_per_minute else ""
        )
        minutes = left * elapsed / export.count / 60 if export.count else 0
        return f"; {left} of {search.total} records left, about {minutes:.0f} min by search{alone}"

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
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`left`: the requests that the rate limit still allows, and of how many."""
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
            "%s: %s, %.0f a second%s%s",
            *(export.model, export.described(), export.count / elapsed),
            self._share(export, elapsed),
            self._quota(),
        )

    def _quota(self) -> str:
        left = self._left()
        return "" if left is None else f"; {left[0]} of {left[1]} requests left before the rate limit"

    def _share(self, export: Export, elapsed: float) -> str:
        reached = epoch_of(export.reached)
        if self._began is None or reached is None or reached <= self._began:
            return ""
        share = min(1.0, (reached - self._began) / max(1.0, self._clock() - self._began))
        left = elapsed * (1 - share) / share
        return f"; {share:.0%} of the time from its start to now, about {left / 60:.0f} min left"

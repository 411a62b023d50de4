"""This machine's clock, compared with Zendesk's: by its times exports are partitioned and messages are put in order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.errors import ClockError

if TYPE_CHECKING:
    import logging

WARNED_SECONDS = 60
REFUSED_SECONDS = 3600


def check_clock(machine: float, zendesk: float, logger: logging.Logger) -> None:
    """Both in epoch seconds; `zendesk` is that of a Date header, which has whole ones.

    Warns above WARNED_SECONDS. Raises ClockError above REFUSED_SECONDS.
    """
    ahead = round(machine - zendesk)
    if abs(ahead) <= WARNED_SECONDS:
        return
    difference = f"this machine's clock is {timedelta(seconds=abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} Zendesk's"
    if abs(ahead) > REFUSED_SECONDS:
        raise ClockError(f"{difference}: set it, and run again; nothing was exported")
    logger.warning("%s: set it; above %s a run is refused", difference, timedelta(seconds=REFUSED_SECONDS))

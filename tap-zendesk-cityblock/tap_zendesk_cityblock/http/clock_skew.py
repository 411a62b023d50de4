"""Compares this machine's clock with Zendesk's: exports are partitioned, and messages ordered, by this machine's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.errors import ClockError

if TYPE_CHECKING:
    import logging

WARNING_SECONDS = 60
ERROR_SECONDS = 3600


def check_clock(machine: float, zendesk: float, logger: logging.Logger) -> None:
    """Both in epoch seconds; `zendesk` from a Date header, which has whole seconds.

    Warns above WARNING_SECONDS. Raises ClockError above ERROR_SECONDS.
    """
    skew = round(machine - zendesk)
    if abs(skew) <= WARNING_SECONDS:
        return
    problem = f"this machine's clock is {timedelta(seconds=abs(skew))} {'ahead of' if skew > 0 else 'behind'} Zendesk's"
    if abs(skew) > ERROR_SECONDS:
        raise ClockError(f"{problem}: set it, and run again; nothing was exported")
    logger.warning("%s: set it; above %s a run stops", problem, timedelta(seconds=ERROR_SECONDS))

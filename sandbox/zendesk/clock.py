"""The simulated time."""

from __future__ import annotations

from datetime import UTC, datetime

BEGINNING = int(datetime(2019, 9, 30, 12, tzinfo=UTC).timestamp())
"""The account's first day."""

START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
"""The time in a new account. It only moves on request, so that accounts of one seed stay the same."""

DAY = 86_400
ARCHIVED_AFTER = 120 * DAY
"""Zendesk archives tickets that have been closed for 120 days."""


def iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

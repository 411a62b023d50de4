"""Checks of what is there in Google Cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.api_core.exceptions import GoogleAPICallError
from google.auth.exceptions import GoogleAuthError

from cityblock_singer.checks import CheckFailed, Finding
from cityblock_singer.google.errors import ONCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud import bigquery

SECONDS = 30


def look(subject: str, check: Callable[[], str], advice: str) -> Finding:
    """`check` returns what it found, or raises CheckFailed. `advice`: what to do if it fails."""
    try:
        return Finding(subject, check())
    except CheckFailed as failed:
        return Finding(subject, str(failed), failed.advice or advice)
    except GoogleAPICallError as refused:
        return Finding(subject, f"{type(refused).__name__} ({refused.code})", advice)
    except (GoogleAuthError, OSError) as unreachable:
        return Finding(subject, type(unreachable).__name__, "check network, endpoint and credentials")


def query(client: bigquery.Client, sql: str) -> list[bigquery.Row]:
    """Without retries."""
    return list(
        client.query_and_wait(sql, retry=ONCE, job_retry=ONCE, api_timeout=SECONDS, wait_timeout=SECONDS)
    )

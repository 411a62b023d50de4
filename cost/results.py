"""BigQuery's cached results: a query that repeats another one costs nothing.

By https://docs.cloud.google.com/bigquery/docs/cached-results (read November 27, 2026): if the text is identical, no
destination is named, no function depends on the time or the user, and no table or view in it has changed. Results are kept
about a day, as best effort, so that only repeats within a run of a job count here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_DETERMINISTIC = re.compile(r"\b(CURRENT_\w+|SESSION_USER|RAND|GENERATE_UUID)\b", re.IGNORECASE)


class Results:
    """Those of one job at a time."""

    def __init__(self) -> None:
        self._job = ""
        self._names: dict[tuple[str, str], frozenset[str]] = {}

    def answers(self, job: str, query: Mapping[str, Any], names: frozenset[str]) -> bool:
        """Whether the query has a result already; else it has one from now on. `names`: tables and views in it."""
        if job != self._job:
            self._job, self._names = job, {}
        key = (query["query"], json.dumps(query.get("queryParameters")))
        if key in self._names:
            return True
        is_kept = "destinationTable" not in query and query.get("useQueryCache") is not False
        if is_kept and not NOT_DETERMINISTIC.search(query["query"]):
            self._names[key] = names
        return False

    def forget(self, name: str) -> None:
        """What a changed table or view is in."""
        self._names = {key: names for key, names in self._names.items() if name not in names}

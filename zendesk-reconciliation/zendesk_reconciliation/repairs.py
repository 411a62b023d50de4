"""The commands that repair differences, as in the runbook, each for one model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.models import MODELS
from target_bigquery.names import column_name

from zendesk_reconciliation.messages import NAME as MESSAGE
from zendesk_reconciliation.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zendesk_reconciliation.result import Result

EXPORTED_AGAIN = frozenset({Verdict.MISSING, Verdict.STALE, Verdict.DELETED, Verdict.DIFFERENT})


def repairs(results: Iterable[Result], environment: str | None, start_date: int) -> Iterator[str]:
    """In the order in which to run them. `start_date`: before which nothing is exported, in epoch seconds."""
    meltano = f"meltano --environment={environment}" if environment else "meltano"
    by_model = {one.name: [*one.findings.values()] for one in results if one.findings}
    if any(one.verdict is Verdict.REJECTED for its in by_model.values() for one in its):
        yield f"{meltano} invoke target-bigquery:reload-rejected"
    if lists := sorted(model for model in by_model if model != MESSAGE and not MODELS[model].is_incremental):
        names = ", ".join(f'"{model}"' for model in lists)
        settings = {
            "BULK_MODELS": f"'[{names}]'",
            "INCREMENTAL_MODELS": "'[]'",
            "SKIP_UNCHANGED": "false",
            "DAILY_MODELS": "'[]'",
        }
        yield f"{_given(settings)} {meltano} run tap-to-bigquery"
    for result in results:
        if result.name not in {MESSAGE, *lists}:
            yield from _of_model(result, meltano, start_date)
    if MESSAGE in by_model:
        yield f"{_given({'START_TIME': _start([one.clock for one in by_model[MESSAGE]])})} {meltano} run tap-to-pubsub"


def _of_model(result: Result, meltano: str, start_date: int) -> Iterator[str]:
    """What was created in a span has changed last at its beginning or later."""
    again = [one for one in result.findings.values() if one.verdict in EXPORTED_AGAIN]
    starts = [max(one.first, start_date) for one in result.spans] + [one.clock for one in again]
    if starts:
        settings = {
            "BULK_MODELS": "'[]'",
            "INCREMENTAL_MODELS": f"""'["{result.name}"]'""",
            "START_TIME": _start(starts),
        }
        if any(one.verdict is not Verdict.MISSING for one in again):
            settings["FAST_FIRST_EXPORT"] = (
                "false"  # whose rows may have earlier clocks than those of an export
            )
        yield f"{_given(settings)} {meltano} run tap-to-bigquery"
    if any(one.verdict is Verdict.UNMERGED for one in result.findings.values()):
        yield f"{meltano} invoke dbt-bigquery:rebuild --select {column_name(result.name)}_current"


def _given(settings: Mapping[str, str]) -> str:
    """Of the tap, quoted for a shell."""
    return " ".join(f"TAP_ZENDESK_CITYBLOCK_{name}={value}" for name, value in settings.items())


def _start(clocks: Iterable[int]) -> str:
    """Just before the earliest of them."""
    return datetime.fromtimestamp(max(min(clocks) - 1, 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

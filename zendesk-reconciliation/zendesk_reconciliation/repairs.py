"""The commands that repair what was found: those of the runbook, each for one model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.models import MODELS
from target_bigquery.names import column_name

from zendesk_reconciliation.messages import NAME as MESSAGE
from zendesk_reconciliation.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zendesk_reconciliation.verdicts import Finding

EXPORTED_AGAIN = frozenset({Verdict.MISSING, Verdict.STALE, Verdict.DELETED, Verdict.DIFFERENT})


def repairs(findings: Iterable[Finding], environment: str | None) -> Iterator[str]:
    """In the order in which to run them."""
    meltano = f"meltano --environment={environment}" if environment else "meltano"
    by_model: dict[str, list[Finding]] = {}
    for one in findings:
        by_model.setdefault(one.model, []).append(one)
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
    for model, its in by_model.items():
        if model != MESSAGE and model not in lists:
            yield from _of_model(model, its, meltano)
    if MESSAGE in by_model:
        yield f"{_given({'START_TIME': _start(by_model[MESSAGE])})} {meltano} run tap-to-pubsub"


def _of_model(model: str, findings: list[Finding], meltano: str) -> Iterator[str]:
    if again := [one for one in findings if one.verdict in EXPORTED_AGAIN]:
        settings = {
            "BULK_MODELS": "'[]'",
            "INCREMENTAL_MODELS": f"""'["{model}"]'""",
            "START_TIME": _start(again),
        }
        if any(one.verdict is not Verdict.MISSING for one in again):
            settings["FAST_FIRST_EXPORT"] = (
                "false"  # whose rows may have earlier clocks than those of an export
            )
        yield f"{_given(settings)} {meltano} run tap-to-bigquery"
    if any(one.verdict is Verdict.UNMERGED for one in findings):
        yield f"{meltano} invoke dbt-bigquery:rebuild --select {column_name(model)}_current"


def _given(settings: Mapping[str, str]) -> str:
    """Of the tap, quoted for a shell."""
    return " ".join(f"TAP_ZENDESK_CITYBLOCK_{name}={value}" for name, value in settings.items())


def _start(findings: list[Finding]) -> str:
    """Just before the earliest of them."""
    earliest = min(one.clock for one in findings) - 1
    return datetime.fromtimestamp(max(earliest, 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

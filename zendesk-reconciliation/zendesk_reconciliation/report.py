"""The output of the command: numbers, ids and times, never content."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from zendesk_reconciliation.spans import SMALL
from zendesk_reconciliation.verdicts import Alike

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zendesk_reconciliation.result import Result
    from zendesk_reconciliation.verdicts import Finding
    from zendesk_reconciliation.zendesk import Total


def begun(seed: int, most_requests: int, most_bytes: int) -> None:
    click.echo(
        f"at most {most_requests:,} requests to Zendesk (max_requests), and {most_bytes:,} bytes billed for a query "
        f"(max_bytes_billed); --seed {seed} selects the same objects again"
    )


def compared(result: Result, most: int) -> None:
    """A line for each comparison, then one for each object, up to that number."""
    if result.is_list:
        _listed(result)
    else:
        _counted(result)
    for reason in result.not_compared:
        click.echo(f"  NOT COMPARED: {reason}")
    for span in result.spans[:most]:
        more = f"{span.difference:,} {'more in Zendesk' if span.zendesk > span.here else 'more in the view'}"
        why = f"more than {SMALL} objects in one second" if span.is_crowded else "max_requests"
        click.echo(f"  created from {_time(span.first)} to {_time(span.beyond)}: {more} ({why})")
    for finding in sorted(result.findings.values(), key=lambda one: str(one.id).zfill(20))[:most]:
        click.echo(f"  {_line(finding)}")
    if len(result.findings) > most:
        click.echo(f"  and {len(result.findings) - most:,} more (max_findings)")


def _listed(result: Result) -> None:
    """In one line, because there are many, and most are equal."""
    if result.expected is None:
        click.echo(f"{result.name}:")
        return
    listed = "a list without a count" if result.found is None else f"{result.found:,} in Zendesk"
    since = (
        "" if result.found in (None, result.expected) else ", which may have changed since the last export"
    )
    click.echo(
        f"{result.name}: {listed}, {result.expected:,} in the view{since}; first page: {_alike(result)}"
        f"{len(result.findings):,} different"
    )


def _counted(result: Result) -> None:
    click.echo(_headline(result))
    if result.found is not None and result.expected is not None:
        verdict = (
            "DIFFERENT" if result.findings or result.spans else "different, but no differing object was found"
        )
        if result.found == result.expected:
            verdict = "equal"
        click.echo(
            f"  count      {verdict}: Zendesk's search {result.found:,}, the view {result.expected:,}{_total(result.total)}"
        )
    drawn = f"{result.drawn_here:,} from the view, " if result.drawn_here else ""
    click.echo(
        f"  sample     {drawn}{result.drawn_there:,} from Zendesk: {_alike(result)}{len(result.findings):,} different"
    )
    if result.left_out:
        click.echo(f"  left out   {result.left_out}")
    if result.otherwise:
        click.echo(
            f"  not compared: {', '.join(sorted(result.otherwise))}, which Zendesk returns differently here than in exports"
        )
    if result.blank:
        click.echo(f"  {result.blank:,} without personal values: erased here, or hidden from this account")


def ended(requests: int, queries: int, commands: Iterable[str]) -> None:
    """The last lines."""
    click.echo(f"{counted(requests, 'request')} to Zendesk, {counted(queries, 'query', 'queries')}")
    for number, command in enumerate(commands):
        if not number:
            click.echo("These commands repair it (in staging and prod, suspend the CronJobs first):")
        click.echo(f"  {command}")


def counted(number: int, noun: str, nouns: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else nouns or f'{noun}s'}"


def _headline(result: Result) -> str:
    if result.export is None:
        return f"{result.name}: of the tickets above, by their last messages"
    since = "" if result.changed is None else f", {result.changed:,} changed since"
    return f"{result.name}: as of {_time(result.export.reached)}, the end of its last export{since}"


def _total(total: Total | None) -> str:
    if total is None:
        return ""
    if total.is_current:
        return f" (its list has {total.value:,})"
    if total.refreshed_at is None:
        return " (Zendesk is counting its list)"
    return f" (its list had {total.value:,} at {total.refreshed_at})"


def _alike(result: Result) -> str:
    return "".join(f"{result.alike[one]:,} {one.value}, " for one in Alike if result.alike[one])


def _line(finding: Finding) -> str:
    columns = f" ({', '.join(finding.columns)})" if finding.columns else ""
    return f"{finding.model} {finding.id} {finding.verdict.word}: {finding.verdict.value}{columns}, since {_time(finding.clock)}"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""`tap-zendesk-cityblock-plan`: how many requests a run needs, and how long it waits for rate limits."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from cityblock_singer.errors import SettingsError
from cityblock_singer.json_files import read_object
from cityblock_singer.plugin import run

from tap_zendesk_cityblock.access import PROBE_DEADLINE_SECONDS
from tap_zendesk_cityblock.errors import RefusedError, StreamUnavailableError
from tap_zendesk_cityblock.http.rate_limit_headers import ACCOUNT, DOCUMENTED, documented, service_of
from tap_zendesk_cityblock.readers.private_comments import PATH as TICKET_AUDITS
from tap_zendesk_cityblock.readers.reader import Estimate
from tap_zendesk_cityblock.readers.redacted_comments import MOST_TICKETS, TICKET_EVENT
from tap_zendesk_cityblock.readers.selection import reader_for
from tap_zendesk_cityblock.state.positions import epoch_of
from tap_zendesk_cityblock.state.redactions import read_redactions
from tap_zendesk_cityblock.tap import TapZendeskCityblock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.settings import Settings
    from tap_zendesk_cityblock.streams import ModelStream

HIGH_VOLUME = 2500
"""An account with this many requests per minute also has 30 exports per minute
(docs/zendesk/documented-rate-limits.md).
"""
HIGH_VOLUME_EXPORTS = 30

REQUESTS_PER_TICKET = 2
"""The list of its comments, and the export from the second of a redacted one; more for several comments."""

HEAD = ("model", "from", "rows", "requests", "a minute", "minutes")


@dataclasses.dataclass(frozen=True)
class Need(Estimate):
    """Of one model, from `start` (epoch seconds, None for bulk models) on."""

    _: dataclasses.KW_ONLY
    model: Model
    start: int | None


def plan(
    streams: Iterable[ModelStream], client: ZendeskClient, settings: Settings, redacted: int = 0
) -> list[tuple[str, ...]]:
    """The rows of the table, the total last. `redacted`: tickets whose comments are to be read again."""
    needs = sorted(_needs(streams, client, settings, redacted), key=lambda need: need.model.name)
    left = client.left("/api/v2/search/count")
    limits = _limits(left[1] if left else None, settings.requests_per_minute)
    rows = [_row(need, limits, client.now()) for need in needs]
    requested: dict[str, int] = {}
    total = 0
    for need in needs:
        requests = 1 if need.requests is None else need.requests
        total += requests
        for bucket in {need.bucket or bucket_of(need.model), service_of(need.model.path)}:
            requested[bucket] = requested.get(bucket, 0) + requests
    longest = max((_minutes(count, limits.get(bucket)) for bucket, count in requested.items()), default=0)
    known = sum(need.rows or 0 for need in needs)
    return [*rows, ("total", "", f"{known:,}", f"{total:,}", "", f"{longest:,}")]


def _needs(
    streams: Iterable[ModelStream], client: ZendeskClient, settings: Settings, redacted: int
) -> Iterator[Need]:
    """Of models that share pages, only the first one needs requests."""
    read = set[str]()
    streams = sorted(streams, key=lambda stream: stream.model.derivation is not None)
    derived = [stream.model.derivation for stream in streams if stream.model.derivation]
    for stream in streams:
        sharing = [one for one in derived if one.of == stream.model.name]
        reader = reader_for(stream.model, settings, client, stream.logger, sharing)
        start = reader.start(stream.stream_state)
        try:
            needs_none = reader.model.name in read or not stream.is_due
            estimate = Estimate(requests=0) if needs_none else reader.estimate(start)
        except (RefusedError, StreamUnavailableError) as cause:
            estimate = Estimate(requests=0, cause=str(cause))
        if reader.model.name == TICKET_EVENT and TICKET_EVENT not in read:
            yield from _beside_events(reader.model, settings, redacted)
        is_theirs = stream.joins_others and reader.model.name in read
        read.add(reader.model.name)
        shown = None if is_theirs else epoch_of(start)
        yield Need(**dataclasses.asdict(estimate), model=stream.model, start=shown)


def _beside_events(events: Model, settings: Settings, redacted: int) -> Iterator[Need]:
    """Requests for comments that have changed since they were exported."""
    if redacted:
        model = msgspec.structs.replace(events, name="redacted comments")
        yield Need(redacted, REQUESTS_PER_TICKET * redacted, model=model, start=None)
    if settings.find_private_comments:
        yield Need(
            model=msgspec.structs.replace(events, name="private comments", path=TICKET_AUDITS), start=None
        )


def bucket_of(model: Model) -> str:
    """The scarcest bucket that its requests count against."""
    own = documented(model.path)
    return service_of(model.path) if own is None else own[0]


def _limits(account: int | None, ceilings: Mapping[str, int]) -> dict[str, int]:
    """Requests per minute by bucket: `account` from Zendesk's response, the others as documented, or lower `ceilings`."""
    limits: dict[str, int] = {} if account is None else {ACCOUNT: account}
    for part, bucket, total in DOCUMENTED:
        is_more = account is not None and account >= HIGH_VOLUME and part.startswith("/incremental/")
        limits[bucket] = HIGH_VOLUME_EXPORTS if is_more else total
    return {bucket: min(limit, ceilings.get(bucket, limit)) for bucket, limit in limits.items()}


def _minutes_of(need: Need, limits: Mapping[str, int]) -> str:
    """And those of the export alone, if it begins with searches."""
    own = bucket_of(need.model)
    minutes = f"{_minutes(need.requests or 1, limits.get(need.bucket or own)):,}"
    if need.export_requests is None:
        return minutes
    return f"{minutes}, not {_minutes(need.export_requests, limits.get(own)):,}"


def _row(need: Need, limits: Mapping[str, int], now: float) -> tuple[str, ...]:
    if need.cause is not None:
        return (need.model.name, f"not readable: {need.cause}", "", "", "", "")
    limit = limits.get(need.bucket or bucket_of(need.model))
    about = "" if need.is_exact else "~"
    return (
        need.model.name,
        "" if need.start is None else _ago(now - need.start),
        "" if need.rows is None else f"{about}{need.rows:,}",
        "1 or more" if need.requests is None else f"{about if need.requests else ''}{need.requests:,}",
        "" if limit is None else f"{limit:,}",
        _minutes_of(need, limits),
    )


def _minutes(requests: int, limit: int | None) -> int:
    """Minutes of waiting until the last of them may be sent."""
    return 0 if limit is None else max(0, requests - 1) // max(1, limit)


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3600)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit} ago"
    return f"{max(0, seconds) / 60:.0f} min ago"


def _print(rows: list[tuple[str, ...]]) -> None:
    table = [HEAD, *rows]
    plain = [row for row in table if not row[1].startswith("not readable")]
    widths = [max(len(row[column]) for row in plain) for column in range(len(HEAD))]
    widths[0] = max(len(row[0]) for row in table)
    for row in table:
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())
    click.echo(
        "\n~ counted by search, which does not find deleted objects or changes by Zendesk's own system;"
        " if there are no rows, at least one request for each time span."
        "\n1 or more: Zendesk does not count these. minutes: the minimum, waiting for the rate limit only."
        "\n2, not 19: the first export begins with searches (fast_first_export); 19 by the incremental export alone."
        "\nLimits are the account's own; for exports, the documented limits, or requests_per_minute if it is lower."
    )


@click.command(
    help="Estimates the requests of a run, and the minimum minutes that it waits for rate limits. "
    "Sends one request for each model, and writes nothing."
)
@click.option("--config", required=True, help="Settings file of the tap, or ENV")
@click.option(
    "--state", help="State from which the run would start, as written by the tap or `meltano state get`"
)
def command(config: str, state: str | None) -> None:
    """Raises PluginError."""
    tap = TapZendeskCityblock.configured(config, state=None if state is None else read_state(Path(state)))
    pending = read_redactions(tap.run_context.export_metadata.stream_state).tickets
    redacted = min(len(pending), MOST_TICKETS)
    _print(plan(tap.model_streams, tap.connect(PROBE_DEADLINE_SECONDS), tap.settings, redacted))


def read_state(path: Path) -> dict[str, Any]:
    """Raises SettingsError."""
    state = read_object(path, "--state")
    inner = state.get("singer_state", state)
    if not isinstance(inner, dict):
        raise SettingsError("--state: invalid singer_state: expected a JSON object")
    return inner


def main() -> None:
    """The command."""
    run(command, TapZendeskCityblock.logger)

"""`tap-zendesk-cityblock-plan`: how many requests a run would need, and how long the rate limits make it wait for them."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tap_zendesk_cityblock.availability import SECONDS
from tap_zendesk_cityblock.cursors import epoch_of
from tap_zendesk_cityblock.errors import (
    ConfigurationError,
    RefusedError,
    StreamUnavailableError,
    TransientError,
)
from tap_zendesk_cityblock.json_files import read_object
from tap_zendesk_cityblock.limits import ACCOUNT, DOCUMENTED, documented
from tap_zendesk_cityblock.models import LARGEST_PAGE, Model, Paging
from tap_zendesk_cityblock.pagination import SIZES, first_query
from tap_zendesk_cityblock.sources import NO_SOURCE, sources_of
from tap_zendesk_cityblock.streams import ModelStream
from tap_zendesk_cityblock.tap import configured, run
from tap_zendesk_cityblock.without_exports import searches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_zendesk_cityblock.client import ZendeskClient
    from tap_zendesk_cityblock.pagination import Query
    from tap_zendesk_cityblock.settings import Settings

SEARCHED = ("ticket", "user", "organization")
"""What changed of these, "Search" can count; of other incremental models Zendesk counts nothing."""

HIGH_VOLUME = 2500
"""Whose account has so many a minute has 30 of exports, too (the document "Rate limits")."""
HIGH_VOLUME_EXPORTS = 30

LIST_PAGE = LARGEST_PAGE[Paging.LIST_CURSOR]

HEAD = ("model", "from", "rows", "requests", "a minute", "minutes")


@dataclasses.dataclass(frozen=True)
class Need:
    """What one model would need. `rows` and `requests` are None where Zendesk counts nothing; `cause`: not readable.

    `bucket`: of the rate limit, if it is not that of the model's path.
    """

    model: Model
    start: int | None
    rows: int | None = None
    _: dataclasses.KW_ONLY
    is_exact: bool = False
    requests: int | None = None
    cause: str | None = None
    bucket: str | None = None


class Counter:
    """Counts at the cost of one request a model, none of them of the exports' scarce ones."""

    def __init__(self, client: ZendeskClient, settings: Settings) -> None:
        self._client, self._page_size = client, settings.page_size
        self._by_exports = settings.incremental_exports

    def need(self, model: Model, start: int | None) -> Need:
        """`start`: epoch seconds, None for bulk models. Raises TapError where login or host fail."""
        sources = sources_of(model, by_exports=self._by_exports)
        if sources is not None and not sources:
            return Need(model, start, requests=0, cause=NO_SOURCE)
        if model.paging is Paging.NONE and model.parent is None:
            return Need(model, start, is_exact=True, requests=1)
        try:
            rows = self._rows(model, start)
        except (RefusedError, StreamUnavailableError) as cause:
            return Need(model, start, requests=0, cause=str(cause))
        if rows is None:
            return Need(model, start, requests=self._spans(model, start))
        if sources is not None:
            size = min(self._page_size or LIST_PAGE, LIST_PAGE)
            requests = rows // size + len(sources) + searches(sources, start, self._client.now())
            return Need(model, start, rows, requests=requests, bucket=ACCOUNT)
        is_exact = not model.is_incremental
        return Need(model, start, rows, is_exact=is_exact, requests=self._pages(model, rows))

    def _spans(self, model: Model, start: int | None) -> int | None:
        """Of time, each of which is a request at least; None where the model is not asked for so."""
        if model.window is None or start is None:
            return None
        return max(1, -(-int(self._client.now() - start) // (model.window.days * 86_400)))

    def _rows(self, model: Model, start: int | None) -> int | None:
        if model.parent is not None:
            return None
        if not model.is_incremental:
            return self._count(model.path, {**dict(model.query), "per_page": "1"})
        if model.whole not in SEARCHED or start is None:
            return None
        since = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._count("/api/v2/search/count", {"query": f"type:{model.whole} updated>={since}"})

    def _count(self, path: str, query: Query) -> int | None:
        """By offset, lists tell their length; some are only paged by cursor, and do not."""
        return self._client.get(path, query, lambda body, _: _read_count(body))

    def _pages(self, model: Model, rows: int) -> int:
        query = first_query(model, None, self._page_size)
        size = int(next(query[name] for name in SIZES if name in query))
        return rows // size + 1 if model.is_incremental else max(1, -(-rows // size))


def _read_count(body: bytes) -> int | None:
    try:
        count = msgspec.json.decode(body).get("count")
    except (msgspec.DecodeError, AttributeError):
        raise TransientError("an answer that is not whole JSON") from None
    return count if isinstance(count, int) else None


def plan(
    streams: Iterable[ModelStream], client: ZendeskClient, settings: Settings, now: float
) -> list[tuple[str, ...]]:
    """The rows of the table, a total last. `now`: epoch seconds."""
    counter = Counter(client, settings)
    needs: list[Need] = []
    for stream in sorted(streams, key=lambda stream: stream.model.part is not None):
        model, start = stream.model, epoch_of(stream.start())
        is_served = settings.incremental_exports and any(need.model.whole == model.whole for need in needs)
        needs.append(Need(model, start, requests=0) if is_served else counter.need(model, start))
    needs.sort(key=lambda need: need.model.name)
    left = client.left("/api/v2/search/count")
    limits = _limits(left[1] if left else None, settings.requests_per_minute)
    rows = [_row(need, limits.get(need.bucket or bucket_of(need.model)), now) for need in needs]
    asked: dict[str, int] = {}
    for need in needs:
        for bucket in {need.bucket or bucket_of(need.model), ACCOUNT}:
            asked[bucket] = asked.get(bucket, 0) + (1 if need.requests is None else need.requests)
    longest = max((_minutes(count, limits.get(bucket)) for bucket, count in asked.items()), default=0)
    known = sum(need.rows or 0 for need in needs)
    return [*rows, ("total", "", f"{known:,}", f"{asked.get(ACCOUNT, 0):,}", "", f"{longest:,}")]


def bucket_of(model: Model) -> str:
    """The scarcest one that its requests count for."""
    own = documented(model.path)
    return ACCOUNT if own is None else own[0]


def _limits(account: int | None, ceilings: Mapping[str, int]) -> dict[str, int]:
    """Requests a minute by bucket: the account's own as it told, the others' by the document, or lower ceilings."""
    told: dict[str, int] = {} if account is None else {ACCOUNT: account}
    for part, bucket, total in DOCUMENTED:
        is_more = account is not None and account >= HIGH_VOLUME and part.startswith("/incremental/")
        told[bucket] = HIGH_VOLUME_EXPORTS if is_more else total
    return {bucket: min(limit, ceilings.get(bucket, limit)) for bucket, limit in told.items()}


def _row(need: Need, limit: int | None, now: float) -> tuple[str, ...]:
    if need.cause is not None:
        return (need.model.name, f"not readable: {need.cause}", "", "", "", "")
    about = "" if need.is_exact else "~"
    return (
        need.model.name,
        "" if need.start is None else _ago(now - need.start),
        "" if need.rows is None else f"{about}{need.rows:,}",
        "1 or more" if need.requests is None else f"{about if need.requests else ''}{need.requests:,}",
        "" if limit is None else f"{limit:,}",
        f"{_minutes(need.requests or 1, limit):,}",
    )


def _minutes(requests: int, limit: int | None) -> int:
    """Windows of the limit that have to pass before the last of them."""
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
        "\n~ counted by search: without what was deleted and what Zendesk's system changed by itself;"
        " without rows: one for each span of time, at least."
        "\n1 or more: Zendesk does not count these. minutes: waits for the rate limit alone, at least."
        "\nLimits are the account's own; those of exports are from Zendesk's documents, or lower by requests_per_minute."
    )


@click.command(
    help="Tells how many requests a run would need, and the least minutes that the rate limits take. "
    "Counts with one request a model, and writes nothing."
)
@click.option("--config", required=True, help="Settings file of the tap, or ENV")
@click.option(
    "--state", help="State that the run would start from, as the tap or `meltano state get` gives it"
)
def command(config: str, state: str | None) -> None:
    """Raises TapError."""
    tap = configured(config, None if state is None else read_state(Path(state)))
    streams = [stream for stream in tap.streams.values() if isinstance(stream, ModelStream)]
    _print(plan(streams, tap.connect(SECONDS), tap.settings, time.time()))


def read_state(path: Path) -> dict[str, Any]:
    """Raises ConfigurationError."""
    state = read_object(path, "--state")
    inner = state.get("singer_state", state)
    if not isinstance(inner, dict):
        raise ConfigurationError("--state: singer_state is no JSON object")
    return inner


def main() -> None:
    """The command."""
    run(command)

"""`target-bigquery-tables`: how large each table is, when its partitions expire, and what its storage costs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click
from cityblock_singer.google.retention import expiration_of, listed
from cityblock_singer.plugin import run

from target_bigquery.loader import EXPORT_LABEL
from target_bigquery.target import TargetBigQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_bigquery.loader import Loader

GIB = 1 << 30
DOLLARS_ACTIVE, DOLLARS_LONG_TERM = 0.02, 0.01
"""Per GiB of logical storage and month, in the US; https://cloud.google.com/bigquery/pricing#storage, read on 27 November
2026. A partition that has not changed for 90 days is long-term."""
HEADER = ("table", "export", "rows", "GB", "$/month", "oldest", "newest", "expires after")


@dataclasses.dataclass(frozen=True)
class Stored:
    """`oldest` and `newest`: partition ids, None if the table is not partitioned or empty."""

    name: str
    export: str
    rows: int
    logical_bytes: int
    dollars: float
    oldest: str | None
    newest: str | None
    expires_after: int | None


def stored(loader: Loader, dataset: str) -> Iterator[Stored]:
    """The tables of a dataset, without views. Raises WarehouseError."""
    sql = f"""
        SELECT table_name, MIN(partition_id) AS oldest, MAX(partition_id) AS newest
        FROM `{loader.client.project}.{dataset}.INFORMATION_SCHEMA.PARTITIONS`
        WHERE partition_id < '_' AND total_rows > 0
        GROUP BY table_name
    """  # noqa: S608 - a name; and __NULL__ comes after _
    partitions = {row["table_name"]: row for row in loader.query(f"partitions of {dataset}", sql)}
    for item in listed(loader, dataset):
        table = loader.find(f"{dataset}.{item.table_id}")
        if table is not None:
            long_term = int(
                table.to_api_repr().get("numLongTermBytes") or 0
            )  # the client has no property for it
            size = table.num_bytes or 0
            dollars = ((size - long_term) * DOLLARS_ACTIVE + long_term * DOLLARS_LONG_TERM) / GIB
            found = partitions.get(item.table_id, {"oldest": None, "newest": None})
            yield Stored(
                item.table_id,
                table.labels.get(EXPORT_LABEL, ""),
                table.num_rows or 0,
                size,
                dollars,
                found["oldest"],
                found["newest"],
                expiration_of(table),
            )


def lines(tables: Iterable[Stored]) -> Iterator[str]:
    """A table of text, the largest first, and the sum."""
    found = sorted(tables, key=lambda one: (-one.logical_bytes, one.name))
    cells = [HEADER, *map(_cells, found)]
    total = Stored(
        "total",
        "",
        sum(one.rows for one in found),
        sum(one.logical_bytes for one in found),
        sum(one.dollars for one in found),
        None,
        None,
        None,
    )
    cells.append((*_cells(total)[:5], "", "", ""))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        aligned = [
            cell.rjust(width) if name in ("rows", "GB", "$/month") else cell.ljust(width)
            for name, cell, width in zip(HEADER, row, widths, strict=True)
        ]
        yield "  ".join(aligned).rstrip()


def _cells(one: Stored) -> tuple[str, ...]:
    return (
        one.name,
        one.export,
        f"{one.rows:,}",
        f"{one.logical_bytes / GIB:.3f}",
        f"{one.dollars:.2f}",
        one.oldest or "-",
        one.newest or "-",
        f"{one.expires_after} days" if one.expires_after else "never",
    )


@click.command(help="Shows how large each table is, when its partitions expire, and what its storage costs.")
@click.option("--config", required=True, help="Settings file of target-bigquery, or ENV")
@click.option(
    "--dataset", "datasets", multiple=True, help="Dataset to show instead of the setting's; repeatable"
)
def command(config: str, datasets: tuple[str, ...]) -> None:
    """Raises PluginError."""
    target = TargetBigQuery.configured(config)
    loader = target.loader
    try:
        for dataset in datasets or (target.config["dataset"],):
            click.echo(f"{dataset}:")
            for line in lines(stored(loader, dataset)):
                click.echo(line)
    finally:
        loader.close()


def main() -> None:
    """The command."""
    run(command, TargetBigQuery.logger)

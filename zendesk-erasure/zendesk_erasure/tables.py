"""The tables with content of tickets or users: which rows belong to which ticket or user, and which columns are
blanked.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from cityblock_singer.google.rejected_records import TABLE as REJECTED
from target_bigquery.names import column_name
from target_zendesk_pubsub.join_errors import JoinErrors
from target_zendesk_pubsub.published_log import PublishedLog

from zendesk_erasure import paths
from zendesk_erasure.content import EVERYWHERE, Blanked, Kind, blanked, models, others_of, people_of, rows_of
from zendesk_erasure.partitions import Partitioning, partitioning_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_zendesk_cityblock.model_types import Model
    from target_zendesk_pubsub.warehouse import Table

    from zendesk_erasure.warehouse import Warehouse

READ_AT = "IFNULL(SAFE_CAST(SAFE.JSON_VALUE(payload, '$._exported_at') AS TIMESTAMP), rejected_at)"
"""SQL of when the export began that read a rejected record."""


@dataclasses.dataclass(frozen=True)
class Erasable:
    """A table. `rows`: SQL condition of the rows to erase, by keys and times; `places`: what they are joined with; `blanks`:
    columns; `also`: further assignments; `model`: of the tap; `unless`: SQL condition about content, by which rows keep it.
    """

    name: str
    rows: str
    blanks: tuple[Blanked, ...]
    partitioning: Partitioning | None
    also: str = ""
    model: str = ""
    unless: str = ""
    places: paths.Places | None = None

    @property
    def condition(self) -> str:
        """SQL of the rows that still have content: none after an erasure."""
        held = " OR ".join(f"({one.held})" for one in self.blanks)
        kept = f" AND NOT ({self.unless})" if self.unless else ""
        return f"({self.rows}) AND ({held}){kept}"


def erasables(
    warehouse: Warehouse, datasets: tuple[str, str], kind: Kind, ids: str, *, is_bounded: bool = False
) -> Iterator[Erasable]:
    """Those that exist. `datasets`: of the tap's tables, and of the log; `ids`: a table. `is_bounded`: only rows until the
    times that it says. Raises WarehouseError.
    """
    dataset, _ = datasets
    existing = {one: warehouse.names(one) for one in datasets}
    for model in models(kind):
        raw = column_name(model.name)
        for name in (raw, f"{raw}_current"):
            if name in existing[dataset]:
                table = warehouse.get(f"{dataset}.{name}")
                fields = {field.name: field for field in table.schema}
                rows = rows_of(model, kind, fields, f"{dataset}.{name}", ids, is_bounded=is_bounded)
                blanks = tuple(blanked(model, rows, table.schema))
                if not blanks:
                    continue
                yield Erasable(
                    f"{dataset}.{name}",
                    rows.tickets,
                    blanks,
                    partitioning_of(table),
                    model=model.name,
                    places=rows.places,
                )
    if REJECTED in existing[dataset]:
        erasable = of_rejected(warehouse, dataset, EVERYWHERE)
        yield dataclasses.replace(erasable, places=rejected(kind, erasable.name, ids))
    if kind == "ticket":  # messages name users by id only
        yield from _of_messages(warehouse, datasets, ids, existing, is_bounded=is_bounded)


def _of_messages(
    warehouse: Warehouse,
    datasets: tuple[str, str],
    ids: str,
    existing: Mapping[str, set[str]],
    *,
    is_bounded: bool,
) -> Iterator[Erasable]:
    dataset, messages = datasets
    for table in publisher_tables(warehouse, dataset, messages):
        if table.name in existing[table.dataset]:
            asked = paths.asked(ids, time_of(table) if is_bounded else "", "published_until")
            yield of_publisher(warehouse, table, f"ticket_id IN ({asked})")


def of_rejected(warehouse: Warehouse, dataset: str, rows: str) -> Erasable:
    """`rows`: SQL condition."""
    return Erasable(
        f"{dataset}.{REJECTED}",
        rows,
        (_text("payload"),),
        partitioning_of(warehouse.get(f"{dataset}.{REJECTED}")),
        also="resolved_at = IFNULL(resolved_at, CURRENT_TIMESTAMP())",
    )


def time_of(table: Table) -> str:
    """The column with the time of a row of the publisher."""
    return table.partition or "inserted_at"


def publisher_tables(warehouse: Warehouse, dataset: str, messages: str) -> tuple[Table, ...]:
    """Those with messages: the log, and join errors."""
    log = PublishedLog(warehouse, messages, "", "")
    errors = JoinErrors(warehouse, dataset, "", log, "")
    declared = (*log.tables, errors.waiting, errors.table)
    return tuple(table for table in declared if table.personal is not None)


def of_publisher(warehouse: Warehouse, table: Table, rows: str) -> Erasable:
    """`rows`: SQL condition."""
    if any(field.name == "attributes" for field in table.fields):
        # a message that says "erased" has no content
        rows += " AND IFNULL(JSON_VALUE(attributes, '$.event_type') != 'erased', TRUE)"
    return Erasable(
        str(table), rows, (_text(table.personal or ""),), partitioning_of(warehouse.get(str(table)))
    )


def rejected(kind: Kind, table: str, ids: str) -> paths.Places:
    """The rejected records that name one of `ids`: by their key, or a property of their payload."""
    by_stream = " ".join(
        f"WHEN '{model.name}' THEN ARRAY_CONCAT({', '.join(_in_payload(model, kind))})"
        for model in models(kind)
    )
    place = "FARM_FINGERPRINT(TO_JSON_STRING(STRUCT(stream, record_key, rejected_at, payload)))"
    return paths.places(place, READ_AT, [f"CASE stream {by_stream} ELSE [] END"], table, ids)


def _in_payload(model: Model, kind: Kind) -> Iterator[str]:
    """SQL arrays."""
    if kind == "ticket":
        named: paths.Named = [(paths.ABOUT, None, model.ticket)] if model.ticket else []
    else:
        named = [*people_of(model), *others_of(model)]
    yield from paths.arrays_of_payload(named)
    if any(about is None and path == model.key for _, about, path in named):
        yield f"[{paths.person('record_key', paths.ABOUT)}]"


def _text(column: str) -> Blanked:
    return Blanked(column, "''", f"`{column}` != ''")

"""Compares a bulk model by its list: how many objects it has, and the versions of those on its first page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from tap_zendesk_cityblock.columns import MARK, load_schema
from tap_zendesk_cityblock.errors import RefusedError, StreamUnavailableError, TooManyRequestsError
from tap_zendesk_cityblock.state.positions import moment_of
from target_bigquery.names import column_name

from zendesk_reconciliation.errors import NotComparedError
from zendesk_reconciliation.result import Result
from zendesk_reconciliation.verdicts import Alike, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tap_zendesk_cityblock.model_types import Model
    from target_zendesk_pubsub.warehouse import Warehouse

    from zendesk_reconciliation.exports import LastExport
    from zendesk_reconciliation.zendesk import Json, Zendesk

Key = int | str


def is_plain_list(model: Model) -> bool:
    """Whether all of it is one list, read in full every run, whose keys may be printed: names of tags may not."""
    if model.is_incremental or model.derivation or model.parent or model.named_by:
        return False
    key: dict[str, Json] = load_schema(model.name)["properties"][model.key]
    return "personal" not in key.get(MARK, {})


class ListComparison:
    """Of one model."""

    def __init__(self, zendesk: Zendesk, warehouse: Warehouse, dataset: str, export: LastExport) -> None:
        self._zendesk, self._warehouse = zendesk, warehouse
        self._model, self._export = export.model, export
        self._view = f"{dataset}.{column_name(export.model.name)}_latest"
        self.result = Result(export.model.name, export, is_list=True)

    def run(self) -> Result:
        """What Zendesk refuses, or `max_requests` does not suffice for, is in `not_compared`. Raises PluginError."""
        if self._warehouse.find(self._view) is None:
            raise NotComparedError(f"{self._view} does not exist: `meltano run tap-to-bigquery` builds it")
        try:
            objects, self.result.found = self._zendesk.listed(self._model)
        except (StreamUnavailableError, RefusedError, TooManyRequestsError) as cause:
            self.result.not_compared.append(str(cause))
            return self.result
        keyed = {one[self._model.key]: one for one in objects if one.get(self._model.key) is not None}
        self.result.drawn_there = len(keyed)
        [row] = self._warehouse.query(
            f"count of {self._view}", f"SELECT COUNT(*) AS objects FROM {self._view}", {}
        )
        self.result.expected = row.objects
        shown = self._clocks(keyed)
        for key, one in keyed.items():
            self._judge(key, one, shown)
        return self.result

    def _clocks(self, keys: Collection[Key]) -> dict[Key, int | None]:
        """Of the rows of these objects, in epoch seconds. Raises WarehouseError."""
        if not keys:
            return {}
        key, clock = self._model.key, self._model.clock
        sql = f"""
            SELECT `{key}` AS key, TO_JSON_STRING(`{clock}`) AS clock
            FROM {self._view} WHERE `{key}` IN ({", ".join(_literals(keys))})
        """
        rows = self._warehouse.query(f"objects of {self._view}", sql, {})
        return {row.key: moment_of(msgspec.json.decode(row.clock)) if row.clock else None for row in rows}

    def _judge(self, key: Key, one: Json, shown: dict[Key, int | None]) -> None:
        """An object without a time has no verdict, because it may have been added since."""
        clock, created = moment_of(one.get(self._model.clock)), moment_of(one.get("created_at"))
        latest = max(clock or 0, created or 0)
        verdict = None
        if latest and latest < self._export.reached:
            if key not in shown:
                verdict = Verdict.MISSING
            elif (clock or 0) > (shown[key] or 0):
                verdict = Verdict.STALE
        if verdict is not None:
            self.result.findings[key] = Finding(self._model.name, key, verdict, latest, latest)
        else:
            is_equal = key in shown and (clock or 0) <= (shown[key] or 0)
            self.result.alike[Alike.EQUAL if is_equal else Alike.CHANGED_SINCE] += 1


def _literals(keys: Iterable[Key]) -> list[str]:
    """SQL. A text is a key of Zendesk's own, such as a UUID."""
    return [str(key) if isinstance(key, int) else _quoted(key) for key in keys]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

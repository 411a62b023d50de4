"""What an erasure of users must know before it blanks anything: their email addresses, and the tickets in which they took part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_zendesk_cityblock.models import MODELS
from target_bigquery.names import column_name

from zendesk_erasure import paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud.bigquery import SchemaField
    from tap_zendesk_cityblock.model_types import Model

    from zendesk_erasure.warehouse import Warehouse

ADDRESSES = (("user", "id", "email"), ("deleted_user", "id", "email"), ("user_identity", "user_id", "value"))
"""Models with email addresses of users: the column with the user's id, and that with the address."""


def complete(warehouse: Warehouse, dataset: str, ids: str) -> None:
    """Adds both to the table with the users' ids; what is there is not added again. Raises PluginError."""
    existing = warehouse.names(dataset)
    for about, selected in (
        (paths.ADDRESS, _addresses(dataset, existing, ids)),
        (paths.TICKET, _tickets(warehouse, dataset, existing, ids)),
    ):
        sql = " UNION ALL ".join(selected)
        if sql:
            warehouse.change(
                f"{about} of users",
                f"INSERT INTO {ids} (id, about) SELECT id, '{about}' AS about FROM ({sql}) WHERE id IS NOT NULL "
                f"EXCEPT DISTINCT SELECT id, about FROM {ids}",
            )


def _addresses(dataset: str, existing: set[str], ids: str) -> Iterator[str]:
    for model, user, address in ADDRESSES:
        for name in (model, f"{model}_current"):
            if name in existing:
                yield (
                    f"SELECT {paths.fingerprint(f'`{address}`')} AS id FROM {dataset}.{name} "
                    f"WHERE `{user}` IN ({paths.asked(ids)})"
                )


def _tickets(warehouse: Warehouse, dataset: str, existing: set[str], ids: str) -> Iterator[str]:
    for model in MODELS.values():
        if model.ticket is None:
            continue
        raw = column_name(model.name)
        for name in (raw, f"{raw}_current"):
            if name in existing:
                fields = {field.name: field for field in warehouse.get(f"{dataset}.{name}").schema}
                condition = " OR ".join(_took_part(model, fields, ids))
                if condition:
                    yield f"SELECT {paths.number(model.ticket, fields)} AS id FROM {dataset}.{name} WHERE {condition}"


def _took_part(model: Model, fields: dict[str, SchemaField], ids: str) -> Iterator[str]:
    """SQL conditions."""
    for path in (*model.users, *model.participants, *model.others):
        if paths.column_of(path) in fields:
            yield paths.names(path, fields, paths.asked(ids))
    for path in model.addresses:
        if paths.column_of(path) in fields:
            yield paths.names(path, fields, paths.found(ids, paths.ADDRESS), is_address=True)

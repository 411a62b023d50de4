"""What an erasure of users needs before it blanks anything: their email addresses, and the tickets in which they
took part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_zendesk_cityblock.models import MODELS
from target_bigquery.names import column_name

from zendesk_erasure import paths
from zendesk_erasure.content import others_of, people_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zendesk_erasure.warehouse import Warehouse

ADDRESSES = (("user", "id", "email"), ("deleted_user", "id", "email"), ("user_identity", "user_id", "value"))
"""Models with email addresses of users: the column with the user's id, and that with the address."""


def complete(warehouse: Warehouse, dataset: str, ids: str) -> None:
    """Adds both to the table with the users' ids, with the time in `until`; existing ones are not added again.

    Raises PluginError.
    """
    existing = warehouse.names(dataset)
    for about, selected in (
        (paths.ADDRESS, _addresses(dataset, existing, ids)),
        (paths.TICKET, _tickets(warehouse, dataset, existing, ids)),
    ):
        sql = " UNION ALL ".join(selected)
        if sql:
            warehouse.change(
                f"{about} of users",
                f"INSERT INTO {ids} (id, about, until) SELECT id, '{about}' AS about, until FROM ({sql}) "
                f"WHERE id IS NOT NULL EXCEPT DISTINCT SELECT id, about, until FROM {ids}",
            )


def _addresses(dataset: str, existing: set[str], ids: str) -> Iterator[str]:
    for model, user, address in ADDRESSES:
        for name in (model, f"{model}_current"):
            if name in existing:
                yield (
                    f"SELECT {paths.fingerprint(f'of_user.{address}')} AS id, asked.until "
                    f"FROM {dataset}.{name} AS of_user JOIN {ids} AS asked "
                    f"ON asked.id = of_user.{user} AND asked.about IS NULL"
                )


def _tickets(warehouse: Warehouse, dataset: str, existing: set[str], ids: str) -> Iterator[str]:
    for model in MODELS.values():
        if model.ticket is None:
            continue
        raw = column_name(model.name)
        for name in (raw, f"{raw}_current"):
            if name in existing:
                fields = {field.name: field for field in warehouse.get(f"{dataset}.{name}").schema}
                ticket = f"{paths.number(model.ticket, fields)} AS ticket"
                named = [one for one in people_of(model) if one[0] != paths.OF_TICKET]
                if people := paths.arrays([*named, *others_of(model)], fields):
                    source = paths.of_people(ticket, people, f"{dataset}.{name}", ids)
                    yield f"SELECT named.ticket AS id, asked.until {source}"

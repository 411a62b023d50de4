"""Staging files of target-bigquery, which hold whole exports until the bucket's lifecycle rule removes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from cityblock_singer.google.rejected_records import TABLE as REJECTED
from google.api_core.exceptions import NotFound
from target_bigquery.names import column_name

from zendesk_erasure.content import models

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Bucket

    from zendesk_erasure.content import Kind
    from zendesk_erasure.warehouse import Warehouse


class Staged(NamedTuple):
    """Files of any ticket or user: `old`, whose rows are loaded; `young`, which a load job may still read."""

    old: list[Blob]
    young: int


def find(bucket: Bucket, kind: Kind, warehouse: Warehouse, age: int) -> Staged:
    """Files that may hold content. `age`: seconds. Raises WarehouseError."""
    before, old, young = datetime.now(UTC) - timedelta(seconds=age), [], 0
    for prefix in (*(f"{column_name(model.name)}/" for model in models(kind)), REJECTED):
        files = warehouse.call(f"Staging files {prefix}", partial(_listed, bucket, prefix))
        done = [file for file in files if file.time_created <= before]
        old += done
        young += len(files) - len(done)
    return Staged(old, young)


def remove(files: list[Blob], warehouse: Warehouse) -> None:
    """Raises WarehouseError."""
    for file in files:
        warehouse.call("Staging files", partial(_delete, file))


def _listed(bucket: Bucket, prefix: str, seconds: float) -> list[Blob]:
    return list(bucket.list_blobs(prefix=prefix, timeout=seconds, retry=None))


def _delete(file: Blob, seconds: float) -> None:
    try:
        file.delete(timeout=seconds, retry=None)
    except NotFound:  # the lifecycle rule was faster
        return

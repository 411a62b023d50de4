"""The stream PIPELINE_RUN: when a run began, how it ended, and what it requested from Zendesk.

Not one of the SDK's streams: it begins before the settings and the state are checked, and ends after every other stream.
"""

from __future__ import annotations

import sys
import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from cityblock_singer.pipeline_run import NAME, Event, Stopwatch, ending_of, sentence_of
from singer_sdk import typing as th

from tap_zendesk_cityblock.writer import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.streams import ModelStream

SCHEMA = th.PropertiesList(
    th.Property("run_id", th.StringType, required=True),
    th.Property("event", th.StringType, required=True),
    th.Property("started_at", th.DateTimeType, required=True),
    th.Property("ended_at", th.DateTimeType),
    th.Property("ending", th.StringType),
    th.Property("error", th.StringType),
    th.Property("seconds", th.NumberType),
    th.Property("requests", th.IntegerType),
    th.Property("rate_limited", th.IntegerType),
    th.Property("retries", th.IntegerType),
    th.Property("waited_seconds", th.NumberType),
    th.Property("quota_used", th.NumberType),
    th.Property("rejected_records", th.IntegerType),
    th.Property(
        "remainder",
        th.ArrayType(
            th.ObjectType(th.Property("model", th.StringType), th.Property("rows", th.IntegerType)),
        ),
    ),
).to_dict()


class RunRecord:
    """`figures`: columns beside its times and its end, as of now."""

    def __init__(self) -> None:
        self.figures: Callable[[], Mapping[str, Any]] = dict
        self.run_id, self._watch = uuid.uuid4().hex, Stopwatch()

    @classmethod
    @contextmanager
    def written(cls, *, is_wanted: bool) -> Iterator[RunRecord]:
        """The block is the run."""
        record, error = cls(), None
        if is_wanted:
            _write(
                {"type": "SCHEMA", "stream": NAME, "schema": SCHEMA, "key_properties": ["run_id", "event"]}
            )
            record._write(Event.START, {})
        try:
            yield record
        except BaseException as raised:
            error = raised
            raise
        finally:
            if is_wanted:
                with suppress(OSError):  # the target is gone, and says itself why
                    record._write_end(error)

    def _write_end(self, error: BaseException | None) -> None:
        end = {
            "ended_at": datetime.now(UTC).isoformat(),
            "ending": ending_of(error),
            "error": sentence_of(error),
            "seconds": self._watch.seconds,
        }
        self._write(Event.END, {**end, **self.figures()})

    def _write(self, event: Event, columns: Mapping[str, Any]) -> None:
        started = self._watch.started.isoformat()
        row = {"run_id": self.run_id, "event": event, "started_at": started, **columns}
        _write(Record(NAME, row, datetime.now(UTC).isoformat()))


def _write(message: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def figures(client: ZendeskClient, streams: Sequence[ModelStream]) -> dict[str, Any]:
    """Columns of PIPELINE_RUN that the tap knows."""
    usage, quota_used = client.usage, client.quota_used()
    return {
        "requests": usage.requests,
        "rate_limited": usage.rate_limited,
        "retries": usage.retries,
        "waited_seconds": round(usage.waited, 3),
        "quota_used": None if quota_used is None else round(quota_used, 4),
        "rejected_records": sum(stream.oddities.count for stream in streams),
        "remainder": [
            {"model": stream.name, "rows": stream.export.remainder_rows}
            for stream in streams
            if stream.has_remainder
        ],
    }

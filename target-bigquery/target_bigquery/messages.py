"""Validate Singer messages and read BATCH files. No error quotes a record."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from target_bigquery.converters import json_type
from target_bigquery.errors import InputError, SchemaError
from target_bigquery.json_lines import Line, read_levels

if TYPE_CHECKING:
    from collections.abc import Iterator

Message = dict[str, Any]


def check_schema(message: Message) -> None:
    """Also replaces the property schema `true` by `{}`, which stream maps can read.

    Raises InputError, SchemaError where the SDK would fail with a KeyError or TypeError.
    """
    stream, schema, keys = (message.get(name) for name in ("stream", "schema", "key_properties"))
    if not isinstance(stream, str) or not stream:
        raise InputError("a SCHEMA message without a stream name")
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise SchemaError(f"Stream {stream}: its schema has no properties, and a table needs a column")
    if keys is not None and not (isinstance(keys, list) and all(isinstance(key, str) for key in keys)):
        raise SchemaError(f"Stream {stream}: key_properties is not a list of strings")
    properties = schema["properties"]
    schema["properties"] = {name: {} if one is True else one for name, one in properties.items()}


def check_record(message: Message) -> None:
    """Raises InputError for a RECORD message without a stream name or an object."""
    missing = {"stream", "record"} - message.keys()
    if missing:
        raise InputError(f"a RECORD message without {' and '.join(sorted(missing))}")
    if not isinstance(message["stream"], str):
        raise InputError("a RECORD message whose stream is not a string")
    if not isinstance(message["record"], dict):
        raise InputError(
            f"a RECORD message of stream {message['stream']} whose record is {json_type(message['record'])}, not an object"
        )


def batch_records(message: Message) -> Iterator[Line]:
    """The records of the files of a BATCH message in order.

    Files are JSON Lines on this machine, plain or gzipped, as the SDK's taps write them:
    https://sdk.meltano.com/en/latest/batch.html, read on 27 November 2026. Raises InputError.
    """
    encoding, files = message.get("encoding"), message.get("manifest")
    if not isinstance(encoding, dict) or not isinstance(files, list):
        raise InputError("a BATCH message without encoding and manifest")
    stream, compression = message.get("stream"), encoding.get("compression") or "none"
    if encoding.get("format") != "jsonl" or compression not in ("gzip", "none"):
        raise InputError(
            f"a BATCH message of stream {stream} in format {encoding.get('format')}, compression {compression}: "
            "supported is jsonl with gzip or none; change batch_config of the tap, or remove it to get RECORD messages"
        )
    for file in files:
        yield from _lines(_local_path(file), is_gzipped=compression == "gzip")


def _local_path(file: object) -> str:
    url = urlsplit(file) if isinstance(file, str) else None
    if url is None or url.scheme not in ("", "file") or url.netloc not in ("", "localhost"):
        raise InputError(
            f"a BATCH message with the file {file}: only local files are supported; change storage.root in batch_config "
            "of the tap, or remove batch_config to get RECORD messages"
        )
    return unquote(url.path)


def _lines(path: str, *, is_gzipped: bool) -> Iterator[Line]:
    number = 0
    try:
        with gzip.open(path) if is_gzipped else Path(path).open("rb") as file:
            for line in file:
                number += 1
                if not line.isspace():
                    yield read_levels(line)
    except (OSError, EOFError, zlib.error) as unreadable:
        reason = getattr(unreadable, "strerror", None) or "not gzip, or truncated"
        raise InputError(f"cannot read the BATCH file {path} ({reason})") from None
    except ValueError:
        raise InputError(f"the BATCH file {path}: line {number} is not JSON") from None

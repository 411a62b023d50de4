"""What Singer messages must look like, and the records of BATCH files. No error quotes a record."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from target_bigquery.errors import InputError, SchemaError
from target_bigquery.fit import kind_of
from target_bigquery.json_lines import read

if TYPE_CHECKING:
    from collections.abc import Iterator

Message = dict[str, Any]


def check_schema(message: Message) -> None:
    """Also writes the property schema `true` as `{}`, which stream maps can read.

    Raises InputError, SchemaError, for what the SDK would meet with an error of Python's.
    """
    stream, schema, keys = (message.get(name) for name in ("stream", "schema", "key_properties"))
    if not isinstance(stream, str) or not stream:
        raise InputError("a SCHEMA without the name of a stream")
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise SchemaError(f"stream {stream}: its schema has no properties, and a table needs a column")
    if keys is not None and not (isinstance(keys, list) and all(isinstance(key, str) for key in keys)):
        raise SchemaError(f"stream {stream}: key_properties is not a list of names")
    properties = schema["properties"]
    schema["properties"] = {name: {} if one is True else one for name, one in properties.items()}


def check_record(message: Message) -> None:
    """Raises InputError for a RECORD without an object."""
    missing = {"stream", "record"} - message.keys()
    if missing:
        raise InputError(f"a RECORD without {' and '.join(sorted(missing))}")
    if not isinstance(message["stream"], str):
        raise InputError("a RECORD whose stream is not a name")
    if not isinstance(message["record"], dict):
        raise InputError(
            f"a RECORD of stream {message['stream']} whose record is {kind_of(message['record'])}, not an object"
        )


def batch_records(message: Message) -> Iterator[tuple[dict[str, Any], bytes, bytes]]:
    """The records of a BATCH's files in order, each with its line as `read` repaired it and as it was: JSON Lines on this machine, plain or gzipped, as the SDK's taps write them.

    https://sdk.meltano.com/en/latest/batch.html, read on 27 November 2026. Raises InputError.
    """
    encoding, files = message.get("encoding"), message.get("manifest")
    if not isinstance(encoding, dict) or not isinstance(files, list):
        raise InputError("a BATCH without encoding and manifest")
    stream, compression = message.get("stream"), encoding.get("compression") or "none"
    if encoding.get("format") != "jsonl" or compression not in ("gzip", "none"):
        raise InputError(
            f"a BATCH of stream {stream} in format {encoding.get('format')}, compression {compression}: "
            "only jsonl with gzip or none is read; change batch_config of the tap, or remove it for RECORD messages"
        )
    for file in files:
        yield from _lines(_local_path(file), is_gzipped=compression == "gzip")


def _local_path(file: object) -> str:
    url = urlsplit(file) if isinstance(file, str) else None
    if url is None or url.scheme not in ("", "file") or url.netloc not in ("", "localhost"):
        raise InputError(
            f"a BATCH with the file {file}: only files on this machine are read; change storage.root in batch_config of "
            "the tap, or remove batch_config for RECORD messages"
        )
    return unquote(url.path)


def _lines(path: str, *, is_gzipped: bool) -> Iterator[tuple[dict[str, Any], bytes, bytes]]:
    number = 0
    try:
        with gzip.open(path) if is_gzipped else Path(path).open("rb") as file:
            for line in file:
                number += 1
                if not line.isspace():
                    yield *read(line), line
    except (OSError, EOFError, zlib.error) as unreadable:
        reason = getattr(unreadable, "strerror", None) or "it is not gzip, or cut short"
        raise InputError(f"the BATCH file {path} cannot be read ({reason})") from None
    except ValueError:
        raise InputError(f"the BATCH file {path}: line {number} is not JSON") from None

"""The body of a response, decoded. Invalid texts are replaced; entries that are not objects with a key are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.errors import TransientError, UnexpectedResponseError
from tap_zendesk_cityblock.rows.texts import keys_with_invalid_text, replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.rows.oddities import Report

KEYS = frozenset({int, str, float})
"""Types of a usable key. Whether it fits the column is checked by the loader."""
WITHOUT_KEY = "without a usable key"
MOST_LEFT_OUT = (10, 0.05)
"""Number and share of a response's objects that may be left out. With more of them the schema must be wrong."""


class ResponseBody(msgspec.Struct, kw_only=True):
    """What a response says about pages, in any dialect; absent is None. Its objects are `records`.

    `next_page` is UNSET where it is absent; null means the last page of a list by number.
    `skipped` is not Zendesk's, so its encoded name is one that no response has: entries that are not among the records.
    """

    after_cursor: Any = None
    end_of_stream: Any = None
    end_time: Any = None
    next_page: Any = msgspec.UNSET
    meta: Any = None
    links: Any = None
    count: Any = None
    skipped: int = msgspec.field(default=0, name="(skipped)")


def response_type(model: Model, row: Any) -> Any:  # noqa: ANN401 - types, made at run time
    records = (
        "records",
        list[row] | msgspec.UnsetType,
        msgspec.field(default=msgspec.UNSET, name=model.root),
    )
    return msgspec.defstruct("ModelResponse", [records], bases=(ResponseBody,), kw_only=True, gc=False)


def decoded(model: Model, body: bytes, decode: Callable[[bytes], Any], report: Report) -> Any:  # noqa: ANN401 - made at run time
    """The decoded body, with texts that `decode` rejects replaced. Raises TransientError for a body cut short.

    Values that stay bytes are not inspected: the targets replace what is not UTF-8 in them.
    """
    try:
        try:
            return decode(body)
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        valid = replaced(body)
        if valid != body:
            response = decode(valid)
            report.invalid_text(keys_with_invalid_text(body, model.root, model.key))
            return response
    except msgspec.ValidationError:
        raise UnexpectedResponseError(
            f"{model.name}: the response of {model.path} has a number that is out of range"
        ) from None
    except msgspec.DecodeError:
        pass
    except RecursionError:
        raise UnexpectedResponseError(
            f"{model.name}: the response of {model.path} is nested too deeply"
        ) from None
    raise TransientError("a response with incomplete JSON")


def one_by_one(
    model: Model, body: bytes, decode: Callable[[bytes], Any], report: Report
) -> tuple[Any, list[msgspec.Raw]]:
    """The response, and the objects in its list, each as bytes, as `decode` returns them.

    Raises UnexpectedResponseError where it has no list.
    """
    try:
        response = decode(body)
        entries = response.records
    except msgspec.ValidationError:
        entries = msgspec.UNSET
    if entries is msgspec.UNSET:
        raise UnexpectedResponseError(
            f"{model.name}: the response of {model.path} has no list {model.root!r}"
        )
    heads = [bytes(entry)[:1] for entry in entries]
    nulls, objects = heads.count(b"n"), heads.count(b"{")
    if nulls:
        report.nulls(nulls)
    if without_key := len(heads) - nulls - objects:
        check_share(model, without_key, len(heads), WITHOUT_KEY)
        report.left_out(without_key, WITHOUT_KEY)
    response.skipped = len(heads) - objects
    return response, [entry for entry, head in zip(entries, heads, strict=True) if head == b"{"]


def check_share(model: Model, odd: int, of: int, why: str) -> None:
    """Raises UnexpectedResponseError if more objects are left out than MOST_LEFT_OUT allows."""
    most, share = MOST_LEFT_OUT
    if odd > most and odd > share * of:
        raise UnexpectedResponseError(
            f"{model.name}: {odd} of {of} objects in the response of {model.path} are {why}"
        )


def with_keys(model: Model, response: Any, keys: list[Any], report: Report) -> list[Any]:  # noqa: ANN401 - made at run time
    """The records that have a usable key. Rows without one cannot be deduplicated."""
    records: list[Any] = response.records
    if {*map(type, keys)} <= KEYS:
        return records
    kept = [record for record, key in zip(records, keys, strict=True) if type(key) in KEYS]
    odd = len(records) - len(kept)
    check_share(model, odd, len(records), WITHOUT_KEY)
    report.left_out(odd, WITHOUT_KEY)
    response.skipped += odd
    return kept

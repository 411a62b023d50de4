"""An answer's body, decoded: texts made valid, and out of its list of objects what is none or has no key left out."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.errors import AnswerError, TransientError
from tap_zendesk_cityblock.rows.texts import keys_with_invalid_text, replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.rows.oddities import Report

KEYS = frozenset({int, str, float})
"""Types of a usable key; the loader judges whether it fits the column."""
WITHOUT_KEY = "without a usable key"
MOST_LEFT_OUT = (10, 0.05)
"""Objects of an answer, and their share, up to which odd ones are left out: with more, the schema is wrong."""


class Answer(msgspec.Struct, kw_only=True):
    """What an answer tells about pages, in any dialect; absent is None. Its objects are `records`.

    `next_page` is UNSET where it is absent: that it is null is what the last page by number tells.
    `skipped` is ours, under a name that no answer has: entries of the list that are not among the records.
    """

    after_cursor: Any = None
    end_of_stream: Any = None
    end_time: Any = None
    next_page: Any = msgspec.UNSET
    meta: Any = None
    links: Any = None
    count: Any = None
    skipped: int = msgspec.field(default=0, name="(skipped)")


def answer_type(model: Model, row: Any) -> Any:  # noqa: ANN401 - types, made at run time
    records = (
        "records",
        list[row] | msgspec.UnsetType,
        msgspec.field(default=msgspec.UNSET, name=model.root),
    )
    return msgspec.defstruct("ModelAnswer", [records], bases=(Answer,), kw_only=True, gc=False)


def decoded(model: Model, body: bytes, decode: Callable[[bytes], Any], report: Report) -> Any:  # noqa: ANN401 - made at run time
    """What `decode` makes of the body, texts that it refuses replaced. Raises TransientError for a body cut short.

    Values that are handed on as bytes are not looked into: bytes that are not UTF-8 are replaced by whoever reads them.
    """
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        return decode(body)
    valid = replaced(body)
    try:
        if valid != body:
            answer = decode(valid)
            report.invalid_text(keys_with_invalid_text(body, model.root, model.key))
            return answer
    except msgspec.DecodeError:
        pass
    raise TransientError("an answer that is not whole JSON")


def one_by_one(
    model: Model, body: bytes, decode: Callable[[bytes], Any], report: Report
) -> tuple[Any, list[msgspec.Raw]]:
    """The answer, and the objects in its list, each as bytes; `decode` makes such an answer.

    Raises AnswerError where it has no list.
    """
    try:
        answer = decode(body)
        entries = answer.records
    except msgspec.ValidationError:
        entries = msgspec.UNSET
    if entries is msgspec.UNSET:
        raise AnswerError(f"{model.name}: the answer of {model.path} has no list {model.root!r}")
    heads = [bytes(entry)[:1] for entry in entries]
    nulls, objects = heads.count(b"n"), heads.count(b"{")
    if nulls:
        report.nulls(nulls)
    if without_key := len(heads) - nulls - objects:
        check_share(model, without_key, len(heads), WITHOUT_KEY)
        report.left_out(without_key, WITHOUT_KEY)
    answer.skipped = len(heads) - objects
    return answer, [entry for entry, head in zip(entries, heads, strict=True) if head == b"{"]


def check_share(model: Model, odd: int, of: int, why: str) -> None:
    """Raises AnswerError where so many objects are left out that the schema must be wrong."""
    most, share = MOST_LEFT_OUT
    if odd > most and odd > share * of:
        raise AnswerError(f"{model.name}: {odd} of {of} objects in the answer of {model.path} are {why}")


def with_keys(model: Model, answer: Any, keys: list[Any], report: Report) -> list[Any]:  # noqa: ANN401 - made at run time
    """Its records that have a usable key: a row without one can be neither deduplicated nor found again."""
    records: list[Any] = answer.records
    if {*map(type, keys)} <= KEYS:
        return records
    kept = [record for record, key in zip(records, keys, strict=True) if type(key) in KEYS]
    odd = len(records) - len(kept)
    check_share(model, odd, len(records), WITHOUT_KEY)
    report.left_out(odd, WITHOUT_KEY)
    answer.skipped += odd
    return kept

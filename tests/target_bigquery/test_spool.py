"""The temporary file of a batch: its lines, its numbers and its digest."""

import gzip
import os
import random
from datetime import UTC, datetime

import orjson
import pytest
from target_bigquery import spool
from target_bigquery.converters import RowTooLarge
from target_bigquery.spool import Spool


@pytest.fixture
def make():
    """Spools of `s`, closed after the test."""
    made = []

    def run(*rows, first=1, identity="run ticket", **options):
        one = Spool(first, identity)
        made.append(one)
        for row in rows:
            one.add(row, **options)
        return one

    yield run
    for one in made:
        one.close()


def lines(one):
    one.file.seek(0)
    with gzip.open(one.file) as file:
        return file.read().splitlines()


ROWS = [{"id": 1, "text": "a\nb"}, {"id": 2}, {"id": 3, "text": "é"}]


def test_rows_are_lines_and_are_numbered_from_the_first(make):
    one = make(*ROWS, first=7)
    one.finish()
    assert [orjson.loads(line) for line in lines(one)] == ROWS
    assert (one.first, one.last, one.rows) == (7, 9, 3)
    assert one.bytes == sum(len(orjson.dumps(row)) + 1 for row in ROWS)
    empty = make(first=7)
    empty.finish()
    assert (empty.last, empty.rows, empty.bytes, lines(empty)) == (6, 0, 0, [])


def test_times_are_written_in_one_form(make):
    one = make({"at": datetime(2026, 1, 1, tzinfo=UTC), "local": datetime(2026, 1, 1)})  # noqa: DTZ001 - the naive one
    one.finish()
    assert lines(one) == [b'{"at":"2026-01-01T00:00:00Z","local":"2026-01-01T00:00:00Z"}']


def test_lines_that_are_made_elsewhere_are_as_those_that_are_made_here(make):
    here, there = make(*ROWS), make(ROWS[0])
    assert there.extend(b"".join(orjson.dumps(row) + b"\n" for row in ROWS[1:]), 2)
    for one in (here, there):
        one.finish()
    assert lines(there) == lines(here)
    assert (there.last, there.rows, there.bytes, there.digest) == (here.last, 3, here.bytes, here.digest)


def test_the_digest_is_of_the_rows_the_table_and_the_place_in_the_run(make):
    digest = make(*ROWS).digest
    assert len(digest) == 32
    assert make(*ROWS).digest == digest
    others = [make(*ROWS[:2]), make(*ROWS, first=2), make(*ROWS, identity="run user"), make(*reversed(ROWS))]
    assert len({digest, *(one.digest for one in others)}) == 5


def test_a_stamp_is_in_the_row_and_not_in_the_digest(make):
    stamped, plain = make(*ROWS, stamp={"_run": "a"}), make(*ROWS)
    stamped.finish()
    assert stamped.digest == plain.digest
    assert [orjson.loads(line) for line in lines(stamped)] == [{**row, "_run": "a"} for row in ROWS]
    assert stamped.bytes == sum(len(line) + 1 for line in lines(stamped))


def test_a_row_that_bigquery_would_not_load_is_refused_with_its_largest_column(make, monkeypatch):
    most = len(orjson.dumps(ROWS[0])) + 1
    monkeypatch.setattr(spool, "LARGEST_ROW", most)
    one = make(ROWS[0])
    with pytest.raises(RowTooLarge) as refused:
        one.add({"id": 12345678, "text": "a", "more": "123456789", "x": 1})
    assert refused.value.path == ["more"]
    assert refused.value.reason == f"the row is larger than {most} bytes; this is its largest column"
    assert (one.rows, one.bytes) == (1, most)
    assert one.extend(b"x" * (most - 1) + b"\n", 1)
    assert not one.extend(b"x" * most + b"\n", 1)
    assert (one.rows, one.bytes) == (2, 2 * most)


def test_rows_of_more_than_a_buffer_are_all_written(make, monkeypatch):
    monkeypatch.setattr(spool, "WRITE_BUFFER", 1000)
    rng = random.Random(7)
    rows = [{"id": number, "text": rng.randbytes(500).hex()} for number in range(2000)]
    one = make(*rows)
    assert os.fstat(one.file.fileno()).st_size > 100_000
    one.finish()
    assert [orjson.loads(line) for line in lines(one)] == rows


@pytest.mark.parametrize("number", [7, 8, 9])
def test_a_row_is_taken_out_of_the_others(number, make):
    one = make(*ROWS, first=7)
    one.finish()
    others, taken = one.without(number)
    try:
        rest = [row for place, row in enumerate(ROWS, 7) if place != number]
        assert taken == ROWS[number - 7]
        assert [orjson.loads(line) for line in lines(others)] == rest
        again = make(*rest, first=7)
        assert (others.first, others.last, others.digest) == (7, 8, again.digest)
    finally:
        others.close()


@pytest.mark.parametrize(
    ("messages", "number"),
    [
        (["Error while reading data, line 2: x"], 8),
        (["JSON parsing error in row starting at position 0: x"], 7),
        (["close to position: {second}"], 8),
        (["position {third}; line 1"], 9),
        (["x", None, "line 3"], 9),
        (["deadline 3", "x"], None),
        ([], None),
    ],
    ids=str,
)
def test_the_bad_row_is_found_by_line_or_position(messages, number, make):
    one = make(*ROWS, first=7)
    one.finish()
    starts = {"second": len(orjson.dumps(ROWS[0])) + 1}
    starts["third"] = starts["second"] + len(orjson.dumps(ROWS[1])) + 1
    errors = [{} if text is None else {"message": text.format(**starts)} for text in messages]
    assert one.bad_row(errors) == number
    assert one.bad_row(errors) == number

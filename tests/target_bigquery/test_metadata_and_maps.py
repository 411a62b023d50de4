"""Columns that Singer taps, the SDK or stream maps add to what a source has."""

from datetime import UTC, date, datetime

import pytest
from cityblock_singer.errors import SettingsError

from tests.target_bigquery.singer import record, schema, state

DELETED = "2024-01-01T00:00:00+00:00"
MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def test_columns_of_metadata_are_loaded_where_a_stream_declares_them(load_here, rows):
    moment = {"type": ["string", "null"], "format": "date-time"}
    load_here(
        [
            schema(_sdc_deleted_at=moment, _sdc_table_version={"type": "integer"}),
            record(1, _sdc_table_version=3),
            record(2, _sdc_deleted_at=DELETED),
            state(2),
        ]
    )
    assert [(row["_sdc_deleted_at"], row["_sdc_table_version"]) for row in rows()] == [
        (None, 3),
        (MOMENT, None),
    ]


def test_metadata_that_a_stream_does_not_declare_is_left_out_with_a_warning(load_here, ids, caplog):
    load_here([schema(), record(1), record(2, _sdc_deleted_at=DELETED), state(2)])
    assert ids() == [1, 2]
    assert (
        "ticket: dropped properties that are not in the schema: _sdc_deleted_at; "
        "add_record_metadata adds columns for those of the SDK" in caplog.text
    )


def test_record_metadata_can_be_added_and_shows_what_was_deleted(load_here, rows):
    extracted = {**record(1), "time_extracted": DELETED}
    load_here([schema(), extracted, record(2, _sdc_deleted_at=DELETED), state(2)], add_record_metadata=True)
    first, second = rows()
    assert (first["_sdc_extracted_at"], first["_sdc_deleted_at"]) == (MOMENT, None)
    assert second["_sdc_deleted_at"] == MOMENT


def test_computed_columns_are_loaded_whatever_type_their_expressions_have(load_here, rows):
    maps = {
        "ticket": {
            "__alias__": "renamed",
            "guessed_flag": "id > 5",
            "guessed_sum": "id + 1",
            "guessed_half": "id / 2",
            "guessed_list": "[id, subject]",
            "flag": "bool(id)",
            "whole": "int(id) + 1",
            "half": "float(id) / 2",
            "text": "str(id)",
            "day": "datetime.date(2024, 1, 1)",
            "moment": "datetime.datetime.fromisoformat(_exported_at)",
            "copy": "_exported_at",
            "nothing": "None",
        }
    }
    load_here([schema(), record(1), state(1)], stream_maps=maps)
    [row] = rows("renamed")
    exported = datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert {name: row[name] for name in maps["ticket"] if name != "__alias__"} == {
        "guessed_flag": "false",
        "guessed_sum": "2",
        "guessed_half": "0.5",
        "guessed_list": '[1, "subject 1"]',
        "flag": True,
        "whole": 2,
        "half": 0.5,
        "text": "1",
        "day": date(2024, 1, 1),
        "moment": exported,
        "copy": exported,
        "nothing": None,
    }


def test_a_computed_column_of_one_stream_is_not_taken_for_one_of_another(load_here, rows):
    load_here(
        [schema(), schema("user"), record(1), record(2, stream="user"), state(2)],
        stream_maps={"user": {"subject": "id"}},
    )
    assert (rows()[0]["subject"], rows("user")[0]["subject"]) == ("subject 1", "2")


def test_a_record_for_which_a_stream_map_fails_is_rejected_without_its_content(
    load_here, ids, warehouse, dataset, caplog
):
    load_here(
        [schema(), record(1, subject="7"), record(2, subject="canary"), record(3, subject=[]), state(3)],
        stream_maps={"ticket": {"number": "int(subject) if subject else missing"}},
    )
    assert ids() == [1]
    sql = f"SELECT record_key, column, reason FROM {dataset}.REJECTED_RECORD ORDER BY record_key"
    assert [tuple(row.values()) for row in warehouse.client.query_and_wait(sql)] == [
        ("2", None, "stream_maps: ValueError"),
        (
            "3",
            None,
            "stream_maps: Failed to evaluate simpleeval expressions int(subject) if subject else missing.",
        ),
    ]
    assert "canary" not in caplog.text


def test_a_property_of_any_type_can_be_mapped(load_here, rows):
    load_here([schema(any=True), record(1, any=5), state(1)], stream_maps={"ticket": {"copy": "any"}})
    assert (rows()[0]["any"], rows()[0]["copy"]) == (5, "5")


def test_stream_maps_that_the_sdk_fails_on_are_refused_in_a_sentence(load_here):
    with pytest.raises(
        SettingsError, match=r"^stream_maps: the SDK cannot apply them to stream ticket \(\w+\)$"
    ):
        load_here([schema(), record(1)], stream_maps={"ticket": {"y": ""}})

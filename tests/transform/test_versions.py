"""Which version of an object its view shows, and what is left of deleted ones."""

from tests.transform.conftest import MONDAY, TUESDAY, exported, given


def shown(built, model, ids, *columns):
    rows = built.rows(f"{model}_latest", where=f"id BETWEEN {ids[0]} AND {ids[1]}")
    return [tuple(row[column] for column in ("id", *columns)) for row in rows]


given(
    "ticket",
    exported("a", MONDAY, id=1, generated_timestamp=100, updated_at="2026-11-01T00:00:00Z", status="open"),
    # a system update
    exported("b", TUESDAY, id=1, generated_timestamp=200, updated_at="2026-10-01T00:00:00Z", status="solved"),
    exported("a", MONDAY, id=2, generated_timestamp=100, status="deleted"),
    exported("b", TUESDAY, id=3, generated_timestamp=300, status="deleted"),
    exported("b", TUESDAY, id=3, generated_timestamp=400, status="open"),  # restored
    exported("a", MONDAY, id=4, generated_timestamp=500, status="new"),
    exported("b", TUESDAY, id=4, generated_timestamp=500, status="pending"),  # the same second, later
)


def test_the_last_version_of_a_ticket_wins_by_the_systems_clock(built):
    assert shown(built, "ticket", (1, 4), "status", "is_deleted") == [
        (1, "solved", False), (2, "deleted", True), (3, "open", False), (4, "pending", False)
    ]  # fmt: skip


def whole_ticket(export, moment, id_, clock, status="open"):
    at = f"2026-11-01T00:0{clock}:00Z"
    clocks = {"generated_timestamp": clock, "updated_at": at, "created_at": at}
    text = {"description": "What was asked", "tags": ["rx"]}
    return exported(export, moment, id=id_, status=status, **clocks, **text)


def ticket_stub(export, moment, id_, clock):
    clocks = {"generated_timestamp": clock, "updated_at": f"2026-11-01T00:0{clock}:00Z"}
    return exported(export, moment, id=id_, status="deleted", subject="Left", **clocks)


given(
    "ticket",
    whole_ticket("a", MONDAY, 11, 1),
    whole_ticket("a", MONDAY, 11, 2, "pending"),
    ticket_stub("b", TUESDAY, 11, 4),
    ticket_stub("b", TUESDAY, 12, 4),  # deleted before anything was exported
    ticket_stub("a", MONDAY, 13, 2),
    whole_ticket("b", TUESDAY, 13, 5),  # restored
    whole_ticket("a", MONDAY, 14, 3),
    ticket_stub("a", MONDAY, 14, 5),
    whole_ticket("b", TUESDAY, 14, 6, "deleted"),  # an export has all columns
)


def test_what_is_left_of_a_deleted_ticket_flags_it_and_erases_nothing(built):
    columns = ("status", "is_deleted", "generated_timestamp", "description", "_export_id")
    assert shown(built, "ticket", (11, 14), *columns) == [
        (11, "deleted", True, 4, "What was asked", "b"),
        (12, "deleted", True, 4, None, "b"),
        (13, "open", False, 5, "What was asked", "b"),
        (14, "deleted", True, 6, "What was asked", "b"),
    ]
    [(_, tags, updated_at)] = shown(built, "ticket", (11, 11), "tags", "updated_at")
    assert tags == ["rx"]
    assert updated_at.isoformat() == "2026-11-01T00:04:00+00:00"


ANN = {"active": True, "verified": True, "name": "Ann", "email": "a@y.example", "notes": "Tall"}
LATER = {"updated_at": "2026-11-02T00:00:00Z", "active": False, "email": None}
FOR_GOOD = {"name": "Permanently Deleted User", "permanently_deleted": True}
given(
    "user",
    *(
        exported("a", MONDAY, id=id_, updated_at="2026-11-01T00:00:00Z", external_id=f"P{id_}", **ANN)
        for id_ in (11, 12, 13)
    ),
    exported("b", TUESDAY, id=12, name="Ann B.", permanently_deleted=False, **LATER),
    exported("b", TUESDAY, id=13, **FOR_GOOD, **LATER),
)


def test_what_is_left_of_a_deleted_user_keeps_the_rest_unless_it_was_deleted_for_good(built):
    assert shown(built, "user", (11, 13), "is_deleted", "name", "email", "external_id", "notes") == [
        (11, False, "Ann", "a@y.example", "P11", "Tall"),
        (12, True, "Ann B.", None, "P12", "Tall"),
        (13, True, "Permanently Deleted User", None, None, None),
    ]


AT = "2026-11-0{}T00:00:00Z".format
given("user", exported("a", MONDAY, id=21, active=True), exported("a", MONDAY, id=22, active=False))
given("organization", exported("a", MONDAY, id=1), exported("a", MONDAY, id=2, deleted_at=AT(1)))
given(
    "ticket_metric_event",
    exported("a", MONDAY, id=1, time=AT(1), deleted=False),
    exported("a", MONDAY, id=2, time=AT(1)),
    exported("b", TUESDAY, id=1, time=AT(1), deleted=True),
)
given(
    "custom_object_record",
    exported("a", MONDAY, id="A", updated_at=AT(1), name="[DELETED]"),
    exported("a", MONDAY, id="B", updated_at=AT(1), name="Van 7"),
)
given(
    "routing_attribute_event",
    exported("a", MONDAY, id="A", time=AT(1), type="create"),
    exported("a", MONDAY, id="A", time=AT(3), type="delete"),
    exported("a", MONDAY, id="A", time=AT(2), type="update"),
    exported("a", MONDAY, id="B", time=AT(1), type="create"),
)


def test_deleted_people_organizations_and_events_are_flagged(built):
    def flags(model, where="true"):
        return [row["is_deleted"] for row in built.rows(f"{model}_latest", where=where)]

    assert flags("user", "id IN (21, 22)") == [False, True]
    assert flags("organization", "id IN (1, 2)") == [False, True]
    assert flags("ticket_metric_event", "id IN (1, 2)") == [True, False]
    assert flags("custom_object_record") == [True, False]
    assert flags("routing_attribute_event") == [True, False]


def given_by_day(model, *rows):
    """Rows as (export's day, fields)."""
    given(
        model,
        *(exported(f"day {day}", f"2026-11-{day:02}T10:00:00Z", **fields) for day, fields in rows),
    )


given_by_day(
    "ticket",
    (1, {"id": 21, "generated_timestamp": 1767209853, "status": "open"}),
    (2, {"id": 21, "generated_timestamp": None, "status": "solved"}),
    (1, {"id": 22, "generated_timestamp": 100, "status": "new"}),
    (2, {"id": 22, "generated_timestamp": None, "status": "open"}),
    (3, {"id": 22, "generated_timestamp": 200, "status": "pending"}),  # newer again
    (1, {"id": 23, "generated_timestamp": None, "status": "new"}),
    (2, {"id": 23, "generated_timestamp": None, "status": "open"}),
    (1, {"id": 24, "generated_timestamp": 300, "status": "new"}),
    (1, {"id": 24, "generated_timestamp": None, "status": "open"}),  # the same export: the one with a clock
    (1, {"id": 24, "generated_timestamp": 200, "status": "pending"}),
    (2, {"id": 25, "generated_timestamp": 300, "status": "solved"}),
    (3, {"id": 25, "generated_timestamp": 200, "status": "open"}),  # an older version that came later
    (1, {"id": 26, "generated_timestamp": None, "status": "new"}),
    (2, {"id": 26, "generated_timestamp": 100, "status": "open"}),
)
given_by_day(
    "organization",
    (1, {"id": 11, "updated_at": AT(1), "name": "old"}),
    (2, {"id": 11, "updated_at": None, "name": "new"}),
    (1, {"id": 12, "updated_at": None, "name": "old"}),
    (2, {"id": 12, "updated_at": AT(1), "name": "new"}),
)
given_by_day(
    "ticket_metric_event",
    (1, {"id": 11, "time": AT(1), "deleted": False}),
    (2, {"id": 11, "time": None, "deleted": True}),
)


def test_a_row_without_a_clock_is_newer_than_what_was_exported_before_it(built):
    assert shown(built, "ticket", (21, 26), "status") == [
        (21, "solved"), (22, "pending"), (23, "open"), (24, "new"), (25, "solved"), (26, "open")
    ]  # fmt: skip
    assert shown(built, "organization", (11, 12), "name") == [(11, "new"), (12, "new")]
    assert shown(built, "ticket_metric_event", (11, 11), "is_deleted") == [(11, True)]
    columns = {field.name for field in built.client.get_table(f"{built.dataset}.organization_latest").schema}
    assert not any(name.startswith("_") for name in columns - {"_export_id", "_exported_at"})


WHOLE = {"created_at": "2026-10-01T00:00:00Z", "description": "What was asked"}
given_by_day(
    "ticket",
    (1, {"id": 31, "generated_timestamp": 5, "status": "open", **WHOLE}),
    (2, {"id": 31, "generated_timestamp": None, "status": "deleted"}),
    (1, {"id": 32, "generated_timestamp": 5, "status": "deleted"}),
    (2, {"id": 32, "generated_timestamp": None, "status": "open", **WHOLE}),  # restored
    (1, {"id": 33, "generated_timestamp": None, "status": "deleted"}),
    (2, {"id": 33, "generated_timestamp": None, "status": "open", **WHOLE}),
)


def test_what_is_left_of_a_deleted_ticket_and_has_no_clock_is_as_new_as_its_export(built):
    assert shown(built, "ticket", (31, 33), "status", "description") == [
        (31, "deleted", "What was asked"), (32, "open", "What was asked"), (33, "open", "What was asked")
    ]  # fmt: skip

"""An export of a bulk model that equals the last one of the day is recorded, and its rows are not written again."""

import json
import resource

import pytest
from tap_zendesk_cityblock.unchanged import IN_MEMORY, HeldLines


@pytest.fixture
def first(export, zendesk):
    """A run of groups, and its state."""
    zendesk.put("group", {"id": 7, "name": "one of some"})
    return export(bulk_models=["group"])


def complete(result):
    [row] = [row for row in result.records("EXPORT_METADATA") if row["export_status"] == "complete"]
    return row


def day(result):
    return result.records("EXPORT_METADATA")[-1]["bq_partition"]


def loaded(result):
    return result.states[-1]["bookmarks"]["EXPORT_METADATA"]["loaded"]


def before(state, day):
    """The state as of an earlier day."""
    aged = json.loads(json.dumps(state))
    for entry in aged["bookmarks"]["EXPORT_METADATA"]["loaded"].values():
        entry["day"] = day
    return aged


def of_one_day(run):
    """Two runs, the second with the state of the first; again if midnight was between them."""
    while True:
        one = run(None)
        two = run(one.states[-1])
        if day(one) == day(two):
            return one, two


def test_an_equal_export_names_the_one_that_has_its_rows(tap, zendesk):
    one, two = of_one_day(lambda state: tap(bulk_models=["group"], incremental_models=[], state=state))
    assert one.records("group")
    assert complete(one)["rows_export_id"] is None
    assert two.records("group") == []
    row = complete(two)
    assert row["rows_export_id"] == complete(one)["export_id"] != row["export_id"]
    assert row["bq_partition"] == complete(one)["bq_partition"], "where the rows are"
    assert row["export_count"] == complete(one)["export_count"] == len(one.records("group"))
    assert loaded(two) == loaded(one)
    assert two.stderr.splitlines()[-1].endswith("; unchanged and not loaded again: group")
    three = tap(bulk_models=["group"], incremental_models=[], state=two.states[-1])
    assert complete(three)["rows_export_id"] == complete(one)["export_id"]


@pytest.mark.parametrize(
    "change",
    [
        {"id": 7, "name": "renamed"},
        {"id": 99_999_999, "name": "new"},
    ],
)
def test_a_changed_export_is_written_whole(change, first, export, zendesk):
    zendesk.put("group", change)
    second = export(bulk_models=["group"], state=first.states[-1])
    assert set(second.ids("group")) == zendesk.ids("group")
    assert complete(second)["rows_export_id"] is None
    assert loaded(second)["group"]["export_id"] == complete(second)["export_id"]


def test_the_first_export_of_a_day_is_written_although_nothing_has_changed(first, export):
    second = export(bulk_models=["group"], state=before(first.states[-1], "2026-11-01"))
    assert second.ids("group") == first.ids("group")
    assert loaded(second)["group"]["export_id"] == complete(second)["export_id"]


@pytest.mark.parametrize(
    "settings",
    [
        {"skip_unchanged": False},
        {"stream_maps": {"group": {"name": "url"}}},
    ],
)
def test_rows_that_are_written_without_a_comparison_are_no_base_for_one(settings, first, export):
    """After a table was dropped, one run with `skip_unchanged: false` loads everything again."""
    second = export(bulk_models=["group"], state=first.states[-1], **settings)
    assert second.ids("group") == first.ids("group")
    assert loaded(second)["group"]["digest"] is None
    third = export(bulk_models=["group"], state=second.states[-1])
    assert third.ids("group") == first.ids("group")
    assert complete(third)["rows_export_id"] is None


def test_a_daily_model_is_exported_once_a_day(tap, zendesk):
    named = {"bulk_models": ["group", "brand"], "incremental_models": [], "daily_models": ["group"]}
    while True:
        one = tap(**named)
        two = tap(**named, state=one.states[-1])
        if day(one) == day(two):
            break
    assert one.records("group")
    assert {row["table_name"] for row in two.records("EXPORT_METADATA")} == {"brand"}
    assert "group: exported today, next due tomorrow (daily_models)" in two.stderr
    assert loaded(two)["group"] == loaded(one)["group"]
    planned = tap(name="tap-zendesk-cityblock-plan", **named, state=one.states[-1])
    assert [line.split()[-3] for line in planned.stdout.splitlines() if line.startswith("group")] == ["0"]
    tomorrow = tap(**named, state=before(two.states[-1], "2026-11-01"))
    assert tomorrow.ids("group") == one.ids("group")


def test_other_columns_make_another_export(tap, zendesk):
    named = {"bulk_models": ["group"], "incremental_models": []}
    catalog = json.loads(tap("--discover", **named, discover_permissions=False).stdout)
    first = tap(catalog=catalog, **named)
    [stream] = [one for one in catalog["streams"] if one["tap_stream_id"] == "group"]
    [column] = [one for one in stream["metadata"] if one["breadcrumb"] == ["properties", "description"]]
    column["metadata"]["selected"] = False
    second = tap(catalog=catalog, state=first.states[-1], **named)
    assert second.ids("group") == first.ids("group")


@pytest.mark.parametrize("state", [None, {}, {"bookmarks": {"EXPORT_METADATA": {"loaded": {"group": "?"}}}}])
def test_without_a_usable_state_everything_is_written(state, first, export):
    assert export(bulk_models=["group"], state=state).ids("group") == first.ids("group")


def test_rows_of_a_list_that_fails_are_not_written_and_the_state_stays(export, zendesk):
    first = export(bulk_models=["group"], page_size=5)
    zendesk.fault("/api/v2/groups", after=1, status=422, body={"error": "RecordInvalid"})
    second = export(bulk_models=["group"], page_size=5, state=first.states[-1])
    assert second.code != 0
    assert second.records("group") == []
    third = export(bulk_models=["group"], state=(second.states or first.states)[-1])
    assert loaded(third)["group"]["digest"] == loaded(first)["group"]["digest"]


def test_a_long_list_is_held_until_a_row_differs(export, zendesk):
    """More rows than memory is used for, and than the first marks."""
    long = [{"id": 10**9 + number, "title": f"{number} " + "x" * 2500} for number in range(1300)]
    zendesk.put("macro", *long)
    one, two = of_one_day(lambda state: export(bulk_models=["macro"], state=state))
    assert len(one.stdout) > 2 * IN_MEMORY
    assert loaded(one)["macro"]["marks"]
    assert two.records("macro") == []
    for place in (0, 1200, -1):
        zendesk.put("macro", {**long[place], "title": f"changed after run {place}"})
        changed = export(bulk_models=["macro"], state=one.states[-1])
        assert changed.ids("macro") == one.ids("macro")
        titles = {row["id"]: row["title"] for row in changed.records("macro")}
        assert titles[long[place]["id"]] == f"changed after run {place}"


@pytest.mark.parametrize("limit", [0, IN_MEMORY + 1000, None])
def test_lines_that_cannot_be_written_to_a_file_are_not_lost(limit):
    held, lines = HeldLines(), [b"%d\n" % number + b"x" * 300_000 for number in range(12)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    written = []
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft if limit is None else limit, hard))
    try:
        could = [held.add(line) for line in lines]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    held.release(written.append)
    assert b"".join(written) == b"".join(lines)
    assert all(could) == (limit is None)


def test_a_time_based_export_does_not_repeat_for_ever_what_the_last_one_ended_with(tap, zendesk):
    """Zendesk's start time is inclusive."""
    named = {"bulk_models": [], "incremental_models": ["organization"]}
    first = tap(**named)
    second = tap(**named, state=first.states[-1])
    assert second.records("organization"), "they might have changed since the first one read them"
    third = tap(**named, state=second.states[-1])
    assert third.records("organization") == []
    row = complete(third)
    assert row["rows_export_id"] == complete(second)["export_id"]
    assert (row["export_count"], row["end_time"]) == (complete(second)["export_count"], row["start_time"])
    assert third.stderr.splitlines()[-1].endswith("; unchanged and not loaded again: organization")
    again = tap(**named, state=second.states[-1], skip_unchanged=False)
    assert again.ids("organization") == second.ids("organization")

    [same] = [one for one in zendesk.objects("organization") if one["id"] == max(second.ids("organization"))]
    zendesk.put("organization", {**same, "name": "changed in the same second"})
    fourth = tap(**named, state=third.states[-1])
    assert "changed in the same second" in [one["name"] for one in fourth.records("organization")]

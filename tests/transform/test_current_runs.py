"""Whole runs of dbt over current tables: what a run leaves, and what the next one makes of it."""

from datetime import UTC, datetime

from cityblock_singer.google.rejected_records import FIELDS, TABLE
from google.cloud.bigquery import PolicyTagList, SchemaField, Table

TAG = "projects/p/locations/us/taxonomies/1/policyTags/2"


def tagged(field):
    if field.fields:
        return SchemaField(
            field.name, field.field_type, field.mode, fields=[tagged(one) for one in field.fields]
        )
    return SchemaField(field.name, field.field_type, field.mode, policy_tags=PolicyTagList([TAG]))


def tag(client, table, *columns):
    """What target-bigquery does with personal columns when `policy_tag` is set."""
    found = client.get_table(table)
    found.schema = [tagged(field) if field.name in columns else field for field in found.schema]
    client.update_table(found, ["schema"])


def tags(client, table):
    """Paths of the tagged columns."""

    def paths(fields, above=""):
        for field in fields:
            yield from paths(field.fields, f"{above}{field.name}.")
            if field.policy_tags and field.policy_tags.names == (TAG,):
                yield above + field.name

    return set(paths(client.get_table(table).schema))


def ticket(day, id_, status, **fields):
    return {
        "id": id_,
        "status": status,
        "created_at": "2026-09-01T00:00:00Z",
        "generated_timestamp": 1767209853 + day,
        "_export_id": f"day {day}",
        "_exported_at": f"2026-11-{day:02}T10:00:00Z",
        **fields,
    }


def relabel(client, table, **labels):
    found = client.get_table(table)
    found.labels = {**found.labels, **labels}
    return client.update_table(found, ["labels"])


def computed(views):
    return {row["id"]: (row["is_closed_by_merge"], row["via_channel"]) for row in views.rows("ticket_latest")}


def statuses(views):
    return {row["id"]: row["status"] for row in views.rows("ticket_latest")}


def versions(views):
    rows = views.rows("ticket_history", "id, valid_from")
    return [(row["id"], row["status"], row["valid_from"], row["valid_to"]) for row in rows]


def outcomes(done):
    """What dbt says of each current table."""
    lines = [line for line in done.stdout.splitlines() if "_current " in line and " [" in line]
    return {
        line.split("_current ")[0].split(".")[-1]: line.rpartition("[")[2].split(" in ")[0] for line in lines
    }


def load_first(views):
    client, dataset = views.client, views.dataset
    views.load(
        "ticket",
        *(ticket(10, id_, "new", subject="Rx", via={"channel": "web"}) for id_ in (1, 2, 3)),
        ticket(10, 2500, "new", tags=["vip", "closed_by_merge"]),
    )
    views.load(
        "user",
        {
            "id": 7,
            "email": "a@x",
            "verified": True,
            **{k: v for k, v in ticket(10, 7, "").items() if k[0] == "_"},
        },
    )
    views.load(
        "organization", {"id": 5, "name": "A", "_export_id": "day 10", "_exported_at": "2026-11-10T10:00:00Z"}
    )
    tag(client, f"{dataset}.ticket", "subject", "custom_fields")
    tag(client, f"{dataset}.user", "email")


def resolve_rejected(client, dataset):
    client.create_table(Table(f"{client.project}.{dataset}.{TABLE}", schema=FIELDS))
    rejected = {
        "stream": "ticket",
        "run_id": "day 10",
        "rejected_by": "target-bigquery",
        "rejected_at": "2026-11-10T10:05:00Z",
    }
    now = datetime.now(UTC).isoformat()
    client.load_table_from_json([{**rejected, "resolved_at": now}], f"{dataset}.{TABLE}").result()


def forget_computed(views, **label):
    """As if another release had written the table."""
    views.client.query_and_wait(f"UPDATE {views.dataset}.ticket_current SET via_channel = NULL WHERE TRUE")
    relabel(views.client, f"{views.dataset}.ticket_current", **label)


def test_runs_merge_what_is_new_and_keep_tags_columns_and_expired_rows(views):
    client, dataset = views.client, views.dataset
    run = ["run", "--select", "+ticket_latest", "+user_latest", "+organization_latest", "ticket_history"]
    load_first(views)
    first = views.dbt(*run)
    assert outcomes(first) == {"ticket": "merged", "user": "merged", "organization": "merged"}, first.stdout
    assert statuses(views) == {1: "new", 2: "new", 3: "new", 2500: "new"}
    assert tags(client, f"{dataset}.ticket_current") == {"subject", "custom_fields.id", "custom_fields.value"}
    assert tags(client, f"{dataset}.user_current") == {"email", "_stub_email"}
    current = client.get_table(f"{dataset}.ticket_current")
    assert (current.range_partitioning.field, current.range_partitioning.range_.interval) == ("id", 1000)
    assert client.get_table(f"{dataset}.user_current").range_partitioning.field == "_bucket"

    # a table of a release that computed nothing, a version, a column with a tag, and a record of the first export that was
    # rejected then and loaded since
    web, merged = (False, "web"), (True, None)
    assert computed(views) == {1: web, 2: web, 3: web, 2500: merged}
    client.query_and_wait(f"ALTER TABLE {dataset}.ticket_current DROP COLUMN is_closed_by_merge")
    forget_computed(views, computed=None)
    unclocked = ticket(12, 3, "hold", generated_timestamp=None)
    views.load("ticket", ticket(12, 1, "open"), unclocked, ticket(10, 9, "late"))
    resolve_rejected(client, dataset)
    raw = client.get_table(f"{dataset}.ticket")
    raw.schema = [*raw.schema, tagged(SchemaField("nickname", "STRING"))]
    client.update_table(raw, ["schema"])
    died = {"merged_to": None}  # before it recorded what it had merged
    organization = relabel(client, f"{dataset}.organization_current", **died)
    second = views.dbt(*run)
    assert outcomes(second) == {"ticket": "merged", "user": "unchanged", "organization": "merged"}, (
        second.stdout
    )
    assert statuses(views) == {1: "open", 2: "new", 3: "hold", 9: "late", 2500: "new"}
    assert "nickname" in tags(client, f"{dataset}.ticket_current")
    assert views.rows("ticket_latest")[0]["nickname"] is None
    assert [row["name"] for row in views.rows("organization_latest")] == ["A"]

    none = (False, None)
    assert computed(views) == {1: none, 2: web, 3: none, 9: none, 2500: merged}

    begun = datetime.fromtimestamp(1767209853 + 10, UTC), datetime.fromtimestamp(1767209853 + 12, UTC)
    exported = datetime(2026, 11, 12, 10, tzinfo=UTC)
    assert versions(views)[:5] == [
        (1, "new", begun[0], begun[1]),
        (1, "open", begun[1], None),
        (2, "new", begun[0], None),
        (3, "new", begun[0], exported),
        (3, "hold", exported, None),
    ]

    # raw rows expire, a table is of another type now, and an earlier release has merged in between
    forget_computed(views, read_at="1")
    client.query_and_wait(f"DELETE FROM {dataset}.ticket WHERE _exported_at < '2026-11-12'")
    client.delete_table(f"{dataset}.organization")
    other = [
        SchemaField(one.name, "STRING" if one.name == "name" else one.field_type)
        for one in organization.schema
    ]
    other = [one for one in other if not one.name.startswith("_is") and one.field_type != "RECORD"]
    other[0] = SchemaField("id", "STRING")
    client.create_table(Table(f"{client.project}.{dataset}.organization", schema=other))
    third = views.dbt(*run, "--full-refresh")
    assert "column id is STRING in organization and INT64 in organization_current" in third.stdout
    assert outcomes(third) == {"ticket": "merged", "user": "merged", "organization": "ERROR"}, third.stdout
    assert statuses(views) == {1: "open", 2: "new", 3: "hold", 9: "late", 2500: "new"}
    assert computed(views) == {1: none, 2: web, 3: none, 9: none, 2500: merged}
    assert tags(client, f"{dataset}.ticket_current") > {"subject", "nickname"}
    assert [version[:2] for version in versions(views)] == [
        (1, "open"), (2, "new"), (3, "new"), (3, "hold"), (9, "late"), (2500, "new")
    ]  # fmt: skip
    labels = client.get_table(f"{dataset}.ticket_current").labels
    assert datetime.fromtimestamp(int(labels["merged_to"]) / 1e6, UTC) == datetime(
        2026, 11, 12, 10, tzinfo=UTC
    )

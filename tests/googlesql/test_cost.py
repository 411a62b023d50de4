"""`make cost`: what BigQuery would bill for a statement, next to figures that are worked out by hand."""

import dataclasses
import math
from datetime import UTC, datetime

import pytest

from cost.account import Account, Changes, Promise, Unbounded
from cost.bill import Bill
from cost.report import compared, printed
from cost.statements import Warehouse
from cost.tables import Meter
from tests.googlesql.analyzer import Analyzer, type_of

NOW = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
PARAMETERS = {name: type_of({"type": "INTEGER"}) for name in ("lowest", "highest")}
GIVEN = {"lowest": 1, "highest": 9}
BATCH = "ticket_id BETWEEN @lowest AND @highest"
SIZES = {
    "zendesk.membership": {
        "id": 8,
        "user_id": 8,
        "url": 84,
        "updated_at": 8,
        "_export_id": 34,
        "_exported_at": 8,
    },
    "zendesk.ticket": {
        "id": 8,
        "status": 10,
        "description": 900,
        "generated_timestamp": 8,
        "_exported_at": 8,
    },
    "zendesk.log": {"ticket_id": 8, "data": 2_000, "replay_of": 2, "published_at": 8},
    "zendesk.refused": {"ticket_id": 8, "refused_at": 8},
    "zendesk.staging": {"id": 8, "description": 900},
}
PARTITIONS = {
    "membership": "_exported_at",
    "ticket": "_exported_at",
    "log": "published_at",
    "refused": "refused_at",
}
CLUSTERS = {"membership": "id", "ticket": "id", "log": "ticket_id", "refused": "ticket_id"}
TEXTS = {"url", "_export_id", "status", "description", "data", "replay_of"}
ACCOUNT = Account(
    months=(1, 60),
    batch_id_share=1.0,
    block_bytes=100_000_000,
    default_rows_an_export=0,
    default_changes_a_day=2,
    prices={
        "queries_per_tib": 6.25,
        "storage_per_gb_month": 0.02,
        "long_term_per_gb_month": 0.01,
        "minimum_bytes_per_table": 10_000_000,
        "rounded_up_to_bytes": 1_000_000,
    },
    limits={
        "load_jobs_per_table_and_day": 1_500,
        "tickets_of_first_publication": 5_000_000,
        "batch_size": 5_000,
    },
    jobs={"export": 24, "job": 1},
    tables={
        "zendesk.membership": {"rows_an_export": 1_000_000},
        "zendesk.ticket": {"rows_a_month": 500_000},
        "zendesk.log": {"rows_a_month": 500_000},
        "zendesk.refused": {"rows_a_month": 0},
        "zendesk.staging": {"rows": 100_000},
        "zendesk.current": {"rows_a_month": 100_000, "one_row_a": "ticket"},
        "zendesk.changed.*": {"changed": "ticket"},
    },
    changes={"ticket": Changes(a_month=60, mean_days_after_creation=7, anywhere=1.0)},
)
DAY = "TIMESTAMP '2026-11-27 00:00:00+00'"
TODAY = f"_exported_at >= {DAY} AND _exported_at < TIMESTAMP_ADD({DAY}, INTERVAL 1 DAY)"
LATEST = "QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1"
SETTLEMENTS = """
    SELECT ticket_id, published_at AS settled_at FROM zendesk.log WHERE replay_of IS NULL
    UNION ALL SELECT ticket_id, refused_at AS settled_at FROM zendesk.refused
"""


def kind(column):
    if column in TEXTS:
        return "STRING"
    return "TIMESTAMP" if column.endswith("_at") else "INTEGER"


@pytest.fixture(scope="module")
def analyzer():
    return Analyzer()


@pytest.fixture
def warehouse(analyzer):
    analyzer.tables.clear()
    made = Warehouse(analyzer, now=NOW)
    for name, columns in SIZES.items():
        dataset, table = name.split(".")
        analyzer.tables[dataset, table] = [(one, type_of({"type": kind(one)})) for one in columns]
        if table in PARTITIONS:
            made.layouts[dataset, table] = {
                "timePartitioning": {"field": PARTITIONS[table]},
                "clustering": {"fields": [CLUSTERS[table]]},
            }
    return made


@pytest.fixture
def view(warehouse):
    def create(name, sql):
        statement = f"CREATE VIEW zendesk.{name} AS {sql}"
        assert not list(warehouse.statement("job", statement))
        warehouse.analyzer.tables["zendesk", name] = warehouse.analyzer.analyze(statement, {}, None).columns

    return create


@pytest.fixture
def bill(warehouse):
    def made(sql, title=None, **changes):
        account = dataclasses.replace(ACCOUNT, **changes)
        statements = tuple(warehouse.statement("job", sql, title, types=PARAMETERS, given=GIVEN))
        meters = tuple(Meter(account, months, NOW) for months in account.months)
        return Bill(account, statements, warehouse.tables(SIZES), warehouse.loads, meters)

    return made


@pytest.fixture
def billed(bill):
    """Bytes at 60 months."""

    def ask(sql, **changes):
        made = bill(sql, **changes)
        [statement] = made.statements
        return made.billed(statement, made.meters[-1])

    return ask


def test_a_bulk_view_reads_its_columns_of_one_day_whatever_the_months(bill, view):
    """24 exports of 1,000,000 rows: user_id 8, and id 8, updated_at 8, _export_id 34, _exported_at 8 of its conditions."""
    view("membership_latest", f"SELECT * FROM zendesk.membership WHERE {TODAY} AND _export_id = 'e' {LATEST}")
    [line] = bill("SELECT user_id FROM zendesk.membership_latest").lines
    assert line.billed == (24_000_000 * 66, 24_000_000 * 66)


def test_a_table_by_exports_is_read_by_export_and_grows_by_those_that_differ(bill, view, warehouse):
    """One export of 1,000,000 rows of 150 bytes, and a block of 10 MB, of a day of 3 exports of 24: 2 differ."""
    warehouse.layouts["zendesk", "membership"]["clustering"] = {"fields": ["_export_id", "id"]}
    view("membership_latest", f"SELECT * FROM zendesk.membership WHERE {TODAY} AND _export_id = 'e'")
    sql = "SELECT * FROM zendesk.membership_latest"
    [line] = bill(sql, skips_unchanged=True, block_bytes=10_000_000).lines
    assert line.billed == (160_000_000, 160_000_000)
    made = bill(sql, skips_unchanged=True)
    assert made.meters[-1].rows(made.tables["zendesk.membership"]) == 3_000_000 * 1_800


def test_an_incremental_view_reads_its_columns_of_every_version(billed, view):
    """30,000,000 versions: status 10, and id 8 and generated_timestamp 8 that order them; never the description."""
    view(
        "ticket_latest",
        "WITH ranked AS (SELECT * FROM zendesk.ticket), latest AS (SELECT * FROM ranked "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY generated_timestamp DESC) = 1) SELECT * FROM latest",
    )
    assert billed("SELECT status FROM zendesk.ticket_latest WHERE status = 'open'") == 30_000_000 * 26


def test_a_merge_bills_its_source_and_all_columns_of_the_partitions_that_constants_leave(billed):
    """Of 1,800 days of 500,000 / 30 rows the constants leave one: its 934 bytes a row as the target that is rewritten,
    and its id 8 and _exported_at 8 as read; 100,000 rows of 908 bytes as the source.
    """
    merge = f"""
        MERGE zendesk.ticket AS target USING zendesk.staging AS source
        ON target.id = source.id AND target._exported_at >= {DAY}
        WHEN NOT MATCHED THEN INSERT (id, description) VALUES (source.id, source.description)
    """
    target, source = 500_000 / 30, 90_800_000 + 200_000  # rounded up to a megabyte
    assert billed(merge) == source + 10_000_000  # inserts alone read little of the target: the minimum
    matched = "WHEN MATCHED THEN UPDATE SET description = source.description"
    assert billed(merge + matched) == pytest.approx(source + target * (934 + 16), abs=1_000_000)
    unbounded = (merge + matched).replace(f"AND target._exported_at >= {DAY}", "")
    assert billed(unbounded) == source + 30_000_000 * (934 + 8)


def test_an_update_bills_what_it_reads_and_the_whole_table(billed):
    assert billed("UPDATE zendesk.ticket SET status = 'x' WHERE id = 5") == 30_000_000 * (934 + 8)
    # ten days of 500,000 / 30 rows, 942 bytes each
    first_ten_days = "_exported_at < TIMESTAMP '2022-01-03 00:00:00+00'"
    assert billed(f"DELETE FROM zendesk.ticket WHERE {first_ten_days}") == 157_000_000


def test_a_constant_reaches_all_parts_of_a_union_and_a_comparison_with_rows_prunes_nothing(billed):
    since = "settled_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 29 DAY)"
    assert billed(f"SELECT ticket_id FROM ({SETTLEMENTS})") == 30_000_000 * 10 + 10_000_000
    assert billed(f"SELECT ticket_id FROM ({SETTLEMENTS}) WHERE {since}") == 10_000_000 + 10_000_000
    of_rows = "settled_at >= (SELECT MAX(generated_timestamp_at) FROM (SELECT _exported_at AS generated_timestamp_at FROM zendesk.ticket))"
    assert (
        billed(f"SELECT ticket_id FROM ({SETTLEMENTS}) WHERE {of_rows}")
        == 30_000_000 * 18 + 10_000_000 + 30_000_000 * 8
    )


def test_the_optional_side_of_a_join_is_not_pruned_by_what_the_other_must_meet(billed):
    join = f"""
        SELECT log.ticket_id FROM zendesk.ticket AS ticket LEFT JOIN zendesk.log AS log ON log.ticket_id = ticket.id
        WHERE ticket._exported_at >= {DAY}
    """
    assert billed(join) == 10_000_000 + 30_000_000 * 8
    assert billed(join.replace("LEFT JOIN", "JOIN") + f" AND log.published_at >= {DAY}") == 20_000_000


def test_a_batch_prunes_by_the_range_of_its_ids(billed):
    lookup = f"SELECT data FROM zendesk.log WHERE {BATCH}"
    assert billed(lookup) == 30_000_000 * 2_008
    assert billed(lookup, batch_id_share=0.5) == 15_000_000 * 2_008


def test_a_view_without_its_constant_is_named(bill, view):
    view("membership_latest", f"SELECT * FROM zendesk.membership WHERE {TODAY} {LATEST}")
    assert list(bill("SELECT * FROM zendesk.membership_latest").wrong()) == []
    latest_day = "_exported_at >= (SELECT MAX(_exported_at) FROM zendesk.membership)"
    view("membership_latest", f"SELECT * FROM zendesk.membership WHERE {latest_day} {LATEST}")
    [wrong] = bill("SELECT * FROM zendesk.membership_latest").wrong()
    assert wrong == (
        "job: SELECT membership_latest reads every partition of zendesk.membership: it lacks a constant"
    )


def test_a_lookup_without_its_bound_is_named(bill):
    lookup = "SELECT data FROM zendesk.log WHERE {} AND replay_of IS NULL"
    assert list(bill(lookup.format(BATCH)).wrong()) == []
    [wrong] = bill(lookup.format("ticket_id IN (SELECT id FROM zendesk.staging)")).wrong()
    assert wrong == "job: SELECT log, staging reads every partition of zendesk.log: it lacks a constant"


CURRENT = """
    CREATE OR REPLACE TABLE zendesk.current PARTITION BY {} CLUSTER BY id OPTIONS (partition_expiration_days = 90)
    AS SELECT * FROM zendesk.ticket WHERE _exported_at >= TIMESTAMP '2026-11-27 00:00:00+00'
"""
BY_RANGE = "RANGE_BUCKET(id, GENERATE_ARRAY(0, 6000000, 60000))"  # 100 partitions at 60 months


@pytest.fixture
def current(warehouse):
    """A table with one row a key, as a statement makes it."""

    def create(partition):
        sql = CURRENT.format(partition)
        [made] = warehouse.statement("job", sql)
        warehouse.analyzer.tables["zendesk", "current"] = warehouse.analyzer.analyze(sql, {}, None).columns
        return made

    return create


MERGE_CURRENT = """
    MERGE zendesk.current AS target USING zendesk.staging AS source ON target.id = source.id AND {}
    WHEN MATCHED THEN UPDATE SET description = source.description
"""


def test_a_merge_into_one_row_a_key_bills_the_partitions_of_the_keys_that_a_run_changes(bill, current):
    """Two keys a day of 6,000,000. Of any age: 1 - 0.99^2 of 100 partitions. By age, with half of the changes in the
    newest partition and half of the rest in each older one: (2 - 1/4 - 1/16 - ...) / 100. Constants count by column, not
    by number: those of the sandbox are others.
    """
    made = current(BY_RANGE)
    assert made.title == "CREATE TABLE current, ticket"
    rows, row, read = 6_000_000, 934, 8
    by_age = Changes(a_month=60, mean_days_after_creation=18 / math.log(2), anywhere=0)
    for changes, share in ((ACCOUNT.changes["ticket"], 1 - 0.99**2), (by_age, (2 - 1 / 3) / 100)):
        ranges = (
            "(target.id >= 0 AND target.id < 9 OR target.id >= 99 AND target.id < 200 OR target.id IS NULL)"
        )
        for constants in ("target.id IN (1, 2, 3)", "target.id >= 0 AND target.id < 9", ranges):
            merged = bill(MERGE_CURRENT.format(constants), changes={"ticket": changes})
            [statement] = merged.statements
            size = merged.billed(statement, merged.meters[-1]) - 91_000_000  # the source
            assert size == pytest.approx(rows * share * (row + read), abs=1_000_000)
    everything = bill(MERGE_CURRENT.format("target.id >= 0"))
    assert everything.billed(everything.statements[0], everything.meters[-1]) > rows * row
    of_ten = Promise("page.md", 60, jobs=("job",), what="a run with ten", changed={"ticket": 10})
    [(_, ten, _)] = merged.promised(of_ten)
    assert ten > 3 * size


def test_alternatives_prune_by_the_earliest_of_them(billed):
    """Three of 1,800 days of 500,000 / 30 rows."""
    since = "_exported_at >= TIMESTAMP_MICROS(1764028800000000)"
    since = since.replace("1764028800", str(int(NOW.timestamp()) // 86_400 * 86_400 - 2 * 86_400))
    either = f"({since} OR (_exported_at >= {DAY} AND id = 3))"
    assert billed(f"SELECT description FROM zendesk.ticket WHERE {either}") == pytest.approx(
        50_000 * (900 + 8 + 8), abs=1_000_000
    )
    or_any = either.replace(f"_exported_at >= {DAY} AND", "")
    assert billed(f"SELECT description FROM zendesk.ticket WHERE {or_any}") == 30_000_000 * (900 + 8 + 8)


def test_hashed_keys_are_in_as_many_partitions_as_there_are(bill, current):
    current(BY_RANGE.replace("6000000, 60000", "4, 1"))
    merged = bill(MERGE_CURRENT.format("target.id = 1"))
    meter = dataclasses.replace(merged.meters[-1], changed={"ticket": 2})
    table = merged.tables["zendesk.current"]
    assert meter.touched(table, table.partitioning, "ticket") == pytest.approx(1 - (3 / 4) ** 2)


def test_only_tables_by_time_expire_and_months_are_wider_than_days(bill, current):
    current(BY_RANGE)
    merged = bill(MERGE_CURRENT.format("target.id = 1"))
    assert merged.meters[-1].rows(merged.tables["zendesk.current"]) == 6_000_000
    current("TIMESTAMP_TRUNC(_exported_at, MONTH)")
    merged = bill(
        MERGE_CURRENT.format(f"target._exported_at = {DAY}"), changes={"ticket": Changes(30, 7, 1.0)}
    )
    table = merged.tables["zendesk.current"]
    assert merged.meters[-1].rows(table) == 300_000
    assert dataclasses.replace(merged.meters[-1], runs=1).touched(
        table, table.partitioning, "ticket"
    ) == pytest.approx(1 / 3)


def test_a_repeated_query_is_answered_from_the_cache_unless_its_table_has_changed(warehouse):
    def cached(sql, **more):
        [statement] = warehouse.statement("job", sql, query={"query": sql, **more})
        return statement.is_cached

    ask = "SELECT MAX(id) FROM zendesk.ticket"
    assert [cached(ask), cached(ask), cached(f"/* model */ {ask}")] == [False, True, False]
    cached("DELETE FROM zendesk.ticket WHERE id = 1")
    assert [cached(ask), cached(ask)] == [False, True]
    cached("DELETE FROM zendesk.log WHERE ticket_id = 1")
    assert cached(ask)
    timed = f"{ask} WHERE _exported_at < CURRENT_TIMESTAMP()"
    assert not any([cached(timed), cached(timed)])
    stored = f"{ask} WHERE id > 1"
    assert not any([cached(stored, destinationTable={}), cached(stored, destinationTable={})])


def test_what_the_account_allows_is_not_wrong_and_a_broken_promise_is(bill):
    allowed = (Unbounded("zendesk.ticket", "SELECT ticket", "any version may be the latest"),)
    promises = (
        Promise("docs/page.md", 60, 0.2, "SELECT ticket"),
        Promise("docs/page.md", 60, 1, "SELECT log"),
        Promise("docs/page.md", 60, 0.2, jobs=("job",), what="all of the job"),
        Promise("docs/page.md", 60, 0.1, storage="zendesk.staging", what="storage"),
    )
    sql = "SELECT MAX(id) FROM zendesk.ticket"
    assert list(bill(sql, unbounded=allowed, promises=promises).wrong()) == [
        "docs/page.md: job: SELECT ticket: 0.240 GB at 60 months, more than 0.2",
        "docs/page.md: nothing matches SELECT log",
        "docs/page.md: all of the job: 0.240 GB at 60 months, more than 0.2",
    ]


def test_the_report_has_the_dollars_of_a_month_and_a_comparison_only_what_differs(bill):
    """30,000,000 rows x 8 bytes x 30 days = 7.2 GB, at 6.25 dollars for 1,099.5 GB."""
    now = bill("SELECT MAX(id) FROM zendesk.ticket", "latest")
    assert "| job: latest | 0.01 | 0.24 | 0.04 |" in printed(now)
    before = bill("SELECT MAX(description) FROM zendesk.ticket", "latest")
    assert "| job: latest | 27.00 | 0.24 | 4.60 | 0.04 |" in compared(before, now)
    assert "job: latest" not in compared(now, now)

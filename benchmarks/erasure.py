"""`erase` by file, and `sweep`: seconds, statements and memory for few and for many tickets.

    .venv/bin/python -m benchmarks.erasure --tickets 1000 100000 --swept 10000 200000

In a new sandbox each: tables of tickets (two versions each), comments (two each) and messages (two each), and their current
table. `erase` has the ids of half of the tickets; `sweep` finds half of the tickets scrubbed, and of comments and users every
tenth redacted or deleted, all on the last day. Exit code 1 if content is left, if other content is gone, or if the number of
statements grows with the tickets.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.commons import Place, place
from benchmarks.measure import Cost, cost
from sandbox.addresses import DATASET, MESSAGES_DATASET
from sandbox.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMAND = Path(sys.executable).with_name("zendesk-erasure")
TABLES = {
    f"{DATASET}.ticket": "number AS id, CONCAT('text ', number) AS subject, CONCAT('text ', number) AS description, ['tag'] AS tags",
    f"{DATASET}.ticket_current": "number AS id, CONCAT('text ', number) AS subject, CONCAT('text ', number) AS description, ['tag'] AS tags",
    f"{DATASET}.ticket_comment": "number AS id, number AS ticket_id, CONCAT('text ', number) AS body",
    f"{MESSAGES_DATASET}.zendesk_ticket": "number AS ticket_id, '{}' AS attributes, CONCAT('text ', number) AS data",
}
"""Columns by table."""
OLD = "TIMESTAMP_ADD(TIMESTAMP '2026-01-01', INTERVAL MOD(number, 300) + 30 * version DAY)"
NEW = "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL IF(version = 1, 1, 3 + MOD(number, 300)) DAY)"
SCRUBBED = """
number AS id, IF(version = 1 AND MOD(number, 2) = 0, 'SCRUBBED', CONCAT('text ', number)) AS subject,
IF(version = 1 AND MOD(number, 2) = 0, 'deleted', 'open') AS status,
IF(version = 1 AND MOD(number, 2) = 0, 'X', CONCAT('text ', number)) AS description
"""
SWEPT_TABLES = {
    f"{DATASET}.ticket": SCRUBBED,
    f"{DATASET}.ticket_current": SCRUBBED,
    f"{DATASET}.ticket_comment": """
number AS id, number AS ticket_id, number AS ticket_event_id, CAST(NULL AS STRING) AS html_body,
IF(version = 1 AND MOD(number, 10) = 1, 'a ▇', CONCAT('text ', number)) AS body, CAST(NULL AS STRING) AS plain_body,
CAST(NULL AS JSON) AS attachments
""",
    f"{DATASET}.user": """
number AS id, IF(version = 1 AND MOD(number, 10) = 0, 'gone', CONCAT('text ', number)) AS name,
CAST(NULL AS STRING) AS email, version = 1 AND MOD(number, 10) = 0 AS permanently_deleted
""",
    f"{MESSAGES_DATASET}.zendesk_ticket": "number AS ticket_id, '{}' AS attributes, CONCAT('text ', number) AS data",
}
"""Columns by table."""
LEFT_OF_TEN = {"ticket": 10, "ticket_current": 10, "ticket_comment": 8, "user": 18, "zendesk_ticket": 10}
"""Rows with a text, of the twenty of ten tickets, after a sweep."""
MAKE = """
CREATE TABLE {table} PARTITION BY DATE({time}) AS
SELECT {columns}, {at} AS {time}
FROM UNNEST(GENERATE_ARRAY(1, {number})) AS number CROSS JOIN UNNEST([0, 1]) AS version
"""
SQL_OF_TEXT = "SELECT COUNT(*) AS found FROM {table} AS one WHERE STRPOS(TO_JSON_STRING(one), 'text ') > 0"
HEADING = ["tickets", "rows erased", "statements that changed rows", "queries", "seconds", "CPU seconds", "peak memory (MB)"]  # fmt: skip


def main(erased: list[int], swept: list[int]) -> int:
    return _measured("erase", erased) + _measured("sweep", swept)


def _measured(command: str, sizes: list[int]) -> int:
    """Prints a table. 1 if something is wrong, otherwise 0."""
    lines, statements, wrong = [], set(), 0
    tables = TABLES if command == "erase" else SWEPT_TABLES
    for tickets in sizes:
        with place() as here:
            rows = 2 * tickets if command == "erase" else tickets
            for table, columns in tables.items():
                name = "published_at" if table.startswith(MESSAGES_DATASET) else "_exported_at"
                at = OLD if command == "erase" else NEW
                made = MAKE.format(table=table, columns=columns, time=name, number=rows, at=at)
                here.warehouse.query_and_wait(made)
            before = _texts(here, tables)
            seconds, used, said = _run(
                here, _erase(here, tickets) if command == "erase" else ["sweep", "--erase"]
            )
            left = _texts(here, tables)
            expected = before // 2 if command == "erase" else sum(LEFT_OF_TEN.values()) * tickets // 10
            wrong += left != expected
            [found] = re.findall(r"([\d,]+) statements? changed rows, ([\d,]+) only read", said)
            statements.add(found)
            figures = [f"{seconds:.1f}", f"{used.cpu:.2f}", f"{used.peak:.0f}"]
            lines.append([f"{tickets:,}", f"{before - left:,}", *found, *figures])
    print(f"{command}\n{text_table(HEADING, lines)}")
    return int(wrong > 0 or len(statements) > 1)


def _texts(here: Place, tables: Iterable[str]) -> int:
    """Rows with content."""
    counts = [
        next(iter(here.warehouse.query_and_wait(SQL_OF_TEXT.format(table=table)))).found for table in tables
    ]
    return sum(counts)


def _erase(here: Place, tickets: int) -> list[str]:
    """Arguments."""
    ids = here.home / "ids.txt"
    ids.write_text("".join(f"{number}\n" for number in range(1, tickets + 1)))
    return ["erase", "--file", str(ids), "--kind", "ticket"]


def _run(here: Place, arguments: list[str]) -> tuple[float, Cost, str]:
    """Wall seconds, cost, and what the command says."""
    log, output = here.home / "log", here.home / "output"
    settings = {
        "ENVIRONMENT": "local",
        "PROJECT": here.warehouse.project,
        "BIGQUERY_EMULATOR_HOST": here.addresses.bigquery_url,
    }
    started = time.monotonic()
    with output.open("wb") as out, log.open("wb") as errors:
        process = subprocess.Popen(
            [COMMAND, *arguments, "--config", "ENV"],
            stdout=out,
            stderr=errors,
            env={**os.environ, **{f"ZENDESK_ERASURE_{name}": value for name, value in settings.items()}},
        )
        used = cost(process, log)
    return time.monotonic() - started, used, output.read_text()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, nargs="*", default=[1_000, 100_000], help="of erase")
    parser.add_argument("--swept", type=int, nargs="*", default=[10_000, 200_000], help="of sweep")
    given = parser.parse_args()
    sys.exit(main(given.tickets, given.swept))

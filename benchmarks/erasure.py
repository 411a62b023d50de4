"""`erase` by file: seconds, statements and memory for 1,000 and for 100,000 tickets, of twice as many.

    .venv/bin/python -m benchmarks.erasure --tickets 1000 100000

In a new sandbox: tables of tickets (two versions each), comments (two each) and messages (two each), and their current
table. Exit code 1 if content is left, if other content is gone, or if the number of statements grows with the ids.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.commons import Place, place
from benchmarks.measure import Cost, cost
from sandbox.addresses import DATASET, MESSAGES_DATASET
from sandbox.text_table import text_table

COMMAND = Path(sys.executable).with_name("zendesk-erasure")
TABLES = {
    f"{DATASET}.ticket": "number AS id, CONCAT('text ', number) AS subject, CONCAT('text ', number) AS description, ['tag'] AS tags",
    f"{DATASET}.ticket_current": "number AS id, CONCAT('text ', number) AS subject, CONCAT('text ', number) AS description, ['tag'] AS tags",
    f"{DATASET}.ticket_comment": "number AS id, number AS ticket_id, CONCAT('text ', number) AS body",
    f"{MESSAGES_DATASET}.zendesk_ticket": "number AS ticket_id, '{}' AS attributes, CONCAT('text ', number) AS data",
}
"""Columns by table."""
MAKE = """
CREATE TABLE {table} PARTITION BY DATE({time}) AS
SELECT {columns}, TIMESTAMP_ADD(TIMESTAMP '2026-01-01', INTERVAL MOD(number, 300) + 30 * version DAY) AS {time}
FROM UNNEST(GENERATE_ARRAY(1, {number})) AS number CROSS JOIN UNNEST([0, 1]) AS version
"""
SQL_OF_TEXT = "SELECT COUNT(*) AS found FROM {table} AS one WHERE STRPOS(TO_JSON_STRING(one), 'text ') > 0"


def main(sizes: list[int]) -> int:
    lines, statements, wrong = [], set(), 0
    for tickets in sizes:
        with place() as here:
            for table, columns in TABLES.items():
                name = "published_at" if table.startswith(MESSAGES_DATASET) else "_exported_at"
                here.warehouse.query_and_wait(
                    MAKE.format(table=table, columns=columns, time=name, number=2 * tickets)
                )
            before = _texts(here)
            seconds, used, said = _erase(here, tickets)
            left = _texts(here)
            wrong += left != before // 2
            [found] = re.findall(r"([\d,]+) statements? changed", said)
            statements.add(found)
            lines.append(
                [
                    f"{tickets:,}",
                    f"{before - left:,}",
                    found,
                    f"{seconds:.1f}",
                    f"{used.cpu:.2f}",
                    f"{used.peak:.0f}",
                ]
            )
    heading = [
        "tickets",
        "rows erased",
        "statements that changed rows",
        "seconds",
        "CPU seconds",
        "peak memory (MB)",
    ]
    print(text_table(heading, lines))
    return int(wrong > 0 or len(statements) > 1)


def _texts(here: Place) -> int:
    """Rows with content."""
    counts = [
        next(iter(here.warehouse.query_and_wait(SQL_OF_TEXT.format(table=table)))).found for table in TABLES
    ]
    return sum(counts)


def _erase(here: Place, tickets: int) -> tuple[float, Cost, str]:
    """Wall seconds, cost, and what the command says."""
    ids, log, output = here.home / "ids.txt", here.home / "log", here.home / "output"
    ids.write_text("".join(f"{number}\n" for number in range(1, tickets + 1)))
    settings = {
        "ENVIRONMENT": "local",
        "PROJECT": here.warehouse.project,
        "BIGQUERY_EMULATOR_HOST": here.addresses.bigquery_url,
    }
    started = time.monotonic()
    with output.open("wb") as out, log.open("wb") as errors:
        process = subprocess.Popen(
            [COMMAND, "erase", "--config", "ENV", "--file", ids, "--kind", "ticket"],
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
    parser.add_argument("--tickets", type=int, nargs="+", default=[1_000, 100_000])
    sys.exit(main(parser.parse_args().tickets))

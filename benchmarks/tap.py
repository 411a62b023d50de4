"""Cost of exporting tickets, compared with the least that a Python program could spend.

    .venv/bin/python -m benchmarks.tap --tickets 10000 100000

The limit fetches the same pages with the same HTTP library, splits them into rows of bytes and writes one per line, without
token renewal, state, schema or rate limit. Both run as processes whose output is thrown away.
"""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.account import TAP, account, cost_of, settings
from sandbox.text_table import text_table

LIMIT = """
import sys, msgspec, requests

class Page(msgspec.Struct):
    tickets: list[msgspec.Raw]
    after_cursor: str
    end_of_stream: bool

read, session, out = msgspec.json.Decoder(Page).decode, requests.Session(), sys.stdout.buffer
body = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox-secret"}
token = session.post(f"{sys.argv[1]}/oauth/tokens", json=body).json()["access_token"]
query = {"start_time": "1569801600", "per_page": "1000", "support_type_scope": "all"}
while True:
    response = session.get(
        f"{sys.argv[1]}/api/v2/incremental/tickets/cursor",
        params=query, headers={"Authorization": f"Bearer {token}"}, stream=True,
    )
    page = read(response.raw.read(decode_content=True))
    for row in page.tickets:
        out.write(row)
        out.write(b"\\n")
    if page.end_of_stream:
        break
    query = {"cursor": page.after_cursor, "per_page": "1000", "support_type_scope": "all"}
"""


def main(tickets: int) -> list[object]:
    """A row of the table."""
    with account(tickets) as (url, home):
        limit = cost_of([sys.executable, "-c", LIMIT, url], home / "log")
        login = {"client_id": "sandbox", "client_secret": "sandbox-secret"}
        (home / "tap.json").write_text(json.dumps(settings(url, **login)))
        tap = cost_of([TAP, "--config", home / "tap.json"], home / "log")
    return [tickets, tap.cpu, tap.peak, limit.cpu, limit.peak, tap.cpu / limit.cpu]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tap", description=__doc__)
    parser.add_argument("--tickets", type=int, nargs="+", default=[10_000, 100_000])
    header = ["tickets", "tap CPU s", "tap MB", "limit CPU s", "limit MB", "tap / limit"]
    print(text_table(header, [main(tickets) for tickets in parser.parse_args().tickets]))

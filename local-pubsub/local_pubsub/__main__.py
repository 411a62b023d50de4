"""The command `local-pubsub`. Once it listens it prints its address, in one line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from pathlib import Path

from local_pubsub.server import running

IN_MEMORY = Path(":memory:")


def main() -> None:
    parser = argparse.ArgumentParser(prog="local-pubsub", description="A local Pub/Sub server.")
    parser.add_argument("--port", type=int, default=8085, help="default: 8085; 0: any free port")
    parser.add_argument(
        "--database",
        type=Path,
        default=IN_MEMORY,
        help="SQLite file that keeps topics, subscriptions and messages across restarts, created if missing;"
        " default: in memory",
    )
    options = parser.parse_args()
    options.database.parent.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(options.database, options.port))


async def _serve(database: Path, port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running(database, port) as bound:
        print(json.dumps({"host": f"127.0.0.1:{bound}"}), flush=True)  # noqa: T201 - a caller reads it
        await stopped.wait()


if __name__ == "__main__":
    main()

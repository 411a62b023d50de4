"""`python -m sandbox.pubsub`: the server alone. Says where it listens, in one line of JSON, once it does."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from pathlib import Path

from sandbox.pubsub.server import running


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.pubsub", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--database", type=Path, required=True, help="where it keeps everything; made if new")
    options = parser.parse_args()
    options.database.parent.mkdir(parents=True, exist_ok=True)
    asyncio.run(_serve(options.database, options.port))


async def _serve(database: Path, port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running(database, port) as bound:
        print(json.dumps({"host": f"127.0.0.1:{bound}"}), flush=True)
        await stopped.wait()


if __name__ == "__main__":
    main()

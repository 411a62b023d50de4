"""`python -m sandbox.zendesk`: the Zendesk simulator alone. Once it listens it prints its URL, in one line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from sandbox.zendesk.account import create
from sandbox.zendesk.server import application
from sandbox.zendesk.store import Store


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.zendesk", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument(
        "--database", type=Path, required=True, help="SQLite file of the account, created if missing"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tickets", type=int, default=2_000)
    parser.add_argument("--users", type=int, default=500)
    options = parser.parse_args()
    options.database.parent.mkdir(parents=True, exist_ok=True)
    store = Store(options.database)
    if store.fact("now") is None:
        create(store, options.seed, options.tickets, options.users)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(store, options.port))


async def _serve(store: Store, port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    runner = web.AppRunner(application(store), access_log=None, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    print(json.dumps({"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}), flush=True)
    await stopped.wait()
    await runner.cleanup()


if __name__ == "__main__":
    main()

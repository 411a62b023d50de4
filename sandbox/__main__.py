"""`python -m sandbox`: starts the servers, runs the demo, queries the warehouse, listens and publishes to the topic."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import demo
from sandbox.addresses import SUBSCRIPTION, Addresses
from sandbox.bigquery import connect
from sandbox.examples import publish_examples
from sandbox.internal_directory import resolve_users
from sandbox.listen import listen
from sandbox.processes import SandboxError, check_is_up
from sandbox.query import query
from sandbox.servers import Size, advance, forget, sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA_DIR = Path(os.environ.get("SANDBOX_DATA_DIR", ".sandbox"))


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    options = _parser().parse_args(argv)
    try:
        return int(options.command(options))
    except SandboxError as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(options: argparse.Namespace) -> int:
    addresses = Addresses.free() if options.free_ports else Addresses()
    if options.fresh:
        forget(addresses, options.data_dir)
    is_new = not (options.data_dir / "zendesk.sqlite").exists()
    size = Size(options.seed, options.tickets, options.users)
    with _stopped_by_signals(), sandbox(addresses, options.data_dir, size):
        for name, value in addresses.environment().items():
            print(f"export {name}={value}")
        if is_new:
            print("# a new account: if Meltano has state from an older one, clear it:")
            for state_id in demo.STATE_IDS:
                print(f"#   {demo.MELTANO} state clear --force {state_id}")
        print(f"# the sandbox is up, with its data in {options.data_dir}; Ctrl-C stops it", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("# stopping", flush=True)
    return 0


def _advance(options: argparse.Namespace) -> int:
    zendesk_url = Addresses.known().zendesk_url
    check_is_up(zendesk_url)
    print(advance(zendesk_url, options.hours))
    return 0


def _resolve_users(_options: argparse.Namespace) -> int:
    addresses = Addresses.known()
    check_is_up(addresses.zendesk_url, addresses.bigquery_url)
    added = resolve_users(connect(addresses.bigquery_url), addresses.zendesk_url)
    print(f"Added {added} people to the internal directory. Publish their tickets: meltano run tap-to-pubsub")
    return 0


def _query(options: argparse.Namespace) -> int:
    with _stopped_by_signals():
        print(query(options.sql, options.data_dir))
    return 0


def _listen(options: argparse.Namespace) -> int:
    host = Addresses.known().pubsub_host
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `listen | head` ends quietly
    with _stopped_by_signals():
        for lines in listen(
            host, options.subscription, options.count, options.timeout, with_data=options.data
        ):
            print(lines, flush=True)
    return 0


def _publish(_options: argparse.Namespace) -> int:
    for line in publish_examples(Addresses.known().pubsub_host):
        print(line)
    return 0


def _demo(options: argparse.Namespace) -> int:
    with _stopped_by_signals():
        demo.run(options.data_dir, Size(options.seed, options.tickets, options.users))
    return 0


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Handles SIGTERM and SIGHUP like Ctrl-C, so that every server is stopped."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    account = argparse.ArgumentParser(add_help=False)
    account.add_argument(
        "--seed", type=int, default=Size.seed, help="random seed of a new account (%(default)s)"
    )
    account.add_argument(
        "--tickets", type=int, default=Size.tickets, help="tickets of a new account (%(default)s)"
    )
    account.add_argument("--users", type=int, default=Size.users, help="users of a new account (%(default)s)")
    kept = argparse.ArgumentParser(add_help=False)
    kept.add_argument("--data-dir", type=Path, default=DATA_DIR, help="folder for its data (%(default)s)")

    up = commands.add_parser("up", parents=[account, kept], help="start all servers, until Ctrl-C")
    up.add_argument("--fresh", action="store_true", help="remove DATA_DIR first")
    up.add_argument(
        "--free-ports", action="store_true", help="use any free ports instead of the default ones"
    )
    up.set_defaults(command=_up)

    later = commands.add_parser(
        "advance", help="advance the clock of a running sandbox: tickets are created, changed and deleted"
    )
    later.add_argument("--hours", type=int, default=24)
    later.set_defaults(command=_advance)

    resolve = commands.add_parser(
        "resolve-users",
        help="add all users to a running sandbox's internal directory, so that waiting tickets can be published",
    )
    resolve.set_defaults(command=_resolve_users)

    look = commands.add_parser("query", parents=[kept], help="query the warehouse, in BigQuery's SQL")
    look.add_argument("sql")
    look.set_defaults(command=_query)

    hear = commands.add_parser("listen", help="receive, acknowledge and show messages, as Commons would")
    hear.add_argument("--subscription", default=SUBSCRIPTION, help="its name or full path (%(default)s)")
    hear.add_argument("--count", type=int, help="stop after COUNT messages")
    hear.add_argument("--timeout", type=float, help="stop after TIMEOUT seconds without a message")
    hear.add_argument("--data", action="store_true", help="show the data of messages, too")
    hear.set_defaults(command=_listen)

    mock = commands.add_parser(
        "publish", help="publish in place of the pipeline, to a running sandbox or to PUBSUB_EMULATOR_HOST"
    )
    mock.add_argument(
        "--examples", action="store_true", required=True, help="the contract's examples, one per event type"
    )
    mock.set_defaults(command=_publish)

    show = commands.add_parser(
        "demo", parents=[account, kept], help="run both jobs twice, a day apart, and show the results"
    )
    show.set_defaults(command=_demo)
    return parser


if __name__ == "__main__":
    sys.exit(main())

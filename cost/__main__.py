"""Prints the bill of a recording, or of two next to each other: `make cost`, `make cost AGAINST=main`.

Exit code 1 if a statement lacks a constant that it needs, or a document promises less than it bills.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cost.account import load
from cost.bill import bill_of
from cost.report import compared, printed

ROOT = Path(__file__).parents[1]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m cost", description=__doc__)
    parser.add_argument("recording", type=Path, help="folder that cost/record.py made")
    parser.add_argument("--against", type=Path, help="recording of another commit")
    parser.add_argument("--account", type=Path, default=ROOT / "cost" / "account.toml")
    arguments = parser.parse_args()
    account, queries = load(arguments.account), ROOT / "docs" / "queries"
    bill = bill_of(arguments.recording, account, queries)
    if arguments.against:
        print(compared(bill_of(arguments.against, account, queries), bill))
    else:
        print(printed(bill))
    wrong = list(dict.fromkeys(bill.wrong()))
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())

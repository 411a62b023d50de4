"""Runs dbt commands, each in a process forked from one that has imported dbt: its imports are half of what a run costs.

For the interpreter of dbt's own environment. Reads a request per line, `{"arguments": [...], "environment": {...},
"output": FILE}`, and answers each with the id of its process, and then with its exit code. Without the garbage
collector, as in transform/start.py.
"""

import gc
import json
import os
import sys

gc.disable()

import dbt.adapters.bigquery  # noqa: E402, F401 - dbt imports it when it reads the profile
from dbt.cli.main import cli  # noqa: E402


def run(arguments: list[str], environment: dict[str, str], output: str) -> None:
    """In the forked process, which it ends."""
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["dbt", *arguments]
    cli()


for line in sys.stdin:
    request = json.loads(line)
    child = os.fork()
    if not child:
        run(**request)
    sys.stdout.write(f"{child}\n")
    sys.stdout.flush()
    _, status = os.waitpid(child, 0)
    sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
    sys.stdout.flush()

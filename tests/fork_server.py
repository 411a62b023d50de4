"""Runs commands of another environment, each in a process forked from one that has imported the program: imports are half of
what a start costs.

For the interpreter of that environment, with the program's entry point (`dbt.cli.main:cli`) and further modules to import
as arguments. Reads a request per line, `{"arguments": [...], "environment": {...}, "output": FILE, "errors": FILE}`, and
answers each with the id of its process, and then with its exit code. Without the garbage collector, as in
transform/start.py.
"""

import gc
import json
import os
import signal
import sys
from importlib import import_module

SECONDS = 600
"""After which a command is killed."""


def run(arguments: list[str], environment: dict[str, str], output: str, errors: str) -> None:
    """In the forked process, which it ends."""
    signal.alarm(SECONDS)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1 if errors == output else os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    sys.exit(main())


gc.disable()
entry_point, *others = sys.argv[1:]
module, _, function = entry_point.partition(":")
for other in others:
    import_module(other)
main = getattr(import_module(module), function)
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

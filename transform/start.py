"""`dbt`, started without the garbage collector: importing dbt and reading its manifest make objects that stay, which the
collector would visit again and again. A run takes seconds, and needs some 20 MB more.

With DBT_BIGQUERY_SKIP_UNCHANGED, `dbt run` is left out where it would build what there is.
"""

from __future__ import annotations

import gc
import importlib.metadata
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unchanged import LastRun

RUN = ["run", "--no-write-json"]
"""The command of which it is known what it builds."""
STARTED = datetime.now(UTC)


def last_run() -> LastRun | None:
    """None if dbt has to run whatever has been built. Whatever fails here is left to dbt, which has retries and messages."""
    if sys.argv[1:] != RUN or os.environ.get("DBT_BIGQUERY_SKIP_UNCHANGED", "").lower() != "true":
        return None
    import unchanged  # noqa: PLC0415 - other commands do without

    try:
        last = unchanged.LastRun(os.environ, dbt_version(), STARTED)
        if last.is_current():
            last.record()
            print("dbt is not started: nothing has changed since its last run")
            sys.exit()
        last.begin()
    except Exception as error:  # noqa: BLE001 - see above
        print(f"dbt runs: {cause(error)}")
        return None
    return last


def dbt_version() -> str:
    return " ".join(importlib.metadata.version(name) for name in ("dbt-core", "dbt-bigquery"))


def cause(error: Exception) -> str:
    """Messages of libraries may have content."""
    import unchanged  # noqa: PLC0415 - see above

    return str(error) if isinstance(error, unchanged.UnknownError) else type(error).__name__


def main() -> None:
    gc.disable()
    last = last_run()
    from dbt.cli.main import cli  # noqa: PLC0415 - takes seconds

    try:
        cli(prog_name="dbt")
    except SystemExit as ended:
        if last:
            try:
                last.end(is_complete=not ended.code)
            except Exception as error:  # noqa: BLE001 - the views are built
                print(f"the next run starts dbt, too: {cause(error)}")
        raise


if __name__ == "__main__":
    main()

"""The utility `saved-state` of meltano.yml: checks that cursors are saved. Runs in Meltano's own environment.

Meltano 4.4.1 ends with 0 although it could not save a run's state: it logs "Failed to persist incremental state to the
configured backend", stops reading STATE, and waits for the plugins' output without looking at its result
(`_handle_head_completed` in meltano/core/block/extract_load.py; findings/meltano-run-succeeds-without-saving-state.sh).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from meltano.core.db import project_engine
from meltano.core.job import Job, State
from meltano.core.project import Project
from meltano.core.state_service import SINGER_STATE_KEY, StateService

LOCAL = "local"
JOBS = {"target-bigquery": "tap-to-bigquery", "target-zendesk-pubsub": "tap-to-pubsub"}
RECORD_SECONDS = 300


def verify(states: StateService, pair: str) -> str:
    """Why the state of the last run of these two plugins is not saved; empty if it is.

    Meltano notes the latest STATE in its database (table `runs`) before it writes it to the state backend. A run that
    had no STATE, or was followed by a `meltano state` command, has nothing to compare.
    """
    run = (
        states.session.query(Job)
        .filter((Job.job_name == pair) | Job.job_name.startswith(f"{pair}:", autoescape=True))
        .order_by(Job.started_at.desc())
        .first()
    )
    if run is None or run.state is State.STATE_EDIT:
        return ""
    reached = run.payload.get(SINGER_STATE_KEY, {}).get("bookmarks", {})
    saved = states.get_state(run.job_name).get(SINGER_STATE_KEY, {}).get("bookmarks", {})
    behind = sorted(name for name, bookmark in reached.items() if not contains(saved.get(name, {}), bookmark))
    if not behind:
        return ""
    return (
        f"the cursors of {', '.join(behind)} were not saved in {run.job_name}: Meltano could not write its state, "
        "or another run wrote it at the same time; the rows are loaded, and the next run reads them again"
    )


def contains(saved: Any, reached: Any) -> bool:  # noqa: ANN401 - JSON
    """States are merged key by key, so the saved one may have more keys."""
    if isinstance(reached, dict):
        return isinstance(saved, dict) and all(contains(saved.get(key), reached[key]) for key in reached)
    return bool(saved == reached)


def check(states: StateService, environment: str) -> None:
    """Writes, reads and removes a state, as a run would. Raises whatever the backend raises."""
    state_id = f"{environment}:check-{uuid.uuid4().hex}"
    written: dict[str, Any] = {SINGER_STATE_KEY: {"bookmarks": {"check": {}}}}
    states.set_state(state_id, json.dumps(written))
    try:
        read = states.get_state(state_id)
    finally:
        states.clear_state(state_id)
    if read != written:
        raise OSError


def cause(error: BaseException) -> str:
    """The error's type and HTTP status, without its message, which may contain an address with credentials."""
    error = error.__cause__ or error
    code = getattr(error, "code", None)
    return f"{type(error).__name__}{f' ({code:d})' if isinstance(code, int) else ''}"


def record(job: str, error: str) -> None:
    """In PIPELINE_RUN, if BigQuery can be reached: by a command of target-bigquery, which has settings and a client."""
    meltano = str(Path(sys.executable).with_name("meltano"))
    command = [meltano, "invoke", "target-bigquery:record-unsaved-state", f"--job={job}", f"--error={error}"]
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(command, capture_output=True, check=False, timeout=RECORD_SECONDS)  # noqa: S603 - no shell


def main() -> int:
    """Exit code 1 if cursors are not saved."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check")
    verified = commands.add_parser("verify")
    verified.add_argument("extractor")
    verified.add_argument("loader")
    arguments = parser.parse_args()

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    environment = os.environ["MELTANO_ENVIRONMENT"]
    project = Project.find(os.environ["MELTANO_PROJECT_ROOT"], activate=False)
    project.activate_environment(environment)
    uri = project.settings.get("state_backend.uri")
    where = f"state of {environment} in {uri.rpartition('@')[2]}"
    with project_engine(project)[1]() as session, StateService(project, session) as states:
        if arguments.command == "verify":
            try:
                wrong = verify(states, f"{environment}:{arguments.extractor}-to-{arguments.loader}")
            except Exception as error:  # noqa: BLE001 - a backend raises what its client raises
                wrong = f"{where} cannot be read: {cause(error)}; whether this run's cursors were saved is not known"
            if wrong:
                record(JOBS[arguments.loader], wrong)
                print(wrong, file=sys.stderr)
            return int(bool(wrong))
        if uri == "systemdb" and environment != LOCAL:
            print(f"MISSING state of {environment}: would be kept in a database of this checkout")
            print("        → set MELTANO_STATE_BACKEND_URI, see .env.example")
            return 1
        try:
            check(states, environment)
        except Exception as error:  # noqa: BLE001 - as above
            print(f"MISSING {where}: cannot be written, read and removed: {cause(error)}")
            print("        → create it, and grant the worker roles/storage.objectUser on it")
            return 1
    print(f"ok      {where}: written, read and removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())

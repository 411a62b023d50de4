"""Whole jobs: `meltano run`, each in a folder of its own, as a pod has it, with its state in Cloud Storage, as in production."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress

import psutil
import requests

from sandbox.addresses import BUCKET, DATASET
from tests.proof.jobs import BATCH, BULK, CHECKPOINT_ROWS, INCREMENTAL, LIMIT, PAGE, Ended

ROOT = "meltano"
MELTANO = f".venvs/{ROOT}/bin/{ROOT}"
JOBS = {"export": "tap-to-bigquery", "publish": "tap-to-pubsub"}
PAIRS = {
    "export": "local:tap-zendesk-cityblock-to-target-bigquery",
    "publish": "local:tap-zendesk-cityblock-tickets-to-target-zendesk-pubsub",
}
SETTINGS = {
    "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": json.dumps(BULK),
    "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": json.dumps(INCREMENTAL),
    "TAP_ZENDESK_CITYBLOCK_PAGE_SIZE": str(PAGE),
    "TAP_ZENDESK_CITYBLOCK_FAST_FIRST_EXPORT": "false",
    "TARGET_BIGQUERY_CHECKPOINT_ROWS": str(CHECKPOINT_ROWS),
    "TARGET_ZENDESK_PUBSUB_BATCH_SIZE": str(BATCH),
    "MELTANO_STATE_BACKEND_URI": f"gs://{BUCKET}/state",
    "NO_COLOR": "1",
}
NAMES = {"tap": "/tap-zendesk-cityblock", "target": "/target-", "dbt": "/start.py"}
"""What the command lines of Meltano's processes have in them."""


class MeltanoRun:
    """As `Running`. A killed Meltano leaves its plugins, which have to end by themselves."""

    def __init__(self, process, log, when_ended):
        self._process, self._log, self._when_ended = process, log, when_ended

    @property
    def is_over(self):
        return self._process.poll() is not None

    def send(self, number, *names):
        """To the group if nothing is named."""
        if not names:
            self._send_to_group(number)
        with suppress(psutil.NoSuchProcess):
            meltano = psutil.Process(self._process.pid)
            for process in (meltano, *meltano.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    line = " ".join(process.cmdline())
                    is_meltano = process == meltano and "meltano" in names
                    if is_meltano or any(NAMES.get(name, "\0") in line for name in names):
                        process.send_signal(number)

    def _send_to_group(self, number):
        """Whether it has processes yet."""
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return False
        return True

    def wait(self):
        deadline = time.monotonic() + LIMIT
        try:
            code = self._process.wait(LIMIT)
            while self._send_to_group(0):
                if time.monotonic() > deadline:
                    raise TimeoutError("a process outlived its run")
                time.sleep(0.1)  # nothing reports the end of another process's child
        finally:
            self._send_to_group(signal.SIGKILL)
        self._when_ended()
        return Ended({"meltano": code}, self._log.read_text(), is_ours=False)


class Meltano:
    """Runs jobs of meltano.yml. `states`: by job, as the plugins alone keep it."""

    def __init__(self, world, project, dbt_runs, states):
        self._world, self._project, self._dbt_runs, self._states = world, project, dbt_runs, states
        self._number = 0

    def start(self, job, timeout):
        self._number += 1
        home = self._world.home / f"pod-{self._number}"
        (home / ".meltano" / "run").mkdir(parents=True, mode=0o700)
        for folder in ("extractors", "loaders", "utilities"):
            (home / ".meltano" / folder).symlink_to(self._project / ".meltano" / folder)
        self._write(job)
        given = {name: value for name, value in os.environ.items() if not name.endswith("_EMULATOR_HOST")}
        variables = {
            **given,
            **self._world.environment(),
            **SETTINGS,
            "MELTANO_SYS_DIR_ROOT": str(home / ".meltano"),
            "DBT_DATASET": DATASET,
            "DBT_TARGET_PATH": str(home / "dbt"),
            "DBT_LOG_PATH": str(home / "logs"),
            "TMPDIR": str(self._world.home / "files"),
            "TAP_ZENDESK_CITYBLOCK_GIVE_UP_AFTER": str(timeout),
            "TARGET_BIGQUERY_TIMEOUT": str(timeout),
            "TARGET_ZENDESK_PUBSUB_TIMEOUT": str(timeout),
        }
        log = home / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [self._project / MELTANO, "run", JOBS[job]],
                cwd=self._project,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
                process_group=0,
            )
        return MeltanoRun(process, log, lambda: self._read(job))

    def _blob(self, job):
        name = requests.utils.quote(f"state/{PAIRS[job]}/state.json", safe="")
        return f"{self._world.addresses.gcs_url}/storage/v1/b/{BUCKET}/o/{name}", name

    def _write(self, job):
        state = {"completed": {"singer_state": self._states[job]}, "partial": {}}
        _, name = self._blob(job)
        address = f"{self._world.addresses.gcs_url}/upload/storage/v1/b/{BUCKET}/o"
        requests.post(f"{address}?uploadType=media&name={name}", json=state, timeout=60).raise_for_status()

    def _read(self, job):
        """What the run has saved."""
        answer = requests.get(self._blob(job)[0], params={"alt": "media"}, timeout=60)
        answer.raise_for_status()
        saved = answer.json()
        self._states[job] = (saved.get("completed") or {}).get("singer_state", {})
        partial = (saved.get("partial") or {}).get("singer_state", {})
        for stream, bookmark in partial.get("bookmarks", {}).items():
            self._states[job].setdefault("bookmarks", {})[stream] = bookmark

"""The jobs and commands as processes: a run of the plugins alone, which keeps its state as Meltano does, and of dbt."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import signal
import threading
from contextlib import suppress

from sandbox.addresses import BUCKET, DATASET, MESSAGES_DATASET, PROJECT, TOPIC, TOPIC_PROJECT
from tests import processes

TIMEOUT, PATIENT = 15, 240
"""The setting `timeout`, in seconds: of a disturbed run, and of others, which a busy machine must not fail."""
LIMIT = 600
"""Seconds after which a run that does not end is a failure: several requests in a row may each take their timeout."""
SUBDOMAIN = "cityblock-local"
CHECKPOINT_ROWS, BATCH, PAGE = 60, 25, 40
BULK = ("group", "macro", "organization_membership")
INCREMENTAL = ("ticket", "user", "organization")
READ = {
    "export": {"bulk_models": BULK, "incremental_models": INCREMENTAL},
    "publish": {"bulk_models": [], "incremental_models": ["ticket"]},
}
"""Settings of the tap, by job."""
TARGETS = {"export": "target-bigquery", "publish": "target-zendesk-pubsub"}
VIEWS = (
    *("ticket_latest", "user_latest", "organization_latest"),
    *("group_latest", "macro_latest", "organization_membership_latest"),
    *("zendesk_user_directory", "TICKET_USER_JOIN_ERROR_latest", "EXPORT_METADATA_latest"),
)


@dataclasses.dataclass
class Ended:
    """`codes`: by process. `log`: all that was written to stderr. `is_ours`: not dbt, which logs tracebacks of its own."""

    codes: dict[str, int]
    log: str
    is_ours: bool = True

    @property
    def is_complete(self):
        return not any(self.codes.values())


class Running:
    """Processes under way. `victims`: process ids by name."""

    def __init__(self, started, when_ended=None):
        self._started, self._when_ended = started, when_ended
        self.victims = {name: process.pid for name, process in started.items()}
        self._logs = {name: bytearray() for name in started}
        self._readers = []
        for name, process in started.items():
            self.read(self.collect, process.stderr, self._logs[name])

    def read(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        thread.start()
        self._readers.append(thread)

    @staticmethod
    def collect(stream, into):
        for line in stream:
            into += line

    @property
    def is_over(self):
        return all(process.poll() is not None for process in self._started.values())

    def send(self, number, *names):
        for name in names or self.victims:
            with suppress(ProcessLookupError):
                self._started[name].send_signal(number)

    def wait(self):
        """Raises TimeoutExpired."""
        try:
            codes = {name: process.wait(LIMIT) for name, process in self._started.items()}
        finally:
            self.send(signal.SIGKILL)
        for reader in self._readers:
            reader.join(LIMIT)
        for process in self._started.values():
            for pipe in (process.stdin, process.stdout, process.stderr):
                with suppress(BrokenPipeError):
                    pipe.close()
        if self._when_ended:
            self._when_ended()
        return Ended(codes, b"".join(self._logs.values()).decode())


class DbtRun:
    """As `Running`."""

    def __init__(self, pid, wait):
        self.victims, self._wait = {"dbt": pid}, wait
        self._done = []
        self._waiting = threading.Thread(target=lambda: self._done.append(wait()), daemon=True)
        self._waiting.start()

    @property
    def is_over(self):
        return bool(self._done)

    def send(self, number, *_):
        with suppress(ProcessLookupError):
            os.kill(self.victims["dbt"], number)

    def wait(self):
        self._waiting.join(LIMIT)
        if not self._done:
            self.send(signal.SIGKILL)
            raise TimeoutError("dbt did not end")
        [done] = self._done
        return Ended({"dbt": done.returncode}, done.stdout, is_ours=False)


class Jobs:
    """Starts what a world needs; `states`: what Meltano would have saved, by job. `timeout`: of what is started next."""

    def __init__(self, world, dbt_runs):
        self.world, self._dbt_runs = world, dbt_runs
        self.states = {"export": {}, "publish": {}}
        self.timeout = PATIENT
        self._numbers = itertools.count()

    def start(self, job, *arguments):
        return getattr(self, job)(*arguments)

    def export(self):
        return self._pair("export")

    def publish(self):
        return self._pair("publish")

    def _pair(self, job):
        started = {"target": self.target(job), "tap": self.tap(job)}
        running = Running(started)
        running.read(self._pump, started["tap"], started["target"])
        running.read(self.keep_state, job, started["target"].stdout)
        return running

    def tap(self, job, **settings):
        """The process, under way from where the job's state is. `settings`: beside the usual ones."""
        usual = {
            "environment": "local",
            "subdomain": SUBDOMAIN,
            "base_url": self.world.proxies["Zendesk"].url,
            "client_id": "sandbox",
            "client_secret": "sandbox-secret",
            "fast_first_export": False,
            "record_run": True,
            "discover_permissions": False,
            "page_size": PAGE,
            "give_up_after": self.timeout,
            **READ[job],
        }
        state = self._file(f"{job}.state.json", self.states[job])
        return self._process(job, "tap-zendesk-cityblock", {**usual, **settings}, "--state", state)

    def target(self, job, **settings):
        """The process, under way. `settings`: beside the usual ones."""
        if job == "export":
            usual = {
                "bucket": BUCKET,
                "storage_emulator_host": self.world.proxies["GCS"].url,
                "checkpoint_rows": CHECKPOINT_ROWS,
            }
        else:
            usual = {
                "messages_dataset": MESSAGES_DATASET,
                "topic_project": TOPIC_PROJECT,
                "topic": TOPIC,
                "pubsub_emulator_host": self.world.proxies["Pub/Sub"].host,
                "batch_size": BATCH,
            }
        return self._process(job, TARGETS[job], {**self._google(), **usual, **settings})

    @staticmethod
    def _pump(tap, target):
        """Meltano, too, ends the tap when its target has ended."""
        try:
            for line in tap.stdout:
                target.stdin.write(line)
        except BrokenPipeError:
            tap.terminate()
            for _ in tap.stdout:
                pass
        with suppress(BrokenPipeError):
            target.stdin.close()

    def keep_state(self, job, stdout):
        for line in stdout:
            if line.endswith(b"\n"):  # else the target was killed while it wrote
                self.states[job] = json.loads(line)

    def state_from_export_metadata(self):
        """What an operator gives Meltano where its state is lost, or was another release's."""
        config = self._file("target-bigquery.json", self._google())
        where = ("--table", f"{DATASET}.EXPORT_METADATA", "--subdomain", SUBDOMAIN)
        done = processes.run(
            "target-bigquery-state-from-export-metadata", "--config", config, *where, env=self._env()
        )
        return json.loads(done.stdout)["singer_state"]

    def erase(self, *tickets, users=()):
        named = (*(("--ticket", one) for one in tickets), *(("--user", one) for one in users))
        return self._erasure("erase", *(part for pair in named for part in pair))

    def resume(self):
        return self._erasure("erase", "--resume")

    def sweep(self):
        return self._erasure("sweep", "--erase")

    def _erasure(self, name, *arguments):
        settings = {
            **self._google(),
            "messages_dataset": MESSAGES_DATASET,
            "bucket": BUCKET,
            "storage_emulator_host": self.world.proxies["GCS"].url,
        }
        config = self._file("erasure.json", settings)
        process = processes.start("zendesk-erasure", name, "--config", config, *arguments, env=self._env())
        running = Running({name: process})
        running.read(running.collect, process.stdout, bytearray())
        return running

    def dbt(self, *models):
        """Of these models, else of the views and what they are built from."""
        selected = models or [f"+{view}" for view in VIEWS]
        pid, wait = self._dbt_runs.start(
            *("run", "--no-write-json", "--cache-selected-only", "--select", *selected),
            dataset=DATASET,
            target=self.world.home / "dbt",
            environment={"BIGQUERY_EMULATOR_HOST": self.world.proxies["BigQuery"].url},
        )
        return DbtRun(pid, wait)

    def _google(self):
        return {
            "environment": "local",
            "project": PROJECT,
            "dataset": DATASET,
            "bigquery_emulator_host": self.world.proxies["BigQuery"].url,
            "timeout": self.timeout,
        }

    def _process(self, job, command, settings, *arguments):
        config = self._file(f"{job}.{command}.json", settings)
        return processes.start(command, "--config", config, *arguments, env=self._env())

    def _env(self):
        given = {name: value for name, value in os.environ.items() if not name.endswith("_EMULATOR_HOST")}
        return {**given, "TMPDIR": str(self.world.home / "files")}

    def _file(self, name, content):
        """With a name of its own: a run beside it may still read the other."""
        path = self.world.home / f"{next(self._numbers)}.{name}"
        path.write_text(json.dumps(content))
        return path

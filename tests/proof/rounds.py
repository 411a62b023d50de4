"""A round: time passes, something is disturbed at a moment from the seed, everything runs once undisturbed, all is checked.

Rounds of one world follow each other, so that a later one has to live with what earlier ones left.
"""

from __future__ import annotations

import dataclasses
import math
import signal
import subprocess
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psutil

from sandbox.servers import Size
from sandbox.zendesk.tickets import SCRUBBED
from tests.end_to_end.record_release import HOURS, SIZE
from tests.end_to_end.release import UPGRADED, Release
from tests.fault_proxy import Fault
from tests.proof import checks
from tests.proof.changes import happen
from tests.proof.faults import fault
from tests.proof.jobs import BATCH, INCREMENTAL, PATIENT, TIMEOUT, Jobs
from tests.proof.meltano import Meltano
from tests.proof.plans import Plan, plan
from tests.proof.world import world as new_world

ROOT = Path(__file__).parents[2]
ROUNDS_OF_A_WORLD = 10
FIRST_COUNTS = {
    "export": {"Zendesk": 14, "BigQuery": 33, "GCS": 31, "Pub/Sub": 0},
    "publish": {"Zendesk": 5, "BigQuery": 85, "GCS": 0, "Pub/Sub": 81},
    "dbt": {"Zendesk": 0, "BigQuery": 87, "GCS": 0, "Pub/Sub": 0},
    "erase": {"BigQuery": 40},
    "sweep": {"BigQuery": 20},
}
"""Requests of the first runs of a world, by job and service."""


def cpu_seconds():
    """Of this process and all that it started, servers included."""
    total = 0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


@dataclasses.dataclass
class Result:
    """`is_reached`: whether the moment came. `wrong`: sentences."""

    number: int
    plan: Plan
    is_reached: bool
    repeats: int
    wrong: list[str]
    seconds: float
    """Of CPU."""


class Rounds:
    """Of one world."""

    def __init__(self, world, dbt_runs):
        self.world = world
        self.jobs = Jobs(world, dbt_runs)
        self.meltano = Meltano(world, ROOT, dbt_runs, self.jobs.states)
        self.received, self.log, self.whole_runs = [], [], []
        self.most_repeats = self.tracebacks = 0
        self.texts_of_erased, self.scrubbed = {}, {}
        self.counts = dict(FIRST_COUNTS)
        """Requests by job and service, of its last undisturbed run."""

    def upgrade(self):
        """The warehouse is as an earlier release left it, and so is what Commons has received."""
        release = Release(self.world.client)
        release.create()
        release.write(UPGRADED, datetime.now(UTC) - timedelta(days=2))
        release.create_views()
        self.world.zendesk("POST", "advance", {"hours": HOURS[0]})
        read = {row["id"] for run in UPGRADED for row in release.rows("ticket", run)}
        self.world.unread = {one["id"] for one in self.world.objects("ticket")} - read
        self.world.columns = {model: release.columns(model) for model in INCREMENTAL}
        self.jobs.states["export"] = self.jobs.state_from_export_metadata()
        self.received += checks.logged(self.world)

    def whole(self, job, *arguments, start=None):
        """An undisturbed run, and what is wrong with it."""
        before = {name: proxy.requests for name, proxy in self.world.proxies.items()}
        self.jobs.timeout = PATIENT
        ended = self.ended((start or self.jobs.start)(job, *arguments))
        if start is None:
            self.counts[job] = {
                name: proxy.requests - before[name] for name, proxy in self.world.proxies.items()
            }
        self.whole_runs.append(job)
        if not ended.is_complete:
            last = ended.log.strip().splitlines()[-1:]
            yield f"an undisturbed {job} ended with {ended.codes}: {last}"

    def ended(self, running):
        ended = running.wait()
        self.log.append(ended.log)
        self.tracebacks += ended.is_ours and "Traceback" in ended.log
        return ended

    def run(self, number, seed):
        began, rng = cpu_seconds(), Random(f"{seed} {number}")
        is_first = number % ROUNDS_OF_A_WORLD == 0
        chosen = plan(rng, is_first=is_first)
        jobs = {chosen.job, chosen.beside} & {"export", "publish"}
        if is_first or chosen.job not in jobs or rng.random() < 0.25:
            jobs = {"export", "publish"}
        self.log.clear()
        self.tracebacks = 0
        before = len(self.received)
        if not is_first:
            self.scrubbed |= happen(self.world, rng)
        wrong = []
        try:
            is_reached = self.disturb(chosen, rng)
            if rng.random() < 0.3:
                self.scrubbed |= happen(self.world, rng)
            wrong += self.repair(chosen, jobs)
        except (subprocess.TimeoutExpired, TimeoutError):
            return Result(number, chosen, True, 0, ["a run did not end"], cpu_seconds() - began)
        self.received += self.world.received()
        wrong += self.check(jobs)
        repeats = checks.repeats(self.received) - checks.repeats(self.received[:before])
        return Result(number, chosen, is_reached, repeats, wrong, cpu_seconds() - began)

    def disturb(self, chosen, rng):
        """Whether the moment was reached."""
        arguments = self.erased(rng) if chosen.job == "erase" else ()
        if chosen.is_rewound:
            self.jobs.states[chosen.job] = {}
        self.jobs.timeout = TIMEOUT
        beside = self.jobs.start(chosen.beside) if chosen.beside else None
        if chosen.action == "twice":
            self.ended(self.jobs.start(chosen.job))
            is_reached = True
        else:
            is_reached = (self.fail if chosen.faults else self.interrupt)(chosen, arguments)
        if beside is not None:
            self.ended(beside)
        if chosen.action == "twice":
            self.most_repeats = math.inf  # what both read, both may publish
        elif chosen.may_repeat:
            self.most_repeats += BATCH
        return is_reached

    def start(self, chosen, *arguments):
        if chosen.is_meltano:
            return self.meltano.start(chosen.job, self.jobs.timeout)
        return self.jobs.start(chosen.job, *arguments)

    def after(self, chosen, service, share):
        """How many requests pass before the moment."""
        requests = self.counts[chosen.job][service]
        if chosen.victim != "dbt" or chosen.job == "dbt":
            return int(share * requests)
        return requests + int(share * self.counts["dbt"][service])

    def interrupt(self, chosen, arguments):
        proxy = self.world.proxies[chosen.service]
        proxy.add(Fault(chosen.side, "", after=self.after(chosen, chosen.service, chosen.share)))
        running = self.start(chosen, *arguments)
        while not (running.is_over or proxy.reached.wait(0.05)):
            pass
        is_reached = proxy.reached.is_set()
        if is_reached:
            self.act(chosen, running)
        proxy.clear()
        self.ended(running)
        return is_reached

    def fail(self, chosen, arguments):
        for service, name, share in chosen.faults:
            after = self.after(chosen, service, share)
            self.world.proxies[service].add(fault(service, name, chosen.job, after))
        self.ended(self.start(chosen, *arguments))
        is_reached = not all(self.world.proxies[service].is_pristine for service, *_ in chosen.faults)
        for service, *_ in chosen.faults:
            self.world.proxies[service].clear()
        return is_reached

    def act(self, chosen, running):
        if chosen.action == "restart":
            self.world.crash(chosen.victim)
        else:
            names = () if chosen.victim == "group" else (chosen.victim,)
            running.send(signal.Signals[chosen.action], *names)

    def erased(self, rng):
        """Tickets that Zendesk has scrubbed, if there are any, else some others."""
        if not self.scrubbed:
            ticket = rng.choice([one for one in self.world.objects("ticket") if one["subject"] != SCRUBBED])
            self.scrubbed[ticket["id"]] = ticket["description"]
            self.world.zendesk("POST", "removals", {"kind": "scrub_ticket", "ticket_id": ticket["id"]})
        self.texts_of_erased |= self.scrubbed
        return sorted(self.scrubbed)

    def repair(self, chosen, jobs):
        """These jobs once more, undisturbed: what a schedule would do. And what an operator does after an erasure was killed."""
        if chosen.is_meltano:
            yield from self.whole(chosen.job, start=lambda job: self.meltano.start(job, PATIENT))
        if "export" in jobs - {chosen.is_meltano and chosen.job}:
            yield from self.whole("export")
        if chosen.job == "erase":
            yield from self.whole("resume")
            yield from self.whole("erase", *sorted(self.texts_of_erased))
        if chosen.job in ("erase", "sweep"):
            yield from self.whole("resume")
            yield from self.whole("sweep")
        if "export" in jobs:
            yield from self.whole("dbt")
        if "publish" in jobs - {chosen.is_meltano and chosen.job}:
            yield from self.whole("publish")

    def check(self, jobs):
        world, states = self.world, self.jobs.states
        erased = self.texts_of_erased.keys()
        if "export" in jobs:
            yield from checks.views(world, erased)
            yield from checks.exports(world, states["export"]["bookmarks"])
        if "publish" in jobs:
            yield from checks.messages(world, erased)
            if "publish" in self.whole_runs and "dbt" in self.whole_runs[self.whole_runs.index("publish") :]:
                yield from checks.waiting(world)  # the first dbt run of a warehouse found no table to read
            yield from checks.published_to(world, states["publish"]["bookmarks"])
        yield from checks.topic(world, self.received, self.most_repeats)
        yield from checks.erasures(world, self.texts_of_erased)
        yield from checks.leftovers(world)
        if self.tracebacks:
            yield f"{self.tracebacks} runs logged a traceback"
        yield from checks.logs("\n".join(self.log), checks.personal_texts(world))


def worlds(numbers):
    """These rounds by their world."""
    by_world = defaultdict(list)
    for number in numbers:
        by_world[number // ROUNDS_OF_A_WORLD].append(number)
    return list(by_world.values())


def is_upgrade(number):
    """Whether the world of this round begins with the warehouse of an earlier release: one of five does."""
    return number // ROUNDS_OF_A_WORLD % 5 == 3


def rounds_of(seed, numbers, addresses, home, dbt_runs):
    """Results of these rounds of one world, after the rounds before them. It ends with the first that is wrong."""
    first = numbers[0] - numbers[0] % ROUNDS_OF_A_WORLD
    size = (
        SIZE if is_upgrade(first) else Size(Random(f"{seed} {first}").randrange(10**6), tickets=120, users=40)
    )
    with new_world(addresses, home / f"world-{first}", size) as world:
        rounds = Rounds(world, dbt_runs)
        if is_upgrade(first):
            rounds.upgrade()
        for number in range(first, numbers[-1] + 1):
            result = rounds.run(number, seed)
            yield result
            if result.wrong:
                break

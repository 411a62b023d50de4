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
from random import Random

import psutil

from tests.fault_proxy import Fault
from tests.proof import checks
from tests.proof.changes import happen
from tests.proof.faults import fault
from tests.proof.jobs import BATCH, Jobs
from tests.proof.plans import Plan, plan
from tests.proof.world import world as new_world

ROUNDS_OF_A_WORLD = 10


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

    def __init__(self, world, jobs):
        self.world = world
        self.jobs = jobs
        self.received, self.log = [], []
        self.most_repeats = self.tracebacks = 0
        self.texts_of_erased, self.scrubbed = {}, {}
        self.counts = {}
        """Requests by job and service, of its last undisturbed run."""

    def begin(self):
        """The first runs, undisturbed."""
        wrong = [*self.whole("export"), *self.whole("dbt"), *self.whole("publish"), *self.whole("dbt")]
        assert not wrong, wrong
        self.received += self.world.received()

    def whole(self, job, *arguments):
        """An undisturbed run, and what is wrong with it."""
        before = {name: proxy.requests for name, proxy in self.world.proxies.items()}
        ended = self.ended(self.jobs.start(job, *arguments))
        self.counts[job] = {name: proxy.requests - before[name] for name, proxy in self.world.proxies.items()}
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
        chosen = plan(rng)
        jobs = {chosen.job, chosen.beside} & {"export", "publish"}
        if chosen.job not in jobs or rng.random() < 0.25:
            jobs = {"export", "publish"}
        self.log.clear()
        self.tracebacks = 0
        before = len(self.received)
        self.scrubbed |= happen(self.world, rng)
        wrong = []
        try:
            is_reached = self.disturb(chosen, rng)
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

    def after(self, chosen, service, share):
        """How many requests pass before the moment."""
        return int(share * self.counts.get(chosen.job, {}).get(service, 10))

    def interrupt(self, chosen, arguments):
        proxy = self.world.proxies[chosen.service]
        proxy.add(Fault(chosen.side, "", after=self.after(chosen, chosen.service, chosen.share)))
        running = self.jobs.start(chosen.job, *arguments)
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
        running = self.jobs.start(chosen.job, *arguments)
        self.ended(running)
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
            ticket = rng.choice(self.world.objects("ticket"))
            self.scrubbed[ticket["id"]] = ticket["description"]
            self.world.zendesk("POST", "removals", {"kind": "scrub_ticket", "ticket_id": ticket["id"]})
        self.texts_of_erased |= self.scrubbed
        return sorted(self.scrubbed)

    def repair(self, chosen, jobs):
        """These jobs once more, undisturbed: what a schedule would do. And what an operator does after an erasure was killed."""
        if "export" in jobs:
            yield from self.whole("export")
        if chosen.job == "erase":
            yield from self.whole("resume")
            yield from self.whole("erase", *sorted(self.texts_of_erased))
        if chosen.job in ("erase", "sweep"):
            yield from self.whole("resume")
            yield from self.whole("sweep")
        if "export" in jobs:
            yield from self.whole("dbt")
        if "publish" in jobs:
            yield from self.whole("publish")

    def check(self, jobs):
        world, states = self.world, self.jobs.states
        erased = self.texts_of_erased.keys()
        if "export" in jobs:
            yield from checks.views(world, erased)
            yield from checks.exports(world, states["export"]["bookmarks"])
        if "publish" in jobs:
            yield from checks.messages(world, erased)
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


def rounds_of(seed, numbers, addresses, home, dbt_runs):
    """Results of these rounds of one world, after the rounds before them. It ends with the first that is wrong."""
    first = numbers[0] - numbers[0] % ROUNDS_OF_A_WORLD
    with new_world(addresses, home / f"world-{first}", Random(f"{seed} {first}").randrange(10**6)) as world:
        rounds = Rounds(world, Jobs(world, dbt_runs))
        rounds.begin()
        for number in range(first, numbers[-1] + 1):
            result = rounds.run(number, seed)
            yield result
            if result.wrong:
                break

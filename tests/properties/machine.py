"""What may happen to an account and to both jobs, in any order, and what has to hold after it.

A run is two steps, so that anything may happen between them: its tap reads to its end, and its target is given that. A tap that
dies is a target that is given less; a target dies after so many of its requests.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from target_zendesk_pubsub.directory import Person

from sandbox.addresses import DATASET
from tests.fault_proxy import Fault
from tests.proof import checks
from tests.proof.jobs import Jobs, Running
from tests.properties.account import Account
from tests.properties.expected import Expected
from tests.properties.world import LISTED, MODELS, UNKNOWN

EXPORTED = {"bulk_models": [LISTED], "incremental_models": list(MODELS)}
REBUILT = ("ticket_current", "user_current", f"{LISTED}_latest")
"""By each run of dbt; the other views stay as they are."""
VIEWS = ("ticket_latest", "user_latest", "zendesk_user_directory")
JOBS = st.sampled_from(("export", "publish"))
SECONDS = st.sampled_from((1, 1, 60, 86_400))
WHICH = st.integers(0, 20)
"""Of those that there are."""
SIZES = st.sampled_from((1, 2, 3, 5, 1000))
"""Of pages, of what is loaded at once, of batches of messages."""
CHANGES = st.sampled_from(
    [
        *("create", "update", "system", "assign", "merge", "delete", "restore", "redact", "scrub"),
        *("create user", "update user", "delete user", "restore user", "merge users", "delete user for good"),
        "change group",
    ]
)
WHOLE = ("whole", "", 0)
ENDS = st.one_of(
    st.just(WHOLE),
    st.tuples(st.just("cut"), st.just("of the tap's output"), st.integers(0, 100)),
    st.tuples(st.just("killed"), st.sampled_from(("BigQuery", "GCS", "Pub/Sub")), st.integers(0, 60)),
)
"""How a run ends: after this share of the tap's output, or at this request of its target to a server."""


class Machine(RuleBasedStateMachine):
    def __init__(self, worlds):
        super().__init__()
        self._opened = worlds.new()
        self.world = self._opened.__enter__()
        self.account = Account(self.world)
        self.jobs = Jobs(self.world, self.world.dbt_runs)
        self.expected = Expected()
        self.read, self.pages = {}, {}
        """By job: the account as its tap has read it, and what the tap has written; a target has not been given that yet."""
        self.exported = None
        """The account as the last export has it, if its rows are in the views of the next run of dbt, and only these."""
        self.lists = []
        """What the view of the bulk model may show: the account of the last complete export, or of an interrupted one after it."""
        self.log, self.texts, self.names = [], {}, {}
        """`texts` of erased tickets and `names` of erased users, by id."""
        self.has_views = self.has_rows = False
        """Whether dbt has built the views, which needs rows to read."""
        self.is_outdated = False
        """Whether the export's tap has read before an erasure what its target is given after it."""
        self.kills, self.is_idle = 0, True

    @initialize()
    def people_are_known(self):
        users = self.world.objects("user")
        self.internal = {
            "member": {u["external_id"]: None for u in users if u["external_id"] and u["id"] != UNKNOWN},
            "user": {f"U{u['id']}": u["email"].upper() for u in users if not u["external_id"]},
        }
        self.load_directory()

    # --- the account, and the internal directory

    @rule(changes=st.lists(st.tuples(CHANGES, WHICH, WHICH), min_size=1, max_size=5), seconds=SECONDS)
    def the_account_changes(self, changes, seconds):
        """All at the same second."""
        self.is_idle = False
        self.world.zendesk("PUT", "clock", {"seconds": seconds})
        for change in changes:
            self.account.change(*change)

    @rule(which=WHICH)
    def the_directory_learns(self, which):
        known = self.internal["member"]
        unknown = [
            one["external_id"]
            for one in self.world.objects("user")
            if one["external_id"] and one["external_id"] not in known
        ]
        if unknown:
            known[unknown[which % len(unknown)]] = None
            self.load_directory()

    @rule(which=WHICH)
    def the_directory_forgets(self, which):
        if known := sorted(self.internal["member"]):
            del self.internal["member"][known[which % len(known)]]
            self.load_directory()

    def load_directory(self):
        self.world.knows("member", [{"id": one} for one in self.internal["member"]])
        self.world.knows(
            "user", [{"id": one, "email": email} for one, email in self.internal["user"].items()]
        )

    # --- runs

    @rule(job=JOBS, page=SIZES, size=SIZES, end=ENDS)
    def a_job_runs(self, job, page, size, end):
        if job == "publish" and not self.has_views:
            return  # it refuses to run without the directory
        if job in self.pages:
            self.the_target_is_given_it(job, size, end)
        self.the_tap_reads(job, page)
        self.the_target_is_given_it(job, size, end)

    @rule(job=JOBS, page=SIZES)
    def a_tap_reads(self, job, page):
        if job not in self.pages and (job == "export" or self.has_views):
            self.the_tap_reads(job, page)

    @precondition(lambda self: self.pages)
    @rule(which=WHICH, size=SIZES, end=ENDS)
    def a_target_is_given_it(self, which, size, end):
        jobs = sorted(self.pages)
        self.the_target_is_given_it(jobs[which % len(jobs)], size, end)

    @rule(job=JOBS)
    def a_cursor_is_lost(self, job):
        """The next run reads from the beginning."""
        if job not in self.pages:
            self.jobs.states[job] = {}

    def the_tap_reads(self, job, page):
        self.is_idle = False
        account = {model: self.world.objects(model) for model in (*MODELS, LISTED)}
        settings = EXPORTED if job == "export" else {}
        process = self.jobs.tap(job, page_size=page, **settings)
        written, running = bytearray(), Running({"tap": process})
        running.read(running.collect, process.stdout, written)
        self.succeeds(running)
        self.read[job], self.pages[job] = account, bytes(written)

    def the_target_is_given_it(self, job, size, end):
        how, where, when = end
        account, given = self.read.pop(job), self.pages.pop(job)
        people = self.people() if job == "publish" else None
        if how == "cut":
            given = given[: len(given) * when // 100]
        process = self.jobs.target(job, **{"checkpoint_rows" if job == "export" else "batch_size": size})
        running = Running({"target": process})
        running.read(feed, process.stdin, given)
        running.read(self.jobs.keep_state, job, process.stdout)
        if how == "killed":
            is_killed = self.kill(running, where, when)
            self.kills += is_killed and job == "publish"
            is_complete = not is_killed
        else:
            is_complete = how == "whole" or when == 100
        if is_complete:
            self.succeeds(running)
        else:
            self.log.append(running.wait().log)
        if job == "publish":
            self.expected.ran(account["ticket"], ids(given), people, is_complete=is_complete)
            if is_complete:
                self.check_messages()
        else:
            self.exported = account if is_complete and not self.is_outdated else None
            self.is_outdated = False
            self.lists = [account] if is_complete else self.lists and [*self.lists, account]
            self.has_rows = self.has_rows or is_complete

    def kill(self, running, service, requests):
        """Whether it got so far."""
        proxy = self.world.proxies[service]
        proxy.add(Fault("late", "", after=requests))
        while not (running.is_over or proxy.reached.wait(0.05)):
            pass
        is_reached = proxy.reached.is_set()
        if is_reached:
            running.send(signal.SIGKILL)
        proxy.clear()
        return is_reached

    def succeeds(self, running):
        ended = running.wait()
        self.log.append(ended.log)
        assert ended.is_complete, (ended.codes, ended.log[-3000:])

    @precondition(lambda self: self.has_rows)
    @rule()
    def the_views_are_built(self):
        """All of them once, because they stay the same; later the tables that they read."""
        if self.world.dbt_runs:
            ended = self.jobs.dbt(*(REBUILT if self.has_views else (*REBUILT, *VIEWS))).wait()
            assert ended.is_complete, ended.log[-3000:]
        elif not self.has_views:
            self.world.create_views()
        self.has_views = True
        self.check_views()

    # --- erasures

    @rule(kind=st.sampled_from(MODELS), which=WHICH)
    def one_is_erased(self, kind, which):
        """First in Zendesk."""
        objects = [one for one in self.world.objects(kind) if self.account.has_content(kind, one)]
        if not objects:
            return
        one = objects[which % len(objects)]
        self.world.zendesk("PUT", "clock", {"seconds": 1})
        self.exported, self.is_outdated = None, "export" in self.pages
        if kind == "ticket":
            self.account.scrub(one, None, 0)
            self.texts[one["id"]] = one["description"]
            self.succeeds(self.jobs.erase(one["id"]))
            self.expected.forgets(one["id"])
        else:
            self.account.delete_user_for_good(None, one, 0)
            self.names[one["id"]] = one["name"]
            self.succeeds(self.jobs.erase(users=[one["id"]]))

    # --- what has to hold

    def people(self):
        return {
            row["zendesk_user_id"]: Person(row["zendesk_user_id"], row["kind"], row["internal_id"])
            for row in self.world.rows(f"SELECT * FROM {DATASET}.zendesk_user_directory")
        }

    def check_messages(self):
        rows = self.world.rows(
            f"SELECT ticket_id, data FROM {checks.LOG} WHERE replay_of IS NULL ORDER BY published_at"
        )
        published = {row["ticket_id"]: row["data"] for row in rows}
        wrong = list(self.expected.wrong(published, checks.payloads(self.world).keys()))
        assert not wrong, wrong

    def check_views(self):
        wrong = []
        if self.exported:
            wrong += checks.views(AsExported(self.world, self.exported), self.texts.keys(), MODELS)
        lists = [[*checks.views(AsExported(self.world, one), (), (LISTED,))] for one in self.lists]
        if all(lists):  # each is wrong
            wrong += lists[0]
        assert not wrong, wrong

    def finish(self):
        """Both jobs once more, as their schedule would do."""
        for job in list(self.pages):
            self.the_target_is_given_it(job, 1000, WHOLE)
        if self.texts or self.names:
            self.succeeds(self.jobs.sweep())
            for ticket in self.world.objects("ticket"):
                if not self.account.has_content("ticket", ticket):
                    self.expected.forgets(ticket["id"])
        self.a_job_runs("export", 1000, 1000, WHOLE)
        self.the_views_are_built()
        self.a_job_runs("publish", 1000, 1000, WHOLE)
        states = self.jobs.states
        wrong = [
            *checks.exports(self.world, states["export"]["bookmarks"], (*MODELS, LISTED)),
            *checks.published_to(self.world, states["publish"]["bookmarks"]),
            *checks.topic(self.world, self.world.received(), 1000 * self.kills),
            *checks.erasures(self.world, self.texts | self.names),
            *checks.logs("\n".join(self.log), checks.personal_texts(self.world)),
        ]
        if "Traceback" in "".join(self.log):
            wrong.append("a run logged a traceback")
        assert not wrong, wrong

    def teardown(self):
        is_failing = sys.exception() is not None
        try:
            if not (is_failing or self.is_idle):
                self.finish()
        finally:
            self._opened.__exit__(None, None, None)


class AsExported:
    """The account as an export has read it, beside the warehouse."""

    def __init__(self, world, account):
        self.columns, self.rows, self.unread = {}, world.rows, set()
        self._account = account

    def objects(self, model):
        return self._account[model]


def ids(output):
    """Of the tickets that a tap has written, the last line perhaps in part."""
    whole = output[: output.rfind(b"\n") + 1]
    messages = [json.loads(line) for line in whole.splitlines()]
    return {one["record"]["id"] for one in messages if one["type"] == "RECORD" and one["stream"] == "ticket"}


def feed(pipe, content):
    with suppress(BrokenPipeError):
        pipe.write(content)
    with suppress(BrokenPipeError):
        pipe.close()

"""Compares a model that Zendesk's Search counts and returns: counts, and samples from both sides."""

from __future__ import annotations

import dataclasses
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.errors import RefusedError, StreamUnavailableError, TooManyRequestsError
from tap_zendesk_cityblock.state.positions import moment_of

from zendesk_reconciliation.content import Content
from zendesk_reconciliation.result import Result
from zendesk_reconciliation.spans import SMALL, Expected, SmallSpans, Span
from zendesk_reconciliation.verdicts import Alike, Finding, Verdict, clock_of, judge
from zendesk_reconciliation.zendesk import SHOWN, Changes, is_deleted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zendesk_reconciliation.exports import LastExport
    from zendesk_reconciliation.view import Shown, View
    from zendesk_reconciliation.zendesk import Json, Zendesk

DRAWS = 3
"""Number of random moments; the objects that were created in Zendesk just before each are sampled."""
REQUESTS = 4 + DRAWS
"""Of a model, without those that find where counts differ: what changed, a total, a count, the sample of the view, the draws."""
REQUESTS_OF_STEP = 2
"""At most: a count, or a span's objects, and those that are not among them."""
MOST, LEAST = 0.5, 10
"""A column that differs in more than this share of so many objects, or more, is one that Zendesk returns otherwise here than
in exports, not one that the warehouse lacks."""


class Comparison:
    """Of one model. `hashed`: its columns that are not compared."""

    def __init__(self, zendesk: Zendesk, view: View, export: LastExport, hashed: Iterable[str]) -> None:
        self._zendesk, self._view, self._export = zendesk, view, export
        self._model = export.model
        self._content = Content(self._model, {*hashed})
        self._changes = Changes({}, is_whole=True)
        self._judged: set[int] = set()
        self.result = Result(self._model.name, export)

    def run(self, seed: int, size: int, reserved: int) -> Result:
        """`reserved`: requests that are left to other models when it is looked for where counts differ.

        What Zendesk refuses, or `max_requests` does not suffice for, is in `not_compared`. Raises PluginError.
        """
        self._view.check()
        try:
            self._zendesk.reserve(REQUESTS)
            self._changes = self._zendesk.changed(self._export)
            self.result.changed = len(self._changes.objects)
            self.result.total = self._zendesk.total(self._model)
            expected = self._expected()
            self._compare_sample(self._view.draw(seed, size))
            if self._zendesk.is_partly_exported(self._model):
                self.result.left_out = (
                    "what Zendesk has and the view does not: support_type_scope leaves tickets out"
                )
            else:
                self._compare_draws(Random(f"{seed} {self._model.name}"), expected.first, size)  # noqa: S311 - a sample
                self._compare_counts(expected, reserved)
        except (StreamUnavailableError, RefusedError, TooManyRequestsError) as cause:
            self.result.not_compared.append(str(cause))
        return self.result

    def _expected(self) -> Expected:
        known = self._view.rows(self._changes.objects)
        start, since = self._zendesk.start_date, Counter[int]()
        for number, one in self._changes.objects.items():
            shown = known.get(number)
            created = shown.created if shown else moment_of(one.get("created_at"))
            if created is not None:
                was_counted = shown is not None and not shown.is_deleted and (shown.updated or 0) >= start
                since[created] += (not is_deleted(self._model, one)) - was_counted
        by_day = self._view.counts_by_day(self._export.reached, start)
        return Expected(by_day, lambda first, beyond: self._view.count(first, beyond, start), since)

    def _compare_sample(self, drawn: set[int]) -> None:
        self.result.drawn_here = len(drawn)
        returned = self._zendesk.shown(self._model, drawn)
        rows, equal = self._compare({one: returned.get(one) for one in drawn})
        self._compare_content(equal, rows)
        self.result.objects = equal

    def _compare_draws(self, rng: Random, first: int, size: int) -> None:
        created: dict[int, Json | None] = {}
        for _ in range(DRAWS):
            beyond = rng.randrange(first, max(self._export.reached, first + 1)) + 1
            created |= {one["id"]: one for one in self._zendesk.created(self._model, 0, beyond, size)}
        self.result.drawn_there = len(created.keys() - self._judged)
        self._compare(created)

    def _compare_counts(self, expected: Expected, reserved: int) -> None:
        if not self._changes.is_whole:
            self.result.not_compared.append(
                f"counts, because more than {len(self._changes.objects):,} objects changed since the last export: run "
                "tap-to-bigquery first"
            )
            return
        reached, start = self._export.reached, self._zendesk.start_date
        self.result.found, self.result.expected = self._counted(0, reached), expected(0, reached)
        whole = Span(0, reached, self.result.found, self.result.expected)
        spans = SmallSpans(whole, self._counted, expected)
        crowded: list[Span] = []
        while spans.pending and self._zendesk.requests_left - reserved >= REQUESTS_OF_STEP:
            if (span := spans.step()) is not None:
                self._compare_ids(span, start)
                if span.is_crowded:
                    crowded.append(span)
        self.result.spans = sorted([*spans.pending, *crowded], key=lambda one: one.first)

    def _compare_ids(self, span: Span, start: int) -> None:
        created = self._zendesk.created(self._model, span.first, span.beyond, SMALL)
        there: dict[int, Json | None] = {one["id"]: one for one in created}
        here = self._view.created(span.first, span.beyond, start)
        suspects = sorted(here - there.keys() - self._changes.objects.keys())[:SHOWN]
        returned = self._zendesk.shown(self._model, suspects)
        self._compare(there | {one: returned.get(one) for one in suspects})

    def _counted(self, first: int, beyond: int) -> int:
        return self._zendesk.counted(self._model, first, beyond)

    def _compare(self, objects: Mapping[int, Json | None]) -> tuple[dict[int, Shown], dict[int, Json]]:
        """Those that were not compared yet, by version. The rows, and the objects whose version the view has."""
        objects = {number: one for number, one in objects.items() if number not in self._judged}
        self._judged |= objects.keys()
        rows = self._view.rows(objects)
        equal: dict[int, Json] = {}
        for number, one in objects.items():
            shown = rows.get(number)
            verdict: Verdict | Alike = Alike.CHANGED_SINCE
            if number not in self._changes.objects:
                verdict = judge(self._model, one, shown, self._export.reached, self._zendesk.start_date)
            if isinstance(verdict, Verdict):
                self.result.findings[number] = self._finding(number, verdict, one, shown)
            elif verdict is Alike.EQUAL and one is not None:
                equal[number] = one
            else:
                self.result.alike[verdict] += 1
        self.result.alike[Alike.EQUAL] += len(equal)
        return rows, equal

    def _finding(self, number: int, verdict: Verdict, one: Json | None, shown: Shown | None) -> Finding:
        version = clock_of(self._model, one) if one else 0
        clock = version or (shown.clock if shown else 0)
        return Finding(self._model.name, number, verdict, clock, version)

    def _compare_content(self, equal: Mapping[int, Json], rows: Mapping[int, Shown]) -> None:
        differing: dict[int, set[str]] = {}
        for number, row in self._view.contents(equal):
            differing[number] = self._content.differing(equal[number], row)
            if differing[number] and self._content.is_blank(equal[number], row):
                self.result.blank += 1
                differing[number] = self._content.impersonal(differing[number])
        often = Counter(column for columns in differing.values() for column in columns)
        if len(differing) >= LEAST:
            most = MOST * len(differing)
            self.result.otherwise = frozenset(column for column, count in often.items() if count > most)
        for number, columns in differing.items():
            if named := columns - self.result.otherwise:
                self.result.alike[Alike.EQUAL] -= 1
                self.result.findings[number] = Finding(
                    self._model.name,
                    number,
                    Verdict.DIFFERENT,
                    rows[number].clock,
                    columns=tuple(sorted(named)),
                )


def explained(result: Result, view: View) -> None:
    """Replaces verdicts by more specific ones: rejected records, and rows that are not merged.

    Raises WarehouseError.
    """
    lacking = {
        one.id: one
        for one in result.findings.values()
        if one.verdict in (Verdict.MISSING, Verdict.STALE) and isinstance(one.id, int)
    }
    rejected = view.rejected(lacking)
    exported = view.exported({number: one.version for number, one in lacking.items()})
    for number, one in lacking.items():
        verdict = Verdict.REJECTED if number in rejected else one.verdict
        if number in exported:
            verdict = Verdict.UNMERGED
        result.findings[number] = dataclasses.replace(one, verdict=verdict)

"""The bill as Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cost.bill import Bill, Line


ASKED = ("analyst", "question", "query", "view")
"""Queries that people send, rather than a job."""


def printed(bill: Bill) -> str:
    """All tables of docs/measurements/cost.md."""
    account, last = bill.account, bill.account.months[-1]
    months = [f"{month} mo." for month in account.months]
    jobs: dict[str, list[Line]] = {}
    for line in bill.lines:
        jobs.setdefault(line.job, []).append(line)
    texts = [
        "### By job\n",
        _table(["job", "runs a day", *(f"$ a month at {one}" for one in months)], _jobs(bill, jobs)),
    ]
    in_jobs = [
        line for job, lines in jobs.items() if account.jobs[job] and job not in ASKED for line in lines
    ]
    in_jobs.sort(key=lambda line: -line.dollars[-1])
    header = ["statement", *(f"GB at {one}" for one in months), f"$ a month at {last} mo."]
    analysts = [line for job in ("analyst", "question", "query") for line in jobs.get(job, [])]
    for title, lines in (("Jobs", in_jobs), ("Analysts", analysts)):
        texts += [f"\n### {title}\n", _table(header, map(_row, lines))]
    texts += [
        "\n### Views\n",
        _table(header[:-1], _views(jobs.get("view", []), account.prices["minimum_bytes_per_table"])),
    ]
    texts += ["\n### Storage\n", _table(["", *months], _storage(bill))]
    texts += ["\n### Load jobs\n", _table(["table", "a day", "limit"], _loads(bill))]
    texts += ["\n### Assumed of single statements\n", *_notes(bill.lines)]
    return "\n".join(texts)


def _jobs(bill: Bill, jobs: dict[str, list[Line]]) -> Iterator[Sequence[str]]:
    totals = [0.0] * len(bill.account.months)
    for job, lines in jobs.items():
        runs = bill.account.jobs[job]
        if runs:
            dollars = [sum(line.dollars[number] for line in lines) for number in range(len(totals))]
            totals = [total + one for total, one in zip(totals, dollars, strict=True)]
            yield [job, f"{runs:g}", *map(_dollars, dollars)]
    yield ["all", "", *map(_dollars, totals)]


def _row(line: Line) -> Sequence[str]:
    times = f" ({line.count} times)" if line.count > 1 else ""
    name = line.title if line.job in ASKED else f"{line.job}: {line.title}"
    return [f"{name}{times}".replace("*", "\\*"), *map(_gigabytes, line.billed), _dollars(line.dollars[-1])]


def _views(lines: Sequence[Line], minimum: float) -> Iterator[Sequence[str]]:
    """Those that bill no more than the minimum together."""
    small = [line for line in lines if line.billed[-1] <= minimum]
    for line in lines:
        if line not in small:
            yield [line.title.replace("*", "\\*"), *map(_gigabytes, line.billed)]
    if small:
        yield [f"each of {len(small)} others", *[_gigabytes(minimum)] * len(small[0].billed)]


def _storage(bill: Bill) -> Iterator[Sequence[str]]:
    sizes = [sum(meter.size(table) for table in bill.tables.values()) for meter in bill.meters]
    dollars = [sum(meter.storage_dollars(table) for table in bill.tables.values()) for meter in bill.meters]
    yield ["logical GB", *map(_gigabytes, sizes)]
    yield ["$ a month", *map(_dollars, dollars)]


def _loads(bill: Bill) -> Iterator[Sequence[str]]:
    limits = bill.account.limits
    limit = limits["load_jobs_per_table_and_day"]
    by_count: dict[float, list[str]] = {}
    for table, count in bill.loads_a_day().items():
        by_count.setdefault(count, []).append(table)
    for count, tables in sorted(by_count.items(), reverse=True):
        names = ", ".join(sorted(tables)) if len(tables) < 4 else f"each of {len(tables)} others"
        yield [names, f"{count:g}", f"{limit:,}"]
    first = math.ceil(limits["tickets_of_first_publication"] / limits["batch_size"])
    yield ["first publication: log and intents, each", f"{first:,}", f"{limit:,}"]


def _notes(lines: Iterable[Line]) -> Iterator[str]:
    by_note: dict[str, dict[str, None]] = {}
    for line in lines:
        for note in line.notes:
            by_note.setdefault(note, {})[line.title.replace("*", "\\*")] = None
    for note, titles in sorted(by_note.items()):
        yield f"- {note}: {'; '.join(titles)}"


def compared(before: Bill, after: Bill) -> str:
    """Statements whose bill differs, at the account's last month."""
    old = {(line.job, line.title): line for line in before.lines}
    new = {(line.job, line.title): line for line in after.lines}
    month = after.account.months[-1]
    header = ["statement", "GB before", "GB now", "$ a month before", "$ a month now"]
    rows = []
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        gigabytes = [_gigabytes(line.billed[-1]) if line else "" for line in (was, now)]
        dollars = [_dollars(line.dollars[-1]) if line else "" for line in (was, now)]
        if gigabytes[0] != gigabytes[1]:
            rows.append([": ".join(key).replace("*", "\\*"), *gigabytes, *dollars])
    totals = [_dollars(sum(line.dollars[-1] for line in lines)) for lines in (old.values(), new.values())]
    statements = _table(header, [*rows, ["all", "", "", *totals]])
    return f"{promised(before, after)}\n\n### Statements, at {month} months\n\n{statements}"


def promised(before: Bill, after: Bill) -> str:
    """Of each promise that has a name."""
    header = ["", "GB before", "GB now", "times", "at most GB", "$ a month before", "$ a month now"]
    rows = []
    for promise in after.account.promises:
        found = [one.promised(promise)[:1] for one in (before, after)]
        if promise.what and all(found):
            [(_, was, dollars_before)], [(_, now, dollars_now)] = found
            limit = f"{promise.gigabytes:,.3f}" if math.isfinite(promise.gigabytes) else ""
            times = f"{now / was:.4f}"
            rows.append([promise.what, f"{was / 1e9:,.3f}", f"{now / 1e9:,.3f}", times, limit, _dollars(dollars_before), _dollars(dollars_now)])  # fmt: skip
    return f"### What documents promise\n\n{_table(header, rows)}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:,.2f}"


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}"

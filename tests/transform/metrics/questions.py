"""The queries of docs/questions.md, and their answers by counting the objects of Zendesk."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

from cost.questions import questions

PAGE = Path(__file__).parents[3] / "docs" / "questions.md"
UNSOLVED = ("new", "open", "pending", "hold")


def written():
    """{question: SQL}"""
    return questions(PAGE)


def comparable(rows):
    """In an order that does not depend on ties, with fractions to nine places."""
    return sorted(
        (tuple(round(value, 9) if isinstance(value, float) else value for value in row) for row in rows),
        key=repr,
    )


def moment(text):
    return datetime.fromisoformat(text)


def is_merged(ticket):
    return "closed_by_merge" in ticket["tags"]


def names(account, model):
    return defaultdict(lambda: None, {one["id"]: one["name"] for one in account.objects[model]})


def measured(account):
    """(ticket, its metrics)"""
    tickets = account.by_id("ticket")
    return [(tickets[one["ticket_id"]], one) for one in account.objects["ticket_metric_set"]]


def grouped(pairs):
    found = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found


def today(account):
    return datetime.fromtimestamp(account.now, UTC)


def first_reply(account, _slas):
    last_month = (today(account).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    waits = grouped(
        (ticket["group_id"], metrics["reply_time_in_minutes"]["business"])
        for ticket, metrics in measured(account)
        if ticket["status"] != "deleted"
        and not is_merged(ticket)
        and ticket["created_at"].startswith(last_month)
    )
    group = names(account, "group")
    answered = {team: [one for one in minutes if one is not None] for team, minutes in waits.items()}
    return [(group[team], float(median(minutes))) for team, minutes in answered.items() if minutes]


def broken(account, slas):
    tickets = account.by_id("ticket")
    policies = {**account.by_id("sla_policy"), **account.by_id("group_sla_policy")}
    found = grouped(
        ((policies[row["policy_id"] or row["group_policy_id"]]["title"], metric), ticket)
        for (ticket, metric, _), row in slas.items()
        if row["is_breached"] and tickets[ticket]["status"] != "deleted"
    )
    return [(*key, len(set(them))) for key, them in found.items()]


def statuses(account):
    """{ticket: [(since when, status)]}"""
    found = defaultdict(list)
    for event in sorted(account.objects["ticket_event"], key=lambda one: one["id"]):
        for child in event["child_events"]:
            if "status" in child and child["event_type"] in ("Create", "Change"):
                found[event["ticket_id"]].append((moment(event["created_at"]), child["status"]))
    return found


def backlog(account, _slas):
    day = today(account).date() - timedelta(weeks=12)
    mondays = []
    while (day := day + timedelta(days=1)) <= datetime.now(UTC).date():
        if day.isoweekday() == 1:
            mondays.append(day)
    lives = statuses(account).values()

    def unsolved(day: date):
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        last = ([status for since, status in life if since < end] for life in lives)
        return sum(known[-1] in UNSOLVED for known in last if known)

    return [(day, unsolved(day)) for day in mondays]


def repliers(account, _slas):
    tickets, users, first = account.by_id("ticket"), account.by_id("user"), set()
    found = defaultdict(list)
    for comment in sorted(account.objects["ticket_comment"], key=lambda one: one["id"]):
        ticket, author = tickets[comment["ticket_id"]], users.get(comment["author_id"], {})
        is_first = ticket["id"] not in first
        first.add(ticket["id"])
        is_reply = comment["public"] and author.get("role") in ("agent", "admin") and not is_first
        is_recent = moment(comment["created_at"]).date() > today(account).date() - timedelta(days=90)
        if is_reply and is_recent and author["id"] != ticket["requester_id"]:
            found[author["role"]].append(author["id"])
    return [(role, len(authors), len(set(authors))) for role, authors in found.items()]


def reopened(account, _slas):
    lives, found = statuses(account), defaultdict(list)
    for ticket in account.objects["ticket"]:
        life = lives[ticket["id"]]
        solved = [since for since, status in life if status in ("solved", "closed")]
        if solved and ticket["status"] != "deleted" and not is_merged(ticket):
            again = any(a[1] == "solved" and b[1] in UNSOLVED for a, b in pairwise(life))
            found[solved[0].date().replace(day=1)].append(again)
    return [(month, len(them), sum(them) / len(them)) for month, them in found.items()]


def resolution(account, _slas):
    organizations, brands = names(account, "organization"), names(account, "brand")
    found = grouped(
        ((organizations[ticket["organization_id"]], brands[ticket["brand_id"]]), minutes)
        for ticket, metrics in measured(account)
        if (minutes := metrics["full_resolution_time_in_minutes"]["calendar"]) is not None
        and not is_merged(ticket)
    )
    return [(*key, len(them), sum(them) / len(them) / 60) for key, them in found.items()]


def open_now(account, _slas):
    found = grouped(
        ((one["status"], (today(account) - moment(one["created_at"])).days // 7), 1)
        for one in account.objects["ticket"]
        if one["status"] in UNSOLVED
    )
    return [(*key, len(them)) for key, them in found.items()]


def waiting(account, _slas):
    lives = statuses(account)
    found = grouped(
        (ticket["via"]["channel"], today(account) - lives[ticket["id"]][-1][0])
        for ticket in account.objects["ticket"]
        if ticket["status"] in ("new", "open")
    )
    return [(channel, len(them), max(them) // timedelta(hours=1)) for channel, them in found.items()]


def care_area(account, _slas):
    [field] = [one["id"] for one in account.objects["ticket_field"] if one["title"] == "Care area"]
    found = grouped(
        (value, ticket["status"] in ("solved", "closed"))
        for ticket in account.objects["ticket"]
        for value in (one["value"] for one in ticket["custom_fields"] if one["id"] == field)
        if ticket["status"] != "deleted"
        and moment(ticket["created_at"]).date() > today(account).date() - timedelta(days=90)
    )
    return [(value, len(them), sum(them)) for value, them in found.items()]


def left_out(account, _slas):
    found = grouped((moment(one["created_at"]).year, one) for one in account.objects["ticket"])
    return [
        (
            year,
            sum(one["status"] == "deleted" for one in them),
            sum(is_merged(one) and one["status"] != "deleted" for one in them),
            len(them),
        )
        for year, them in found.items()
    ]


ANSWERS = {
    "How long do members wait for a first reply?": first_reply,
    "Which promises were broken?": broken,
    "How large is the backlog every Monday?": backlog,
    "Who replies?": repliers,
    "How often are tickets reopened?": reopened,
    "How long until a ticket is solved?": resolution,
    "What is open now?": open_now,
    "Who waits for us?": waiting,
    "What is it about?": care_area,
    "How many tickets do not count?": left_out,
}

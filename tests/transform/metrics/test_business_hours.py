"""Business time of 20,000 tickets, compared with a count of every minute."""

from datetime import UTC, date, datetime, timedelta
from random import Random

from tests.transform.conftest import exported, finish
from tests.transform.metrics.minute_by_minute import Clock, Hours

SINCE, UNTIL = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
FIRST_EXPORT, SECOND_EXPORT = "2024-02-01T00:00:00+00:00", "2025-06-01T00:00:00+00:00"
CHANGED_AT = datetime(2025, 3, 20, 14, 30, tzinfo=UTC)
"""Between the exports: when hours, or a zone, changed."""
TICKETS = 20_000
AGENT, REQUESTER = 7, 8

ZONES = {
    "Eastern Time (US & Canada)": "America/New_York",
    "London": "Europe/London",
    "Newfoundland": "America/St_Johns",
    "Kathmandu": "Asia/Kathmandu",
    "Santiago": "America/Santiago",  # its clocks change at midnight
    "Chatham Is.": "Pacific/Chatham",
    "Arizona": "America/Phoenix",
    "America/Havana": "America/Havana",  # at midnight, too
}
DAY, HOUR = 1440, 60
OFFICE = tuple((day * DAY + 9 * HOUR, day * DAY + 17 * HOUR) for day in range(1, 6))
WITH_A_BREAK = tuple(
    (day * DAY + start, day * DAY + end)
    for day in range(1, 7)
    for start, end in ((8 * HOUR, 12 * HOUR + 15), (13 * HOUR, 18 * HOUR + 45))
)
AROUND_THE_CLOCK = ((0, 7 * DAY),)
AT_NIGHT = tuple((day * DAY + 20 * HOUR, day * DAY + 30 * HOUR) for day in range(1, 5))
OVER_THE_WEEKEND = ((6 * DAY + 6 * HOUR, 5 * HOUR),)  # from Saturday into Sunday, which begins the next week
ALL = (OFFICE, WITH_A_BREAK, AROUND_THE_CLOCK, AT_NIGHT, OVER_THE_WEEKEND)


def schedules(rng):
    """{id: [(from when, hours)]}; every third has other hours since CHANGED_AT."""
    made = {}
    for number, name in enumerate([*ZONES, *ZONES]):
        versions = [(SINCE, Hours(name, ALL[number % len(ALL)]))]
        if number % 3 == 0:
            zone = name if number % 2 else rng.choice([*ZONES])
            versions.append((CHANGED_AT, Hours(zone, ALL[(number + 2) % len(ALL)])))
        made[number + 1] = versions
    return made


def holidays(rng):
    """Ten a schedule, among them days on which clocks change."""
    days = [date(2024, 3, 10), date(2024, 11, 3), date(2025, 3, 30), date(2025, 9, 7), date(2025, 12, 25)]
    days += [date(2024, 1, 1) + timedelta(days=rng.randrange(700)) for _ in range(5)]
    return [(day, day + timedelta(days=rng.choice((0, 0, 1, 3)))) for day in days]


def schedule_row(export, at, number, version):
    changed_at, hours = version
    return exported(
        export,
        at,
        id=number,
        created_at=f"2020-01-{number:02}T00:00:00Z",
        updated_at=changed_at.isoformat(),
        time_zone=hours.zone,
        intervals=[{"start_time": start, "end_time": end} for start, end in hours.intervals],
    )


def a_while(rng):
    return timedelta(seconds=1 + int(rng.expovariate(1 / rng.choice((600, 20_000, 200_000, 1_000_000)))))


def lives(rng, numbers):
    """[(ticket id, schedule or None, created, replied, solved, reopened, solved again)]"""
    for number in range(1, TICKETS + 1):
        created = SINCE + timedelta(days=1, seconds=rng.randrange(600 * 86_400))
        moments = [created]
        for _ in range(4):
            moments.append(min(moments[-1] + a_while(rng), UNTIL - timedelta(days=1)))
        yield number, rng.choice([*numbers, None]), *moments


def change(ticket, number, field, value, at):
    return {
        "id": f"{ticket}{number}-{field}",
        "ticket_id": ticket,
        "ticket_event_id": ticket * 100 + number,
        "field_name": field,
        "value": value,
        "created_at": at.isoformat(),
    }


def load(views, made, closed, tickets):
    views.load_all(
        {
            "schedule": [
                schedule_row(export, at, number, versions[place])
                for export, at, place in (("a", FIRST_EXPORT, 0), ("b", SECOND_EXPORT, -1))
                for number, versions in made.items()
            ],
            "schedule_holiday": [*holiday_rows(closed)],
            "user": [{"id": AGENT, "role": "agent", "updated_at": SINCE.isoformat()}],
            "ticket": [
                {"id": id_, "status": "solved", "requester_id": REQUESTER, "created_at": created.isoformat()}
                for id_, _, created, *_ in tickets
            ],
            "ticket_comment": [comment for ticket in tickets for comment in comments(*ticket)],
            "ticket_field_history": [change for ticket in tickets for change in history(*ticket)],
        }
    )
    for model in ("schedule", "schedule_holiday"):
        finish(views, model, "b", "2025-06-01", SECOND_EXPORT)


def holiday_rows(closed):
    each = ((number, first, last) for number, days in closed.items() for first, last in days)
    for id_, (number, first, last) in enumerate(each):
        days = {"start_date": str(first), "end_date": str(last)}
        yield exported("b", SECOND_EXPORT, id=id_, schedule_id=number, **days)


def comments(ticket, _schedule, created, replied, *_rest):
    common = {"ticket_id": ticket, "public": True}
    for number, author, at in ((0, REQUESTER, created), (1, AGENT, replied)):
        yield {**common, "id": ticket * 10 + number, "author_id": author, "created_at": at.isoformat()}


def history(ticket, schedule, created, _replied, *rest):
    for number, (status, at) in enumerate(
        zip(("new", "solved", "open", "solved"), (created, *rest), strict=True)
    ):
        yield change(ticket, number, "status", status, at)
    if schedule is not None:
        yield change(ticket, 0, "new_schedule_id", str(schedule), created)


def test_business_time_is_that_of_a_count_of_every_minute(views, build):
    rng = Random("business hours")
    made = schedules(rng)
    closed = {number: holidays(rng) for number in made}
    tickets = list(lives(rng, made))
    load(views, made, closed, tickets)
    build("2024-01-01")

    clocks = {
        number: Clock(
            [(at, Hours(ZONES[hours.zone], hours.intervals)) for at, hours in versions],
            closed[number],
            SINCE,
            UNTIL,
        )
        for number, versions in made.items()
    }
    replies = {row["ticket_id"]: row for row in views.rows("ticket_reply", "ticket_id")}
    measures = {row["ticket_id"]: row for row in views.rows("ticket_measure", "ticket_id")}
    wrong = []
    for id_, schedule, created, replied, solved, _, solved_again in tickets:
        clock = clocks[schedule or 1]
        counted = [clock.seconds(created, end) for end in (replied, solved, solved_again)]
        shown = (
            replies[id_]["business_seconds"],
            *(
                measures[id_][f"{kind}_business_minutes"]
                for kind in ("reply", "first_resolution", "full_resolution")
            ),
        )
        if shown != (counted[0], *(seconds // 60 for seconds in counted)):
            wrong.append((id_, schedule, created, counted, shown))
    assert len(measures) == TICKETS
    assert wrong == []

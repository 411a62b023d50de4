"""Comparisons that need more objects than a sandbox has."""

from datetime import UTC, datetime

from tap_zendesk_cityblock.models import MODELS
from zendesk_reconciliation.comparison import Comparison
from zendesk_reconciliation.exports import LastExport
from zendesk_reconciliation.repairs import repairs
from zendesk_reconciliation.spans import SMALL
from zendesk_reconciliation.verdicts import Alike
from zendesk_reconciliation.view import DAY, Shown
from zendesk_reconciliation.zendesk import Changes, Total

REACHED = 20_000 * DAY
IMPORTED = 17_000 * DAY
"""When many tickets were created in the same second, by an import from another system."""


def iso(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat()


class Account:
    """Zendesk, whose tickets are {id: time of creation}."""

    start_date, requests_left = 0, 60

    def __init__(self, tickets):
        self.tickets = tickets

    def reserve(self, requests):
        assert requests <= self.requests_left

    def is_partly_exported(self, _model):
        return False

    def changed(self, _export):
        return Changes({}, is_whole=True)

    def total(self, _model):
        return Total(len(self.tickets), None)

    def counted(self, _model, first, beyond):
        return sum(first <= created < beyond for created in self.tickets.values())

    def created(self, model, first, beyond, most):
        found = [number for number, created in self.tickets.items() if first <= created < beyond]
        return list(self.shown(model, sorted(found)[-most:]).values())

    def shown(self, _model, ids):
        return {
            number: {
                "id": number,
                "status": "closed",
                "created_at": iso(self.tickets[number]),
                "updated_at": iso(self.tickets[number]),
                "generated_timestamp": self.tickets[number],
            }
            for number in ids
            if number in self.tickets
        }


class Here:
    """The view, of the same shape."""

    def __init__(self, tickets):
        self.tickets = tickets

    def check(self):
        pass

    def draw(self, _seed, size):
        return set(sorted(self.tickets)[:size])

    def rows(self, ids):
        found = {number: self.tickets[number] for number in ids if number in self.tickets}
        return {number: Shown(number, at, at, at, is_deleted=False) for number, at in found.items()}

    def contents(self, ids):
        return ((number, {"id": number}) for number in ids)

    def counts_by_day(self, _beyond, _start):
        days = [at // DAY for at in self.tickets.values()]
        return {day: days.count(day) for day in set(days)}

    def count(self, first, beyond, start):
        return len(self.created(first, beyond, start))

    def created(self, first, beyond, _start):
        return {number for number, at in self.tickets.items() if first <= at < beyond}


def test_a_second_with_more_objects_than_a_response_is_not_taken_for_equal():
    tickets = dict.fromkeys(range(1, 2 * SMALL), IMPORTED)
    export = LastExport(MODELS["ticket"], "e1", REACHED, None, datetime.now(UTC))
    equal = Comparison(Account(tickets), Here(tickets), export, ()).run(1, 20, 0)
    assert (equal.spans, equal.findings) == ([], {})
    assert equal.alike[Alike.EQUAL] == 40

    lost = SMALL // 2  # not among those that one response has
    here = Here({number: at for number, at in tickets.items() if number != lost})
    result = Comparison(Account(tickets), here, export, ()).run(1, 20, 0)
    assert [(one.first, one.beyond, one.difference) for one in result.spans] == [(IMPORTED, IMPORTED + 1, 1)]
    [command] = repairs([result], None, 0)
    assert f"START_TIME={iso(IMPORTED - 1).replace('+00:00', 'Z')}" in command

"""By which columns an object differs from its row, as BigQuery writes it."""

from tap_zendesk_cityblock.models import MODELS
from zendesk_reconciliation.command import LISTED
from zendesk_reconciliation.content import Content, canonical


def test_formats_are_no_difference():
    there = {
        "id": 1,
        "tags": [],
        "subject": "a",
        "created_at": "2026-01-01T00:00:00Z",
        "custom_fields": [{"id": 2**60, "value": None}, {"id": 7, "value": 1.0}],
        "via": {"channel": "web", "unknown": True},
    }
    row = {
        "id": 1,
        "tags": None,
        "subject": "a",
        "created_at": "2026-01-01T01:00:00+01:00",
        "custom_fields": [{"id": str(2**60), "value": None}, {"id": 7, "value": 1}],
        "via": {"channel": "web"},
        "_export_id": "e1",
    }
    assert Content(MODELS["ticket"], ()).differing(there, row) == set()
    assert Content(MODELS["ticket"], ()).differing({**there, "subject": "b"}, row) == {"subject"}
    assert Content(MODELS["ticket"], {"subject"}).differing({**there, "subject": "b"}, row) == set()


def test_a_row_without_personal_values_is_blank():
    content = Content(MODELS["user"], ())
    there = {"id": 1, "name": "Ann", "role": "agent"}
    assert content.is_blank(there, {"id": 1, "name": None, "role": "agent"})
    assert not content.is_blank(there, {"id": 1, "name": "Anna", "role": "agent"})
    assert not content.is_blank({"id": 1, "name": None}, {"id": 1, "name": None})
    assert content.impersonal({"name", "role"}) == {"role"}


def test_no_number_is_another_one():
    assert canonical(True) is True
    assert canonical(0.5) == 0.5
    assert canonical(2.0) == 2
    assert canonical(2**53 + 1) == str(2**53 + 1)


def test_models_whose_keys_people_write_are_not_compared():
    """Keys are printed."""
    assert {"group", "macro", "brand"} <= {*LISTED}
    assert "tag" not in LISTED

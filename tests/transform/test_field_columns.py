"""Views with a column for each custom field."""

import json
from datetime import date
from decimal import Decimal

from google.cloud.bigquery import LoadJobConfig, SchemaField
from tap_zendesk_cityblock.columns import load_schema
from tap_zendesk_cityblock.models import MODELS
from target_bigquery.schema import columns_of

LONG = "Why the member could not be reached, " * 12
FIELDS = {
    1: {"title": "Subject", "type": "subject", "removable": False},
    2: {
        "title": "Plan",
        "type": "tagger",
        "custom_field_options": [
            {"value": "gold", "name": "Gold 🏅 it's \\ 100%"},
            {"value": "silver", "name": "Silver {{ plan }}"},
        ],
    },
    3: {"title": "Plan label", "type": "text"},
    4: {"title": "plan", "type": "text"},
    5: {
        "title": "Programs",
        "type": "multiselect",
        "custom_field_options": [{"value": "rx", "name": "Pharmacy"}],
    },
    6: {"title": "Reached?", "type": "checkbox"},
    7: {"title": "24h visits", "type": "integer"},
    8: {"title": "Order", "type": "decimal"},
    9: {"title": "Visit \u00e9t\u00e9 'on'\n\\n", "type": "date", "active": False},
    10: {"title": "施設", "type": "textarea"},
    11: {"title": LONG, "type": "regexp"},
    12: {"title": "Nurse", "type": "lookup", "relationship_target_type": "zen:user"},
    13: {"title": "Device", "type": "lookup", "relationship_target_type": "zen:custom_object:device"},
    14: {"title": "Ticket ID", "type": "text"},
    15: {"title": "2026", "type": "date"},
}
VALUES = {
    2: "gold",
    3: "text",
    5: ["rx", "retired"],
    6: True,
    7: "12",
    8: 67.174118,
    9: "2026-02-03",
    10: "x",
    12: 1900000000007,
    13: "01HZ",
    15: "soon",
}


DROPDOWN = {"type": "dropdown", "custom_field_options": [{"value": "bk", "name": "Brooklyn"}]}
FIELDS_OF_PEOPLE = {
    "user_field": {
        1: {"key": "member_since", "title": "Since", "type": "date"},
        2: {"key": "risk-score", "title": "Risk", "type": "decimal"},
        3: {"key": "languages", "title": "Languages", "type": "multiselect", "custom_field_options": []},
    },
    "organization_field": {4: {"key": "region", "title": "Hub", **DROPDOWN}},
}
OF_PEOPLE = {"member_since": "2026-01-02T00:00:00Z", "risk-score": 0.5, "languages": ["en", "es"]}


def fill(views, model, rows):
    """The table and the view of a model, as the loader and dbt would leave them."""
    columns = columns_of(load_schema(model)).fields
    has_deleted = [SchemaField("is_deleted", "BOOLEAN")] if MODELS[model].is_deleted else []
    config = LoadJobConfig(schema=[*columns, *has_deleted], write_disposition="WRITE_TRUNCATE")
    for table in (model, f"{model}_latest"):
        views.client.load_table_from_json(rows, f"{views.dataset}.{table}", job_config=config).result()


def fill_fields(views, model, fields):
    fill(views, model, [{"id": number, **field} for number, field in fields.items()])


def build(views, *models):
    """What dbt did with each."""
    done = views.dbt("run", "--select", *models)
    assert done.returncode == 0, done.stdout[-3000:]
    results = json.loads((views.home / "dbt" / "run_results.json").read_text())["results"]
    return {
        result["unique_id"].rpartition(".")[2]: result["adapter_response"].get("_message")
        for result in results
    }


def described(views, object_):
    columns = views.client.get_table(f"{views.dataset}.{object_}_field_columns").schema
    return {column.name: column.description for column in columns}


def without_descriptions(views, view):
    table = views.client.get_table(f"{views.dataset}.{view}")
    table.schema = [SchemaField(column.name, column.field_type, column.mode, "") for column in table.schema]
    views.client.update_table(table, ["schema"])


def test_each_custom_field_has_a_column_that_outlives_its_title(views):
    values = [{"id": number, "value": value} for number, value in VALUES.items()]
    fill_fields(views, "ticket_field", FIELDS)
    for model, fields in FIELDS_OF_PEOPLE.items():
        fill_fields(views, model, fields)
    deleted = {"id": 2, "is_deleted": True, "custom_fields": []}
    fill(views, "ticket", [{"id": 1, "is_deleted": False, "custom_fields": values}, deleted])
    fill(views, "user", [{"id": 9, "is_deleted": False, "user_fields": OF_PEOPLE}])
    fill(views, "organization", [{"id": 8, "is_deleted": False, "organization_fields": {"region": "bk"}}])
    models = (
        "custom_field_column",
        "ticket_field_columns",
        "user_field_columns",
        "organization_field_columns",
    )
    build(views, *models)

    first, second = views.rows("ticket_field_columns", order="ticket_id")
    long = "why_the_member_could_not_be_reached_" * 3
    assert first == {
        "ticket_id": 1,
        "is_deleted": False,
        "plan": "gold",
        "plan_label": "Gold 🏅 it's \\ 100%",
        "plan_label_3": "text",
        "plan_4": None,
        "programs": ["rx", "retired"],
        "programs_labels": ["Pharmacy", "retired"],
        "reached": True,
        "field_24h_visits": 12,
        "field_order": Decimal("67.174118"),
        "visit_ete_on_n": date(2026, 2, 3),
        "field_10": "x",
        long[:100].strip("_"): None,
        "nurse": 1900000000007,
        "device": "01HZ",
        "ticket_id_14": None,
        "field_2026": None,
    }
    assert (second["is_deleted"], second["plan_label"], second["programs"]) == (True, None, [])
    about = described(views, "ticket")
    assert about["plan"] == "Plan (tagger, field 2)"
    assert about["plan_label"] == "Plan (label, tagger, field 2)"
    assert about["visit_ete_on_n"] == "Visit été 'on'\n\\n (deactivated, date, field 9)"
    assert about["nurse"] == "Nurse (lookup to zen:user, field 12)"
    assert views.rows("user_field_columns", order="user_id") == [
        {
            "user_id": 9,
            "is_deleted": False,
            "member_since": date(2026, 1, 2),
            "risk_score": Decimal("0.5"),
            "languages": ["en", "es"],
            "languages_labels": ["en", "es"],
        }
    ]
    assert views.rows("organization_field_columns", order="organization_id") == [
        {"organization_id": 8, "is_deleted": False, "region": "bk", "region_label": "Brooklyn"}
    ]

    changed = {number: field for number, field in FIELDS.items() if number != 5}
    changed[2] = {
        **FIELDS[2],
        "title": "Contract",
        "custom_field_options": [{"value": "gold", "name": "Gold"}],
    }
    changed[16] = {"title": "Plan", "type": "text"}
    fill_fields(views, "ticket_field", changed)
    without_descriptions(views, "user_field_columns")  # as a run leaves it that ends before it writes them
    done = build(views, *models)
    assert [model for model in models if done[model] == "unchanged"] == [models[0], models[3]]
    assert described(views, "user")["languages"] == "Languages (multiselect, field 3)"
    row = views.rows("ticket_field_columns", order="ticket_id")[0]
    assert list(row) == [*first, "plan_16"]
    assert (row["plan_label"], row["programs"], row["programs_labels"]) == (
        "Gold",
        ["rx", "retired"],
        ["rx", "retired"],
    )
    about = described(views, "ticket")
    assert about["plan"] == "Contract (tagger, field 2)"
    assert about["programs"] == "Programs (deleted in Zendesk, multiselect, field 5)"

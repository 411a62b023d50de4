"""Tables for docs/privacy.md: from the marks in the schema files, the rows in models.py, and the Terraform files."""

from __future__ import annotations

import re
from pathlib import Path

from tap_zendesk_cityblock.columns import MARK, PERSONAL_KINDS, load_schema
from tap_zendesk_cityblock.models import MODELS
from target_zendesk_pubsub.published_log import INTENTS_KEPT_DAYS
from zendesk_erasure.content import is_blanked_with_user
from zendesk_erasure.erased_ids import KEPT_DAYS

PROJECT = Path(__file__).parents[1]
TERRAFORM, MELTANO = PROJECT / "deploy" / "terraform", PROJECT / "meltano.yml"
DAY = 86_400
JOB_HISTORY_DAYS = 180
"""https://docs.cloud.google.com/bigquery/docs/information-schema-jobs, from memory."""
FAIL_SAFE_DAYS = 7
"""After time travel; cannot be changed (https://docs.cloud.google.com/bigquery/docs/time-travel, read November 27, 2026)."""


def column_table(kind: str) -> str:
    """A Markdown table of the columns of that kind, with a row per model and column."""
    lines = ["| column | what it has | erased with its |", "|---|---|---|"]
    lines += [
        f"| `{model}.{name}` | {description} | {_erased_with(model, name)} |"
        for model, name, description in _columns(kind)
    ]
    return "\n".join(lines)


def kinds_table() -> str:
    """A row per kind, with the number of its columns and the tables that have them."""
    lines = ["| kind | columns | in the tables |", "|---|---|---|"]
    for kind in PERSONAL_KINDS:
        columns = _columns(kind)
        tables = ", ".join(dict.fromkeys(f"`{model}`" for model, _, _ in columns))
        lines.append(f"| [{kind}](#{kind}) | {len(columns)} | {tables} |")
    return "\n".join(lines)


def copies_table() -> str:
    """Where else content is, and for how long."""
    rows = [
        ("`zendesk.<model>`", "every exported version", _setting("incremental_retention_days", "bulk_retention_days")),
        ("`zendesk.<model>_current`", "the last version of each object", "forever, including deleted objects"),
        ("views `zendesk.…_latest`, `…_history`, metrics", "no copies", "as long as the tables that they read"),
        ("`zendesk.REJECTED_RECORD`", "`payload`: a whole record", "forever; an erasure blanks it"),
        ("`zendesk.TICKET_USER_JOIN_ERROR`", "`payload`: a waiting message", _setting("join_error_retention_days")),
        ("`pubsub_messages.zendesk_ticket_waiting`", "`payload`: a waiting message", "until the ticket is published"),
        ("`pubsub_messages.zendesk_ticket`", "`data`: a published message", _setting("log_retention_days")),
        ("`pubsub_messages.zendesk_ticket_refused`", "`data`: a message that Pub/Sub refused", _setting("log_retention_days")),
        ("`pubsub_messages.zendesk_ticket_intent`", "`data`: a message about to be published", f"{INTENTS_KEPT_DAYS} days"),
        ("Pub/Sub, subscription of Commons", "messages, acknowledged ones too", f"{_message_days('commons')} days"),
        ("Pub/Sub, dead letters", "messages that Commons could not process", f"{_message_days('dead_letter')} days"),
        ("Cloud Storage, staging files", "rows on their way to a load job", f"{_staging_days()} days"),
        ("BigQuery's time travel", "every row that was changed or dropped", f"{_time_travel_days()} days more"),
        ("BigQuery's fail-safe, for Google's support only", "the same", f"{FAIL_SAFE_DAYS} days after that"),
        ("BigQuery's cached results", "what a query returned", "1 day"),
        ("the worker's disk", "the spool of a batch, unchanged bulk rows", "until the load job or the export has ended"),
        ("`zendesk.ERASED_ID`", "no content: ids of what was erased, of tickets in which erased users took part, and fingerprints of the users' addresses", f"{KEPT_DAYS} days"),
        ("`zendesk._erasure_ids_…`", "the same", "until the erasure has ended; after a dry run, 1 day at most"),
        ("`zendesk.ERASURE`", "no content: numbers by table, and `request`, the id of a request (other text is refused)", "forever"),
        ("`zendesk.PIPELINE_RUN`, `EXPORT_METADATA`", "no content: numbers, times, cursors, and why a run failed, with ids at most", "forever"),
        ("the operations page", "no content and no ids: numbers of the tables above, and `request`", "until the next page replaces it"),
        ("Meltano's state", "no content: cursors", f"earlier versions {_state_days()} days"),
        ("Meltano's system database, its log files", "no content: names of jobs and times; what the plugins log", "as long as the pod"),
        ("Cloud Logging, logs of containers", "no content: ids, numbers, times, names of columns", "30 days, unless the project's log bucket says otherwise"),
        ("BigQuery's job history (`INFORMATION_SCHEMA.JOBS`)", "text of queries: those of this project have only ids, times and names; those of people have what they search for", f"{JOB_HISTORY_DAYS} days"),
    ]  # fmt: skip
    lines = ["| where | what | for how long |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _columns(kind: str) -> list[tuple[str, str, str]]:
    """Model, column and description, in the order of models.py."""
    return [
        (model, name, schema["description"])
        for model in MODELS
        for name, schema in load_schema(model)["properties"].items()
        if schema.get(MARK, {}).get("personal") == kind
    ]


def _erased_with(model: str, column: str) -> str:
    """An erasure of a user blanks in rows of tickets in which the user took part only what identifies people."""
    row = MODELS[model]
    subjects = ["ticket"] * (row.ticket is not None) + ["user"] * is_blanked_with_user(row, column)
    return " or ".join(subjects)


def _setting(*names: str) -> str:
    """Days in staging and prod, and the settings."""
    return ", ".join(f"{_days(name)} (`{name}`)" for name in names)


def _days(name: str) -> str:
    """Of staging and prod, which have the same."""
    days = set(re.findall(rf"^ +{name}: (\d+)", MELTANO.read_text(), re.MULTILINE))
    return f"{days.pop()} days" if len(days) == 1 else "forever"


def _message_days(subscription: str) -> int:
    return (
        int(_found("messages.tf", rf'"{subscription}" \{{.*?message_retention_duration\s*= "(\d+)s"')) // DAY
    )


def _staging_days() -> int:
    return int(_found("warehouse.tf", r'"google_storage_bucket" "export".*?age\s*= (\d+)'))


def _state_days() -> int:
    return int(
        _found("warehouse.tf", r'"google_storage_bucket" "state".*?days_since_noncurrent_time\s*= (\d+)')
    )


def _time_travel_days() -> int:
    return int(_found("warehouse.tf", r"max_time_travel_hours\s*= (\d+)")) // 24


def _found(file: str, pattern: str) -> str:
    found = re.search(pattern, (TERRAFORM / file).read_text(), re.DOTALL)
    if found is None:
        raise LookupError(f"{file} has no {pattern}")
    return found[1]

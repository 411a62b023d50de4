"""What users of other taps reported, one test or more for each report, by its number in our list of them.

The tests are in test_reported_*.py, by cause. Number 19, STATE before its rows are loaded, concerns the loader:
`test_a_refused_upload_stops_the_run_before_state` and its neighbors in tests/target_bigquery/test_conformance.py. That
the views show each row once, and the last version by the system's clock (2, 3), is tested in
tests/transform/test_versions.py.
"""

from tap_zendesk_cityblock.models import MODELS

TICKETS = "/api/v2/incremental/tickets/cursor"
TICKET_EVENTS = "/api/v2/incremental/ticket_events"
ONLY_TICKETS = {"bulk_models": [], "incremental_models": ["ticket"], "page_size": 100}


def only(model, **settings):
    """The settings of a run that exports this model alone."""
    kind = "incremental_models" if MODELS[model].is_incremental else "bulk_models"
    return {"bulk_models": [], "incremental_models": [], kind: [model], **settings}


def starts(zendesk, path):
    """From where the requests to this path asked, in their order."""
    queries = [asked["query"] for asked in zendesk.requests() if asked["path"] == path]
    return [query.get("cursor") or query.get("start_time") for query in queries]

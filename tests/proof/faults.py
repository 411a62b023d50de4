"""Faults of the servers, by name."""

from __future__ import annotations

import dataclasses
import json

from tests.fault_proxy import Fault

OF_JOB = "/jobs"
"""In requests that start a load job: one of the loader's, or the last of an upload by the publisher."""


def _refusal(code, reason):
    error = {"code": code, "message": "a fault", "errors": [{"reason": reason, "message": "a fault"}]}
    return json.dumps({"error": error}).encode()


def _failed_job(reason):
    """The answer to a load job that BigQuery has given up."""
    error = {"reason": reason, "message": "a fault"}
    table = {"projectId": "p", "datasetId": "d", "tableId": "t"}
    return json.dumps(
        {
            "jobReference": {"projectId": "local-cityblock-data", "jobId": "failed", "location": "US"},
            "status": {"state": "DONE", "errorResult": error, "errors": [error]},
            "configuration": {"load": {"destinationTable": table}},
        }
    ).encode()


UPLOAD = {"export": "POST /bigquery/v2/projects/local-cityblock-data/jobs", "publish": "PUT /upload"}
LONG = 10_000
"""Times: until the run gives up."""
HTTP = {
    "503 twice": Fault("status", "", times=2),
    "503 until it gives up": Fault("status", "", times=LONG),
    "connection reset twice": Fault("drop", "", times=2),
    "response lost": Fault("lost", ""),
}
FAULTS = {
    "Zendesk": {
        **HTTP,
        "500": Fault("status", "/api/", status=500),
        "401": Fault("status", "/api/", status=401),
    },
    "GCS": {**HTTP, "429": Fault("status", "", status=429, times=2), "403": Fault("status", "", status=403)},
    "BigQuery": {
        **HTTP,
        "rate limit": Fault("status", "", status=403, times=2, body=_refusal(403, "rateLimitExceeded")),
        "quota": Fault("status", "", status=403, body=_refusal(403, "quotaExceeded")),
        "expired token": Fault("status", "", status=401, body=_refusal(401, "authError")),
        "failed job": Fault("status", OF_JOB, status=200, body=_failed_job("backendError")),
        "row refused": Fault("status", OF_JOB, status=200, body=_failed_job("invalid")),
    },
    "Pub/Sub": {
        "unavailable twice": Fault("status", "Publish", times=2, body=b"UNAVAILABLE"),
        "unavailable until it gives up": Fault("status", "Publish", times=LONG, body=b"UNAVAILABLE"),
        "deadline exceeded, though accepted": Fault("lost", "Publish"),
        "exhausted twice": Fault("status", "Publish", times=2, body=b"RESOURCE_EXHAUSTED"),
        "permission denied": Fault("status", "Publish", body=b"PERMISSION_DENIED"),
        "not found": Fault("status", "Publish", body=b"NOT_FOUND"),
    },
}


def fault(service, name, job, after):
    """A new one, for the request after so many of those that it matches."""
    known = FAULTS[service][name]
    if known.match == OF_JOB:
        known = dataclasses.replace(known, match=UPLOAD[job])
        after = min(after, 3)
    return dataclasses.replace(known, after=min(after, 3) if service == "Pub/Sub" else after)

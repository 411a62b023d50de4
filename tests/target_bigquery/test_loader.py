"""The loader itself, its pauses short: how often a load job is tried. Its effect on a run: test_conformance.py."""

import json
import logging

import pytest
from cityblock_singer.google.clients import bigquery_client
from cityblock_singer.google.errors import WarehouseError
from google.cloud import bigquery
from target_bigquery.loader import Layout, Loader
from target_bigquery.settings import bucket
from target_bigquery.spool import Spool

from sandbox.addresses import BUCKET
from tests.fault_proxy import Fault

FIELDS = [bigquery.SchemaField("id", "INTEGER")]
JOB = "PUT /"
"""The request that the job of a direct upload begins with."""
SECRET = "canary-7f3a"


def failed_job(reason):
    """The answer to a job that BigQuery has tried and given up."""
    error = {"reason": reason, "message": SECRET}
    return job({"state": "DONE", "errorResult": error, "errors": [error]})


def job(status):
    return json.dumps(
        {
            "jobReference": {"projectId": "local-cityblock-data", "jobId": "failed", "location": "US"},
            "status": status,
            "configuration": {
                "load": {"destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t"}}
            },
        }
    ).encode()


@pytest.fixture
def spool():
    rows = Spool(1, "ticket")
    for number in range(1, 4):
        rows.add({"id": number})
    rows.finish()
    yield rows
    rows.close()


@pytest.fixture
def load(config, dataset, spool):
    """Loads three rows, waiting so many seconds for what passes; the job's id."""

    def run(timeout=120, **settings):
        given = {**config, "location": "US", **settings}
        client, logger = bigquery_client(given), logging.getLogger("target-bigquery")
        loader = Loader(client, bucket(given), timeout, logger, first_pause=0.01)
        return loader.load_spool(
            loader.ensure_table(dataset, "ticket", FIELDS, Layout(None, "day", [])), spool, "rows.json.gz"
        )

    return run


def test_a_job_that_fails_six_times_for_bigquerys_own_reasons_is_tried_a_seventh_time(load, ids, proxy):
    proxy["bigquery"].add(Fault("status", JOB, times=6, status=200, body=failed_job("rateLimitExceeded")))
    assert load().endswith("-6")
    assert ids() == [1, 2, 3]


def test_a_job_that_fails_for_good_is_tried_once(load, ids, proxy):
    fault = Fault("status", JOB, times=6, status=200, body=failed_job("invalid"))
    proxy["bigquery"].add(fault)
    with pytest.raises(WarehouseError, match=r"^ticket rows 1-3: BigQuery refused them \(invalid\)$"):
        load()
    assert fault.times == 5
    assert ids() == []


def test_a_job_that_goes_on_failing_is_given_up_with_its_reason(load, ids, proxy):
    proxy["bigquery"].add(
        Fault("status", JOB, times=10_000, status=200, body=failed_job("rateLimitExceeded"))
    )
    with pytest.raises(WarehouseError) as refused:
        load(timeout=0.2)
    assert (
        str(refused.value) == "ticket rows 1-3: TooManyRequests (429, rateLimitExceeded) from Google, gave up"
    )
    proxy["bigquery"].clear()
    assert load() == load()  # the second finds the first one's job
    assert ids() == [1, 2, 3]


@pytest.mark.parametrize(
    ("server", "request_", "settings"),
    [
        ("bigquery", "GET /bigquery", {}),
        ("bigquery", "POST /bigquery", {}),
        ("bigquery", JOB, {}),
        ("bigquery", "jobs/failed", {}),
        ("gcs", "POST /upload", {"bucket": BUCKET}),
    ],
    ids=["the table", "a new table", "the job", "the job's state", "GCS"],
)
def test_a_server_that_takes_a_request_and_never_answers_is_given_up(server, request_, settings, load, proxy):
    if request_ == "jobs/failed":
        proxy["bigquery"].add(Fault("status", JOB, status=200, body=job({"state": "RUNNING"})))
    proxy[server].add(Fault("hold", request_, times=10_000))
    with pytest.raises(
        WarehouseError, match=r"Timeout from Google, gave up$"
    ):  # one that waited had got its answer
        load(timeout=1, **settings)

"""`make check-env`: where an environment's cursors are kept, and whether they can be written."""

import os
import subprocess

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from sandbox.addresses import PROJECT as PROJECT_ID
from sandbox.addresses import Addresses
from sandbox.gcs import gcs_server
from tests.deploy.environments import PROJECT

pytestmark = pytest.mark.processes


def checked(environment, **variables):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MELTANO_", "MAKE"))}
    return subprocess.run(
        ["make", "--no-print-directory", "check-env", f"ENV={environment}", "CHECKED="],
        cwd=PROJECT,
        env={**env, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def gcs(tmp_path_factory):
    """A client of a GCS server, and the variables by which others find it."""
    addresses = Addresses.free()
    with gcs_server(addresses, tmp_path_factory.mktemp("gcs")):
        endpoint = {"api_endpoint": addresses.gcs_url}
        client = storage.Client(PROJECT_ID, credentials=AnonymousCredentials(), client_options=endpoint)
        yield client, {"STORAGE_EMULATOR_HOST": addresses.gcs_url}


def test_cursors_that_runs_share_may_not_be_kept_in_a_checkout():
    forgotten = checked("staging")
    assert forgotten.returncode != 0
    assert "MISSING state of staging: would be kept in a database of this checkout" in forgotten.stdout
    assert "MELTANO_STATE_BACKEND_URI" in forgotten.stdout
    sandbox = checked("local")
    assert sandbox.returncode == 0
    assert sandbox.stdout.startswith("ok      state of local in systemdb: written, read and removed")


def test_a_bucket_of_cursors_is_written_to_and_left_as_it_was(gcs):
    client, where = gcs
    client.create_bucket("cursors")
    found = checked("staging", MELTANO_STATE_BACKEND_URI="gs://cursors/meltano", **where)
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout == "ok      state of staging in gs://cursors/meltano: written, read and removed\n"
    assert list(client.list_blobs("cursors")) == []


def test_a_bucket_of_cursors_that_can_be_read_and_not_written_is_found(gcs):
    """One that is not there reads as one without a state."""
    _, where = gcs
    found = checked("staging", MELTANO_STATE_BACKEND_URI="gs://no-such-bucket/meltano", **where)
    assert found.returncode != 0
    assert "MISSING state of staging in gs://no-such-bucket/meltano: cannot be written" in found.stdout
    assert "NotFound (404)" in found.stdout


def test_an_unknown_environment_is_one_error():
    found = checked("stagin")
    assert found.returncode != 0
    assert found.stdout == "ENV=stagin: unknown environment; meltano.yml has local staging prod\n"
    assert found.stderr.count("\n") == 1  # make's own

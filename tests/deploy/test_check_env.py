"""`make check-env`, of what it asks nobody for: where an environment's cursors are kept."""

import os
import subprocess

from tests.deploy.environments import PROJECT


def checked(environment, **variables):
    env = {name: value for name, value in os.environ.items() if not name.startswith("MELTANO_")}
    return subprocess.run(
        ["make", "--no-print-directory", "check-env", f"ENV={environment}", "CHECKED="],
        cwd=PROJECT,
        env={**env, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_cursors_that_runs_share_may_not_be_kept_in_a_checkout():
    forgotten = checked("staging")
    assert forgotten.returncode != 0
    assert (
        "cursors of staging would be kept in a database of this checkout: set MELTANO_STATE_BACKEND_URI"
        in forgotten.stdout
    )
    shared = checked("staging", MELTANO_STATE_BACKEND_URI="gs://zendesk_meltano_state_staging/meltano")
    assert (shared.returncode, shared.stdout) == (0, "")
    sandbox = checked("local")
    assert (sandbox.returncode, sandbox.stdout) == (0, "")

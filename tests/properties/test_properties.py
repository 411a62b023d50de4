"""Whatever happens, in whatever order: views are as the account was when it was exported last, and the last message of each
ticket is of its last state whose users are all known.

`make properties EXAMPLES=200 SEED=7` is the long form.
"""

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.drawn import EXAMPLES, SEED
from tests.properties.machine import WHOLE, Machine
from tests.properties.world import worlds as new_worlds

STEPS = 12


@pytest.fixture
def worlds(commands, warehouse, pubsub, tmp_path, request):
    """With dbt only where a test asks for it: reading its project takes as long as an example."""
    dbt_runs = request.getfixturevalue("dbt_runs") if request.param else None
    with new_worlds(warehouse, pubsub, tmp_path, dbt_runs) as one_after_the_other:
        yield one_after_the_other


@pytest.mark.parametrize("worlds", [pytest.param(True, id="of dbt")], indirect=True)
def test_what_was_loaded_in_part_and_what_was_erased_is_right_in_the_end(worlds):
    """A history with a run that is killed as it loads changes, and erasures of what was published."""
    machine = Machine(worlds)
    try:
        machine.people_are_known()
        machine.a_job_runs("export", 1000, 1000, WHOLE)
        machine.the_views_are_built()
        machine.a_job_runs("publish", 1000, 1000, WHOLE)
        updates = [("update", which, 0) for which in range(9)]
        machine.the_account_changes([*updates, ("change group", 0, 0)], 60)
        machine.a_job_runs("export", 1000, 1000, ("killed", "GCS", 0))
        assert machine.exported is None
        machine.the_views_are_built()
        machine.a_job_runs("export", 1000, 1000, WHOLE)
        machine.the_account_changes(updates, 60)
        machine.a_job_runs("export", 1000, 1000, WHOLE)
        machine.the_views_are_built()
        machine.one_is_erased("ticket", 0)
        machine.one_is_erased("user", 2)
    finally:
        machine.teardown()


@pytest.mark.parametrize(
    ("worlds", "examples"),
    [
        pytest.param(False, EXAMPLES, id="of all rows"),
        pytest.param(
            True,
            2 + EXAMPLES // 6,  # of which the first two do nothing
            marks=pytest.mark.skipif(EXAMPLES < 12, reason="the history above is one of dbt"),
            id="of dbt",
        ),
    ],
    indirect=["worlds"],
)
def test_any_history_of_the_account_and_of_both_jobs_ends_in_its_truth(worlds, examples):
    def machine():
        return Machine(worlds)

    run_state_machine_as_test(
        seed(SEED)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            database=None,
            deadline=None,
            print_blob=True,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )

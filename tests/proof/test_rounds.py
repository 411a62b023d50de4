"""The quick form of `make prove`: some rounds of one world, in each of which something is killed or restarted."""

import pytest

from sandbox.addresses import Addresses
from tests.proof.rounds import rounds_of

SEED, ROUNDS = 6508, 3
"""An export and a publication whose targets are killed, and an export with two faults."""


@pytest.fixture
def results(commands, dbt_runs, tmp_path):
    return rounds_of(SEED, range(ROUNDS), Addresses.free(), tmp_path, dbt_runs)


def test_no_disturbance_breaks_a_promise(results):
    rounds = list(results)
    assert [(str(one.plan), one.wrong) for one in rounds if one.wrong] == []
    assert len(rounds) == ROUNDS
    assert any(one.is_reached for one in rounds)

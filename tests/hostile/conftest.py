import os
import random

import pytest

SEED = int(os.environ.get("FUZZ_SEED") or 1)
LINES = int(os.environ.get("FUZZ_LINES") or 900)
"""Of each target: half of them odd, half as a tap writes them. `make fuzz` sets both."""


@pytest.fixture
def rng(request):
    """Of one test; the seed is printed when it fails."""
    print(f"SEED={SEED} LINES={LINES}")  # noqa: T201 - `make fuzz SEED=…` repeats it
    return random.Random(f"{SEED} {request.node.name}")

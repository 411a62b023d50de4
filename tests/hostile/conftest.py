import io
import os
import random
import signal

import pytest
from cityblock_singer.errors import PluginError

SEED = int(os.environ.get("FUZZ_SEED") or 1)
LINES = int(os.environ.get("FUZZ_LINES") or 900)
"""Of each target: half of them odd, half as a tap writes them. `make fuzz` sets both."""

END = b"@the end@\n"


@pytest.fixture
def rng(request):
    """Of one test; the seed is printed when it fails."""
    print(f"SEED={SEED} LINES={LINES}")  # noqa: T201 - `make fuzz SEED=…` repeats it
    return random.Random(f"{SEED} {request.node.name}")


def sentence_of(target, given):
    """How a run in this process ends that reads these lines, and an impossible one after them."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(PluginError) as ended:
            target.listen(io.BytesIO(given + END))
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return str(ended.value)

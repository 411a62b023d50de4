"""Arguments that hypothesis draws for tests of functions, from the same seed as the histories."""

from __future__ import annotations

import os

from hypothesis import given, seed, settings

SEED, EXAMPLES = (
    int(os.environ.get(f"PROPERTIES_{name}", usual)) for name, usual in (("SEED", 15), ("EXAMPLES", 6))
)
"""Of histories. Functions get 10 times as many."""


def drawn(*arguments):
    """Decorates a test. It starts no server and no process, so it is one of `make test-fast`."""

    def decorated(test):
        limits = settings(max_examples=10 * EXAMPLES, deadline=None, database=None, print_blob=True)
        return seed(SEED)(limits(given(*arguments)(test)))

    return decorated

"""The command."""

import gc


def main() -> None:
    """Imports without the garbage collector, which would visit each new module again and again."""
    gc.disable()
    from target_bigquery.target import main as run  # noqa: PLC0415 - see above

    run()

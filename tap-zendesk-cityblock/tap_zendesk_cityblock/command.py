"""The command."""

import gc

from cityblock_singer.postponed import postpone


def main() -> None:
    """Imports without the garbage collector, which would visit each new module again and again, and only what a run uses."""
    gc.disable()
    postpone()
    from tap_zendesk_cityblock.tap import main as run  # noqa: PLC0415 - see above

    run()

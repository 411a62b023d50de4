"""Settings files that Meltano writes for each run: `tap.UUID.config.json`, secrets included, for all to read."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MELTANOS = re.compile(r"(tap|target)\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.config\.json")
LEFT_SECONDS = 3600
"""A plugin reads its file when it starts; one that is older was left by a run that was killed, or is not needed."""


def keep_private(path: Path) -> None:
    """Meltano's file is for its owner alone, and those that killed runs have left beside it go.

    Meltano removes a file when its run ends, except after SIGKILL. A file of any other name is somebody's own.
    """
    if not MELTANOS.fullmatch(path.name):
        return
    for file in path.parent.iterdir():
        if MELTANOS.fullmatch(file.name):
            with suppress(OSError):  # another run has removed it meanwhile
                if file != path and time.time() - file.stat().st_mtime > LEFT_SECONDS:
                    file.unlink()
                else:
                    file.chmod(0o600)

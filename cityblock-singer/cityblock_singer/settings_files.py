"""Settings files that Meltano writes for each run, secrets included: `tap.<UUID>.config.json`, readable for everyone."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MELTANO_NAME = re.compile(r"(tap|target)\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.config\.json")
STALE_SECONDS = 3600
"""A plugin reads its file when it starts: an older one was left by a killed run, or is no longer needed."""


def keep_private(path: Path) -> None:
    """Makes Meltano's file readable for its owner only, and removes those that killed runs left beside it.

    Meltano removes a file when its run ends, except after SIGKILL. Files with other names are left alone.
    """
    if not MELTANO_NAME.fullmatch(path.name):
        return
    for file in path.parent.iterdir():
        if MELTANO_NAME.fullmatch(file.name):
            with suppress(OSError):  # another run has removed it meanwhile
                if file != path and time.time() - file.stat().st_mtime > STALE_SECONDS:
                    file.unlink()
                else:
                    file.chmod(0o600)

"""CPU time and memory of a process."""

from __future__ import annotations

import dataclasses
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess


@dataclasses.dataclass(frozen=True)
class Cost:
    """CPU seconds, and peak memory in MB."""

    cpu: float
    peak: float


def cost(process: subprocess.Popen[bytes], log: Path) -> Cost:
    """Waits for the process. Peak memory is VmHWM, because ru_maxrss would include the parent before exec.

    Raises SystemExit if the process fails.
    """
    peak, pid = 0.0, 0
    while not pid:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
        peak = int(found[1]) / 1024 if found else peak
        time.sleep(0.02)
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{log.name}:\n{log.read_text()[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, peak)

"""CPU time and memory of processes."""

from __future__ import annotations

import dataclasses
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

TICKS = os.sysconf("SC_CLK_TCK")
"""Of the clock, in a second."""


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


def cpu_of_tree(
    process: subprocess.Popen[bytes], log: Path, name: Callable[[list[str]], str]
) -> tuple[float, dict[str, float]]:
    """Waits for the process. CPU seconds of it and all that it started; and of what it started by `name`, which is given a
    command line.

    The second is read while they run, and misses what each spent in its last 20 ms. Raises SystemExit if the process fails.
    """
    seen: dict[int, tuple[str, float]] = {}
    pid = 0
    while not pid:
        for child in _children(process.pid):
            with suppress(OSError):  # it has ended
                folder = Path(f"/proc/{child}")
                line = (folder / "cmdline").read_text().split("\0")
                known = seen.get(child, ("", 0.0))[0]  # a process that has ended has no command line any more
                seen[child] = (name(line) if any(line) else known), _cpu(child)
        time.sleep(0.02)
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{log.name}:\n{log.read_text()[-2000:]}")
    by_name: dict[str, float] = {}
    for program, cpu in seen.values():
        by_name[program] = by_name.get(program, 0.0) + cpu
    return usage.ru_utime + usage.ru_stime, by_name


def cpu_of_children() -> float:
    """CPU seconds of the running processes that this one started."""
    return sum(map(_cpu, _children(os.getpid())))


def _children(pid: int) -> list[int]:
    """Of its main thread."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu(pid: int) -> float:
    """https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, read on 28 November 2026."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS  # with those of ended children

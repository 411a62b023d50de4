"""Writes docs/walk-through.md: a new operator's first day, every command run and its output recorded.

In a temporary folder, which the page calls `/`, beside a sandbox on its usual ports. Commands are those of the pages
that each step names; a step whose command its page does not have is refused, so that neither drifts from the other.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs" / "walk-through.md"
STORY = Path(__file__).with_suffix(".yml")
OURS = re.compile(
    r"(MELTANO|TAP_|TARGET_|DBT_|ZENDESK_|SANDBOX_|SUBDOMAIN|MAKE|MFLAGS|VIRTUAL_ENV|PYTHON)|_EMULATOR_HOST$"
)
"""Variables by which an operator who has just come would have another outcome."""
KEPT = re.compile(r"PYENV_VERSION")
END = "--- end of output, exit code "
WIDEST = 400
FOLDER = "walk-through-folder-"


class WalkError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Step:
    """`run` is what is typed, `page` where it stands; other fields are how its output is shortened.

    `only`: a pattern of the lines that are shown. `head`, `tail`: how many of them, where not all. `terminal`: it is
    typed in the second one; `^C` ends it there.
    """

    told: str
    run: str = ""
    page: str | None = None
    heading: str | None = None
    fails: int = 0
    only: str | None = None
    head: int | None = None
    tail: int = 0
    terminal: bool = False


class Shell:
    """A bash that is typed into: variables, functions and the folder stay from step to step."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["/bin/bash", "--noprofile", "--norc"],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[list[str], int]:
        """Its output, both streams as they come, and its exit code."""
        _pipe(self._bash.stdin).write(f"{{ {command}\n}} </dev/null\nprintf '\\n{END}%d\\n' $?\n")
        _pipe(self._bash.stdin).flush()
        lines: list[str] = []
        for line in _pipe(self._bash.stdout):
            if line.startswith(END):
                while lines and not lines[-1].strip():
                    lines.pop()
                return lines, int(line.removeprefix(END))
            lines.append(line.rstrip())
        raise WalkError(f"the shell ended in: {command}")

    def close(self) -> None:
        _pipe(self._bash.stdin).close()
        self._bash.wait()


class Terminal:
    """A second one, in which something runs until Ctrl-C."""

    def __init__(self, command: str, folder: Path, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - a step's command
            ["/bin/bash", "-c", f"exec {command}"],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def until(self, told: str) -> list[str]:
        lines: list[str] = []
        for line in _pipe(self._process.stdout):
            lines.append(line.rstrip())
            if told in line:
                return lines
        raise WalkError("\n".join(lines))

    def interrupt(self) -> list[str]:
        if self._process.poll() is not None:
            return []
        os.killpg(self._process.pid, signal.SIGINT)
        rest, _ = self._process.communicate(timeout=60)
        return rest.splitlines()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # noqa: S101 - asked for
    return pipe


def steps() -> list[Step]:
    """Raises WalkError where a command is not on the page that is said to have it."""
    told: list[dict[str, Any]] = yaml.safe_load(STORY.read_text())
    story = [Step(**one) for one in told]
    for step in story:
        if step.page and _words(step.run) not in _words((PROJECT / step.page).read_text()):
            raise WalkError(f"{step.page} does not say: {step.run}")
    return story


def _words(text: str) -> str:
    return " ".join(text.split())


class Neutral:
    """What is of this machine and this moment, written as it would be anywhere."""

    def __init__(self, root: Path, started: datetime) -> None:
        self._root = root
        days = "|".join({started.strftime("%Y-%m-%d"), datetime.now(UTC).strftime("%Y-%m-%d")})
        self._rules: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
            (re.compile(rf"^(?:{days})T[\d:.]+Z (?=\[)"), "hh:mm:ss "),
            (re.compile(r"(?<= )\d\d:\d\d:\d\d(?= |$)"), "hh:mm:ss"),
            (re.compile(rf"(?:{days})([T ])\d\d:\d\d:\d\d(\.\d{{6}})?"), _moment),
            (re.compile(days), "YYYY-MM-DD"),
            (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b[0-9a-f]{32,64}\b"), _id),
            (re.compile(r"\b\d+(?:\.\d+)?(?= ?s\b)"), "N"),
            (re.compile(r'(duration_seconds["=: ]+|"pid": ?)[\d.]+'), r"\1N"),
        ]

    def __call__(self, line: str) -> str:
        line = line.replace(str(self._root), "")
        for pattern, instead in self._rules:
            line = pattern.sub(instead, line)
        return line


def _moment(found: re.Match[str]) -> str:
    """As wide as it was: tables stay in line."""
    return f"YYYY-MM-DD{found[1]}hh:mm:ss{'.ffffff' if found[2] else ''}"


def _id(found: re.Match[str]) -> str:
    return re.sub(r"[0-9a-f]", "x", found[0])


def shortened(lines: list[str], step: Step) -> Iterator[str]:
    """With a mark wherever something is left out."""
    shown = [number for number, line in enumerate(lines) if re.search(step.only or "", line)]
    if step.head is not None and len(shown) > step.head + step.tail:
        shown = shown[: step.head] + (shown[-step.tail :] if step.tail else [])
    before = -1
    for number in [*shown, len(lines)]:
        if left_out := number - before - 1:
            yield f"[… {left_out} {'line' if left_out == 1 else 'lines'}]"
        if number < len(lines):
            line = lines[number]
            yield line if len(line) <= WIDEST else f"{line[:WIDEST]} […]"
        before = number


def typed(command: str) -> str:
    first, *more = command.splitlines()
    return "\n".join([f"$ {first}", *(f"> {line}" for line in more)])


def check_neutral(text: str) -> None:
    """Raises WalkError: nothing of the machine that recorded it may be on the page."""
    places = {str(Path.home()), str(PROJECT), FOLDER, socket.gethostname()} - {"/", ""}
    if found := [place for place in places if place in text]:
        raise WalkError(f"the page would hold {', '.join(found)}")
    hosts = set(re.findall(r"\b\w+://([^\s/:\"'`$]+)", text))
    if foreign := {host for host in hosts if host != "127.0.0.1" and not host.endswith(".zendesk.com")}:
        raise WalkError(f"the page would hold addresses of {', '.join(sorted(foreign))}")


def record(root: Path) -> str:
    """The page. Raises WalkError where a step does not end as it should."""
    env = {name: value for name, value in os.environ.items() if KEPT.search(name) or not OURS.search(name)}
    env |= {"NO_COLOR": "1", "TMPDIR": str(root / "tmp")}
    for folder in ("opt", "tmp"):
        (root / folder).mkdir()
    started = datetime.now(UTC)
    page: list[str] = []
    second: Terminal | None = None
    shell = Shell(root / "opt", env | {"REPOSITORY": str(PROJECT)})
    try:
        for step in steps():
            if step.heading:
                page.append(f"## {step.heading}")
            page.append(step.told)
            if not step.run:
                continue
            command = step.run.strip().replace("/opt/", f"{root}/opt/")
            print(f"$ {step.run.strip()}", flush=True)
            if step.terminal and second is not None:
                lines, code = second.interrupt(), 0
            elif step.terminal:
                second = Terminal(command, root / "opt" / "zendesk", env)
                lines, code = second.until("Ctrl-C stops it"), 0
            else:
                lines, code = shell.run(command)
            if code != step.fails:
                raise WalkError("\n".join([*lines, f"exit code {code}"]))
            neutral = Neutral(root, started)
            # What pip says of how this machine is set up is no part of the story.
            told = [neutral(line) for line in lines if not line.startswith("WARNING: Location ")]
            page.append("\n".join(["```console", typed(step.run.strip()), *shortened(told, step), "```"]))
    finally:
        if second is not None:
            second.interrupt()
        shell.close()
    return "\n\n".join(page)


def main() -> None:
    """Exit code 1, and the last output, where a step did not end as it should."""
    root = Path(tempfile.mkdtemp(prefix=FOLDER)).resolve()
    try:
        text = f"{record(root)}\n"
        PAGE.write_text(text)
        check_neutral(text)
    except WalkError as failure:
        sys.exit(str(failure))
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()

"""The SQL of Markdown pages: blocks, arguments of commands that send it, and code in the text."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = ("README.md", "docs/**/*.md", "deploy/**/*.md", "*/README.md")
FENCED = re.compile(r"^ *```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^ *```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"""(?:\bask|\bsandbox\ query|\bbq(?:\ --?\S+)*\ query(?:\ --?\S+)*)\s+
    (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)')""",
    re.VERBOSE | re.DOTALL,
)
INLINE = re.compile(
    r"`(?P<sql>(?:SELECT|WITH|ALTER\ TABLE|CREATE|MERGE|INSERT|UPDATE|DELETE\ FROM)\s[^`]+)`", re.IGNORECASE
)
VARIABLE = re.compile(r"\$\{\w+:-([^}]*)\}")
"""With its default, as the shell would fill it in."""
END = re.compile(r"(;\s*(?:\n\s*|$))")
ELIDED = "…"
"""Where a page leaves out the rest of a statement."""


@dataclasses.dataclass(frozen=True)
class Statement:
    """`place`: path and line."""

    place: str
    sql: str


def statements(root: Path) -> Iterator[Statement]:
    for page in sorted({path for pattern in PAGES for path in root.glob(pattern)}):
        text = page.read_text()
        for start, script in scripts(text):
            line = text.count("\n", 0, start) + 1
            parts = END.split(script)
            for sql, end in zip(parts[::2], [*parts[1::2], ""], strict=True):
                if sql.strip() and ELIDED not in sql:
                    yield Statement(f"{page.relative_to(root)}:{line}", sql)
                line += (sql + end).count("\n")


def scripts(text: str) -> Iterator[tuple[int, str]]:
    """(position in the text, SQL)"""
    for block in FENCED.finditer(text):
        if block["language"].lower() in ("sql", "bigquery"):
            yield block.start("body"), block["body"]
        for command in COMMAND.finditer(block["body"]):
            name = "double" if command["double"] is not None else "single"
            sql = command[name]
            if not sql.startswith("$"):  # a function that passes its argument on
                yield block.start("body") + command.start(name), unquoted(sql) if name == "double" else sql
    prose = FENCED.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), text)
    for code in INLINE.finditer(prose):
        if re.match(r"(?!select)|.*\bfrom\b", code["sql"], re.IGNORECASE | re.DOTALL):  # else it is a part
            yield code.start("sql"), code["sql"].replace(r"\|", "|")


def unquoted(argument: str) -> str:
    """What the shell makes of an argument in double quotes."""
    return re.sub(r'\\([`"$\\])', r"\1", VARIABLE.sub(r"\1", argument))

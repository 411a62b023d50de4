"""Sections of docs/runbook.md as HTML, for readers who have only the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HEADING = re.compile(r"^(#{2,3}) (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
FIRST = "Before you start"
"""What every other section builds on."""


class Runbook:
    """Links lead to other pages, which the page does not have: only their texts are kept."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._text = path.read_text()
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
        prose = FENCED.sub(
            lambda found: " " * len(found[0]), self._text
        )  # a comment of the shell is not a heading
        self._headings = [(found[2], len(found[1]), found.end()) for found in HEADING.finditer(prose)]
        self._starts = [found.start() for found in HEADING.finditer(prose)]

    def section(self, title: str) -> str:
        """Its Markdown without the heading, with the sections below it. Raises KeyError."""
        for number, (name, level, end) in enumerate(self._headings):
            if name == title:
                below = self._headings[number + 1 :]
                starts = self._starts[number + 1 :]
                until = next(
                    (start for (_, other, _), start in zip(below, starts, strict=True) if other <= level),
                    None,
                )
                return self._text[end:until].strip()
        raise KeyError(title)

    def all_commands(self) -> str:
        """The blocks that can be pasted, of all sections."""
        return "\n".join(re.findall(r"^```sh\n(.*?)^```$", self._text, re.MULTILINE | re.DOTALL))

    def html(self, title: str) -> str:
        return str(self._markdown.render(LINK.sub(r"\1", self.section(title))))

    def sections(self, titles: Iterable[str]) -> dict[str, str]:
        """HTML by title, each once, in the order of the runbook; with the first one, if there are others."""
        wanted = set(titles)
        if wanted:
            wanted.add(FIRST)
        return {name: self.html(name) for name, _, _ in self._headings if name in wanted}


def anchor(title: str) -> str:
    """The page's id of a section."""
    return "runbook-" + re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")

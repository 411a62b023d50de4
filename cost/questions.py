"""The queries of docs/questions.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

QUESTION = re.compile(r"^## ([^\n]+\?)\n[^`]*```sql\n(.*?)```", re.MULTILINE | re.DOTALL)


def questions(page: Path) -> dict[str, str]:
    """SQL by question."""
    return dict(QUESTION.findall(page.read_text()))

"""Formats rows as aligned text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_WIDTH = 48


def text_table(header: Sequence[str], rows: Iterable[Sequence[object]], max_width: int = MAX_WIDTH) -> str:
    """Numbers are aligned right; values longer than `max_width` characters are cut."""
    lines = [[_cell(value, max_width) for value in row] for row in rows]
    numeric = [bool(lines) and all(_is_number(line[i]) for line in lines) for i in range(len(header))]
    widths = [max(len(line[i]) for line in [list(header), *lines]) for i in range(len(header))]

    def aligned(line: Sequence[str]) -> str:
        cells = zip(line, widths, numeric, strict=True)
        return "  ".join(
            cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells
        ).rstrip()

    return "\n".join([aligned(header), aligned(["-" * width for width in widths]), *map(aligned, lines)])


def _cell(value: object, max_width: int) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) < 10**9 else str(value)  # larger ones are ids
    if isinstance(value, float):
        return f"{value:.2f}"
    text = " ".join(str(value).split())
    return text if len(text) <= max_width else text[: max_width - 1] + "…"


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.replace(",", "").replace(".", "", 1).lstrip("-").isdigit()

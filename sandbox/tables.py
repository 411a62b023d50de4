"""Rows as aligned text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDEST = 48


def text_table(header: Sequence[str], rows: Iterable[Sequence[object]], widest: int = WIDEST) -> str:
    """Columns as wide as their content, numbers to the right, values cut that are longer than `widest` characters."""
    lines = [[_cell(value, widest) for value in row] for row in rows]
    numeric = [bool(lines) and all(_is_number(line[i]) for line in lines) for i in range(len(header))]
    widths = [max(len(line[i]) for line in [list(header), *lines]) for i in range(len(header))]

    def aligned(line: Sequence[str]) -> str:
        cells = zip(line, widths, numeric, strict=True)
        return "  ".join(
            cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells
        ).rstrip()

    return "\n".join([aligned(header), aligned(["-" * width for width in widths]), *map(aligned, lines)])


def _cell(value: object, widest: int) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) < 10**9 else str(value)  # larger ones are ids
    if isinstance(value, float):
        return f"{value:.2f}"
    text = " ".join(str(value).split())
    return text if len(text) <= widest else text[: widest - 1] + "…"


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.replace(",", "").replace(".", "", 1).lstrip("-").isdigit()

"""The parameters of a request, and its page size."""

from __future__ import annotations

Query = dict[str, str]

PAGE_SIZES = ("page[size]", "per_page")
"""Parameters for the maximum number of objects in a page."""


def to_parameters(query: Query) -> list[tuple[str, str]]:
    """As sent: a name that ends in [] is repeated for each of its comma-separated values."""
    return [
        (name, one)
        for name, value in query.items()
        for one in (value.split(",") if name.endswith("[]") else [value])
    ]


def page_sizes(query: Query) -> list[tuple[str, int]]:
    """Empty if the page has a number: with another size, the same number is another position in the list."""
    return [] if "page" in query else [(name, int(query[name])) for name in PAGE_SIZES if name in query]


def smaller(query: Query) -> Query:
    """With half the page size, at least 1, because large pages can time out (docs/zendesk/large-pages-time-out.md)."""
    return query | {name: str(max(1, size // 2)) for name, size in page_sizes(query)}

"""The parameters of a request, and how many objects they ask for."""

from __future__ import annotations

Query = dict[str, str]

PAGE_SIZES = ("page[size]", "per_page")
"""Parameters that say how many objects a page has at most."""


def to_parameters(query: Query) -> list[tuple[str, str]]:
    """As sent: a name that ends in [] once for each of its comma-separated values."""
    return [
        (name, one)
        for name, value in query.items()
        for one in (value.split(",") if name.endswith("[]") else [value])
    ]


def page_sizes(query: Query) -> list[tuple[str, int]]:
    """Empty where the page has a number: with another size, that number is another place in the list."""
    return [] if "page" in query else [(name, int(query[name])) for name in PAGE_SIZES if name in query]


def smaller(query: Query) -> Query:
    """The same page with half as many objects, at least one: for a page that Zendesk could not build in time."""
    return query | {name: str(max(1, size // 2)) for name, size in page_sizes(query)}

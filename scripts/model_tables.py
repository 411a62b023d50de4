"""Tables for docs/models.md, from the rows in models.py and the schema files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_zendesk_cityblock.columns import load_schema
from tap_zendesk_cityblock.model_types import EXPORTS, Paging
from tap_zendesk_cityblock.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_zendesk_cityblock.model_types import Model

RETRIEVAL = {
    Paging.EXPORT_CURSOR: "export by cursor",
    Paging.EXPORT_TIME: "export by time",
    Paging.EXPORT_NEXT: "export by next page",
    Paging.LIST_CURSOR: "list by cursor",
    Paging.NEXT_PAGE: "list by next page",
    Paging.NONE: "list in one response",
}


def model_table(models: Iterable[Model]) -> str:
    """A Markdown table with a row per model."""
    lines = [
        "| model | key | read as | endpoint | scope | plan or product | note |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{model.name}` | {_key(model)} | {_retrieval(model)} | `{model.path}` "
        f"| `{model.scope}`{'' if model.is_scope_verified else ', unverified'} "
        f"| {model.plan or ''} | {model.note or ''} |"
        for model in models
    ]
    return "\n".join(lines)


def fallback_table() -> str:
    """A row per model that can be read without incremental exports."""
    lines = ["| model | read instead, in this order |", "|---|---|"]
    lines += [
        f"| `{model.name}` | {', '.join(f'`{source.path}`' for source in model.fallback)} |"
        for model in MODELS.values()
        if model.fallback
    ]
    return "\n".join(lines)


def computed_table() -> str:
    """A row per computed column of a current table."""
    lines = ["| view | column | from | what |", "|---|---|---|---|"]
    lines += [
        f"| `{model.name}_latest` | `{one.name}` | {', '.join(f'`{path}`' for path in one.of)} | {one.description} |"
        for model in MODELS.values()
        for one in model.computed
    ]
    return "\n".join(lines)


def _key(model: Model) -> str:
    type_ = load_schema(model.name)["properties"][model.key]["type"]
    return f"`{model.key}`" + (", text" if "string" in type_ else "")


def _retrieval(model: Model) -> str:
    if model.derivation:
        brought = f", comes with {' and '.join(f'`{name}`' for name in sorted(model.comes_with))}"
        return f"derived from `{model.derivation.of}`{brought if model.comes_with else ''}"
    if model.named_by:
        return f"{RETRIEVAL[model.paging]}, of each ticket in `{model.named_by.model}`"
    if model.parent:
        return f"{RETRIEVAL[model.paging]}, per `{model.parent.model}`"
    if model.window:
        return f"{RETRIEVAL[model.paging]}, {model.window.days} days at a time"
    return RETRIEVAL[model.paging]


def by_retrieval(models: Iterable[Model]) -> list[Model]:
    """Bulk models first, then exports and windows, then derived models."""
    return sorted(
        models, key=lambda model: (model.is_incremental, bool(model.derivation), model.paging not in EXPORTS)
    )

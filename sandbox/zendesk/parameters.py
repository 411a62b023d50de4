"""Query parameters that an endpoint ignores: Zendesk lists them in the header X-Zendesk-Api-Warn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.zendesk import audits, counts, search
from sandbox.zendesk.models import SORTED, Endpoint, Paging, endpoint_at

if TYPE_CHECKING:
    from collections.abc import Collection

LIST = {"page", "per_page", "page[size]", "page[after]"}
BY_PAGING = {
    Paging.EXPORT_CURSOR: {"start_time", "cursor", "per_page"},
    Paging.EXPORT_TIME: {"start_time", "per_page"},
    Paging.EXPORT_NEXT: {"start_time", "start_id", "cursor", "limit", "fields"},
    Paging.LIST_CURSOR: LIST,
    Paging.OFFSET: LIST,
}
BY_OTHER_PATH = {
    audits.PATH: audits.PARAMETERS,
    search.COUNT: {"query"},
    search.EXPORT: {"query", "filter[type]", "page[size]", "page[after]"},
}
BY_MODEL = {"audit_log": {"sort"}, "group": {"exclude_deleted"}, "ticket_metric_event": {"include_changes"}}


def warning(path: str, query: Collection[str]) -> dict[str, str]:
    """The header, in the form of two recorded responses; empty if nothing is ignored."""
    found = endpoint_at(path)
    known = _known_elsewhere(path) if found is None else _known(found[0])
    if not (ignored := [name for name in dict.fromkeys(query) if name not in known]):
        return {}
    controller = path.rpartition("/")[2]
    named = ", ".join(f'"{name}"' for name in ignored)
    details = (
        f':controller=>"{controller}", :action=>"index", :unpermitted_keys=>[{named}], :invalid_values=>[]'
    )
    return {"X-Zendesk-Api-Warn": f"{{:allowed_parameters=>{{{details}}}}}"}


def _known_elsewhere(path: str) -> set[str]:
    return {"ids"} if counts.PATH.fullmatch(path) else BY_OTHER_PATH.get(path, set())


def _known(endpoint: Endpoint) -> set[str]:
    return {
        *BY_PAGING[endpoint.paging],
        *BY_MODEL.get(endpoint.model, ()),
        *(endpoint.window or ()),
        *(["include"] if endpoint.sideload else []),
        *(["support_type_scope"] if endpoint.support_type else []),
        *(["sort"] if endpoint.path in SORTED else []),
    }

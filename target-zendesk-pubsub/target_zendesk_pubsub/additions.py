"""Compares two versions of the contract: within a version of the data, only additions are allowed.

Messages outlive releases: a replay publishes old ones again, and consumers are updated later than the publisher.
So a schema must not refuse what an earlier one accepted, or accept what an earlier one refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ANNOTATIONS = {"title", "description", "examples"}


def breaking_changes(released: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """Differences because of which a consumer of the released AsyncAPI document could not read messages of the
    current one, or the other way around. New messages and new optional properties break nothing.
    """
    found: list[str] = []
    messages = current["components"]["messages"]
    for name, message in released["components"]["messages"].items():
        if name not in messages:
            found.append(f"{name}: removed")
            continue
        for part in ("headers", "payload"):
            schemas = _Pair(released, current)
            found += schemas.changes(message[part], messages[name][part], f"{name}.{part}")
    return found


class _Pair:
    """The two documents to which the schemas refer."""

    def __init__(self, released: dict[str, Any], current: dict[str, Any]) -> None:
        self._released, self._current = released, current

    def changes(self, old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[str]:
        old, new = _resolved(old, self._released), _resolved(new, self._current)
        for keyword in sorted((old.keys() | new.keys()) - ANNOTATIONS):
            yield from self._changes_of(keyword, old.get(keyword), new.get(keyword), path)

    def _changes_of(self, keyword: str, old: Any, new: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - JSON
        match keyword, old, new:
            case "x-personal", None, _:
                pass
            case "properties", dict(), dict():
                for name, part in old.items():
                    if name in new:
                        yield from self.changes(part, new[name], f"{path}.{name}")
                    else:
                        yield f"{path}.{name}: removed"
            case "required", list(), list():
                yield from (f"{path}.{name}: newly required" for name in sorted(set(new) - set(old)))
                yield from (f"{path}.{name}: no longer required" for name in sorted(set(old) - set(new)))
            case "items" | "additionalProperties", dict(), dict():
                yield from self.changes(old, new, f"{path}[]")
            case "anyOf", list(), list() if len(old) == len(new):
                for one, other in zip(old, new, strict=True):
                    yield from self.changes(one, other, path)
            case _ if old != new:
                yield f"{path}: {keyword} was {old}, is {new}"


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found = document
    for key in schema["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return found

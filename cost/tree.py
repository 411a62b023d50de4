"""Nodes of the analyzer's resolved tree, without the wrappers that its protocol buffers put around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.googlesql.analyzer import attribute

if TYPE_CHECKING:
    from collections.abc import Iterator


def unwrapped(message: Any) -> Any:  # noqa: ANN401 - protocol buffers without types
    """The node itself: `Any…Proto` messages hold one of many."""
    while any(oneof.name == "node" for oneof in message.DESCRIPTOR.oneofs):
        chosen = message.WhichOneof("node")
        if chosen is None:
            break
        message = getattr(message, chosen)
    return message


def kind(node: Any) -> str:  # noqa: ANN401 - a node
    """Such as TableScan."""
    return str(node.DESCRIPTOR.name).removeprefix("Resolved").removesuffix("Proto")


def part(node: Any, name: str) -> Any:  # noqa: ANN401 - a node
    """A child, a list of children or a value."""
    found = attribute(node, name)
    if hasattr(found, "DESCRIPTOR"):
        return unwrapped(found)
    return found


def has(node: Any, name: str) -> bool:  # noqa: ANN401 - a node
    """Whether an optional child is there."""
    while name not in node.DESCRIPTOR.fields_by_name:
        node = node.parent
    return bool(node.HasField(name))


def children(node: Any) -> Iterator[Any]:  # noqa: ANN401 - a node
    """All direct children, those of the messages that it extends included."""
    for field, value in node.ListFields():
        if field.message_type is None:
            continue
        if field.name == "parent":
            yield from children(value)
        else:
            for one in [value] if hasattr(value, "DESCRIPTOR") else value:
                yield unwrapped(one)


def function_of(node: Any) -> tuple[str, list[Any]] | None:  # noqa: ANN401 - a node
    """Name and arguments, if the node calls a function: `$equal`, `timestamp_add`."""
    if not kind(node).endswith("FunctionCall"):
        return None
    name = part(node, "function").name.rpartition(":")[2].lower()
    return name, [unwrapped(one) for one in attribute(node, "argument_list")]

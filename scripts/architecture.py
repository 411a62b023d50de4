"""The picture on docs/architecture.md: which part of the code imports which. Read from the source, imports for types included."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
FOLDERS = {
    "tap_zendesk_cityblock": "tap-zendesk-cityblock",
    "target_bigquery": "target-bigquery",
    "target_zendesk_pubsub": "target-zendesk-pubsub",
    "zendesk_erasure": "zendesk-erasure",
    "zendesk_reconciliation": "zendesk-reconciliation",
    "cityblock_singer": "cityblock-singer",
    "local_pubsub": "local-pubsub",
    "operations_page": "operations-page",
    "sandbox": ".",
    "make_models": "transform",
}
"""Where each package or module of this repository is."""

TAP = "tap_zendesk_cityblock"


@dataclass(frozen=True)
class Part:
    """`modules`: dotted names, of a package with all that is in it. `is_drawn`: false for what every part may import."""

    name: str
    title: str
    modules: tuple[str, ...]
    is_drawn: bool = True


def _tap(name: str, title: str, *modules: str, is_drawn: bool = True) -> Part:
    return Part(name, title, tuple(f"{TAP}.{module}" for module in modules), is_drawn)


PARTS = (
    Part("make_models", "transform/make_models.py", ("make_models",)),
    Part("zendesk_erasure", "zendesk-erasure", ("zendesk_erasure",)),
    Part("zendesk_reconciliation", "zendesk-reconciliation", ("zendesk_reconciliation",)),
    _tap("commands", "commands/", "commands"),
    _tap("tap", "tap.py", "command", "tap", "ending"),
    _tap(
        "streams",
        "streams.py",
        *(
            "streams",
            "record_stream",
            "run_context",
            "access",
            "writer",
            "unchanged",
            "run_record",
            "schema_drift",
        ),
    ),
    _tap("readers", "readers/", "readers"),
    _tap("settings", "settings.py", "settings", "setting_rules", "hashed_columns"),
    _tap("http", "http/", "http"),
    _tap("rows", "rows/", "rows"),
    _tap("state", "state/", "state"),
    _tap("models", "models.py, schemas/", "models", "model_types", "fallback_records", "columns"),
    _tap("errors", "errors.py", "errors", "cooperative_threads", is_drawn=False),
    Part("operations_page", "operations-page", ("operations_page",)),
    Part("target_bigquery", "target-bigquery", ("target_bigquery",)),
    Part("target_zendesk_pubsub", "target-zendesk-pubsub", ("target_zendesk_pubsub",)),
    Part("cityblock_singer", "cityblock-singer", ("cityblock_singer",)),
    Part("sandbox", "sandbox/", ("sandbox",)),
    Part("local_pubsub", "local-pubsub", ("local_pubsub",)),
)
"""From top to bottom: a part imports only parts below it."""


def module_files() -> dict[str, Path]:
    """{"target_bigquery.sink": its file}; a package's own name stands for its `__init__`."""
    found = {}
    for name, folder in FOLDERS.items():
        root = PROJECT / folder
        for path in sorted((root / name).rglob("*.py")) or [root / f"{name}.py"]:
            dotted = ".".join(path.relative_to(root).with_suffix("").parts)
            found[dotted.removesuffix(".__init__")] = path
    return found


@functools.cache
def imports() -> dict[str, set[str]]:
    """The modules of this repository that each module imports."""
    files = module_files()
    return {name: (imported(path) & files.keys()) - {name} for name, path in files.items()}


def imported(path: Path) -> set[str]:
    """Dotted names; not all are modules, because `from package import name` may import either."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def part_of(module: str) -> Part:
    """Raises KeyError: the module has no part."""
    for part in PARTS:
        if any(module == one or module.startswith(f"{one}.") for one in part.modules):
            return part
    raise KeyError(f"{module} is in no part of scripts/architecture.py")


def arrows() -> set[tuple[str, str]]:
    """(part, a part that it imports), by name."""
    between = {
        (part_of(module).name, part_of(target).name)
        for module, targets in imports().items()
        for target in targets
        if target not in FOLDERS  # a package's __init__, which has nothing in it
    }
    return {(part, target) for part, target in between if part != target}


def picture() -> str:
    """A Mermaid flowchart, fenced."""
    lines = ["```mermaid", "flowchart TD"]
    drawn = [part for part in PARTS if part.is_drawn]
    inside = [part for part in drawn if part.modules[0].startswith(f"{TAP}.")]
    lines.append('  subgraph tap_package["tap-zendesk-cityblock"]')
    lines += [f'    {part.name}["{part.title}"]' for part in inside]
    lines.append("  end")
    lines += [f'  {part.name}["{part.title}"]' for part in drawn if part not in inside]
    names = [part.name for part in drawn]
    lines += [
        f"  {part} --> {target}"
        for part, target in sorted(
            arrows(), key=lambda arrow: [names.index(name) for name in arrow if name in names]
        )
        if part in names and target in names
    ]
    return "\n".join([*lines, "```"])

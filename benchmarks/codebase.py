"""Size and shape of the code at commits, by `git archive`: `python -m benchmarks.codebase af8b3be HEAD`."""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from sandbox.text_table import text_table
from scripts.architecture import imported

PRODUCT = {
    "tap": "tap-zendesk-cityblock/tap_zendesk_cityblock",
    "target-bigquery": "target-bigquery/target_bigquery",
    "target-zendesk-pubsub": "target-zendesk-pubsub/target_zendesk_pubsub",
    "cityblock-singer": "cityblock-singer/cityblock_singer",
    "zendesk-erasure": "zendesk-erasure/zendesk_erasure",
    "zendesk-reconciliation": "zendesk-reconciliation/zendesk_reconciliation",
    "operations-page": "operations-page/operations_page",
}
SANDBOX = {"sandbox": "sandbox", "local-pubsub": "local-pubsub/local_pubsub"}
TESTS_OF_SANDBOX = {"tests of the sandbox": "tests/sandbox", "tests of local-pubsub": "local-pubsub/tests"}
TESTS = "tests"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commits", nargs="+")
    commits = parser.parse_args().commits
    columns = [figures(commit) for commit in commits]
    rows = [[name, *(f"{column[name]:,}" for column in columns)] for name in columns[0]]
    sys.stdout.write(text_table(["", *commits], rows) + "\n")


def figures(commit: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit], capture_output=True, check=True).stdout  # noqa: S607
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        return figures_of(Path(folder))


def figures_of(root: Path) -> dict[str, int]:
    """Lines are of Python files, blank ones and comments included."""
    found = {f"lines, {name}": lines(root / folder) for name, folder in {**PRODUCT, **SANDBOX}.items()}
    found |= {f"lines, {name}": lines(root / folder) for name, folder in TESTS_OF_SANDBOX.items()}
    found["lines, other tests"] = lines(root / TESTS) - lines(root / TESTS_OF_SANDBOX["tests of the sandbox"])
    found |= {f"modules, {name}": len(modules(root / folder)) for name, folder in PRODUCT.items()}
    product = [path for folder in PRODUCT.values() for path in modules(root / folder)]
    sandbox = [path for folder in SANDBOX.values() for path in modules(root / folder)]
    return found | {
        "modules in a circle of imports": sum(
            len(in_circles(root / folder)) for folder in (PRODUCT | SANDBOX).values()
        ),
        "longest function, product": longest_function(product),
        "longest function, sandbox": longest_function(sandbox),
        "words of README.md": len((root / "README.md").read_text().split()),
    }


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def lines(folder: Path) -> int:
    return sum(len(path.read_text().splitlines()) for path in modules(folder))


def longest_function(paths: list[Path]) -> int:
    """In lines, signature and docstring included."""
    return max(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in paths
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


def in_circles(folder: Path) -> set[str]:
    """The modules that import themselves by way of others, imports for types included."""
    paths = {
        ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in modules(folder)
    }
    graph = {name: imported(path) & paths.keys() - {name} for name, path in paths.items()}
    return {name for name in graph if name in reachable(graph, name)}


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found, waiting = set[str](), [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found


if __name__ == "__main__":
    main()

"""The imports of the code against docs/architecture.md, whose picture is generated from them by scripts/architecture.py."""

import pytest

from scripts.architecture import FOLDERS, PARTS, arrows, imports, module_files, part_of


def test_every_module_belongs_to_a_part():
    """KeyError names the one that does not."""
    assert {part_of(module).name for module in module_files() if module not in FOLDERS} <= {
        part.name for part in PARTS
    }


def test_no_part_imports_one_above_it():
    height = {part.name: number for number, part in enumerate(PARTS)}
    assert [(part, target) for part, target in arrows() if height[part] > height[target]] == []


@pytest.mark.parametrize("package", FOLDERS)
def test_no_modules_import_each_other_in_a_circle(package):
    graph = {module: targets for module, targets in imports().items() if module.partition(".")[0] == package}
    assert circle(graph) == []


def circle(graph):
    """The nodes of one circle, in order; empty if there is none."""
    done = set()

    def visit(node, path):
        if node in path:
            return [*path[path.index(node) :], node]
        if node not in done:
            for target in sorted(graph.get(node, ())):
                if found := visit(target, [*path, node]):
                    return found
            done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := visit(node, []))), [])


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []

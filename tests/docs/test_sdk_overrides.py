"""docs/singer-sdk.md against the private and final parts of singer-sdk that the plugins override, use, or import."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import pytest
from singer_sdk import Tap
from singer_sdk.helpers._classproperty import classproperty

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "singer-sdk.md"
PACKAGES = {
    path.parent.name.replace("-", "_")
    for path in PROJECT.glob("*/pyproject.toml")
    if "singer-sdk" in path.read_text()
}
MODULES = [
    importlib.import_module(module.name)
    for package in sorted(PACKAGES)
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
    if not module.name.endswith("__main__")
]
SDK = "singer_sdk"


def is_private(name):
    return re.match(r"_[a-zA-Z]", name) is not None and name != "_abc_impl"


def is_final(member):
    """Of a function, or the function inside a property, class property, class method, or static method."""
    candidates = (member, *(getattr(member, name, None) for name in ("fget", "func", "__func__")))
    return any(getattr(candidate, "__final__", False) for candidate in candidates)


def package_of(a_class):
    return str(a_class.__module__).split(".")[0]


def of_the_sdk(ours):
    return [base for base in ours.__mro__ if package_of(base) == SDK]


def not_of_the_sdk(ours):
    return [base for base in ours.__mro__ if package_of(base) not in {SDK, "abc", "builtins"}]


def classes():
    return {
        member
        for module in MODULES
        for member in vars(module).values()
        if inspect.isclass(member) and package_of(member) in PACKAGES and of_the_sdk(member)
    }


def overrides(ours):
    """Private and final members of the SDK's classes that `ours`, or a class it inherits from, replaces."""
    return {
        f"{definer.__name__}.{name}"
        for definer in not_of_the_sdk(ours)
        for name in vars(definer)
        for base in of_the_sdk(ours)
        if name in vars(base) and (is_private(name) or is_final(vars(base)[name]))
    }


def own_attributes(tree):
    """Attributes that code reaches by `self`, `cls` or `super()`."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"self", "cls", "super()"}
    ]


def parsed(a_class):
    return ast.parse(textwrap.dedent(inspect.getsource(a_class)))


def private_members(ours):
    """Private names of the SDK's classes that `ours` inherits from, with those of their instances."""
    return {
        name
        for base in of_the_sdk(ours)
        for name in (
            *vars(base),
            *(node.attr for node in own_attributes(parsed(base)) if isinstance(node.ctx, ast.Store)),
        )
        if is_private(name)
    }


def uses(ours):
    """Private members of the SDK that `ours`, or a class it inherits from, reads, calls or sets."""
    theirs = private_members(ours)
    return {
        f"{definer.__name__}.{node.attr}"
        for definer in not_of_the_sdk(ours)
        for node in own_attributes(parsed(definer))
        if node.attr in theirs and node.attr not in vars(definer)
    }


def imports(module):
    """Private modules and names of the SDK that a module imports."""
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == SDK
        for alias in node.names
        if any(is_private(part) for part in (*node.module.split("."), alias.name))
    }


def listed(section):
    """The names in the first column of a section's table."""
    [text] = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return [name for row in rows for name in re.findall("`(.*?)`", row)]


class Overriding(Tap):
    """Overrides a private member of each kind, and no other."""

    name = "overriding"

    @property
    def _singer_catalog(self):
        return None

    @cached_property
    def _catalog_dict(self):
        return {}

    @classproperty
    def _env_var_config(cls):  # noqa: N805 - of the class
        return {}

    @classmethod
    def _env_prefix(cls):
        return ""

    @staticmethod
    def _static():
        return None

    def _validate_config(self, *, raise_errors=True):  # noqa: ARG002 - the SDK's signature
        return []


@pytest.mark.parametrize("name", ["_singer_catalog", "_env_var_config", "_validate_config"])
def test_an_override_is_seen_whatever_kind_of_member_it_is(name):
    assert f"Overriding.{name}" in overrides(Overriding)


@pytest.mark.parametrize("kind", [property, cached_property, classproperty, classmethod, staticmethod])
def test_a_final_member_is_seen_whatever_kind_it_is(kind):
    def member(*_):
        return None

    member.__final__ = True
    base = type("Base", (), {"member": kind(member), "__module__": SDK})
    ours = type("Ours", (base,), {"member": kind(lambda *_: None)})
    assert overrides(ours) == {"Ours.member"}


def test_an_override_by_a_mixin_that_knows_nothing_of_the_sdk_is_seen():
    mixin = type("Mixin", (), {"_env_var_config": None})
    ours = type("Ours", (mixin, Tap), {"name": "ours"})
    assert overrides(ours) == {"Mixin._env_var_config"}


def test_a_name_that_the_sdk_does_not_have_is_no_override():
    assert overrides(Overriding) == {
        f"Overriding.{name}" for name in ("_singer_catalog", "_env_var_config", "_validate_config")
    }


def test_every_override_of_a_private_or_final_member_is_listed():
    found = set().union(*map(overrides, classes()))
    assert sorted(listed("Overrides")) == sorted(found)


def test_every_use_of_a_private_member_is_listed():
    found = set().union(*map(uses, classes()))
    assert sorted(listed("Private members we use")) == sorted(found)


def test_every_import_of_a_private_name_is_listed():
    found = set().union(*map(imports, MODULES))
    assert sorted(listed("Private names we import")) == sorted(found)


def test_the_tests_named_exist():
    named = set(re.findall("`(test_.*?)`", PAGE.read_text()))
    written = "".join(path.read_text() for path in (PROJECT / "tests").rglob("test_*.py"))
    assert named
    assert {name for name in named if f"def {name}(" not in written} == set()


def test_the_page_names_the_version_that_is_installed():
    assert f"singer-sdk=={version('singer-sdk')}" in PAGE.read_text()

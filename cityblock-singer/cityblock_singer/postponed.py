"""Libraries that `import singer_sdk` imports, and that hardly any run uses.

They are a quarter of the start-up of a plugin: backoff retries requests of `RESTStream`, and JSONPath finds records in its
responses; joblib drains sinks in parallel (`Target.drain_all`); upath finds the files of BATCH messages, importlib_metadata
(before Python 3.12) their encoders; `--about` reads specifiers. singer-sdk 0.54.9 only calls what it imports from them.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

LIBRARIES = (
    "backoff",
    "importlib_metadata",
    "joblib",
    "packaging.specifiers",
    "singer_sdk.helpers.jsonpath",
    "upath",
)


class Postponed(ModuleType):
    """Stands for a module, which is imported when something from it is called."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands for anything
        if name.startswith("__"):
            raise AttributeError(name)
        return partial(_call, self.__name__, name)


def _call(module: str, name: str, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - of anything
    if isinstance(sys.modules.get(module), Postponed):
        del sys.modules[module]
    return getattr(import_module(module), name)(*args, **kwargs)


def postpone() -> None:
    """Call it before singer_sdk is imported."""
    for name in LIBRARIES:
        sys.modules.setdefault(name, Postponed(name))

"""The tap's schema files, read as data: they describe what Zendesk serves."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).parents[2] / "tap-zendesk-cityblock" / "tap_zendesk_cityblock" / "schemas"


def models() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.json"))


@cache
def of(model: str) -> dict[str, Any]:
    schema: dict[str, Any] = orjson.loads((FOLDER / f"{model}.json").read_bytes())
    return schema

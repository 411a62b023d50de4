"""The rules of settings that JSON Schema cannot express. Each raises SettingsError, which names the setting."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cityblock_singer.environments import is_loopback
from cityblock_singer.errors import SettingsError
from cityblock_singer.settings import unknown

from tap_zendesk_cityblock.model_types import Model, Paging
from tap_zendesk_cityblock.models import METRICS
from tap_zendesk_cityblock.state.positions import is_readable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ISO = re.compile(r"\d{4}-\d\d-\d\d($|[T ]\d\d:)")
SUBDOMAIN = re.compile(r"[a-z][a-z0-9-]{2,62}")


def subdomain_of(config: Mapping[str, Any]) -> str:
    subdomain = config["subdomain"]
    if not SUBDOMAIN.fullmatch(subdomain):
        raise SettingsError(f"Invalid subdomain {subdomain!r}: expected the part before .zendesk.com")
    return str(subdomain)


def chosen(
    setting: str, config: Mapping[str, Any], *, of: Sequence[Model], default: Sequence[Model]
) -> tuple[Model, ...]:
    known = {model.name: {model} for model in of} | {
        "default": set(default),
        "metrics": {model for model in of if model.name in METRICS},
        "all": set(of),
    }
    chosen: set[Model] = set()
    for name in config.get(setting, ["default"]):
        if name not in known:
            raise SettingsError(f"{setting}: {unknown('model', name, known)}")
        chosen |= known[name]
    return tuple(model for model in of if model in chosen)


def with_brought(chosen: Sequence[Model], *, of: Sequence[Model]) -> tuple[Model, ...]:
    """And those that come with one of these."""
    names = {model.name for model in chosen}
    return tuple(model for model in of if model.name in names or model.comes_with & names)


def check_start(config: Mapping[str, Any], incremental: Sequence[Model]) -> None:
    given = [name for name in ("start_time", "start_cursor") if name in config]
    if not given:
        return
    if "incremental_models" not in config:
        raise SettingsError(f"{given[0]} applies to incremental_models: set incremental_models, too")
    if len(given) == 2:
        raise SettingsError("start_time and start_cursor are both set: set only one")
    if given == ["start_cursor"]:
        if not config["incremental_exports"]:
            raise SettingsError("start_cursor requires incremental_exports: set start_time instead")
        if len(incremental) != 1:
            raise SettingsError("start_cursor applies to one model: set exactly one in incremental_models")
        if incremental[0].parent:
            raise SettingsError(
                f"start_cursor: {incremental[0].name} has one cursor per {incremental[0].parent.model}; set start_time instead"
            )
        if incremental[0].paging not in (Paging.EXPORT_CURSOR, Paging.EXPORT_NEXT):
            raise SettingsError(
                f"start_cursor: {incremental[0].name} is exported by time; set start_time instead"
            )
        if not is_readable(incremental[0], config["start_cursor"]):
            raise SettingsError(
                "Invalid start_cursor: expected a complete cursor, as in EXPORT_METADATA; or set start_time instead"
            )


def base_url(config: Mapping[str, Any], subdomain: str) -> str:
    url, environment = config.get("base_url"), config.get("environment")
    if environment == "local" and not url:
        raise SettingsError(
            "environment is local, but base_url is not set: set it to the address that `make sandbox` prints"
        )
    base = str(url or f"https://{subdomain}.zendesk.com").rstrip("/")
    parts = urlsplit(base)
    if "@" in parts.netloc:
        raise SettingsError(
            "Invalid base_url: remove the credentials from it, and set client_id and client_secret"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"Invalid base_url {base!r}: expected an HTTP URL")
    is_local = is_loopback(base)
    if environment == "local" and not is_local:
        raise SettingsError(
            f"environment is local, but base_url is {parts.hostname}: expected the sandbox, on a loopback address"
        )
    if environment in ("staging", "prod") and is_local:
        raise SettingsError(f"environment is {environment}, but base_url is a loopback address: remove it")
    if parts.scheme == "http" and not is_local:
        raise SettingsError("base_url must begin with https://: credentials are sent there")
    return base


def epoch(setting: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text if ISO.match(text) else "")
    except ValueError:
        raise SettingsError(
            f"Invalid {setting} {text!r}: expected a date or time like 2026-11-01 or 2026-11-01T08:00:00Z"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > datetime.now(UTC):
        raise SettingsError(f"Invalid {setting} {text!r}: is in the future")
    return int(moment.timestamp())

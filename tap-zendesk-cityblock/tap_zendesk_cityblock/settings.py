"""The settings, each described here and nowhere else, and what they must be together."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cityblock_singer.environments import ENVIRONMENTS, is_loopback
from cityblock_singer.errors import SettingsError
from cityblock_singer.settings import unknown
from singer_sdk import typing as th

from tap_zendesk_cityblock.http.rate_limit_headers import BUCKETS, HEADER
from tap_zendesk_cityblock.models import (
    ALL_BULK_MODELS,
    ALL_INCREMENTAL_MODELS,
    BULK_MODELS,
    INCREMENTAL_MODELS,
    MODELS,
    Model,
    Paging,
)
from tap_zendesk_cityblock.state.cursors import is_readable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ZENDESKS_SCOPE = "agent"
"""The tickets that Zendesk gives where a request does not name a `support_type_scope`."""

MODELS_TOLD = (
    "`default` stands for those of the replaced system, `all` for every one; absent: `default`, empty: none"
)

SETTINGS = th.PropertiesList(
    th.Property(
        "environment",
        th.StringType,
        description="Where this runs: `local` refuses every address but a loopback one; `staging` and `prod` refuse loopback ones. Except in `local`, a run is refused if this machine's clock differs from Zendesk's by more than an hour",
        allowed_values=ENVIRONMENTS,
    ),
    th.Property(
        "subdomain",
        th.StringType,
        required=True,
        description="Zendesk's name of the account, which is at https://`subdomain`.zendesk.com",
    ),
    th.Property(
        "base_url",
        th.StringType,
        description="Address of the account, if it is not https://`subdomain`.zendesk.com",
    ),
    th.Property(
        "client_id",
        th.StringType,
        description="OAuth client for the client_credentials grant: the way to log in",
    ),
    th.Property(
        "client_secret", th.StringType, secret=True, description="Secret of the OAuth client `client_id`"
    ),
    th.Property(
        "access_token",
        th.StringType,
        secret=True,
        description="OAuth access token, which is not renewed; instead of an OAuth client",
    ),
    th.Property(
        "email",
        th.StringType,
        description="E-mail address of the agent who logs in with `api_token`; instead of an OAuth client",
    ),
    th.Property(
        "api_token",
        th.StringType,
        secret=True,
        description="API token of the agent `email`; Zendesk ends API tokens on 30 April 2027",
    ),
    th.Property(
        "credentials_path",
        th.StringType,
        description="JSON file with `client_id` and `client_secret`, or `access_token`, or `email` and `api_token`, instead of these settings; a `subdomain` in it has to be that of the settings; the variable ZENDESK_SECRET_PATH names such a file, too",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        default="2019-09-30T00:00:00Z",
        description="Date or time (ISO 8601) from which incremental models are exported that have no cursor yet",
    ),
    th.Property(
        "bulk_models",
        th.ArrayType(th.StringType),
        description=f"Bulk models to export; {MODELS_TOLD}",
    ),
    th.Property(
        "incremental_models",
        th.ArrayType(th.StringType),
        description=f"Incremental models to export; {MODELS_TOLD}",
    ),
    th.Property(
        "optional_models",
        th.ArrayType(th.StringType),
        default=[model.name for model in MODELS.values() if model.is_retired],
        description="Models that the account may lack without failing the run",
    ),
    th.Property(
        "start_time",
        th.DateTimeType,
        description="Date or time (ISO 8601) from which this run exports the models of `incremental_models`, whatever the state says",
    ),
    th.Property(
        "start_cursor",
        th.StringType,
        description="Cursor from which this run exports the one model of `incremental_models`, whatever the state says",
    ),
    th.Property(
        "incremental_exports",
        th.BooleanType,
        default=True,
        description="Whether tickets, users and organizations come from Zendesk's incremental exports; false: from lists and search, for accounts that may not use these",
    ),
    th.Property(
        "support_type_scope",
        th.StringType,
        default="all",
        allowed_values=["all", "agent", "ai_agent"],
        description="Whose tickets the incremental exports of tickets and ticket events have: `agent`, `ai_agent` or `all`; `agent`, which is what Zendesk exports by default, is not sent",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=1000),
        description="Most objects that one request asks for, from 1 to 1000; absent: as many as Zendesk serves, 1000 of exports, 100 of lists",
    ),
    th.Property(
        "requests_per_minute",
        th.ObjectType(additional_properties=th.IntegerType(minimum=1)),
        description=f"Own ceilings below Zendesk's rate limits, each 1 or more, by bucket: {', '.join(f'`{name}`' for name in BUCKETS)}; any other name counts only if Zendesk's answers have a header `{HEADER}<name>`",
    ),
    th.Property(
        "concurrent_requests",
        th.IntegerType(minimum=1),
        default=10,
        description="Most requests under way at the same time; models are read side by side",
    ),
    th.Property(
        "give_up_after",
        th.IntegerType(minimum=1),
        default=1800,
        description="Seconds for which one request is tried, its first answer and all waits between tries included, before the run ends; a request that waits behind others ends it, too, once Zendesk has answered none of them for so long",
    ),
    th.Property(
        "discover_permissions",
        th.BooleanType,
        default=True,
        description="Whether `--discover` asks for a row of each model, to tell which ones the account may not read",
    ),
)
DEFAULTS = {
    name: setting["default"]
    for name, setting in SETTINGS.to_dict()["properties"].items()
    if "default" in setting
}

ISO = re.compile(r"\d{4}-\d\d-\d\d($|[T ]\d\d:)")
SUBDOMAIN = re.compile(r"[a-z][a-z0-9-]{2,62}")
_RETIRED = tuple(model for model in MODELS.values() if model.is_retired)


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings as the tap uses them: checked, with times in UTC epoch seconds."""

    subdomain: str
    base_url: str
    bulk_models: tuple[Model, ...]
    incremental_models: tuple[Model, ...]
    optional_models: frozenset[str]
    start_date: int
    start_time: int | None
    start_cursor: str | None
    incremental_exports: bool
    support_type_scope: str
    page_size: int | None
    requests_per_minute: Mapping[str, int]
    concurrent_requests: int
    give_up_after: int
    discover_permissions: bool

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Of a config that is as the JSON schema says; null is absent. Raises SettingsError, which names the setting."""
        config = {**DEFAULTS, **{name: value for name, value in config.items() if value is not None}}
        subdomain = _subdomain(config)
        incremental = _chosen(
            "incremental_models", config, of=ALL_INCREMENTAL_MODELS, default=INCREMENTAL_MODELS
        )
        _check_start(config, incremental)
        optional = _chosen("optional_models", config, of=tuple(MODELS.values()), default=_RETIRED)
        return cls(
            subdomain=subdomain,
            base_url=_base_url(config, subdomain),
            bulk_models=_chosen("bulk_models", config, of=ALL_BULK_MODELS, default=BULK_MODELS),
            incremental_models=incremental,
            optional_models=frozenset(model.name for model in optional),
            start_date=_epoch("start_date", config["start_date"]),
            start_time=_epoch("start_time", config["start_time"]) if "start_time" in config else None,
            start_cursor=config.get("start_cursor"),
            incremental_exports=config["incremental_exports"],
            support_type_scope=config["support_type_scope"],
            page_size=config.get("page_size"),
            requests_per_minute=config.get("requests_per_minute", {}),
            concurrent_requests=config["concurrent_requests"],
            give_up_after=config["give_up_after"],
            discover_permissions=config["discover_permissions"],
        )

    def asked_for(self, model: Model) -> Model:
        """The model, its query as these settings want it."""
        if not model.by_support_type or self.support_type_scope == ZENDESKS_SCOPE:
            return model
        query = (*model.query, ("support_type_scope", self.support_type_scope))
        return dataclasses.replace(model, query=query)


def _subdomain(config: Mapping[str, Any]) -> str:
    subdomain = config["subdomain"]
    if not SUBDOMAIN.fullmatch(subdomain):
        raise SettingsError(
            f"subdomain {subdomain!r} is none of Zendesk's: write the part before .zendesk.com"
        )
    return str(subdomain)


def _chosen(
    setting: str, config: Mapping[str, Any], *, of: Sequence[Model], default: Sequence[Model]
) -> tuple[Model, ...]:
    known = {model.name: {model} for model in of} | {"default": set(default), "all": set(of)}
    chosen: set[Model] = set()
    for name in config.get(setting, ["default"]):
        if name not in known:
            raise SettingsError(f"{setting}: {unknown('model', name, known)}")
        chosen |= known[name]
    return tuple(model for model in of if model in chosen)


def _check_start(config: Mapping[str, Any], incremental: Sequence[Model]) -> None:
    given = [name for name in ("start_time", "start_cursor") if name in config]
    if not given:
        return
    if "incremental_models" not in config:
        raise SettingsError(f"{given[0]} applies to the models of incremental_models: name them there")
    if len(given) == 2:
        raise SettingsError("start_time and start_cursor are both set: choose one")
    if given == ["start_cursor"]:
        if not config["incremental_exports"]:
            raise SettingsError(
                "start_cursor is one of Zendesk's incremental exports, and incremental_exports is false: set start_time"
            )
        if len(incremental) != 1:
            raise SettingsError("start_cursor is one model's: name exactly that model in incremental_models")
        if incremental[0].parent:
            raise SettingsError(
                f"start_cursor: {incremental[0].name} has a cursor for each {incremental[0].parent.model}; set start_time"
            )
        if incremental[0].paging not in (Paging.EXPORT_CURSOR, Paging.EXPORT_NEXT):
            raise SettingsError(f"start_cursor: {incremental[0].name} is exported by time; set start_time")
        if not is_readable(incremental[0], config["start_cursor"]):
            raise SettingsError(
                "start_cursor is not one of Zendesk's, or was cut; EXPORT_METADATA has them, or set start_time"
            )


def _base_url(config: Mapping[str, Any], subdomain: str) -> str:
    url, environment = config.get("base_url"), config.get("environment")
    if environment == "local" and not url:
        raise SettingsError(
            "environment is local, but base_url is not set: `make sandbox` tells the sandbox's address"
        )
    base = str(url or f"https://{subdomain}.zendesk.com").rstrip("/")
    parts = urlsplit(base)
    if "@" in parts.netloc:
        raise SettingsError("base_url holds a login: remove it, and set client_id and client_secret")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"base_url {base!r} is no http address")
    is_local = is_loopback(base)
    if environment == "local" and not is_local:
        raise SettingsError(
            f"environment is local, but base_url leads to {parts.hostname}: only the sandbox may be read there"
        )
    if environment in ("staging", "prod") and is_local:
        raise SettingsError(f"environment is {environment}, but base_url leads to this machine: remove it")
    if parts.scheme == "http" and not is_local:
        raise SettingsError("base_url must begin with https://: credentials are sent there")
    return base


def _epoch(setting: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text if ISO.match(text) else "")
    except ValueError:
        raise SettingsError(
            f"{setting} {text!r} is no date or time like 2026-11-01 or 2026-11-01T08:00:00Z"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > datetime.now(UTC):
        raise SettingsError(f"{setting} {text!r} is in the future")
    return int(moment.timestamp())

"""The settings, each described here and nowhere else, and what they must be together."""

from __future__ import annotations

import dataclasses
import difflib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from tap_zendesk_cityblock.errors import ConfigurationError
from tap_zendesk_cityblock.limits import BUCKETS
from tap_zendesk_cityblock.models import BULK_MODELS, INCREMENTAL_MODELS, LEGACY_MODELS, MODELS, Model, Paging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SETTINGS = th.PropertiesList(
    th.Property(
        "environment",
        th.StringType,
        description="`local` refuses every address but a loopback one; `staging` and `prod` refuse loopback ones",
        allowed_values=["local", "staging", "prod"],
    ),
    th.Property(
        "subdomain", th.StringType, required=True, description="The account: https://`subdomain`.zendesk.com"
    ),
    th.Property(
        "base_url",
        th.StringType,
        description="Where the account is, if not at https://`subdomain`.zendesk.com",
    ),
    th.Property(
        "client_id",
        th.StringType,
        description="OAuth client for the client_credentials grant: the way to log in",
    ),
    th.Property("client_secret", th.StringType, secret=True, description="Its secret"),
    th.Property(
        "access_token", th.StringType, secret=True, description="Instead: an OAuth access token, not renewed"
    ),
    th.Property("email", th.StringType, description="Instead: an agent's e-mail address, for an API token"),
    th.Property(
        "api_token",
        th.StringType,
        secret=True,
        description="Its API token; Zendesk ends them on 30 April 2027",
    ),
    th.Property(
        "credentials_path",
        th.StringType,
        description="Instead: a JSON file with these keys; the variable ZENDESK_SECRET_PATH names one too",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        default="2019-09-30T00:00:00Z",
        description="Where incremental models start without a cursor",
    ),
    th.Property(
        "bulk_models",
        th.ArrayType(th.StringType),
        description="Bulk models to export; `default` stands for those of the replaced system, `all` for every one; absent: default, empty: none",
    ),
    th.Property(
        "incremental_models",
        th.ArrayType(th.StringType),
        description="Incremental models to export; `default` stands for those of the replaced system, `all` for every one; absent: default, empty: none",
    ),
    th.Property(
        "optional_models",
        th.ArrayType(th.StringType),
        default=list(LEGACY_MODELS),
        description="Models that the account may lack without failing the run",
    ),
    th.Property(
        "start_time",
        th.DateTimeType,
        description="Start the models of `incremental_models` here, whatever the state says",
    ),
    th.Property(
        "start_cursor",
        th.StringType,
        description="Start the model of `incremental_models` at this cursor, whatever the state says",
    ),
    th.Property(
        "incremental_exports",
        th.BooleanType,
        default=True,
        description="Whether tickets, users and organizations come from Zendesk's incremental exports; false: from lists and search, for accounts that may not use these",
    ),
    th.Property(
        "page_size",
        th.IntegerType,
        description="Objects a request, at most; absent: Zendesk's largest, 1000 for exports, 100 for lists",
    ),
    th.Property(
        "requests_per_minute",
        th.ObjectType(additional_properties=th.IntegerType),
        description=f"Own ceilings below Zendesk's, each 1 or more, by bucket: {', '.join(f'`{name}`' for name in BUCKETS)}",
    ),
    th.Property(
        "concurrent_requests",
        th.IntegerType,
        default=10,
        description="Requests under way at the same time, at most; models are read side by side",
    ),
    th.Property(
        "give_up_after",
        th.IntegerType(minimum=1),
        default=1800,
        description="Seconds for which one request is tried again",
    ),
    th.Property(
        "discover_permissions",
        th.BooleanType,
        default=True,
        description="Whether `--discover` asks for a row of each model, to tell which ones the account may not read",
    ),
)

SUBDOMAIN = re.compile(r"[a-z][a-z0-9-]{2,62}")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


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
    page_size: int | None
    requests_per_minute: Mapping[str, int]
    concurrent_requests: int
    give_up_after: int
    discover_permissions: bool

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Null is absent. Raises ConfigurationError, which names the setting."""
        config = {name: value for name, value in config.items() if value is not None}
        subdomain = config.get("subdomain")
        if not subdomain:
            raise ConfigurationError(
                "subdomain is not set (Meltano: some commands need --environment=local, staging or prod)"
            )
        if not SUBDOMAIN.fullmatch(subdomain):
            raise ConfigurationError(
                f"subdomain {subdomain!r} is none of Zendesk's: write the part before .zendesk.com"
            )
        incremental = _chosen(
            "incremental_models", config, [m for m in MODELS.values() if m.is_incremental], INCREMENTAL_MODELS
        )
        _check_start(config, incremental)
        legacy = [MODELS[name] for name in LEGACY_MODELS]
        optional = _chosen("optional_models", config, list(MODELS.values()), legacy)
        page_size = config.get("page_size")
        if page_size is not None and not 1 <= page_size <= 1000:
            raise ConfigurationError("page_size must be from 1 to 1000")
        concurrent_requests = config.get("concurrent_requests", 10)
        if concurrent_requests < 1:
            raise ConfigurationError("concurrent_requests must be 1 or more")
        return cls(
            subdomain=subdomain,
            base_url=_base_url(config, subdomain),
            bulk_models=_chosen(
                "bulk_models", config, [m for m in MODELS.values() if not m.is_incremental], BULK_MODELS
            ),
            incremental_models=incremental,
            optional_models=frozenset(model.name for model in optional),
            start_date=_epoch("start_date", config.get("start_date", "2019-09-30")),
            start_time=_epoch("start_time", config["start_time"]) if "start_time" in config else None,
            start_cursor=config.get("start_cursor"),
            incremental_exports=config.get("incremental_exports", True),
            page_size=page_size,
            requests_per_minute=_ceilings(config.get("requests_per_minute", {})),
            concurrent_requests=concurrent_requests,
            give_up_after=config.get("give_up_after", 1800),
            discover_permissions=config.get("discover_permissions", True),
        )


def _chosen(
    setting: str, config: Mapping[str, Any], models: Sequence[Model], default: Sequence[Model]
) -> tuple[Model, ...]:
    names = config.get(setting)
    if names is None:
        return tuple(default)
    known = {model.name: {model} for model in models} | {"default": set(default), "all": set(models)}
    chosen: set[Model] = set()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise ConfigurationError(f"{setting}: there is no model {name}; {hint}")
        chosen |= known[name]
    return tuple(model for model in models if model in chosen)


def _ceilings(given: Mapping[str, int]) -> Mapping[str, int]:
    for bucket, ceiling in given.items():
        if ceiling < 1:
            raise ConfigurationError(f"requests_per_minute: {bucket} must be 1 or more")
    return given


def _check_start(config: Mapping[str, Any], incremental: Sequence[Model]) -> None:
    given = [name for name in ("start_time", "start_cursor") if config.get(name) is not None]
    if not given:
        return
    if config.get("incremental_models") is None:
        raise ConfigurationError(f"{given[0]} applies to the models of incremental_models: name them there")
    if len(given) == 2:
        raise ConfigurationError("start_time and start_cursor are both set: choose one")
    if given == ["start_cursor"]:
        if not config.get("incremental_exports", True):
            raise ConfigurationError(
                "start_cursor is one of Zendesk's incremental exports, and incremental_exports is false: set start_time"
            )
        if len(incremental) != 1:
            raise ConfigurationError(
                "start_cursor is one model's: name exactly that model in incremental_models"
            )
        if incremental[0].parent:
            raise ConfigurationError(
                f"start_cursor: {incremental[0].name} has a cursor for each {incremental[0].parent.model}; set start_time"
            )
        if incremental[0].paging not in (Paging.EXPORT_CURSOR, Paging.EXPORT_NEXT):
            raise ConfigurationError(
                f"start_cursor: {incremental[0].name} is exported by time; set start_time"
            )


def _base_url(config: Mapping[str, Any], subdomain: str) -> str:
    url, environment = config.get("base_url"), config.get("environment")
    if environment == "local" and not url:
        raise ConfigurationError(
            "environment is local, but base_url is not set: `make sandbox` tells the sandbox's address"
        )
    base = str(url or f"https://{subdomain}.zendesk.com").rstrip("/")
    parts = urlsplit(base)
    if "@" in parts.netloc:
        raise ConfigurationError("base_url holds a login: remove it, and set client_id and client_secret")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"base_url {base!r} is no http address")
    is_loopback = parts.hostname in LOOPBACK
    if environment == "local" and not is_loopback:
        raise ConfigurationError(
            f"environment is local, but base_url leads to {parts.hostname}: only the sandbox may be read there"
        )
    if environment in ("staging", "prod") and is_loopback:
        raise ConfigurationError(
            f"environment is {environment}, but base_url leads to this machine: remove it"
        )
    if parts.scheme == "http" and not is_loopback:
        raise ConfigurationError("base_url must begin with https://: credentials are sent there")
    return base


def _epoch(setting: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{setting} {text!r} is no date or time like 2026-11-01 or 2026-11-01T08:00:00Z"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > datetime.now(UTC):
        raise ConfigurationError(f"{setting} {text!r} is in the future")
    return int(moment.timestamp())


def markdown_table() -> str:
    """The settings as the README shows them."""
    rows = ["| setting | | default |", "|---|---|---|"]
    schema = SETTINGS.to_dict()
    for name, setting in schema["properties"].items():
        default = setting.get("default", "**required**" if name in schema.get("required", []) else "")
        rows.append(f"| `{name}` | {setting['description']} | {'' if default == '' else default} |")
    return "\n".join(rows)

"""The settings: their names, types and descriptions, and the values that the tap reads."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec
from cityblock_singer.environments import ENVIRONMENTS
from singer_sdk import typing as th

from tap_zendesk_cityblock.hashed_columns import LEAST_SALT, hashed_columns
from tap_zendesk_cityblock.http.rate_limit_headers import BUCKETS, HEADER
from tap_zendesk_cityblock.models import (
    ALL_BULK_MODELS,
    ALL_INCREMENTAL_MODELS,
    BULK_MODELS,
    INCREMENTAL_MODELS,
    MODELS,
)
from tap_zendesk_cityblock.setting_rules import (
    base_url,
    check_start,
    chosen,
    epoch,
    subdomain_of,
    with_brought,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.rows.hashing import HashedColumns

ZENDESK_DEFAULT_SCOPE = "agent"
"""The tickets that Zendesk exports if a request has no `support_type_scope` (docs/zendesk/support-type-scope.md)."""

MODEL_NAMES = "`default` stands for the models that the legacy system exported, `metrics` for those that the metrics need, `all` for every model. Default: `default`. An empty list exports none"

SETTINGS = th.PropertiesList(
    th.Property(
        "environment",
        th.StringType,
        description="Where the tap runs: `local` allows loopback addresses only; `staging` and `prod` allow all others. Except in `local`, a run stops if this machine's clock differs from Zendesk's by more than an hour",
        allowed_values=ENVIRONMENTS,
    ),
    th.Property(
        "subdomain",
        th.StringType,
        required=True,
        description="Subdomain of the Zendesk account, as in https://`subdomain`.zendesk.com",
    ),
    th.Property(
        "base_url",
        th.StringType,
        description="URL of the account, if it is not https://`subdomain`.zendesk.com",
    ),
    th.Property(
        "client_id",
        th.StringType,
        description="ID of an OAuth client for the client_credentials grant (recommended)",
    ),
    th.Property("client_secret", th.StringType, secret=True, description="Secret of the OAuth client"),
    th.Property(
        "scopes",
        th.ArrayType(th.StringType),
        description="Scopes to request with the OAuth client, such as `tickets:read` and `users:read`. docs/models.md lists the scope of each model, and the tap's check compares them. Default: `read`, which is enough for all models",
    ),
    th.Property(
        "access_token",
        th.StringType,
        secret=True,
        description="OAuth access token, used instead of an OAuth client; the tap does not renew it",
    ),
    th.Property(
        "email",
        th.StringType,
        description="Email address of the agent that `api_token` belongs to",
    ),
    th.Property(
        "api_token",
        th.StringType,
        secret=True,
        description="API token, used instead of an OAuth client; Zendesk ends all API tokens on 30 April 2027",
    ),
    th.Property(
        "credentials_path",
        th.StringType,
        description="JSON file with credentials, used instead of the settings above: `client_id` and `client_secret`, or `access_token`, or `email` and `api_token`, and optionally `subdomain`, which must match. The environment variable ZENDESK_SECRET_PATH may name the file as well",
    ),
    th.Property(
        "hashed_columns",
        th.ArrayType(th.StringType),
        default=[],
        description="Personal text columns that are exported as salted hashes (HMAC-SHA-256, in hex), as `model.column`, or `model.column.property` within an object; null stays null. Keys, and columns that views join or compare, cannot be hashed. docs/privacy.md lists the columns and the effects of hashing",
    ),
    th.Property(
        "hash_salt",
        th.StringType,
        secret=True,
        description=f"Salt of `hashed_columns`, at least {LEAST_SALT} characters, for example from `openssl rand -hex 32`. Equal values have equal hashes as long as the salt does not change",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        default="2019-09-30T00:00:00Z",
        description="Date or time (ISO 8601) from which incremental models without a bookmark are exported",
    ),
    th.Property(
        "bulk_models",
        th.ArrayType(th.StringType),
        description=f"Bulk models to export; {MODEL_NAMES}",
    ),
    th.Property(
        "incremental_models",
        th.ArrayType(th.StringType),
        description=f"Incremental models to export; {MODEL_NAMES}. `comment_redaction` is exported with `ticket_event` and `ticket_comment`",
    ),
    th.Property(
        "optional_models",
        th.ArrayType(th.StringType),
        default=[model.name for model in MODELS.values() if model.is_retired],
        description="Models that may be unavailable without failing the run",
    ),
    th.Property(
        "daily_models",
        th.ArrayType(th.StringType),
        default=[],
        description="Bulk models that are exported only once per UTC day, by the day's first successful run",
    ),
    th.Property(
        "skip_unchanged",
        th.BooleanType,
        default=True,
        description="Whether an export with nothing new is only recorded in `EXPORT_METADATA`, and not loaded again: of a bulk model whose rows equal those of its last export of the same UTC day, or a time-based export that returns only the objects with which the last one ended. Set it to `false` for one run to load all models. With stream maps, flattening, or deselected nested properties, every export is loaded",
    ),
    th.Property(
        "keep_unknown_properties",
        th.ArrayType(th.StringType),
        default=[],
        description="Models for which properties that are missing from the schema are kept, as JSON in the column `_unknown_properties`; `all` stands for every model. These properties may be about a person. The table `SCHEMA_DRIFT` lists them even without this setting",
    ),
    th.Property(
        "start_time",
        th.DateTimeType,
        description="Date or time (ISO 8601) from which this run exports `incremental_models`, instead of the bookmarks in the state",
    ),
    th.Property(
        "start_cursor",
        th.StringType,
        description="Cursor from which this run exports the single model in `incremental_models`, instead of its bookmark in the state",
    ),
    th.Property(
        "incremental_exports",
        th.BooleanType,
        default=True,
        description="Whether to read tickets, users and organizations from Zendesk's incremental exports. With `false`, they are read from lists and search, for accounts that cannot use the exports",
    ),
    th.Property(
        "fast_first_export",
        th.BooleanType,
        default=True,
        description="Whether a first export of tickets or users, or one from a `start_time`, begins with searches if it would otherwise take more than three minutes (30 pages): Zendesk allows 100 searches per minute, but only 10 incremental exports. This run and later ones then also read the incremental export of the same period, for up to three minutes each",
    ),
    th.Property(
        "find_private_comments",
        th.BooleanType,
        default=True,
        description="Whether a run that exports ticket events, comments or attachments also reads the ticket audits since the last run, to find comments that were made private after they were exported. This takes one request per 100 audits, an admin's login, and the scope `read` if `scopes` is set",
    ),
    th.Property(
        "support_type_scope",
        th.StringType,
        default="all",
        allowed_values=["all", "agent", "ai_agent"],
        description="Which tickets to export, with their events: those handled by agents (`agent`), by AI agents (`ai_agent`), or `all`. `agent` is Zendesk's own default and is not sent",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=1000),
        description="Maximum objects per page, from 1 to 1000. Default: the maximum that Zendesk allows, 1000 for exports and 100 for lists",
    ),
    th.Property(
        "requests_per_minute",
        th.ObjectType(additional_properties=th.IntegerType(minimum=1)),
        description=f"Maximum requests per minute by bucket, to stay below Zendesk's own limits. Buckets: {', '.join(f'`{name}`' for name in BUCKETS)}, or any `<name>` of a response header `{HEADER}<name>`",
    ),
    th.Property(
        "concurrent_requests",
        th.IntegerType(minimum=1),
        default=10,
        description="Maximum concurrent requests",
    ),
    th.Property(
        "give_up_after",
        th.IntegerType(minimum=1),
        default=1800,
        description="Retry deadline of a request in seconds, after which the run fails. A run also fails if Zendesk does not respond to any request for this long",
    ),
    th.Property(
        "record_run",
        th.BooleanType,
        default=False,
        description="Whether to report to the target, in a stream `PIPELINE_RUN`, when the run started, how it ended, and how many requests it sent to Zendesk. The targets of this project store that in the table `PIPELINE_RUN`; `meltano.yml` turns it on",
    ),
    th.Property(
        "discover_permissions",
        th.BooleanType,
        default=True,
        description="Whether `--discover` requests one object of each model, to mark unavailable models in the catalog",
    ),
)
DEFAULTS = {
    name: setting["default"]
    for name, setting in SETTINGS.to_dict()["properties"].items()
    if "default" in setting
}

_RETIRED = tuple(model for model in MODELS.values() if model.is_retired)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Validated settings, with times in UTC epoch seconds."""

    subdomain: str
    base_url: str
    bulk_models: tuple[Model, ...]
    incremental_models: tuple[Model, ...]
    optional_models: frozenset[str]
    daily_models: frozenset[str]
    keep_unknown_properties: frozenset[str]
    skip_unchanged: bool
    start_date: int
    start_time: int | None
    start_cursor: str | None
    incremental_exports: bool
    fast_first_export: bool
    find_private_comments: bool
    support_type_scope: str
    page_size: int | None
    requests_per_minute: Mapping[str, int]
    concurrent_requests: int
    give_up_after: int
    discover_permissions: bool
    hashed: Mapping[str, HashedColumns] = dataclasses.field(repr=False)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """`config` is valid under the JSON schema; null means absent. Raises SettingsError, which names the setting."""
        config = {**DEFAULTS, **{name: value for name, value in config.items() if value is not None}}
        subdomain = subdomain_of(config)
        incremental = chosen(
            "incremental_models", config, of=ALL_INCREMENTAL_MODELS, default=INCREMENTAL_MODELS
        )
        check_start(config, incremental)
        optional = chosen("optional_models", config, of=tuple(MODELS.values()), default=_RETIRED)
        daily = chosen("daily_models", config, of=ALL_BULK_MODELS, default=BULK_MODELS)
        kept = chosen(
            "keep_unknown_properties",
            config,
            of=tuple(MODELS.values()),
            default=(*BULK_MODELS, *INCREMENTAL_MODELS),
        )
        keeping = frozenset(model.name for model in kept)
        return cls(
            subdomain=subdomain,
            base_url=base_url(config, subdomain),
            bulk_models=chosen("bulk_models", config, of=ALL_BULK_MODELS, default=BULK_MODELS),
            incremental_models=with_brought(incremental, of=ALL_INCREMENTAL_MODELS),
            optional_models=frozenset(model.name for model in optional),
            daily_models=frozenset(model.name for model in daily),
            keep_unknown_properties=keeping,
            skip_unchanged=config["skip_unchanged"],
            start_date=epoch("start_date", config["start_date"]),
            start_time=epoch("start_time", config["start_time"]) if "start_time" in config else None,
            start_cursor=config.get("start_cursor"),
            incremental_exports=config["incremental_exports"],
            fast_first_export=config["fast_first_export"],
            find_private_comments=config["find_private_comments"],
            support_type_scope=config["support_type_scope"],
            page_size=config.get("page_size"),
            requests_per_minute=config.get("requests_per_minute", {}),
            concurrent_requests=config["concurrent_requests"],
            give_up_after=config["give_up_after"],
            discover_permissions=config["discover_permissions"],
            hashed=hashed_columns(config, keeping),
        )

    def asked_for(self, model: Model) -> Model:
        """The model, with these settings in its query."""
        if not model.by_support_type or self.support_type_scope == ZENDESK_DEFAULT_SCOPE:
            return model
        query = (*model.query, ("support_type_scope", self.support_type_scope))
        return msgspec.structs.replace(model, query=query)

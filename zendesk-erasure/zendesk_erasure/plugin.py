"""The settings of a command, and the warehouse that they name."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from cityblock_singer.plugin import Plugin
from singer_sdk.helpers.capabilities import PluginCapabilities
from target_bigquery.settings import bucket
from target_zendesk_pubsub.settings import bigquery_client, quieten_clients

from zendesk_erasure.settings import SETTINGS
from zendesk_erasure.warehouse import Warehouse

if TYPE_CHECKING:
    from google.cloud.storage import Bucket
    from singer_sdk.helpers.capabilities import CapabilitiesEnum


class ZendeskErasure(Plugin):
    name = "zendesk-erasure"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    capabilities: ClassVar[list[CapabilitiesEnum]] = [PluginCapabilities.STRUCTURED_LOGGING]

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """None of the SDK's own settings has an effect here."""

    @cached_property
    def warehouse(self) -> Warehouse:
        """Raises SettingsError."""
        quieten_clients()
        return Warehouse(bigquery_client(self.config), self.config["timeout"], self.logger)

    @cached_property
    def bucket(self) -> Bucket | None:
        """Of the staging files. Raises SettingsError."""
        return bucket(self.config)

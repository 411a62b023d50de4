"""The settings of the command, the warehouse and the Zendesk account that they name."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from cityblock_singer.errors import SettingsError
from cityblock_singer.plugin import Plugin
from google.cloud.bigquery import QueryJobConfig
from singer_sdk.helpers.capabilities import PluginCapabilities
from tap_zendesk_cityblock.tap import TapZendeskCityblock
from target_zendesk_pubsub.settings import bigquery_client, quieten_clients
from target_zendesk_pubsub.warehouse import Warehouse

from zendesk_reconciliation.settings import RENAMED, SETTINGS, of_the_tap
from zendesk_reconciliation.zendesk import Zendesk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.cloud.bigquery import Row
    from singer_sdk.helpers.capabilities import CapabilitiesEnum


class CountedQueries(Warehouse):
    """`queries`: begun so far."""

    queries = 0

    def query(self, what: str, sql: str, parameters: Mapping[str, int | str]) -> Iterator[Row]:
        self.queries += 1
        yield from super().query(what, sql, parameters)


class ZendeskReconciliation(Plugin):
    name = "zendesk-reconciliation"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    capabilities: ClassVar[list[CapabilitiesEnum]] = [PluginCapabilities.STRUCTURED_LOGGING]

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """None of the SDK's own settings has an effect here."""

    @cached_property
    def warehouse(self) -> CountedQueries:
        """Raises SettingsError."""
        quieten_clients()
        client = bigquery_client(self.config)
        client.default_query_job_config = QueryJobConfig(maximum_bytes_billed=self.config["max_bytes_billed"])
        return CountedQueries(client, self.config["timeout"], self.logger)

    @cached_property
    def zendesk(self) -> Zendesk:
        """By the tap's own client, with its login and rate limits. Raises SettingsError."""
        try:
            tap = TapZendeskCityblock(config=of_the_tap(self.config))
            client = tap.connect(self.config["give_up_after"])
        except SettingsError as error:
            message = str(error)
            for ours, theirs in RENAMED.items():
                message = message.replace(theirs, ours)
            raise SettingsError(message) from None
        client.most_requests = self.config["max_requests"]
        return Zendesk(client, tap.settings)

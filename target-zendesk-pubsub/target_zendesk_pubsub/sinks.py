"""Tickets of a stream, batch by batch; every other stream is ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.sinks import BatchSink, Sink

from target_zendesk_pubsub.tickets import read_ticket

if TYPE_CHECKING:
    from target_zendesk_pubsub.target import TargetZendeskPubSub
    from target_zendesk_pubsub.tickets import Ticket


class TicketSink(BatchSink):
    """A batch ends where it is full, or with a STATE."""

    include_sdc_metadata_properties = False

    def __init__(self, target: TargetZendeskPubSub, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's arguments, handed on
        self._publishing = target
        self._tickets: list[Ticket] = []
        super().__init__(target, **kwargs)

    def setup(self) -> None:
        """Raises TargetError where nothing could be published, before the first ticket."""
        self._publishing.prepare()

    def get_validator(self) -> None:
        """None: read_ticket tells what is wrong without quoting it."""

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        """Times stay as Zendesk writes them."""
        return record

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Likewise read_ticket's; the SDK's error quotes the whole record."""

    @property
    def max_size(self) -> int:
        return int(self.config["batch_size"])

    @property
    def is_full(self) -> bool:
        return super().is_full or self._publishing.bytes_in_hand >= int(self.config["batch_size_bytes"])

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002 - the SDK's signature
        """Raises RecordError."""
        self._tickets.append(read_ticket(record))

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002 - the SDK's signature
        """Raises TargetError."""
        tickets, self._tickets = self._tickets, []
        self._publishing.publish(tickets)


class IgnoringSink(Sink):
    """Of a stream that is not published; says so once."""

    def setup(self) -> None:
        self.logger.info("stream %s is not published: ignored", self.stream_name)

    def get_validator(self) -> None:
        """Nothing to validate."""

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        return record

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Nothing to validate."""

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Nothing to do."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Nothing to do."""

"""Sinks: tickets are published in batches, other streams are ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from singer_sdk.sinks import Sink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_zendesk_pubsub.ticket_parsing import Rejected
    from target_zendesk_pubsub.tickets import DeletionStub, Ticket


class Run(Protocol):
    """What a sink needs of its target."""

    @property
    def bytes_in_hand(self) -> int: ...

    def prepare(self) -> None: ...

    def publish(self, tickets: Sequence[Ticket | DeletionStub | Rejected]) -> None: ...


class TicketSink(Sink):
    """A batch ends when it is full, or with a STATE message."""

    def __init__(self, target: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's arguments
        self._run: Run = target
        self._tickets: list[Ticket | DeletionStub | Rejected] = []
        super().__init__(target, **kwargs)
        self._most_tickets = int(self.config["batch_size"])
        self._most_bytes = int(self.config["batch_size_bytes"])

    def setup(self) -> None:
        """Raises PluginError if nothing can be published."""
        self._run.prepare()

    def get_validator(self) -> None:
        """None: the reader validates tickets."""

    @property
    def is_full(self) -> bool:
        return len(self._tickets) >= self._most_tickets or self._run.bytes_in_hand >= self._most_bytes

    def take(self, tickets: list[Ticket | DeletionStub | Rejected]) -> list[Ticket | DeletionStub | Rejected]:
        """Adds tickets up to the batch size; returns the others. Replaces the SDK's process_record with its dicts."""
        room = self._most_tickets - len(self._tickets)
        taken = tickets[:room]
        self.tally_record_read(len(taken))
        self._tickets += taken
        return tickets[room:]

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Never called: see take()."""
        raise NotImplementedError

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002 - the SDK's signature
        """Raises PluginError."""
        tickets, self._tickets = self._tickets, []
        self._run.publish(tickets)


class IgnoringSink(Sink):
    """For a stream that is not published; logs that once."""

    def setup(self) -> None:
        self.logger.info("stream %s is not published: ignored", self.stream_name)

    def get_validator(self) -> None:
        """Nothing to validate."""

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Nothing to do."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Nothing to do."""

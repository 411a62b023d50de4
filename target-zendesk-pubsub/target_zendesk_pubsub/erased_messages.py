"""Erased tickets of which consumers have not been informed yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from target_zendesk_pubsub.erased_tickets import EVENT, last_erasures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_zendesk_pubsub.join_errors import JoinErrors
    from target_zendesk_pubsub.last_messages import LastMessages
    from target_zendesk_pubsub.warehouse import Warehouse

MESSAGE_BYTES = 500
"""About the size of a message of an erased ticket."""


class Erased(msgspec.Struct, frozen=True, gc=False):
    """A ticket to publish as erased. `generated_timestamp`: the latest clock of its versions here, 0 if there were none."""

    id: int
    erased_at: datetime
    generated_timestamp: int
    is_waiting: bool
    latest: datetime
    """Time of the latest row of this ticket; its message must be later."""


class ErasedMessages:
    """`log_days`: for how many days the log keeps messages; None: forever."""

    def __init__(
        self,
        warehouse: Warehouse,
        last_messages: LastMessages,
        join_errors: JoinErrors,
        log_days: int | None,
    ) -> None:
        self._warehouse, self._last_messages, self._join_errors = warehouse, last_messages, join_errors
        self._log_days = log_days

    def unpublished(self) -> Iterator[tuple[Erased, int]]:
        """Tickets that were erased after their last message of that kind, and the size of the new message. Raises
        WarehouseError.
        """
        erased = self._not_last()
        [row] = self._warehouse.query("erased tickets", f"SELECT MIN(erased_at) AS first FROM ({erased})", {})
        if row.first is None:  # the usual case: the log is not read
            return
        settlements = self._last_messages.log.settlements("attributes", first=row.first)
        sql = f"""
            SELECT erased.ticket_id, erased.erased_at,
              GREATEST(COALESCE(erased.clock, 0), COALESCE(waiting.generated_timestamp, 0)) AS clock,
              waiting.message_key IS NOT NULL AS is_waiting,
              GREATEST(
                erased.erased_at, COALESCE(erased.published_at, erased.erased_at),
                COALESCE(waiting.inserted_at, erased.erased_at)
              ) AS latest
            FROM ({erased}) AS erased
            LEFT JOIN ({self._join_errors.last()}) AS waiting ON waiting.ticket_id = erased.ticket_id
            LEFT JOIN (
              SELECT ticket_id, MAX(settled_at) AS settled_at FROM ({settlements})
              WHERE {EVENT} = 'erased'
              GROUP BY ticket_id
            ) AS message ON message.ticket_id = erased.ticket_id
            WHERE message.settled_at IS NULL OR message.settled_at < erased.erased_at
            ORDER BY erased.ticket_id
        """
        for one in self._warehouse.query("erased tickets", sql, {}):
            yield Erased(one.ticket_id, one.erased_at, one.clock, one.is_waiting, one.latest), MESSAGE_BYTES

    def _not_last(self) -> str:
        """SQL of erased tickets whose last message is another one, with the time of that and the latest clock.

        Without erasures that are older than the log, whose messages have expired.
        """
        first = None
        if self._log_days is not None:
            first = datetime.now(UTC) - timedelta(days=self._log_days - 1)
        return f"""
            SELECT erased.ticket_id, erased.erased_at, message.published_at, message.clock
            FROM ({last_erasures(self._last_messages.log.erased, first)}) AS erased
            LEFT JOIN (
              SELECT ticket_id, event_type, published_at,
                MAX(generated_timestamp) OVER (PARTITION BY ticket_id) AS clock
              FROM ({self._last_messages.rows("TRUE")})
              WHERE TRUE
              QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY published_at DESC) = 1
            ) AS message ON message.ticket_id = erased.ticket_id
            WHERE COALESCE(message.event_type, '') != 'erased'
        """

"""A consumer that may see a message twice, or late: it keeps the last version of every ticket in SQLite, of
an erased one only its id.

It needs the packages google-cloud-pubsub and jsonschema, and the schemas beside it.

PUBSUB_EMULATOR_HOST=127.0.0.1:8085 python consumer.py projects/cityblock-data/subscriptions/devCommonsZendeskTicket tickets.sqlite
"""

from __future__ import annotations

import json
import sqlite3
import sys
from concurrent.futures import TimeoutError as NothingMore
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from google.cloud.pubsub_v1 import SubscriberClient
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from google.cloud.pubsub_v1.subscriber.message import Message

KNOWN_VERSION = "1"
WHOLE, ERASED = (
    Draft202012Validator(json.loads(Path(__file__).with_name(f"ticket-{name}.schema.json").read_text()))
    for name in ("message", "erased")
)
TABLE = """
    CREATE TABLE IF NOT EXISTS ticket
    (id INTEGER PRIMARY KEY, version INTEGER, message_key TEXT, is_deleted BOOLEAN, data TEXT)
"""
KEEP = """
    INSERT INTO ticket VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
      version = excluded.version, message_key = excluded.message_key, is_deleted = excluded.is_deleted, data = excluded.data
    WHERE excluded.version >= ticket.version AND excluded.message_key != ticket.message_key
"""


def consume(subscription: str, database: str, seconds: float | None = None) -> None:
    """Until interrupted, or for that many seconds."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(TABLE)

    def receive(message: Message) -> None:
        if message.attributes["schema_version"] != KNOWN_VERSION:
            message.nack()  # a version that this consumer does not know: left to one that does, or the dead letter topic
            return
        schema = ERASED if message.attributes["event_type"] == "erased" else WHOLE
        if not schema.is_valid(json.loads(message.data)):
            print(f"message {message.message_id} does not match the schema", file=sys.stderr)
            message.nack()
            return
        with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
            connection.execute("PRAGMA secure_delete = ON")  # what is replaced leaves the file, too
            connection.execute(KEEP, row(message))
        message.ack()  # only now: a consumer that dies before this gets the message again

    with SubscriberClient() as subscriber:
        receiving = subscriber.subscribe(subscription, receive)
        try:
            receiving.result(seconds)
        except (NothingMore, KeyboardInterrupt):
            receiving.cancel()
            receiving.result()


def row(message: Message) -> tuple[int, int, str, bool, str]:
    """What is kept of a message."""
    about = message.attributes
    return (
        int(about["ticket_id"]),
        int(about["generated_timestamp"]),
        about["message_key"],
        about["event_type"] in ("deleted", "erased"),
        message.data.decode(),  # of an erased ticket without content, so it replaces what was kept
    )


if __name__ == "__main__":
    consume(sys.argv[1], sys.argv[2])

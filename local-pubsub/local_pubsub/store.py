"""What survives the process, in SQLite: topics, subscriptions, messages, and what is not acknowledged yet."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS topic (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    config BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS subscription (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    topic INTEGER NOT NULL,
    since INTEGER NOT NULL, -- the last message before it was created
    config BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic INTEGER NOT NULL,
    published INTEGER NOT NULL, -- microseconds since 1970; never less than that of an earlier id
    ordering_key TEXT NOT NULL,
    content BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS message_by_time ON message (topic, published);
CREATE TABLE IF NOT EXISTS delivery ( -- one row for each unacknowledged message
    subscription INTEGER NOT NULL,
    message INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (subscription, message)
) WITHOUT ROWID;
"""
PENDING = """
SELECT message.id, message.ordering_key, delivery.attempts, message.content
FROM delivery JOIN message ON message.id = delivery.message
WHERE delivery.subscription = ?
"""


class StoredSubscription(NamedTuple):
    id: int
    topic: int
    since: int
    config: bytes


class StoredMessage(NamedTuple):
    id: int
    topic: int
    published: int
    ordering_key: str
    content: bytes


class Position(NamedTuple):
    """A message's place in its topic."""

    published: int
    id: int


class Pending(NamedTuple):
    """A message that one subscription has not acknowledged."""

    message: int
    ordering_key: str
    attempts: int
    content: bytes


class Store:
    """One connection for one thread. Each method is its own transaction, or part of the open one."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA page_size = 16384")  # several messages per page: half the time of 4096
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(
            "PRAGMA synchronous = OFF"
        )  # enough to survive a killed process, not a power failure
        self._db.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()

    # topics and subscriptions

    def topics(self) -> list[tuple[int, bytes]]:
        """(id, config)."""
        return self._db.execute("SELECT id, config FROM topic").fetchall()

    def add_topic(self, name: str, config: bytes) -> int:
        return self._insert("INSERT INTO topic (name, config) VALUES (?, ?)", name, config)

    def change_topic(self, topic: int, config: bytes) -> None:
        self._db.execute("UPDATE topic SET config = ? WHERE id = ?", (config, topic))

    def remove_topic(self, topic: int) -> None:
        self._db.execute("DELETE FROM topic WHERE id = ?", (topic,))

    def subscriptions(self) -> list[StoredSubscription]:
        rows = self._db.execute("SELECT id, topic, since, config FROM subscription")
        return [StoredSubscription(*row) for row in rows]

    def add_subscription(self, name: str, topic: int, since: int, config: bytes) -> int:
        return self._insert(
            "INSERT INTO subscription (name, topic, since, config) VALUES (?, ?, ?, ?)",
            *(name, topic, since, config),
        )

    def change_subscription(self, subscription: int, config: bytes) -> None:
        self._db.execute("UPDATE subscription SET config = ? WHERE id = ?", (config, subscription))

    def remove_subscription(self, subscription: int) -> None:
        self._db.execute("DELETE FROM delivery WHERE subscription = ?", (subscription,))
        self._db.execute("DELETE FROM subscription WHERE id = ?", (subscription,))

    # messages

    def last_message(self) -> int:
        """The highest id ever assigned, even if its message was deleted."""
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'message'").fetchone()
        return 0 if row is None else int(row[0])

    def last_published(self) -> int:
        row = self._db.execute("SELECT published FROM message ORDER BY id DESC LIMIT 1").fetchone()
        return 0 if row is None else int(row[0])

    def add_messages(self, messages: Iterable[StoredMessage]) -> None:
        self._db.executemany(
            "INSERT INTO message (id, topic, published, ordering_key, content) VALUES (?, ?, ?, ?, ?)",
            messages,
        )

    def add_unacknowledged(self, subscription: int, messages: Iterable[int]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO delivery (subscription, message) VALUES (?, ?)",
            ((subscription, message) for message in messages),
        )

    def acknowledge_before(self, subscription: int, topic: int, published: int) -> None:
        """Acknowledges what was published to the topic before that time."""
        self._db.execute(
            "DELETE FROM delivery WHERE subscription = ? AND message < COALESCE((SELECT id FROM message"
            " WHERE topic = ? AND published >= ? ORDER BY published, id LIMIT 1), ?)",
            (subscription, topic, published, self.last_message() + 1),
        )

    def acknowledge(self, subscription: int, messages: Iterable[int]) -> None:
        self._db.executemany(
            "DELETE FROM delivery WHERE subscription = ? AND message = ?",
            ((subscription, message) for message in messages),
        )

    def count_attempts(self, subscription: int, messages: Iterable[int]) -> None:
        self._db.executemany(
            "UPDATE delivery SET attempts = attempts + 1 WHERE subscription = ? AND message = ?",
            ((subscription, message) for message in messages),
        )

    def pending_after(self, subscription: int, message: int) -> Generator[Pending]:
        """Later messages that are not acknowledged, in order of publication; close it before writing."""
        sql = f"{PENDING} AND delivery.message > ? ORDER BY delivery.message"
        with closing(self._db.execute(sql, (subscription, message))) as rows:
            yield from map(Pending._make, rows)

    def pending(self, subscription: int, message: int) -> Pending | None:
        """None if it is acknowledged."""
        row = self._db.execute(f"{PENDING} AND delivery.message = ?", (subscription, message)).fetchone()
        return None if row is None else Pending(*row)

    def kept(self, topic: int, published: int, after: int) -> list[int]:
        """The stored messages that were published at that time or later and come after that message."""
        rows = self._db.execute(
            "SELECT id FROM message WHERE topic = ? AND published >= ? AND id > ?", (topic, published, after)
        )
        return [row[0] for row in rows]

    def content(self, message: int) -> bytes:
        return bytes(self._db.execute("SELECT content FROM message WHERE id = ?", (message,)).fetchone()[0])

    def topics_with_messages(self) -> list[int]:
        """Includes deleted topics."""
        return [row[0] for row in self._db.execute("SELECT DISTINCT topic FROM message")]

    def oldest(self, topic: int, after: Position, before: int, limit: int) -> list[Position]:
        """Messages after that position that were published before that time."""
        rows = self._db.execute(
            "SELECT published, id FROM message WHERE topic = ? AND published >= ? AND published < ?"
            " AND (published, id) > (?, ?) ORDER BY published, id LIMIT ?",
            (topic, after.published, before, *after, limit),
        )
        return [Position(*row) for row in rows]

    def remove_acknowledged(self, messages: Sequence[int]) -> None:
        """Removes those of the messages that every subscription has acknowledged."""
        first, last = min(messages), max(messages)
        unacknowledged: set[int] = set()
        for subscription in self.subscriptions():
            rows = self._db.execute(
                "SELECT message FROM delivery WHERE subscription = ? AND message BETWEEN ? AND ?",
                (subscription.id, first, last),
            )
            unacknowledged.update(row[0] for row in rows)
        acknowledged = ((message,) for message in messages if message not in unacknowledged)
        self._db.executemany("DELETE FROM message WHERE id = ?", acknowledged)

    def _insert(self, sql: str, *values: object) -> int:
        rowid = self._db.execute(sql, values).lastrowid
        assert rowid is not None  # noqa: S101 - set after each INSERT
        return rowid

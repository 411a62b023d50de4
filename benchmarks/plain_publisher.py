"""Publishes messages with Google's PublisherClient, with ordering and default settings.

Run by benchmarks.publishing in a separate process. Arguments: the server's address, the topic, a file of JSON lines.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
from google.cloud.pubsub_v1 import PublisherClient  # type: ignore[import-untyped]
from google.cloud.pubsub_v1.types import PublisherOptions  # type: ignore[import-untyped]


class Message(msgspec.Struct):
    data: str
    attributes: dict[str, str]
    ordering_key: str


def main(host: str, topic: str, messages: Path) -> None:
    os.environ["PUBSUB_EMULATOR_HOST"] = host
    client = PublisherClient(publisher_options=PublisherOptions(enable_message_ordering=True))
    decode = msgspec.json.Decoder(Message).decode
    futures = []
    with messages.open("rb") as lines:
        for line in lines:
            message = decode(line)
            futures.append(
                client.publish(
                    topic,
                    message.data.encode(),
                    ordering_key=message.ordering_key,
                    **message.attributes,
                )
            )
    for future in futures:
        future.result()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))

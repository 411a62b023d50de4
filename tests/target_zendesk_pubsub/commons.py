"""The consumer in the tests."""

import dataclasses
import json
import warnings


@dataclasses.dataclass(frozen=True)
class Received:
    """A message as a consumer gets it."""

    ticket_id: int
    event: str
    key: str
    ordering_key: str
    attributes: dict
    content: dict
    data: bytes
    message_id: str


@dataclasses.dataclass(frozen=True)
class Commons:
    """The consumer: one subscription of the test's own topic."""

    subscriber: object
    topic: str
    subscription: str

    def receive(self):
        """Every message that is there, in the order of delivery."""
        got = []
        while pulled := self._pull():
            ids = [one.ack_id for one in pulled]
            self.subscriber.acknowledge(request={"subscription": self.subscription, "ack_ids": ids})
            got += [_received(one.message) for one in pulled]
        return got

    def _pull(self):
        """What there is now: deprecated for consumers, who would rather wait; a test would not."""
        request = {"subscription": self.subscription, "max_messages": 1000, "return_immediately": True}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The return_immediately flag", DeprecationWarning)
            return self.subscriber.pull(request=request, timeout=30).received_messages


def _received(message):
    attributes = dict(message.attributes)
    return Received(
        int(attributes["ticket_id"]),
        attributes["event_type"],
        attributes["message_key"],
        message.ordering_key,
        attributes,
        json.loads(message.data),
        message.data,
        message.message_id,
    )

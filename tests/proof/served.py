"""What is asked of the sandbox's servers directly, beside the runs under test."""

from __future__ import annotations

import json

import requests
from local_pubsub.clients import clients

from sandbox.addresses import SUBSCRIPTION, TOPIC_PROJECT
from tests.target_zendesk_pubsub.commons import Commons


class Served:
    """A world's `zendesk_url`, BigQuery `client` and `pubsub_host`, used without its proxies."""

    def zendesk(self, method, what, body=None):
        answer = requests.request(method, f"{self.zendesk_url}/_sandbox/{what}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.content

    def objects(self, model):
        return [json.loads(line) for line in self.zendesk("GET", f"objects/{model}").splitlines()]

    def rows(self, sql):
        return [dict(row) for row in self.client.query_and_wait(sql)]

    def received(self):
        """What Commons has not acknowledged yet, which this does."""
        with clients(self.pubsub_host) as (_, subscriber):
            name = f"projects/{TOPIC_PROJECT}/subscriptions/{SUBSCRIPTION}"
            return Commons(subscriber, "", name).receive()

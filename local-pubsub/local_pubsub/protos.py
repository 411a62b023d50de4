"""Pub/Sub's messages as raw protobuf classes, several times faster than their proto-plus wrappers.

They are created at run time, unknown to type checkers: `Message` stands for any of them.
"""

from __future__ import annotations

from typing import Any

from google.pubsub_v1 import types

Message = Any

ListSubscriptionsResponse = types.ListSubscriptionsResponse.pb()
ListTopicSubscriptionsResponse = types.ListTopicSubscriptionsResponse.pb()
ListTopicsResponse = types.ListTopicsResponse.pb()
PublishResponse = types.PublishResponse.pb()
PubsubMessage = types.PubsubMessage.pb()
PullResponse = types.PullResponse.pb()
ReceivedMessage = types.ReceivedMessage.pb()
SeekResponse = types.SeekResponse.pb()
StreamingPullResponse = types.StreamingPullResponse.pb()
Subscription = types.Subscription.pb()
Topic = types.Topic.pb()

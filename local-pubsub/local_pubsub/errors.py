"""Requests that fail: a gRPC status, and the message that Google's server would send."""

from __future__ import annotations

from functools import partial

import grpc


class RequestError(Exception):
    """Reaches the client as this status."""

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.status = status


invalid = partial(RequestError, grpc.StatusCode.INVALID_ARGUMENT)
not_found = partial(RequestError, grpc.StatusCode.NOT_FOUND)
already_exists = partial(RequestError, grpc.StatusCode.ALREADY_EXISTS)
unimplemented = partial(RequestError, grpc.StatusCode.UNIMPLEMENTED)

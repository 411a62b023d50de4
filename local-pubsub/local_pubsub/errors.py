"""Requests that fail: a gRPC status, and the message that Google's server would send."""

from __future__ import annotations

import grpc


class RequestError(Exception):
    """Reaches the client as this status."""

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.status = status


def invalid(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.NOT_FOUND, message)


def already_exists(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.ALREADY_EXISTS, message)


def unimplemented(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.UNIMPLEMENTED, message)

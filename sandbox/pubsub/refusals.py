"""The one way to say no: a status of gRPC, and the sentence that Google's server would say."""

from __future__ import annotations

import grpc


class RefusedError(Exception):
    """What the client did wrong; it reaches the client as this status."""

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.status = status


def invalid(message: str) -> RefusedError:
    return RefusedError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> RefusedError:
    return RefusedError(grpc.StatusCode.NOT_FOUND, message)


def already_exists(message: str) -> RefusedError:
    return RefusedError(grpc.StatusCode.ALREADY_EXISTS, message)


def unimplemented(message: str) -> RefusedError:
    return RefusedError(grpc.StatusCode.UNIMPLEMENTED, message)

"""A gRPC proxy in front of Pub/Sub that makes requests fail on demand, as FaultProxy does for HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
from local_pubsub.clients import UNLIMITED

from tests.fault_proxy import Faults

SECONDS = 60


def same(content):
    """Messages pass as bytes."""
    return content


class PubSubProxy(grpc.GenericRpcHandler, Faults):
    """Listens on a free loopback port, `host`, while its context is open. Only requests with one answer pass.

    A fault of kind `status` has the name of a gRPC status as its `body`.
    """

    def __init__(self, upstream):
        Faults.__init__(self)
        self._upstream = upstream
        self._server = grpc.server(ThreadPoolExecutor(16), handlers=(self,), options=UNLIMITED)
        self.host = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self):
        self._channel = grpc.insecure_channel(self._upstream, options=UNLIMITED)
        self._server.start()
        return self

    def __exit__(self, *_):
        self.release()
        self._server.stop(0)
        self._channel.close()

    def service(self, call):
        def answer(request, context):
            return self._answer(call.method, request, context)

        return grpc.unary_unary_rpc_method_handler(answer, same, same)

    def _answer(self, method, request, context):
        fault = self.take(method)
        kind = fault.kind if fault else None
        if kind == "hold":
            self.hold()
        if kind == "status":
            context.abort(grpc.StatusCode[fault.body.decode()], "a fault of the test")
        if kind == "drop":
            context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
        try:
            given = self._channel.unary_unary(method, same, same)(
                request, SECONDS, wait_for_ready=True, metadata=_metadata(context)
            )
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
        if kind == "late":
            self.hold()
        if kind == "lost":
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "accepted, and not answered")
        return given


def _metadata(context):
    return [(name, value) for name, value in context.invocation_metadata() if name.startswith("x-goog")]

"""An HTTP proxy in front of BigQuery or GCS that makes requests fail on demand."""

from __future__ import annotations

import dataclasses
import functools
import http.client
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

HOLD_SECONDS = 60
HOP_BY_HOP = frozenset({"transfer-encoding", "content-length", "connection", "date", "server"})


@dataclasses.dataclass
class Fault:
    """The next `times` requests that contain `match` ("POST /upload") fail this way, after `after` others.

    `lost`: the server handles the request, and its response is lost. `hold`: the request waits until release();
    `late`: the response does.
    """

    kind: Literal["status", "drop", "lost", "hold", "late"]
    match: str
    times: int = 1
    after: int = 0
    status: int = 503
    body: bytes = b"{}"


class Faults:
    """What a proxy has been asked for. Several threads may use it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        """Set once a request is held."""
        self.requests = 0
        """That have passed, or failed."""
        self.is_pristine = True
        """Whether no request has failed since a fault was added."""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._released = threading.Event()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)
            self.is_pristine = True

    def clear(self) -> None:
        """Removes all faults and releases held requests."""
        with self._lock:
            self._faults.clear()
        self.release()
        self._released.clear()
        self.reached.clear()

    def release(self) -> None:
        self._released.set()

    def take(self, request: str) -> Fault | None:
        """The fault of this request, if any."""
        with self._lock:
            self.requests += 1
            for fault in self._faults:
                if fault.match in request and fault.after:
                    fault.after -= 1
                elif fault.match in request:
                    self.is_pristine = False
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                    return fault
        return None

    def hold(self) -> None:
        self.reached.set()
        self._released.wait(HOLD_SECONDS)


class FaultProxy(Faults):
    """Listens on a free loopback port, `url`, while its context is open."""

    def __init__(self, upstream: str) -> None:
        super().__init__()
        self.upstream = urlsplit(upstream).netloc
        self._server = _Server(("127.0.0.1", 0), functools.partial(_Handler, self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Logs nothing of a client that was killed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits 40 ms until the headers are acknowledged

    def __init__(self, proxy: FaultProxy, *arguments: Any) -> None:
        self._proxy = proxy
        super().__init__(*arguments)

    def _forward(self) -> None:
        body = self._body()
        fault = self._proxy.take(f"{self.command} {self.path}")
        kind = fault.kind if fault else None
        if kind == "hold":
            self._proxy.hold()
        if fault is not None and kind == "status":
            self._answer(fault.status, [("Content-Type", "application/json")], fault.body)
        elif kind == "drop":
            self._hang_up()
        else:
            self._pass_on(body, kind)

    def _pass_on(self, body: bytes, kind: str | None) -> None:
        try:
            status, headers, content = self._ask(body)
        except (OSError, http.client.HTTPException):  # the server was killed
            self._hang_up()
            return
        if kind == "late":
            self._proxy.hold()
        if kind == "lost":
            self._hang_up()
        else:
            self._answer(status, headers, content)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self._proxy.upstream, timeout=HOLD_SECONDS)
        try:
            connection.request(self.command, self.path, body, dict(_end_to_end(self.headers.items())))
            response = connection.getresponse()
            return response.status, _end_to_end(response.getheaders()), response.read()
        finally:
            connection.close()

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        try:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except OSError:  # the client was killed
            self.close_connection = True

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Logs nothing."""

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _forward  # noqa: N815 - the server's names


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]

"""An HTTP server between the tap and Zendesk that mutates some of Zendesk's responses, from a seed."""

from __future__ import annotations

import dataclasses
import functools
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.hostile.mutations import CANARY, ODD, mutated, replaced, torn

HOP_BY_HOP = frozenset({"transfer-encoding", "content-length", "connection", "server"})
OF_PAGES = (
    *("after_cursor", "after_url", "end_of_stream", "end_time", "next_page", "count", "meta", "links"),
    *("previous_page", "start_time"),
)
CURSORS = (
    *(b'""', b'"x"', b'"MTc2NzIyNTQyMC4wfHwxOTgzfA=="', b'"%s"' % (b"A" * 70000), b'"=?&#%00"', b'"\\u2603"'),
    b'"%s"' % b"MTc2NzIyNTQyMC4wfHw5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5fA==",
    b'"http://[%s"' % CANARY.encode(),
    b'"http://user:%s@elsewhere.example/%s"' % (CANARY.encode(), CANARY.encode()),
    b'"/api/v2/%s?page=2"' % CANARY.encode(),
)
SECONDS = (
    *(
        "",
        "0",
        "-1",
        "1",
        "1.5",
        "1e3",
        "soon",
        "\xb2",
        "9" * 5,
        "9" * 400,
        "9" * 5000,
        "NaN",
        "inf",
        "1767225420",
        "1, 2",
    ),
    *(
        "2026-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Thu, 01 Jan 99999 00:00:00 GMT",
        "0001-01-01T00:00:00+14:00",
    ),
    *("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", "Thu, 01 Jan 0001 00:00:00 -0000", ", ,", "\xff\xfe"),
)
HEADERS = {
    "Content-Type": (
        "",
        "text/html",
        "application/json; charset=utf-16",
        "application/json; charset=\xe9",
        "image/png",
    ),
    "Content-Encoding": ("gzip", "deflate", "br", "zstd", "gzip, gzip", "identity", "nonsense"),
    "Content-Length": ("0", "5", "-5", "99999999", "abc", "5, 6", "\xb2"),
    "Transfer-Encoding": ("chunked", "gzip", "nonsense"),
    "Date": SECONDS,
    "Retry-After": SECONDS,
    "X-Rate-Limit": SECONDS,
    "X-Rate-Limit-Remaining": SECONDS,
    "ratelimit-reset": SECONDS,
    "zendesk-ratelimit-incremental-exports": (
        *(
            "",
            "total=10",
            "total=\xb2; remaining=\xb2",
            f"total={'9' * 5000}; remaining=1; resets=1",
            "remaining=0; total=0",
        ),
        *(
            "total=10; remaining=0; resets=99999999999",
            "total=0; remaining=0; resets=0",
            "total=-1; remaining=-5; resets=-1",
        ),
    ),
    "X-Zendesk-Api-Warn": ("", f'["{CANARY}"]', '"' * 1000, '{:unpermitted_keys=>["page[size]"]}', "\xff"),
    "Location": (
        "",
        "/",
        "//",
        "http://[",
        f"https://{CANARY}@elsewhere.example/{CANARY}",
        "\xff\xfe",
        "file:///",
        "/\r",
    ),
    "Link": (f"<{CANARY}>; rel=next",),
    "Set-Cookie": (f"{CANARY}={CANARY}; Domain=[; Expires=\xb2",),
    "WWW-Authenticate": (f'Basic realm="{CANARY}"',),
}
ERRORS = (
    *(
        b"",
        b"<html>%s" % CANARY.encode(),
        b"null",
        b"7",
        b'"errors"',
        b"[]",
        b"{}",
        b'{"error": {}}',
        b'{"error": [7]}',
    ),
    *(
        b'{"errors": []}',
        b'{"errors": {"0": 1}}',
        b'{"errors": [{"code": {"a": 1}}]}',
        b'{"error": "%s!"}' % CANARY.encode(),
    ),
    b'{"error": {"title": "%s"}, "description": {"a": 1}}' % (CANARY.encode() * 9),
    b"[" * 5000,
    b'{"error": "\xff"}',
    b'{"error": 1%s}' % (b"0" * 5000),
    b'{"errors": [{"code": "InvalidCursor"}]}',
    b'{"errors": [{"code": "StartTimeTooRecent"}]}',
)
OF_A_MODEL = (400, 403, 404, 408, 409, 410, 418, 422, 429, 429, 500, 503, 504, 524, 206, 204, 299, 600)
OF_THE_RUN = (301, 302, 304, 307, 399, 401, 402)


@dataclasses.dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class HostileServer:
    """`plan`: what becomes of the response to a request, by its path: a function of an Answer, or None. `served`: bodies by path."""

    def __init__(self, upstream):
        self.upstream = urlsplit(upstream).netloc
        self.plan = lambda _path: None
        self.served = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, server, *arguments):
        self._hostile = server
        super().__init__(*arguments)

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        upstream = http.client.HTTPConnection(self._hostile.upstream, timeout=60)
        upstream.request(self.command, self.path, body, {**dict(self.headers), "Host": self.headers["Host"]})
        response = upstream.getresponse()
        headers = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
        answer = Answer(response.status, headers, response.read())
        upstream.close()
        path = urlsplit(self.path).path
        change = self._hostile.plan(path)
        if change is not None:
            change(answer)
        if answer.status == 200:
            self._hostile.served.append((path, answer.body))
        self._write(answer, is_changed=change is not None)

    def _write(self, answer, *, is_changed):
        """As it is, however invalid."""
        names = {name.lower() for name, _ in answer.headers}
        length = (
            ""
            if names & {"content-length", "transfer-encoding"}
            else f"Content-Length: {len(answer.body)}\r\n"
        )
        head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
        self.close_connection = is_changed
        closes = "Connection: close\r\n" if is_changed else ""
        try:
            self.wfile.write(
                f"HTTP/1.1 {answer.status} x\r\n{head}{length}{closes}\r\n".encode("latin-1") + answer.body
            )
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass

    do_GET = do_POST = _answer  # noqa: N815 - the server's names


# --- what may become of a response ------------------------------------------------------------------------------------
def odd_objects(rng, answer):
    """A part of one of its objects."""
    content = json.loads(answer.body)
    lists = [name for name, value in content.items() if isinstance(value, list) and value]
    if not lists:
        return
    name = rng.choice(lists)
    at = rng.randrange(len(content[name]))
    spot = "@object@"
    text = json.dumps(replaced(content, (name, at), spot)).encode()
    one = mutated(rng, content[name][at]) if rng.random() < 0.9 else rng.choice(ODD)
    answer.body = text.replace(b'"%s"' % spot.encode(), one)


def odd_pages(rng, answer):
    """What it says about pages."""
    content = json.loads(answer.body)
    names = [name for name in content if name in OF_PAGES] or list(content)
    paths = [(name,) for name in names]
    paths += [(name, inner) for name in names if isinstance(content[name], dict) for inner in content[name]]
    path = rng.choice(paths)
    text = json.dumps(replaced(content, path, "@page@")).encode()
    answer.body = text.replace(b'"@page@"', rng.choice(ODD + CURSORS * 4))


def odd_body(rng, answer):
    answer.body = rng.choice(
        (
            lambda: torn(rng, answer.body),
            lambda: mutated(rng, json.loads(answer.body)),
            lambda: rng.choice(ODD),
            lambda: b"\xef\xbb\xbf" + answer.body,
            lambda: json.dumps(json.loads(answer.body), indent=2).encode(),
            lambda: answer.body.decode().encode("utf-16"),
            lambda: rng.choice(ERRORS),
        )
    )()


def odd_headers(rng, answer):
    for name in rng.sample(sorted(HEADERS), rng.choice((1, 1, 2, 4))):
        answer.headers = [one for one in answer.headers if one[0].lower() != name.lower()]
        answer.headers.append((name, rng.choice(HEADERS[name])))


def odd_status(rng, answer, statuses=OF_A_MODEL):
    answer.status, answer.body = rng.choice(statuses), rng.choice(ERRORS)
    if rng.random() < 0.7:
        odd_headers(rng, answer)


KINDS = (odd_objects, odd_objects, odd_pages, odd_pages, odd_body, odd_headers, odd_headers, odd_status)

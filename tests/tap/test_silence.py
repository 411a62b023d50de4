"""Servers that do not answer, and how long a run waits for them."""

import contextlib
import json
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tap_zendesk_cityblock.errors import GaveUpError
from tap_zendesk_cityblock.http.client import ZendeskClient
from tap_zendesk_cityblock.http.credentials import AccessToken, OAuthClient
from tap_zendesk_cityblock.http.rate_limits import RateLimits
from tap_zendesk_cityblock.http.request_queue import RequestQueue

BODY = json.dumps({"groups": [], "meta": {"has_more": False, "after_cursor": None}}).encode()
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
TOKEN = {"access_token": "sandbox-access"}


def silent(connection, _number, _stop):
    """Takes the request and says nothing."""
    connection.recv(65_536)


def answering(connection, _number, _stop):
    connection.recv(65_536)
    connection.sendall(HEADERS % len(BODY) + BODY)


def back_after_the_first(connection, number, stop):
    (silent if number == 0 else answering)(connection, number, stop)


def dripping(connection, _number, stop):
    """A byte every now and then, so that no two of them are far apart."""
    connection.recv(65_536)
    connection.sendall(HEADERS % 1_000_000)
    while not stop.wait(0.2):
        connection.sendall(b" ")


@pytest.fixture
def server():
    """Starts one that treats each connection so; its address."""
    with contextlib.ExitStack() as open_ones:
        stop = threading.Event()
        open_ones.callback(stop.set)

        def treat(treatment, connection, number):
            with contextlib.suppress(OSError):
                treatment(connection, number, stop)
                stop.wait()

        def accept(listening, treatment):
            number = 0
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                open_ones.enter_context(connection)
                threading.Thread(target=treat, args=(treatment, connection, number), daemon=True).start()
                number += 1

        def start(treatment):
            listening = open_ones.enter_context(socket.create_server(("127.0.0.1", 0)))
            open_ones.callback(listening.shutdown, socket.SHUT_RDWR)
            threading.Thread(target=accept, args=(listening, treatment), daemon=True).start()
            return f"http://127.0.0.1:{listening.getsockname()[1]}"

        yield start


def client(url, give_up_after, credentials=None):
    return ZendeskClient(
        url,
        credentials or AccessToken("sandbox-access"),
        RateLimits({}),
        logging.getLogger("test"),
        give_up_after=give_up_after,
    )


@pytest.mark.parametrize("credentials", [None, OAuthClient("sandbox", "sandbox-secret")], ids=["", "login"])
def test_a_server_that_is_silent_is_given_up(credentials, server):
    with pytest.raises(GaveUpError, match=r"/api/v2/groups: .*(no response for|no OAuth token).*; gave up"):
        client(server(silent), 2, credentials).request("/api/v2/groups", {}).send()


def test_a_body_that_never_ends_is_given_up(server):
    with pytest.raises(GaveUpError, match="the response timed out"):
        client(server(dripping), 2).request("/api/v2/groups", {}).send()


def test_a_server_that_comes_back_is_asked_again_in_time(server):
    assert client(server(back_after_the_first), 9).request("/api/v2/groups", {}).send() == BODY


def test_a_request_behind_an_unanswered_one_does_not_wait_forever():
    queue = RequestQueue(RateLimits({}), max_concurrent=1, give_up_after=1)
    message = "/api/v2/groups: Zendesk has not responded to any earlier request for 1 s"
    with (
        queue.slot("/api/v2/macros"),
        pytest.raises(GaveUpError, match=message),
        queue.slot("/api/v2/groups"),
    ):
        pytest.fail("its turn came while another request was under way")


@pytest.mark.parametrize("total", [8, 16])
def test_a_wait_for_a_rate_limit_is_not_silence(total):
    """Eight requests wait for the same second, longer than they would wait for a response; a slow thread may come after it."""
    queue = RequestQueue(RateLimits({}), max_concurrent=8, give_up_after=0.1)
    with queue.slot("/api/v2/groups") as first:
        limit = {"x-rate-limit": str(total), "x-rate-limit-remaining": "0", "ratelimit-reset": "1"}
        queue.answered(first, 200, limit)

    def send(_number):
        with queue.slot("/api/v2/groups") as request:
            queue.answered(request, 200, limit | {"x-rate-limit-remaining": str(total // 2)})
            return request.waited

    with ThreadPoolExecutor(8) as threads:
        assert max(threads.map(send, range(8))) > 0.1


def test_a_run_of_many_models_without_any_response_ends_by_itself(server, tap):
    result = tap(
        base_url=server(silent),
        credentials=TOKEN,
        bulk_models=["group", "macro", "brand", "view", "trigger", "target", "automation", "ticket_form"],
        incremental_models=["ticket", "user", "organization"],
        give_up_after=3,
    )
    assert result.code == 1
    last = [line for line in result.stderr.splitlines() if line.strip()][-1]
    assert "no response for" in last or "has not responded to any earlier request" in last

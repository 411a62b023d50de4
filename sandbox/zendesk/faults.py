"""Makes requests fail on demand."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Literal

from aiohttp import web


@dataclasses.dataclass
class Fault:
    """The next `times` requests whose path begins with `path` fail this way, after `after` others."""

    path: str
    kind: Literal["status", "reset", "truncate", "slow", "drop"] = "status"
    times: int = 1
    after: int = 0
    status: int = 503
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: object = ""
    delay: float = 0.0


class Faults:
    def __init__(self) -> None:
        self._pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._pending.append(fault)

    def clear(self) -> None:
        self._pending.clear()

    def pending(self) -> list[dict[str, object]]:
        """Faults that no request has met yet."""
        return [dataclasses.asdict(fault) for fault in self._pending]

    def take(self, path: str) -> Fault | None:
        """The fault of this request, if any."""
        for fault in self._pending:
            if path.startswith(fault.path):
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._pending.remove(fault)
                return fault
        return None


def status_answer(fault: Fault) -> web.Response:
    """A complete response. A body that is a string is sent as text, any other as JSON."""
    text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
    default = "text/plain" if isinstance(fault.body, str) else "application/json"
    headers = {"Content-Type": default, **fault.headers}
    return web.Response(status=fault.status, text=text, headers=headers)


async def broken_answer(fault: Fault, request: web.Request, body: bytes, date: str) -> web.StreamResponse:
    """Half of `body`, then a reset or the end; nothing at all; or all of it, slowly."""
    transport = request.transport
    assert transport is not None  # noqa: S101 - set while the request is handled
    if fault.kind == "drop":
        transport.close()
        return web.Response()
    answer = web.StreamResponse(
        headers={"Content-Type": "application/json", "Content-Length": str(len(body)), "Date": date}
    )
    answer.force_close()
    await answer.prepare(request)
    half = len(body) // 2
    await answer.write(body[:half])
    await asyncio.sleep(fault.delay)
    if fault.kind == "slow":
        await answer.write(body[half:])
        await answer.write_eof()
    elif fault.kind == "reset":
        transport.abort()
    else:
        transport.close()
    return answer

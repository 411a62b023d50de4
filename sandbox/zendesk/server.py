"""The HTTP side: Zendesk's endpoints, and the sandbox's own under /_sandbox/."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import deque
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from sandbox.zendesk import search
from sandbox.zendesk.access import Access
from sandbox.zendesk.faults import Fault, Faults, broken_answer, status_answer
from sandbox.zendesk.history import advance, put
from sandbox.zendesk.limits import Limits
from sandbox.zendesk.models import Paging, endpoint_at
from sandbox.zendesk.pages import page
from sandbox.zendesk.parameters import warning
from sandbox.zendesk.parts import exported
from sandbox.zendesk.refused import Refused

if TYPE_CHECKING:
    from sandbox.zendesk.store import Store

EXPORTS = "/api/v2/incremental/"
FORBIDDEN = {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}
SEARCHES = {search.COUNT: search.count, search.EXPORT: search.export}
REMEMBERED_REQUESTS = 100_000


@dataclasses.dataclass
class Account:
    """Everything a request can meet."""

    store: Store
    access: Access = dataclasses.field(default_factory=Access)
    limits: Limits = dataclasses.field(default_factory=Limits)
    faults: Faults = dataclasses.field(default_factory=Faults)
    may_export: bool = True
    page_size: int | None = None
    """Most objects of a page by number, for tests that need many pages of few; None: as Zendesk has them."""
    latency: float = 0
    """Seconds that each answer takes."""
    requests: deque[dict[str, object]] = dataclasses.field(
        default_factory=lambda: deque(maxlen=REMEMBERED_REQUESTS)
    )


ACCOUNT = web.AppKey("account", Account)


def application(store: Store) -> web.Application:
    app = web.Application(client_max_size=1 << 28)
    app[ACCOUNT] = Account(store)
    app.router.add_post("/oauth/tokens", _oauth_tokens)
    app.router.add_get("/api/{path:.*}", _api)
    app.router.add_post("/_sandbox/advance", _advance)
    app.router.add_get("/_sandbox/objects/{model}", _objects)
    app.router.add_put("/_sandbox/objects/{model}", _put_objects)
    app.router.add_get("/_sandbox/faults", _faults)
    app.router.add_post("/_sandbox/faults", _add_fault)
    app.router.add_delete("/_sandbox/faults", _clear_faults)
    app.router.add_get("/_sandbox/requests", _requests)
    app.router.add_delete("/_sandbox/requests", _forget_requests)
    app.router.add_put("/_sandbox/limits", _limits)
    app.router.add_put("/_sandbox/exports", _exports)
    app.router.add_get("/_sandbox/limits", _counts)
    app.router.add_put("/_sandbox/latency", _latency)
    app.router.add_put("/_sandbox/pages", _pages)
    app.router.add_post("/_sandbox/expire_tokens", _expire_tokens)
    return app


def _json(body: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, headers=headers, content_type="application/json"
    )


async def _api(request: web.Request) -> web.StreamResponse:
    account = request.app[ACCOUNT]
    at = time.monotonic()
    answer = await _answered(request, account)
    if not answer.prepared:
        answer.headers.setdefault("Date", _date(account.store))
    await asyncio.sleep(account.latency)
    kind = request.headers.get("Authorization", "").partition(" ")[0]
    account.requests.append(
        {
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "status": answer.status,
            "authorization": kind or None,
            "at": at,
            "until": time.monotonic(),
        }
    )
    return answer


async def _answered(request: web.Request, account: Account) -> web.StreamResponse:
    """As Zendesk goes about it: who are you, how often, and only then what for."""
    fault = account.faults.take(request.path)
    if fault is not None and fault.kind == "status":
        return status_answer(fault)
    if refusal := account.access.refusal(request.headers.get("Authorization")):
        return _json(refusal[1], refusal[0])
    headers, exceeded = account.limits.take(request.path)
    if exceeded:
        return _json({"error": "APIRateLimitExceeded", "description": exceeded}, 429, headers)
    path = request.path.removesuffix(".json")
    try:
        body = _body(path, request, account)
    except Refused as refused:
        return _json(refused.body, refused.status, headers)
    if fault is not None:
        return await broken_answer(fault, request, body, _date(account.store))
    headers |= warning(path, request.query)
    return web.Response(body=body, headers=headers, content_type="application/json")


def _date(store: Store) -> str:
    return format_datetime(datetime.fromtimestamp(store.now, UTC), usegmt=True)


def _body(path: str, request: web.Request, account: Account) -> bytes:
    """Raises Refused."""
    if path.startswith(EXPORTS) and not account.may_export:
        raise Refused(403, FORBIDDEN)
    if path in SEARCHES:
        return SEARCHES[path](request.query, account.store)
    found = endpoint_at(path)
    if found is None:
        raise Refused(404, {"error": "InvalidEndpoint", "description": "Not found"})
    endpoint, key = found
    if account.page_size is not None and endpoint.paging is Paging.OFFSET:
        endpoint = dataclasses.replace(endpoint, per_page=account.page_size)
    return page(endpoint, key, request.query, account.store, f"{request.scheme}://{request.host}")


async def _oauth_tokens(request: web.Request) -> web.StreamResponse:
    account = request.app[ACCOUNT]
    fault = account.faults.take(request.path)
    if fault is not None:
        return status_answer(fault)
    status, body = account.access.grant(await request.json())
    return _json(body, status)


async def _advance(request: web.Request) -> web.StreamResponse:
    store = request.app[ACCOUNT].store
    changed = advance(store, (await request.json())["hours"])
    return _json({"now": datetime.fromtimestamp(store.now, UTC).isoformat(), "changed": changed})


async def _objects(request: web.Request) -> web.StreamResponse:
    """What exists now, as it would be exported: one JSON line an object."""
    model, store = request.match_info["model"], request.app[ACCOUNT].store
    answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await answer.prepare(request)
    for body in exported(store, model):
        await answer.write(body + b"\n")
    await answer.write_eof()
    return answer


async def _put_objects(request: web.Request) -> web.StreamResponse:
    ids = put(request.app[ACCOUNT].store, request.match_info["model"], await request.json())
    return _json({"ids": ids})


async def _add_fault(request: web.Request) -> web.StreamResponse:
    request.app[ACCOUNT].faults.add(Fault(**await request.json()))
    return _json({})


async def _faults(request: web.Request) -> web.StreamResponse:
    return _json(request.app[ACCOUNT].faults.to_come())


async def _clear_faults(request: web.Request) -> web.StreamResponse:
    request.app[ACCOUNT].faults.clear()
    return _json({})


async def _requests(request: web.Request) -> web.StreamResponse:
    return _json(list(request.app[ACCOUNT].requests))


async def _forget_requests(request: web.Request) -> web.StreamResponse:
    request.app[ACCOUNT].requests.clear()
    return _json({})


async def _limits(request: web.Request) -> web.StreamResponse:
    request.app[ACCOUNT].limits.configure(await request.json())
    return _json({})


async def _exports(request: web.Request) -> web.StreamResponse:
    """Whether the account may use Zendesk's incremental exports."""
    request.app[ACCOUNT].may_export = (await request.json())["allowed"]
    return _json({})


async def _counts(request: web.Request) -> web.StreamResponse:
    return _json(request.app[ACCOUNT].limits.counts())


async def _latency(request: web.Request) -> web.StreamResponse:
    request.app[ACCOUNT].latency = (await request.json())["seconds"]
    return _json({})


async def _pages(request: web.Request) -> web.StreamResponse:
    request.app[ACCOUNT].page_size = (await request.json())["size"]
    return _json({})


async def _expire_tokens(request: web.Request) -> web.StreamResponse:
    request.app[ACCOUNT].access.expire()
    return _json({})

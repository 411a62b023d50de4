"""The HTTP server: Zendesk's endpoints, and the sandbox's own under /_sandbox/."""

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

from sandbox.zendesk import audits, search
from sandbox.zendesk.access import Access
from sandbox.zendesk.comments import PATH as COMMENTS
from sandbox.zendesk.comments import comments
from sandbox.zendesk.counts import PATH as COUNTS
from sandbox.zendesk.counts import Counts
from sandbox.zendesk.derived import exported
from sandbox.zendesk.errors import RequestError
from sandbox.zendesk.faults import Fault, Faults, broken_answer, status_answer
from sandbox.zendesk.history import advance, put
from sandbox.zendesk.models import Paging, endpoint_at
from sandbox.zendesk.pages import page
from sandbox.zendesk.parameters import warning
from sandbox.zendesk.rate_limits import RateLimits
from sandbox.zendesk.removals import remove

if TYPE_CHECKING:
    from sandbox.zendesk.store import Store

EXPORTS = "/api/v2/incremental/"
FORBIDDEN = {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}
SEARCHES = {search.COUNT: search.count, search.EXPORT: search.export}
REMEMBERED_REQUESTS = 100_000


@dataclasses.dataclass
class Account:
    """All state that requests see and change."""

    store: Store
    access: Access = dataclasses.field(default_factory=Access)
    limits: RateLimits = dataclasses.field(default_factory=RateLimits)
    faults: Faults = dataclasses.field(default_factory=Faults)
    lacking: search.Lacking = dataclasses.field(default_factory=search.Lacking)
    counts: Counts = dataclasses.field(default_factory=Counts)
    may_export: bool = True
    page_size: int | None = None
    """Maximum objects per numbered page, for tests that need many pages; None: Zendesk's default."""
    latency: float = 0
    """Seconds added to each response."""
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
    app.router.add_post("/_sandbox/removals", _remove)
    app.router.add_get("/_sandbox/objects/{model}", _objects)
    app.router.add_put("/_sandbox/objects/{model}", _put_objects)
    app.router.add_get("/_sandbox/faults", _faults)
    app.router.add_post("/_sandbox/faults", _add_fault)
    app.router.add_delete("/_sandbox/faults", _clear_faults)
    app.router.add_get("/_sandbox/requests", _requests)
    app.router.add_delete("/_sandbox/requests", _forget_requests)
    app.router.add_get("/_sandbox/limits", _counts)
    app.router.add_put("/_sandbox/{what}", _set)
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
    """Checks in Zendesk's order: credentials, rate limit, then the request itself."""
    fault = account.faults.take(request.path)
    if fault is not None and fault.kind == "status":
        return status_answer(fault)
    if denied := account.access.error(request.headers.get("Authorization"), request.path):
        return _json(denied[1], denied[0])
    headers, exceeded = account.limits.take(request.path)
    if exceeded:
        return _json({"error": "APIRateLimitExceeded", "description": exceeded}, 429, headers)
    path = request.path.removesuffix(".json")
    try:
        body = _body(path, request, account)
    except RequestError as error:
        return _json(error.body, error.status, headers)
    if fault is not None:
        return await broken_answer(fault, request, body, _date(account.store))
    headers |= warning(path, request.query)
    return web.Response(body=body, headers=headers, content_type="application/json")


def _date(store: Store) -> str:
    return format_datetime(datetime.fromtimestamp(store.now, UTC), usegmt=True)


def _body(path: str, request: web.Request, account: Account) -> bytes:
    """Raises RequestError."""
    if path.startswith(EXPORTS) and not account.may_export:
        raise RequestError(403, FORBIDDEN)
    if path in SEARCHES:
        return SEARCHES[path](request.query, account.store, account.lacking)
    if path == audits.PATH:
        return audits.audits(request.query, account.store)
    if COUNTS.fullmatch(path):
        return account.counts.answer(path, request.query, account.store)
    if of_ticket := COMMENTS.fullmatch(path):
        return comments(int(of_ticket[1]), request.query, account.store)
    found = endpoint_at(path)
    if found is None:
        raise RequestError(404, {"error": "InvalidEndpoint", "description": "Not found"})
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


async def _remove(request: web.Request) -> web.StreamResponse:
    """Redactions, scrubs and permanent deletions, by their `kind`."""
    remove(request.app[ACCOUNT].store, **await request.json())
    return _json({})


async def _objects(request: web.Request) -> web.StreamResponse:
    """All objects as they would be exported, one JSON line each."""
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
    return _json(request.app[ACCOUNT].faults.pending())


async def _clear_faults(request: web.Request) -> web.StreamResponse:
    request.app[ACCOUNT].faults.clear()
    return _json({})


async def _requests(request: web.Request) -> web.StreamResponse:
    return _json(list(request.app[ACCOUNT].requests))


async def _forget_requests(request: web.Request) -> web.StreamResponse:
    request.app[ACCOUNT].requests.clear()
    return _json({})


async def _counts(request: web.Request) -> web.StreamResponse:
    return _json(request.app[ACCOUNT].limits.counts())


async def _set(request: web.Request) -> web.StreamResponse:
    """Sets how the account behaves from now on."""
    account, body = request.app[ACCOUNT], await request.json()
    match request.match_info["what"]:
        case "clock":  # moves on, and nothing changes meanwhile
            account.store.set_fact("now", account.store.now + body["seconds"])
        case "limits":
            account.limits.configure(body)
        case "exports":  # whether the account may use incremental exports
            account.may_export = body["allowed"]
        case "scopes":  # of the OAuth client; null: all
            account.access.allowed = None if body["allowed"] is None else frozenset(body["allowed"])
        case "search":  # what searches lack: {"unindexed": [id], "counted": [id]}
            account.lacking = search.Lacking.of(body)
        case "counts":  # lists with more objects are counted once a day only
            account.counts = Counts(body["cached_above"])
        case "latency":
            account.latency = body["seconds"]
        case "pages":
            account.page_size = body["size"]
        case unknown:
            raise web.HTTPNotFound(text=unknown)
    return _json({})


async def _expire_tokens(request: web.Request) -> web.StreamResponse:
    request.app[ACCOUNT].access.expire()
    return _json({})

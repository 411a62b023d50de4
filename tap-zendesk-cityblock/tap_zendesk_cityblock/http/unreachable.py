"""Why no connection came about, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests


def connection_cause(failure: requests.ConnectionError) -> str:
    """Names the host; nothing else of the address."""
    host = (
        failure.request.url.split("/")[2]
        if failure.request is not None and failure.request.url
        else "the host"
    )
    text = str(failure)
    if "NameResolution" in text or "getaddrinfo" in text:
        return f"{host} cannot be found"
    return f"{host} cannot be reached" if "NewConnectionError" in text else f"the connection to {host} broke"

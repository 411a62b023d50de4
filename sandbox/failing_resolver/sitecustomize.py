# ruff: noqa: INP001 - PYTHONPATH leads here
"""On PYTHONPATH: name resolution fails at the second and third call."""

from __future__ import annotations

import itertools
import socket
from typing import Any

_asked, _resolve = itertools.count(1), socket.getaddrinfo


def _getaddrinfo(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed through
    if next(_asked) in (2, 3):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return _resolve(*arguments, **options)


socket.getaddrinfo = _getaddrinfo

# ruff: noqa: INP001 - PYTHONPATH leads here
"""On PYTHONPATH: a resolver that fails when it is asked for the second and the third time, as one does for a moment."""

from __future__ import annotations

import itertools
import socket
from typing import Any

_asked, _resolve = itertools.count(1), socket.getaddrinfo


def _getaddrinfo(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - handed on as it is
    if next(_asked) in (2, 3):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return _resolve(*arguments, **options)


socket.getaddrinfo = _getaddrinfo

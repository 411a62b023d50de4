"""Google's SQL analyzer in this process: the WebAssembly of PyPI's `zetasql`, compiled once and kept beside it.

The package's own client compiles it at each start (25 s) and copies bytes one by one in Python, so only its WebAssembly
and its protocol buffers are used here.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

import tzdata
import wasmtime
import zetasql

WASM = Path(zetasql.__file__).parent / "wasi" / "zetasql.wasm"
COMPILED = WASM.with_suffix(".compiled")


class Refused(Exception):  # noqa: N818 - of a statement, by the analyzer
    """What Google's analyzer says of a statement."""


class Engine:
    """Calls of ZetaSQL's local service: protocol buffers in and out."""

    def __init__(self) -> None:
        config = wasmtime.Config()
        config.shared_memory = True
        engine = wasmtime.Engine(config)
        if not COMPILED.exists():
            # Another process may read or compile it at the same time.
            own = COMPILED.with_suffix(f".{os.getpid()}")
            own.write_bytes(wasmtime.Module.from_file(engine, str(WASM)).serialize())
            own.rename(COMPILED)
        wasi = wasmtime.WasiConfig()
        wasi.preopen_dir(str(Path(tzdata.__file__).parent / "zoneinfo"), "/usr/share/zoneinfo")
        self._store = wasmtime.Store(engine)
        self._store.set_wasi(wasi)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        module = wasmtime.Module.deserialize_file(engine, str(COMPILED))
        self._exports = linker.instantiate(self._store, module).exports(self._store)
        self._exports["_initialize"](self._store)

    def call(self, name: str, request: Any, response: Any) -> Any:
        """`response`, filled. Raises Refused."""
        data = request.SerializeToString()
        given = self._run("wasm_malloc", max(1, len(data)))
        size = self._run("wasm_malloc", 4)
        ctypes.memmove(self._address() + given, data, len(data))
        answer = self._run(f"ZetaSqlLocalService_{name}", given, len(data), size)
        if answer == 0:
            length = self._run("wasm_get_last_error_size")
            text = ctypes.string_at(self._address() + self._run("wasm_get_last_error"), length)
            raise Refused(text.decode(errors="replace"))
        length = int.from_bytes(ctypes.string_at(self._address() + size, 4), "little")
        response.ParseFromString(ctypes.string_at(self._address() + answer, length))
        for pointer in (answer, given, size):
            self._run("wasm_free", pointer)
        return response

    def _run(self, name: str, *arguments: int) -> int:
        return int(self._exports[name](self._store, *arguments) or 0)

    def _address(self) -> int:
        """Asked again for each use: the memory moves when it grows."""
        return ctypes.addressof(self._exports["memory"].data_ptr().contents)

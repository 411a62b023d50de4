"""Where a plugin runs: `local` reaches nothing but this machine, `staging` and `prod` reach no emulator."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cityblock_singer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENTS = ["local", "staging", "prod"]


def is_loopback(address: str) -> bool:
    """`address`: a URL, or host:port."""
    host = urlsplit(address if "//" in address else f"//{address}").hostname
    return host in ("127.0.0.1", "localhost", "::1")


def emulator(
    config: Mapping[str, Any],
    setting: str,
    environ: Mapping[str, str] = os.environ,
    *,
    is_environ_preferred: bool = False,
) -> str | None:
    """The emulator's address, by the setting or the environment variable of the same name; None for Google itself.

    Raises SettingsError where `environment` forbids what is set.
    """
    variable = setting.upper()
    given, inherited = config.get(setting), environ.get(variable)
    address = (inherited or given if is_environ_preferred else given or inherited) or None
    environment = config.get("environment")
    if environment == "local":
        if not address:
            raise SettingsError(
                f"environment is local, but {setting} is not set: `make sandbox` prints the sandbox's addresses"
            )
        if not is_loopback(address):
            raise SettingsError(
                f"environment is local, but {setting} is {address}: local runs may reach only this machine"
            )
    elif environment and address:
        raise SettingsError(f"environment is {environment}, but {setting} (or {variable}) is set: remove it")
    return address

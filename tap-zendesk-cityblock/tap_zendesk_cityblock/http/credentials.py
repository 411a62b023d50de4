"""Credentials, from the settings or from a file that they name."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cityblock_singer.errors import SettingsError
from cityblock_singer.json_files import read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

CREDENTIALS = ("client_id", "client_secret", "access_token", "email", "api_token")
READ = "read"
"""The scope for everything that a GET returns."""
SCOPE = re.compile(r"[a-z_]+:read|read")
ZENPY = {"token": "api_token", "oauth_token": "access_token"}
"""Names in the files of the Zenpy client, which the legacy system used."""


@dataclasses.dataclass(frozen=True)
class OAuthClient:
    client_id: str
    client_secret: str = dataclasses.field(repr=False)
    scopes: tuple[str, ...] = (READ,)


@dataclasses.dataclass(frozen=True)
class AccessToken:
    access_token: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class ApiToken:
    email: str = dataclasses.field(repr=False)
    api_token: str = dataclasses.field(repr=False)


Credentials = OAuthClient | AccessToken | ApiToken


def credentials(config: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Credentials:
    """Raises SettingsError, which names settings and never their values, unless exactly one login is set."""
    given = {name: config[name] for name in CREDENTIALS if config.get(name)}
    path = config.get("credentials_path") or (None if given else environ.get("ZENDESK_SECRET_PATH"))
    if path:
        if given:
            raise SettingsError(f"credentials_path and {', '.join(given)} are both set: choose one")
        given = _from_file(Path(path), config["subdomain"])
    if config.get("scopes") and "client_id" not in given:
        raise SettingsError(
            "scopes requires client_id and client_secret: other logins have scopes of their own"
        )
    match sorted(given):
        case ["client_id", "client_secret"]:
            return OAuthClient(**given, scopes=scopes(config))
        case ["access_token"]:
            return AccessToken(**given)
        case ["api_token", "email"]:
            return ApiToken(**given)
    logins = "client_id and client_secret, or access_token, or email and api_token, or credentials_path"
    if not given:
        raise SettingsError(f"No credentials: set {logins}")
    raise SettingsError(f"Invalid credentials: {', '.join(sorted(given))} are set; expected {logins}")


def scopes(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Raises SettingsError."""
    given = " ".join(config.get("scopes") or [READ]).split()
    for scope in given:
        if not SCOPE.fullmatch(scope):
            raise SettingsError(
                f"scopes: {scope!r} is not a scope for reading; expected read, or names like tickets:read"
            )
    return tuple(dict.fromkeys(given))


def _from_file(path: Path, subdomain: str) -> dict[str, str]:
    content = {name: value for name, value in read_object(path, "credentials_path").items() if value}
    for name, renamed in ZENPY.items():
        if name in content:
            if renamed in content:
                raise SettingsError(f"credentials_path: {path} has both {name} and {renamed}: keep {renamed}")
            content[renamed] = content.pop(name)
    file_subdomain = content.pop("subdomain", subdomain)
    if unknown := sorted(content.keys() - set(CREDENTIALS)):
        raise SettingsError(
            f"credentials_path: unknown {', '.join(unknown)} in {path}; expected {', '.join(CREDENTIALS)}, or subdomain"
        )
    if file_subdomain != subdomain:
        raise SettingsError(
            f"credentials_path: {path} is for a subdomain other than {subdomain}; use that account's credentials"
        )
    if invalid := [name for name, value in content.items() if not isinstance(value, str)]:
        raise SettingsError(f"credentials_path: {', '.join(invalid)} in {path} is not a string")
    return content

"""The one way to log in that the settings, or a file they name, give."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cityblock_singer.errors import SettingsError
from cityblock_singer.json_files import read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

CREDENTIALS = ("client_id", "client_secret", "access_token", "email", "api_token")
ZENPY = {"token": "api_token", "oauth_token": "access_token"}
"""What the Zenpy client calls them, whose files the replaced system read."""


@dataclasses.dataclass(frozen=True)
class OAuthClient:
    client_id: str
    client_secret: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class AccessToken:
    access_token: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class ApiToken:
    email: str = dataclasses.field(repr=False)
    api_token: str = dataclasses.field(repr=False)


Credentials = OAuthClient | AccessToken | ApiToken


def credentials(config: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Credentials:
    """Exactly one way to log in. Raises SettingsError, which names settings and never their values."""
    given = {name: config[name] for name in CREDENTIALS if config.get(name)}
    path = config.get("credentials_path") or (None if given else environ.get("ZENDESK_SECRET_PATH"))
    if path:
        if given:
            raise SettingsError(f"credentials_path and {', '.join(given)} are both set: choose one")
        given = _from_file(Path(path), config["subdomain"])
    match sorted(given):
        case ["client_id", "client_secret"]:
            return OAuthClient(**given)
        case ["access_token"]:
            return AccessToken(**given)
        case ["api_token", "email"]:
            return ApiToken(**given)
    ways = "client_id and client_secret, or access_token, or email and api_token, or credentials_path"
    if not given:
        raise SettingsError(f"no credentials: set {ways}")
    raise SettingsError(f"the credentials {', '.join(sorted(given))} are not one way to log in: set {ways}")


def _from_file(path: Path, subdomain: str) -> dict[str, str]:
    content = {name: value for name, value in read_object(path, "credentials_path").items() if value}
    for theirs, ours in ZENPY.items():
        if theirs in content:
            if ours in content:
                raise SettingsError(f"credentials_path: {path} has {theirs} and {ours}: keep {ours}")
            content[ours] = content.pop(theirs)
    of = content.pop("subdomain", subdomain)
    if unknown := sorted(content.keys() - set(CREDENTIALS)):
        raise SettingsError(
            f"credentials_path: {', '.join(unknown)} in {path} means nothing; write {', '.join(CREDENTIALS)}, and subdomain"
        )
    if of != subdomain:
        raise SettingsError(
            f"credentials_path: {path} is for another subdomain than {subdomain}; use that account's own credentials"
        )
    if odd := [name for name, value in content.items() if not isinstance(value, str)]:
        raise SettingsError(f"credentials_path: {', '.join(odd)} in {path} is no text")
    return content

"""Clients of Google's services, with the credentials of the settings or those of this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import google.auth
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery
from google.oauth2 import service_account

from cityblock_singer.environments import emulator
from cityblock_singer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


def bigquery_client(config: Mapping[str, Any]) -> bigquery.Client:
    """Raises SettingsError."""
    address = emulator(config, "bigquery_emulator_host")
    return bigquery.Client(
        config["project"],
        credentials=AnonymousCredentials() if address else credentials(config),  # type: ignore[no-untyped-call]
        location=config["location"],
        client_options={"api_endpoint": address} if address else None,
    )


def credentials(config: Mapping[str, Any]) -> Credentials:
    """Those of the settings, or Google's application default credentials. Raises SettingsError."""
    path, key = config.get("credentials_path"), config.get("credentials_json")
    if path and key:
        raise SettingsError("credentials_path and credentials_json are both set: choose one")
    try:
        if path:
            return service_account.Credentials.from_service_account_file(path)  # type: ignore[no-any-return, no-untyped-call]
        if key:
            return service_account.Credentials.from_service_account_info(json.loads(key))  # type: ignore[no-any-return, no-untyped-call]
    except OSError as unreadable:
        raise SettingsError(f"credentials_path: cannot read {path} ({unreadable.strerror})") from None
    except ValueError:
        setting = "credentials_path" if path else "credentials_json"
        raise SettingsError(f"{setting} is not a service account key") from None
    try:
        found, _ = google.auth.default()
    except (DefaultCredentialsError, OSError) as missing:
        raise SettingsError(
            f"credentials_path is not set, and Google's clients found no default credentials: {missing}"
        ) from None
    return found

"""Zendesk's three kinds of credentials, and the OAuth token endpoint."""

from __future__ import annotations

import base64
import secrets
import time

CLIENT = ("sandbox", "sandbox-secret")
ACCESS_TOKEN = "sandbox-access"
BASIC = "agent@cityblock.example/token:sandbox-token"
MAX_TOKEN_SECONDS = 172_799


class Access:
    """Checks credentials. Tokens expire in real time, not simulated time."""

    def __init__(self) -> None:
        self._expiries: dict[str, float] = {}

    def grant(self, form: dict[str, object]) -> tuple[int, dict[str, object]]:
        """Status and body of `POST /oauth/tokens`; `expires_in` is in the response only if it is in the request."""
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "use client_credentials"}
        if (form.get("client_id"), form.get("client_secret")) != CLIENT:
            return 401, {"error": "invalid_client", "error_description": "No such client"}
        lifetime = min(int(str(form.get("expires_in") or 1800)), MAX_TOKEN_SECONDS)
        token = secrets.token_hex(16)
        self._expiries[token] = time.monotonic() + lifetime
        expiry = {"expires_in": lifetime} if "expires_in" in form else {}
        return 200, {
            "access_token": token,
            "token_type": "bearer",
            "scope": form.get("scope", "read"),
            **expiry,
        }

    def expire(self) -> None:
        """Expires all tokens."""
        self._expiries.clear()

    def error(self, authorization: str | None) -> tuple[int, dict[str, str]] | None:
        """Status and body of the error; None for valid credentials."""
        kind, _, value = (authorization or "").partition(" ")
        if kind == "Bearer":
            if value == ACCESS_TOKEN or self._expiries.get(value, 0) > time.monotonic():
                return None
            return 401, {
                "error": "invalid_token",
                "error_description": "The access token provided is expired, revoked or malformed",
            }
        if kind == "Basic" and value == base64.b64encode(BASIC.encode()).decode():
            return None
        return 401, {"error": "Couldn't authenticate you"}

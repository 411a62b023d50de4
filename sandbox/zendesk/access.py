"""Zendesk's three kinds of credentials, and the OAuth token endpoint."""

from __future__ import annotations

import base64
import secrets
import time

CLIENT = ("sandbox", "sandbox-secret")
ACCESS_TOKEN = "sandbox-access"
BASIC = "agent@cityblock.example/token:sandbox-token"
MAX_TOKEN_SECONDS = 172_799
SCOPES = {
    "/api/v2/incremental/tickets": "tickets:read",
    "/api/v2/incremental/ticket_events": "tickets:read",
    "/api/v2/tickets": "tickets:read",
    "/api/v2/incremental/users": "users:read",
    "/api/v2/users": "users:read",
    "/api/v2/incremental/organizations": "organizations:read",
    "/api/v2/organizations": "organizations:read",
    "/api/v2/groups": "groups:read",
    "/api/v2/brands": "brands:read",
    "/api/v2/ticket_fields": "account_settings:read",
    "/api/v2/triggers": "triggers:read",
    "/api/v2/automations": "automations:read",
    "/api/v2/targets": "targets:read",
    "/api/v2/audit_logs": "auditlogs:read",
    "/api/v2/help_center": "hc:read",
    "/api/v2/incremental/ticket_metric_events": "tickets:read",
    "/api/v2/ticket_metrics": "tickets:read",
    "/api/v2/ticket_forms": "account_settings:read",
    "/api/v2/custom_statuses": "account_settings:read",
    "/api/v2/trigger_categories": "triggers:read",
    "/api/v2/target_failures": "targets:read",
    "/api/v2/group_memberships": "groups:read",
    "/api/v2/organization_memberships": "organizations:read",
    "/api/v2/macros": "macros:read",
    "/api/v2/views": "ticket_views:read",
    "/api/v2/slas/policies": "sla_policies:read",
    "/api/v2/group_slas/policies": "sla_policies:read",
    "/api/v2/dynamic_content": "dynamic_content:read",
    "/api/v2/satisfaction_": "satisfaction_ratings:read",
    "/api/v2/custom_objects": "custom_objects:read",
    "/api/v2/incremental/custom_objects": "custom_objects:read",
    "/api/v2/deletion_schedules": "deletion_schedules:read",
}
"""By the beginning of a path. All others need `read`, which includes these."""


class Access:
    """Checks credentials. Tokens expire in real time, not simulated time."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[float, frozenset[str]]] = {}
        self.allowed: frozenset[str] | None = None
        """The scopes that the OAuth client may ask for; None: all."""

    def grant(self, form: dict[str, object]) -> tuple[int, dict[str, object]]:
        """Status and body of `POST /oauth/tokens`; `expires_in` is in the response only if it is in the request."""
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "use client_credentials"}
        if (form.get("client_id"), form.get("client_secret")) != CLIENT:
            return 401, {"error": "invalid_client", "error_description": "No such client"}
        scope = str(form.get("scope") or "read")
        asked = frozenset(scope.split())
        if self.allowed is not None and not asked <= self.allowed:
            return 400, {
                "error": "invalid_scope",
                "error_description": "The requested scope is invalid, unknown, or malformed.",
            }
        lifetime = min(int(str(form.get("expires_in") or 1800)), MAX_TOKEN_SECONDS)
        token = secrets.token_hex(16)
        self._tokens[token] = time.monotonic() + lifetime, asked
        expiry = {"expires_in": lifetime} if "expires_in" in form else {}
        return 200, {
            "access_token": token,
            "token_type": "bearer",
            "scope": scope,
            **expiry,
        }

    def expire(self) -> None:
        """Expires all tokens."""
        self._tokens.clear()

    def error(self, authorization: str | None, path: str) -> tuple[int, dict[str, str]] | None:
        """Status and body of the error; None for valid credentials."""
        kind, _, value = (authorization or "").partition(" ")
        if kind == "Bearer":
            expiry, scopes = self._tokens.get(value, (0, frozenset()))
            if value == ACCESS_TOKEN:
                return None
            if expiry > time.monotonic():
                return _missing(path, scopes)
            return 401, {
                "error": "invalid_token",
                "error_description": "The access token provided is expired, revoked or malformed",
            }
        if kind == "Basic" and value == base64.b64encode(BASIC.encode()).decode():
            return None
        return 401, {"error": "Couldn't authenticate you"}


def _missing(path: str, scopes: frozenset[str]) -> tuple[int, dict[str, str]] | None:
    required = next((scope for start, scope in SCOPES.items() if path.startswith(start)), "read")
    if "read" in scopes or required in scopes:
        return None
    description = f"You are missing the following required scopes: {required}"
    return 403, {"error": "Forbidden", "description": description}

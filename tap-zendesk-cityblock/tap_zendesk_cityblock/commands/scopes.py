"""Compare the OAuth scopes that the settings request, that Zendesk grants, and that the models require."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_zendesk_cityblock.http.credentials import READ

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tap_zendesk_cityblock.model_types import Model


def required(models: Iterable[Model], *, incremental_exports: bool) -> dict[str, str]:
    """The scope of each model, by its name. Search and lists of deleted objects, which the fallback reads, have none."""
    return {
        model.name: READ if model.fallback and not incremental_exports else model.scope for model in models
    }


def findings(
    needed: Mapping[str, str],
    asked: Collection[str],
    granted: Collection[str] | None,
    unverified: Collection[str] = (),
    *,
    is_audited: bool = False,
) -> list[tuple[str, str]]:
    """Lines of the check, each a state and a sentence.

    `needed`: scopes by model; `granted`: None if Zendesk did not say; then those requested count. `read` includes
    all others. `unverified`: models of which it is not documented that their scope suffices. `is_audited`: ticket
    audits are read as well, for find_private_comments, without which a run goes on.
    """
    given = asked if granted is None else granted
    state = f"scopes: requested {' '.join(asked)}"
    if granted is not None:
        state += f", granted {' '.join(sorted(given)) or 'none'}"
    if READ in given and READ not in needed.values() and not is_audited:
        state += f"; {' '.join(sorted(set(needed.values())))} would be enough"
    lines = [("ok", state)]
    for scope in sorted(set(needed.values()) - set(given)):
        names = [name for name, its in needed.items() if its == scope]
        if READ not in given:
            verb = "requires" if len(names) == 1 else "require"
            lines.append(("MISSING", f"scopes: {', '.join(names)} {verb} {scope}"))
    if READ not in given and (relying := [name for name in unverified if needed[name] in given]):
        lines.append(
            ("ok", f"scopes: unverified for {', '.join(relying)}; without access they require {READ}")
        )
    if READ not in given and is_audited:
        lines.append(("WARNING", f"scopes: find_private_comments requires {READ}"))
    if refused := [scope for scope in asked if scope not in given and READ not in given]:
        lines.append(("WARNING", f"scopes: requested {' '.join(refused)}, which Zendesk has not granted"))
    if unneeded := [scope for scope in asked if scope != READ and scope not in needed.values()]:
        lines.append(("WARNING", f"scopes: no model requires {' '.join(unneeded)}"))
    return lines

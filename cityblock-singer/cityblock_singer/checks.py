"""Check commands: whether a run would find what it needs, and what to do if not."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

import click

from cityblock_singer.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cityblock_singer.plugin import Plugin


@dataclasses.dataclass(frozen=True)
class Finding:
    """`advice`: what to do; None if the subject is as it must be."""

    subject: str
    result: str
    advice: str | None = None


class CheckFailed(Exception):  # noqa: N818 - a result, which becomes a Finding
    """The subject exists, and is not as it must be. `advice`: instead of the check's own."""

    def __init__(self, result: str, advice: str = "") -> None:
        super().__init__(result)
        self.advice = advice


def check_command(
    plugin: type[Plugin], findings: Callable[[Mapping[str, Any]], Iterator[Finding]]
) -> click.Command:
    """Prints the findings about a plugin's settings. Exit code 1 if one of them has advice."""

    @click.command(help="Checks whether a run would find what it needs. Writes nothing.")
    @click.option("--config", required=True, help=f"Settings file of {plugin.name}, or ENV")
    def command(config: str) -> None:
        try:
            found = list(findings(plugin.configured(config).config))
        except PluginError as error:  # on stdout, because Meltano may hide stderr
            found = [Finding(plugin.name, str(error), advice="")]
        for finding in found:
            state = "ok" if finding.advice is None else "MISSING"
            click.echo(f"{state:<8}{finding.subject}: {finding.result}")
            if finding.advice:
                click.echo(f"{'':<8}→ {finding.advice}")
        if any(finding.advice is not None for finding in found):
            sys.exit(1)

    return command

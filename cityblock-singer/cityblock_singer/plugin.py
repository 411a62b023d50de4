"""The frame around the SDK: checks settings before it, and ends a command with one sentence."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.plugin_base import PluginBase

from cityblock_singer.errors import PluginError, redacted
from cityblock_singer.json_files import read_object
from cityblock_singer.settings import check, from_environment
from cityblock_singer.settings_files import keep_private

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from click import Context, Option


class Plugin(PluginBase):
    """Stands before the SDK's class among the bases: `class TargetBigQuery(Plugin, Target)`.

    The SDK's own errors about settings quote values, name no environment variable, and end in a traceback for files.
    """

    retired_settings: ClassVar[dict[str, Any]] = {}
    """Names that are no longer settings, each with the only value that is still accepted, and ignored."""

    def __init__(
        self,
        *,
        config: dict[str, Any] | None = None,
        parse_env_config: bool = False,
        **kwargs: Any,  # noqa: ANN401 - the SDK's
    ) -> None:
        """Null counts as absent. Raises SettingsError."""
        settings = {
            name: value
            for name, value in self.given(config, parse_env_config=parse_env_config).items()
            if value is not None and (name, value) not in self.retired_settings.items()
        }
        check(settings, self.config_jsonschema)
        super().__init__(config=settings, **kwargs)

    @classmethod
    def given(cls, config: Mapping[str, Any] | None, *, parse_env_config: bool) -> dict[str, Any]:
        """The settings as they were given, not checked. Raises SettingsError for an environment variable."""
        cls.append_builtin_config(cls.config_jsonschema)
        prefix = f"{cls.name.upper().replace('-', '_')}_"
        return {
            **(config or {}),
            **(from_environment(cls.config_jsonschema, prefix) if parse_env_config else {}),
        }

    @classmethod
    def configured(cls, option: str, **kwargs: Any) -> Self:  # noqa: ANN401 - of the class
        """For commands beside the plugin: as their --config says, a file or ENV. Raises SettingsError."""
        if option == "ENV":
            return cls(parse_env_config=True, **kwargs)
        return cls(config=read_object(Path(option), "--config"), **kwargs)

    @classmethod
    def cb_config(cls, ctx: Context, param: Option, value: tuple[str, ...]) -> Any:  # noqa: ANN401 - a private type of the SDK
        """Raises SettingsError."""
        given = super().cb_config(ctx, param, tuple(path for path in value if path == "ENV"))
        for path in value:
            if path != "ENV":
                keep_private(Path(path))
                given.config |= read_object(Path(path), "--config")
        return given


def run(command: Callable[[], object], logger: logging.Logger) -> None:
    """Ends the process. An expected error is one line on stderr and its exit code; of any other, type and traceback."""
    try:
        command()
    except PluginError as error:
        logger.critical("%s", error)
        sys.exit(error.exit_code)
    except (MapExpressionError, StreamMapConfigError) as error:  # their messages quote only the setting
        logger.critical("stream_maps: %s", error)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - its message must not get out
        logger.critical("%s", redacted(error))
        sys.exit(1)

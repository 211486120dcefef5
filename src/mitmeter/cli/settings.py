"""The global options, accepted before or after the command's name, and what follows from them."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from mitmeter.errors import ConfigError

if TYPE_CHECKING:
    from logging import LogRecord
    from zoneinfo import ZoneInfo

F = TypeVar("F", bound=Callable[..., Any])

_ZONE_VARIABLE = "MITMETER_SITE__TIMEZONE"
_SITE_VARIABLE = "MITMETER_SITE__ID"


@dataclass(slots=True)
class Settings:
    """The global options of this run."""

    data_given: Path | None = None
    config: Path | None = None
    verbosity: int = 0

    @property
    def quiet(self) -> bool:
        return self.verbosity < 0

    @property
    def data(self) -> Path:
        """The data directory: --data, else MITMETER_DATA, else the user's own."""
        from mitmeter.config.places import data_dir

        path = data_dir(self.data_given)
        if path.exists() and not path.is_dir():
            key = "MITMETER_DATA" if self.data_given is None else "--data"
            raise ConfigError(key, f"{path} is not a directory")
        return path

    def zone(self, given: str | None = None) -> ZoneInfo:
        """Return the devices' time zone: `given`, else the configuration's, else the system's.

        Of the configuration only `site.timezone` is looked at, so that what was recorded can be
        read however the rest of it stands.
        """
        from mitmeter.config.places import find_config
        from mitmeter.config.zone import parse_zone, system_zone

        if given is not None:
            return parse_zone(given, "--timezone")
        if named := os.environ.get(_ZONE_VARIABLE):
            return parse_zone(named, _ZONE_VARIABLE)
        path = find_config(self.config)
        named = None if path is None else _site(path, "timezone")
        return system_zone() if named is None else parse_zone(named, "site.timezone")

    @property
    def site(self) -> str:
        """The site's name: the configuration's, else `home`."""
        from mitmeter.config.places import find_config

        if named := os.environ.get(_SITE_VARIABLE):
            return named
        path = find_config(self.config)
        return (None if path is None else _site(path, "id")) or "home"


def _site(path: Path, key: str) -> str | None:
    """Return a text of the table [site], None where there is none."""
    import tomllib

    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise ConfigError(str(path), exc.strerror or str(exc)) from exc
    except ValueError as exc:
        raise ConfigError(str(path), f"is not TOML: {exc}") from exc
    site = found.get("site")
    named = site.get(key) if isinstance(site, dict) else None
    return named if isinstance(named, str) else None


def _settings(ctx: click.Context) -> Settings:
    return ctx.ensure_object(Settings)


def _data(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        _settings(ctx).data_given = value


def _config(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        _settings(ctx).config = value


def _louder(ctx: click.Context, _: click.Parameter, value: int) -> None:
    _settings(ctx).verbosity += value


def _quieter(ctx: click.Context, _: click.Parameter, value: int) -> None:
    _settings(ctx).verbosity -= value


def global_options(hidden: bool) -> Callable[[F], F]:
    """Add the global options; hidden on commands, where they only repeat the group's."""
    options = (
        click.option(
            "--data",
            type=click.Path(path_type=Path, readable=False),
            metavar="DIR",
            callback=_data,
            expose_value=False,
            hidden=hidden,
            help="Where journal and store are kept [MITMETER_DATA, else ~/.local/share/mitmeter].",
        ),
        click.option(
            "-c",
            "--config",
            type=click.Path(path_type=Path, readable=False),
            metavar="FILE",
            callback=_config,
            expose_value=False,
            hidden=hidden,
            help="Configuration file [MITMETER_CONFIG, ./mitmeter.toml, "
            "~/.config/mitmeter/config.toml, /etc/mitmeter/config.toml].",
        ),
        click.option(
            "-v",
            "--verbose",
            count=True,
            callback=_louder,
            expose_value=False,
            hidden=hidden,
            help="Say more; twice for traffic.",
        ),
        click.option(
            "-q",
            "--quiet",
            count=True,
            callback=_quieter,
            expose_value=False,
            hidden=hidden,
            help="Say only what went wrong.",
        ),
    )

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


class Echoes:
    """The messages of events that were logged the moment they happened, until they are told.

    `Services.note` logs warnings, because a full disk may keep them from ever being ingested.
    """

    def __init__(self) -> None:
        self._messages: deque[str] = deque(maxlen=1000)

    def __call__(self, record: LogRecord) -> bool:
        """Remember an event's message; a filter that lets every record pass."""
        if record.module == "services" and record.funcName == "note" and record.args:
            self._messages.append(str(tuple(record.args)[-1]))
        return True

    def take(self, message: str) -> bool:
        """Tell, once, whether this message was logged."""
        if message not in self._messages:
            return False
        self._messages.remove(message)
        return True


def set_up_logging(verbosity: int, stream: TextIO | None = None) -> Echoes:
    """Log to stderr: warnings always, what changed with -v, traffic with -vv."""
    import logging

    level = logging.ERROR if verbosity < -1 else logging.WARNING
    if verbosity > 0:
        level = logging.INFO if verbosity == 1 else logging.DEBUG
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    echoes = Echoes()
    handler.addFilter(echoes)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("asyncio").setLevel(logging.ERROR if verbosity < 2 else logging.DEBUG)
    return echoes

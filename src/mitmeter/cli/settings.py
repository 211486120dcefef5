"""The global options, accepted before or after the command's name, and what follows from them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from mitmeter.config.places import data_dir

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Settings:
    """The global options of this run."""

    data_given: Path | None = None
    config: Path | None = None
    verbosity: int = 0

    @property
    def data(self) -> Path:
        """The data directory: --data, else MITMETER_DATA, else the user's own."""
        return data_dir(self.data_given)


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
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            callback=_data,
            expose_value=False,
            hidden=hidden,
            help="Where journal and store are kept [MITMETER_DATA, else ~/.local/share/mitmeter].",
        ),
        click.option(
            "-c",
            "--config",
            type=click.Path(path_type=Path),
            metavar="FILE",
            callback=_config,
            expose_value=False,
            hidden=hidden,
            help="Configuration file [MITMETER_CONFIG, ./mitmeter.toml, /etc/mitmeter/…].",
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


def set_up_logging(verbosity: int) -> None:
    """Log to stderr: warnings always, what changed with -v, traffic with -vv."""
    level = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}.get(
        max(verbosity, -1), logging.DEBUG
    )
    logging.basicConfig(
        stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    logging.getLogger("asyncio").setLevel(logging.ERROR if verbosity < 2 else logging.DEBUG)

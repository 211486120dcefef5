"""Options that several commands share, and the kinds of values they take."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import click

from mitmeter.cli.settings import Settings

if TYPE_CHECKING:
    _FloatType = click.ParamType[float]
else:
    _FloatType = click.ParamType  # click before 8.5 takes no type in brackets

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
SINCE = click.option(
    "--since", metavar="TIME", help="From here on: 2026-11-20, 2026-11-20T08:00, 08:00, 90m, 2d."
)
UNTIL = click.option("--until", metavar="TIME", help="Up to here, not including it.")
DEVICE = click.option("--device", metavar="ID", help="Only this device.")
LIMIT = click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    default=1000,
    show_default=True,
    help="The newest so many.",
)
ALL = click.option("--all", "everything", is_flag=True, help="No limit.")
ZONE = click.option(
    "--timezone",
    metavar="ZONE",
    help="The devices' time zone [the configuration's, else the system's].",
)


class Number(_FloatType):
    """A finite number from `least` (or above it) to `most`."""

    name = "number"

    def __init__(self, least: float, most: float, *, above: bool = False) -> None:
        self._least = least
        self._most = most
        self._above = above

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number", param, ctx)
        low = number <= self._least if self._above else number < self._least
        if not math.isfinite(number) or low or number > self._most:
            words = "above" if self._above else "at least"
            span = f"{words} {self._least:,.0f} and at most {self._most:,.0f}"
            self.fail(f"{number:g} is not {span}", param, ctx)
        return number


class Seconds(_FloatType):
    """A duration such as `30s` or `1h30m`, as seconds."""

    name = "duration"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        from mitmeter.config.amounts import parse_duration
        from mitmeter.errors import ConfigError

        try:
            return parse_duration(str(value)).total_seconds()
        except ConfigError as exc:
            self.fail(exc.problem, param, ctx)


# A simulated day in less than a tenth of a second: beyond this, time stops to mean anything.
SPEED = Number(0, 1_000_000, above=True)


def tell_of_limit(settings: Settings, limit: int) -> None:
    """Say on stderr that there is more, to who did not choose the limit."""
    from click.core import ParameterSource

    chosen = click.get_current_context().get_parameter_source("limit")
    if chosen is ParameterSource.DEFAULT and not settings.quiet:
        print(f"the newest {limit:,}; --all shows every one", file=sys.stderr)


def pairs(arguments: tuple[str, ...], name: str) -> dict[str, str]:
    """Return KEY=VALUE arguments as a dictionary. Raises a usage error that quotes the bad one."""
    found: dict[str, str] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{name}{argument!r} is not KEY=VALUE")
        if key in found:
            raise click.UsageError(f"{name}{key!r} is there twice")
        found[key] = value
    return found

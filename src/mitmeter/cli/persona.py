"""`mitmeter persona list`, `show` and `new`: who emulated devices are."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click

from mitmeter import registry
from mitmeter.cli.files import write_new
from mitmeter.cli.options import JSON
from mitmeter.cli.output import json_text, print_line
from mitmeter.cli.protocol_names import find_spec
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.table import Column, print_table
from mitmeter.cli.usage import Command, Group
from mitmeter.errors import ConfigError

_COLUMNS = (Column("protocol"), Column("persona"), Column(""))


@click.group("persona", cls=Group)
@global_options(hidden=True)
def persona_command() -> None:
    """Who emulated devices are: identity, sizes, values, misbehaviour, as TOML files.

    emulate takes one by name or file (--persona), a station of the configuration as persona = "…".
    """


@persona_command.command("list", cls=Command, examples=("mitmeter persona list",))
@click.argument("protocol", required=False)
@JSON
@global_options(hidden=True)
def list_command(protocol: str | None, as_json: bool) -> int:
    """List the personas that come with mitmeter."""
    from mitmeter.daemon.persona import shipped

    names = registry.names() if protocol is None else (find_spec(protocol).name,)
    found = [
        (spec.name, persona, persona == spec.persona)
        for spec in map(registry.spec, names)
        for persona in shipped(spec)
    ]
    if as_json:
        for name, persona, usual in found:
            shown = {"protocol": name, "persona": persona, "default": usual}
            print_line(json_text(shown))
        return 0
    rows = ((name, persona, "default" if usual else "") for name, persona, usual in found)
    print_table(_COLUMNS, rows, "no personas")
    return 0


@persona_command.command(
    "show", cls=Command, examples=("mitmeter persona show alphaess smile5 > mine.toml",)
)
@click.argument("protocol")
@click.argument("name", default="")
@global_options(hidden=True)
def show_command(protocol: str, name: str) -> int:
    """Print a persona's file, the default one unless a NAME is given."""
    from mitmeter.daemon.persona import find_persona

    spec = find_spec(protocol)
    found = find_persona(spec, name, "NAME")
    if not found.text:
        raise ConfigError("protocol", f"{spec.name} has no personas")
    sys.stdout.write(found.text)
    return 0


@persona_command.command(
    "new",
    cls=Command,
    examples=("mitmeter persona new kamstrup mine.toml", "mitmeter persona new kamstrup --seed 7"),
)
@click.argument("protocol")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="The same number makes the same persona [a random one].",
)
@global_options(hidden=True)
@click.pass_obj
def new_command(settings: Settings, protocol: str, file: Path | None, seed: int | None) -> int:
    """Make up a device nobody has, random but plausible; print it, or write FILE.

    For a honeypot, and for tests with several devices.
    """
    spec = find_spec(protocol)
    if spec.invent is None:
        known = [name for name in registry.names() if registry.spec(name).invent is not None]
        there_is = f"there is {', '.join(known)}" if known else "no protocol does so yet"
        raise ConfigError("protocol", f"no {spec.name} can be made up; {there_is}")
    text = spec.invent(secrets.randbits(128) if seed is None else seed)
    if file is None:
        sys.stdout.write(text)
        return 0
    write_new(file, text)
    if not settings.quiet:
        print_line(f"{file} written; keep it to yourself")
    return 0

"""`mitmeter protocols` and `mitmeter config`: what there is, and what may be said."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mitmeter.cli.output import counted, json_text, print_line
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.table import styled, window_width
from mitmeter.cli.usage import Command, Group
from mitmeter.protocol import Spec
from mitmeter.roles.role import Role

_LABEL = 12
_WIDEST = 100


@click.command("protocols", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per protocol.")
@global_options(hidden=True)
def protocols_command(as_json: bool) -> int:
    """List the protocols: the roles each can be met in, its rules, personas and commands."""
    from mitmeter import registry

    names = registry.names()
    for index, name in enumerate(names):
        spec = registry.spec(name)
        if as_json:
            print_line(json_text(_object(spec)))
            continue
        if index:
            print_line("")
        for line in _lines(spec):
            print_line(line)
    if not names:
        print("no protocols are installed", file=sys.stderr)
    return 0


def _roles(spec: Spec[Any]) -> list[str]:
    if not spec.listen:
        return []  # what comes out of files is met on no network
    roles = [Role.PROXY]
    if spec.headend is not None:
        roles.append(Role.TRAP if not Role.TRAP.dials(spec) else Role.PROBE)
    if spec.topics and Role.PROBE not in roles:
        roles.append(Role.PROBE)
    if spec.device is not None:
        roles.append(Role.EMULATE)
    return sorted(str(role) for role in roles)


def _object(spec: Spec[Any]) -> dict[str, Any]:
    from mitmeter.daemon.persona import shipped

    return {
        "name": spec.name,
        "title": spec.title,
        "roles": _roles(spec),
        "listen": spec.listen,
        "hosts": list(spec.hosts),
        "rules": sorted(spec.rules),
        "personas": list(shipped(spec)),
        "commands": [f"{each.name} {each.arguments}".strip() for each in spec.commands],
    }


def _lines(spec: Spec[Any]) -> Iterator[str]:
    """Yield one protocol as a block of labelled lines."""
    shown = _object(spec)
    yield f"{styled(spec.name, '1')}  {spec.title}"
    for label in ("roles", "listen", "hosts", "rules", "personas"):
        value = shown[label]
        text = ", ".join(value) if isinstance(value, list) else str(value)
        if text:
            yield from _wrapped(f"  {label:{_LABEL - 2}}", text)
    label = "commands"
    for each in spec.commands:
        yield from _wrapped(f"  {label:{_LABEL - 2}}", f"{each.name} {each.arguments}".strip())
        if each.summary:
            yield from _wrapped(" " * (_LABEL + 4), each.summary)
        label = ""


def _wrapped(label: str, text: str) -> Iterator[str]:
    width = min(window_width() or _WIDEST, _WIDEST)
    yield from textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=label,
        subsequent_indent=" " * (len(label) + 2 if label.strip() else len(label)),
        break_on_hyphens=False,
    )


@click.group("config", cls=Group)
@global_options(hidden=True)
def config_command() -> None:
    """Check the configuration, or show every key there is."""


@config_command.command(
    "check", cls=Command, examples=("mitmeter config check", "mitmeter config check new.toml")
)
@click.argument("file", required=False, type=click.Path(path_type=Path, readable=False))
@global_options(hidden=True)
@click.pass_obj
def check_command(settings: Settings, file: Path | None) -> int:
    """Say everything that is wrong with the configuration; exit code 3 when something is.

    Without FILE it is the one that `mitmeter run` would take.
    """
    from mitmeter.config.load import load, problems
    from mitmeter.config.places import find_config

    path = file or find_config(settings.config)
    found = problems(path)
    for problem in found:
        print(f"mitmeter: {problem}", file=sys.stderr)
    if found:
        return 3
    config = load(path)
    if path is None:
        print_line("there is no configuration file; the defaults name no station")
        return 0
    print_line(f"{path} is fine: {counted(len(config.stations), 'station')}, site {config.site.id}")
    return 0


@config_command.command("dump", cls=Command, examples=("mitmeter config dump > mitmeter.toml",))
@global_options(hidden=True)
def dump_command() -> int:
    """Print every key with its default and its meaning, as a configuration to start from."""
    from mitmeter.config.dump import dump

    print_line(dump().rstrip("\n"))
    return 0


@config_command.command("schema", cls=Command)
@global_options(hidden=True)
def schema_command() -> int:
    """Print the configuration's JSON Schema, for editors that complete and check."""
    import json

    from mitmeter.config.schema import schema

    print_line(json.dumps(schema(), indent=2, ensure_ascii=False))
    return 0

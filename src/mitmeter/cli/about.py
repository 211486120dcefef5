"""`mitmeter protocols` and `mitmeter config`: what there is, and what may be said."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mitmeter import registry
from mitmeter.cli.output import json_text, print_line, print_table
from mitmeter.cli.settings import Settings, global_options
from mitmeter.roles.role import Role


@click.command("protocols")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per protocol.")
@global_options(hidden=True)
def protocols_command(as_json: bool) -> int:
    """List the protocols, the roles each can be met in, and its commands and rules."""
    rows = []
    for name in registry.names():
        spec = registry.spec(name)
        roles = [Role.PROXY]
        if spec.headend is not None:
            roles.append(Role.TRAP if Role.PROBE.dials(spec) is False else Role.PROBE)
        if spec.device is not None:
            roles.append(Role.EMULATE)
        row = {
            "name": name,
            "title": spec.title,
            "roles": sorted(str(role) for role in roles),
            "listen": spec.listen,
            "hosts": list(spec.hosts),
            "rules": sorted(spec.rules),
            "commands": [f"{each.name} {each.arguments}".strip() for each in spec.commands],
        }
        if as_json:
            print_line(json_text(row))
        rows.append(row)
    if not as_json:
        columns = ("name", "title", "roles", "listen", "hosts", "rules", "commands")
        print_table(
            columns,
            [[_cell(row[column]) for column in columns] for row in rows],
            "no protocols are installed",
        )
    return 0


def _cell(value: object) -> str:
    return "\n".join(str(each) for each in value) if isinstance(value, list) else str(value)


@click.group("config")
@global_options(hidden=True)
def config_command() -> None:
    """Check the configuration, or show every key there is."""


@config_command.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@global_options(hidden=True)
@click.pass_obj
def check_command(settings: Settings, file: Path | None) -> int:
    """Say everything that is wrong with the configuration; exit code 3 when something is."""
    from mitmeter.config.load import load, problems

    path = file or settings.config
    found = problems(path)
    for problem in found:
        print(f"mitmeter: {problem}", file=sys.stderr)
    if found:
        return 3
    config = load(path)
    print_line(f"fine: {len(config.stations)} stations, site {config.site.id}")
    return 0


@config_command.command("dump")
@global_options(hidden=True)
def dump_command() -> int:
    """Print every key with its default and its meaning, as a configuration to start from."""
    from mitmeter.config.dump import dump

    print_line(dump())
    return 0


@config_command.command("schema")
@global_options(hidden=True)
def schema_command() -> int:
    """Print the configuration's JSON Schema, for editors that complete and check."""
    import json

    from mitmeter.config.schema import schema

    print_line(json.dumps(schema(), indent=2, ensure_ascii=False))
    return 0

"""`mitmeter run`: what the configuration names."""

from __future__ import annotations

import click

from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import Command
from mitmeter.errors import ConfigError


@click.command(
    "run", cls=Command, examples=("mitmeter run", "mitmeter run -c /etc/mitmeter/config.toml -q")
)
@global_options(hidden=True)
@click.pass_obj
def run_command(settings: Settings) -> int:
    """Run every station of mitmeter.toml until SIGTERM or Ctrl-C."""
    from mitmeter.cli.runner import run_daemon
    from mitmeter.config.load import load
    from mitmeter.config.places import find_config
    from mitmeter.daemon.build import daemon_plan

    path = find_config(settings.config)
    if path is None:
        raise ConfigError(
            "configuration", "there is none; 'mitmeter config dump > mitmeter.toml' begins one"
        )
    plan = daemon_plan(load(path), "mitmeter run")
    if not plan.stations and not plan.network.any:
        raise ConfigError("station", f"{path} names none; see 'mitmeter config dump'")
    return run_daemon(plan, settings.data, settings)

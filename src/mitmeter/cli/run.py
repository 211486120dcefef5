"""`mitmeter run`: what the configuration names."""

from __future__ import annotations

import click

from mitmeter.cli.settings import Settings, global_options
from mitmeter.errors import ConfigError


@click.command("run")
@global_options(hidden=True)
@click.pass_obj
def run_command(settings: Settings) -> int:
    """Run every station of mitmeter.toml until SIGTERM or Ctrl-C."""
    from mitmeter.cli.runner import run_daemon
    from mitmeter.config.load import load
    from mitmeter.daemon.build import daemon_plan

    config = load(settings.config)
    plan = daemon_plan(config, "mitmeter run")
    if not plan.stations:
        raise ConfigError("station", "the configuration names none; see `mitmeter config dump`")
    return run_daemon(plan, settings.data, settings)

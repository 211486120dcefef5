"""`mitmeter probe`: hear devices at the broker they publish to."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mitmeter.cli.options import ZONE, pairs
from mitmeter.cli.protocol_names import find_spec
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import Command
from mitmeter.config.endpoint import BROKER, Endpoint
from mitmeter.errors import ConfigError
from mitmeter.model import Secret
from mitmeter.roles.role import Role


@click.command(
    "probe",
    cls=Command,
    examples=(
        "mitmeter probe glow mqtt://192.168.1.10:1883",
        "mitmeter probe glow mqtts://broker --option ca=/etc/broker/ca.pem",
        "mitmeter probe glow mqtt://broker --user me --password-file secret --option prefix=home",
    ),
)
@click.argument("protocol")
@click.argument("url")
@click.option("--user", envvar="MITMETER_USER", default="", help="Whom we log in as.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File whose first line is the password [or MITMETER_PASSWORD].",
)
@ZONE
@click.option(
    "--option", "options", metavar="KEY=VALUE", multiple=True, help="A setting of the protocol."
)
@global_options(hidden=True)
@click.pass_obj
def probe_command(
    settings: Settings,
    protocol: str,
    url: str,
    user: str,
    password_file: Path | None,
    timezone: str | None,
    options: tuple[str, ...],
) -> int:
    """Subscribe to what PROTOCOL's devices publish at the broker URL, and keep everything."""
    from mitmeter.cli.runner import run_daemon
    from mitmeter.config.places import read_secret
    from mitmeter.daemon.plan import DaemonPlan, StationPlan

    spec = find_spec(protocol)
    if not spec.topics:
        raise ConfigError("protocol", f"{spec.name} cannot be read at a broker")
    to = Endpoint.parse(url, "URL", BROKER)
    if not to.port:
        raise ConfigError("URL", f"{url!r}: port 0 is for listening only")
    password = (
        Secret(os.environ.get("MITMETER_PASSWORD", ""))
        if password_file is None
        else read_secret(password_file, "--password-file")
    )
    station = StationPlan(
        name=f"{spec.name}-probe",
        role=Role.PROBE,
        spec=spec,
        to=to,
        options=pairs(options, "--option: "),
        user=user,
        password=password,
    )
    daemon = DaemonPlan(f"mitmeter probe {spec.name}", settings.zone(timezone), (station,))
    return run_daemon(daemon, settings.data, settings)

"""`mitmeter probe`: read a device that is dialled, or hear devices at their broker."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mitmeter.cli.options import JSON, ZONE, Number, Seconds, pairs
from mitmeter.cli.protocol_names import find_spec
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.usage import Command
from mitmeter.config.endpoint import BROKER, Endpoint
from mitmeter.errors import ConfigError, MitmeterError
from mitmeter.model import Secret, Side
from mitmeter.protocol import Spec
from mitmeter.roles.role import Role

_READABLE = ("tcp", "tls", "ssl3", "http", "https")
# A device that answers at all does so in a few seconds; a head-end asks several times.
_IDLE_SECONDS = 60.0
# Register numbers have two bytes in every protocol that has them.
_EVERYTHING = "0-65535"
_SPAN = re.compile(r"(0[xX][0-9A-Fa-f]{1,8}|[0-9]{1,10})-(0[xX][0-9A-Fa-f]{1,8}|[0-9]{1,10})")


@click.command(
    "probe",
    cls=Command,
    examples=(
        "mitmeter probe kamstrup tcp://192.168.1.210:1025",
        "mitmeter probe kamstrup tcp://192.168.1.210:1025 --register 1054 --json",
        "mitmeter probe kamstrup tcp://192.168.1.210:1025 --every 15m",
        "mitmeter probe kamstrup tcp://192.168.1.210:1025 --scan=1-2000 --save-persona mine.toml",
        "mitmeter probe glow mqtt://192.168.1.10:1883",
        "mitmeter probe glow mqtts://broker --option ca=/etc/broker/ca.pem",
        "mitmeter probe glow mqtt://broker --user me --password-file secret --option prefix=home",
    ),
)
@click.argument("protocol")
@click.argument("url")
@click.option("--every", type=Seconds(), metavar="TIME", help="Read again and again, as in 15m.")
@click.option(
    "--register",
    "registers",
    metavar="NAME|NUMBER",
    multiple=True,
    help="Read this only; repeatable.",
)
@click.option("--address", metavar="N", help="The device's address behind a shared line.")
@click.option(
    "--scan",
    is_flag=False,
    flag_value=_EVERYTHING,
    metavar="FROM-TO",
    help="Ask for everything there could be, or a part of it; goes on where it was interrupted.",
)
@click.option("--fresh", is_flag=True, help="Begin a scan that was interrupted from its beginning.")
@click.option(
    "--pace",
    type=Number(0, 3600),
    metavar="SECONDS",
    help="The pause between the requests of a scan [the protocol's own, which is gentle].",
)
@click.option(
    "--save-persona",
    "persona",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write what the device is and says as a persona for emulate.",
)
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
@JSON
@global_options(hidden=True)
@click.pass_obj
def probe_command(
    settings: Settings,
    protocol: str,
    url: str,
    every: float | None,
    registers: tuple[str, ...],
    address: str | None,
    scan: str | None,
    fresh: bool,
    pace: float | None,
    persona: Path | None,
    user: str,
    password_file: Path | None,
    timezone: str | None,
    options: tuple[str, ...],
    as_json: bool,
) -> int:
    """Read a PROTOCOL device at URL once and print what it says; with --every again and again.

    What is published at a broker (mqtt://) is heard until Ctrl-C. Everything is kept. Exit code 1
    when nothing could be read.
    """
    from mitmeter.config.places import read_secret

    spec = find_spec(protocol)
    at_broker = spec.dials is Side.DEVICE
    if at_broker and not spec.topics:
        raise ConfigError("protocol", f"{spec.name} cannot be read at a broker")
    if not at_broker and spec.headend is None:
        raise ConfigError("protocol", f"{spec.name} cannot be read yet; there is proxy")
    to = Endpoint.parse(url, "URL", BROKER if at_broker else _READABLE)
    if not to.port:
        raise ConfigError("URL", f"{url!r}: port 0 is for listening only")
    password = (
        Secret(os.environ.get("MITMETER_PASSWORD", ""))
        if password_file is None
        else read_secret(password_file, "--password-file")
    )
    asked = _asked(registers, address, scan, pace)
    given = pairs(options, "--option: ")
    station: dict[str, Any] = {"user": user, "password": password, "to": to}
    if at_broker:
        if asked or every is not None or fresh or persona is not None or as_json:
            raise click.UsageError(
                f"what {spec.name} publishes at a broker is heard, not asked for: "
                "--every, --register, --address, --scan, --save-persona and --json do not apply"
            )
        return _subscribe(settings, spec, timezone, {**station, "options": given})
    if scan is not None and every is not None:
        raise click.UsageError("--scan and --every do not go together")
    if fresh and scan is None:
        raise click.UsageError("--fresh is for --scan")
    _check_persona(spec, persona, every)
    station |= {"options": {**given, **asked}, "every": every}
    return _read(settings, spec, timezone, station, fresh=fresh, persona=persona, as_json=as_json)


def _asked(
    registers: tuple[str, ...], address: str | None, scan: str | None, pace: float | None
) -> dict[str, str]:
    """Return what is to be read, as the options of a head-end."""
    asked: dict[str, str] = {}
    if registers:
        asked["registers"] = ",".join(registers)
    if address is not None:
        asked["address"] = address
    if scan is not None:
        if registers:
            raise click.UsageError("--scan and --register do not go together")
        if not _SPAN.fullmatch(scan):
            raise click.UsageError(f"--scan: {scan!r} is not a range; write it like --scan=1-2000")
        asked["scan"] = scan
    if pace is not None:
        if scan is None:
            raise click.UsageError("--pace is for --scan")
        asked["pace"] = f"{pace:g}"
    return asked


def _check_persona(spec: Spec[Any], persona: Path | None, every: float | None) -> None:
    if persona is None:
        return
    if spec.portrait is None:
        raise ConfigError(
            "--save-persona", f"{spec.name} has no emulated device to be made like it"
        )
    if every is not None:
        raise click.UsageError("--save-persona and --every do not go together")
    if persona.exists():
        raise MitmeterError(f"{persona} is there already; move it away, or name another")


def _subscribe(
    settings: Settings, spec: Spec[Any], timezone: str | None, station: Mapping[str, Any]
) -> int:
    from mitmeter.cli.runner import run_daemon
    from mitmeter.daemon.plan import DaemonPlan, StationPlan

    plan = StationPlan(name=f"{spec.name}-probe", role=Role.PROBE, spec=spec, **station)
    daemon = DaemonPlan(f"mitmeter probe {spec.name}", settings.zone(timezone), (plan,))
    return run_daemon(daemon, settings.data, settings)


def _read(
    settings: Settings,
    spec: Spec[Any],
    timezone: str | None,
    station: dict[str, Any],
    *,
    fresh: bool,
    persona: Path | None,
    as_json: bool,
) -> int:
    from mitmeter.cli.read_device import Wanted, read_device
    from mitmeter.cli.scan import ScanBook
    from mitmeter.daemon.plan import DaemonPlan, Patience, StationPlan

    options: dict[str, str] = station["options"]
    scan: ScanBook | None = None
    if "scan" in options:
        where = (spec.name, str(station["to"]), options.get("address", ""), options["scan"])
        scan = ScanBook(settings.data, where)
        if fresh or scan.finished:
            scan.forget()
        if scan.mark:
            options["from"] = scan.mark
    pace = float(options.get("pace", "0"))
    plan = StationPlan(
        name=f"{spec.name}-probe",
        role=Role.PROBE,
        spec=spec,
        attended=True,
        patience=Patience(idle=_IDLE_SECONDS + 2 * pace),
        **station,
    )
    zone = settings.zone(timezone)
    daemon = DaemonPlan(f"mitmeter probe {spec.name}", zone, (plan,), batch_seconds=0.02)
    return read_device(daemon, settings, Wanted(as_json, persona, scan))

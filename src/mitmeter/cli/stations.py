"""`mitmeter trap`, `proxy` and `emulate`: one station, straight from the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mitmeter import registry
from mitmeter.cli.settings import Settings, global_options
from mitmeter.config.endpoint import Endpoint
from mitmeter.config.zone import parse_zone, system_zone
from mitmeter.errors import ConfigError, JournalError
from mitmeter.model import Secret
from mitmeter.roles.role import Role

F = TypeVar("F", bound=Callable[..., Any])

_LISTEN = click.option(
    "--listen", metavar="URL", help="Where to listen [the protocol's port on loopback]."
)
_ZONE = click.option("--timezone", metavar="ZONE", help="The site's time zone [the system's].")
_OPTION = click.option(
    "--option", "options", metavar="KEY=VALUE", multiple=True, help="A setting of the protocol."
)


@click.command("trap")
@click.argument("protocol")
@_LISTEN
@click.option("--control", is_flag=True, help="Let `mitmeter command` change settings of devices.")
@_ZONE
@_OPTION
@global_options(hidden=True)
@click.pass_obj
def trap_command(
    settings: Settings,
    protocol: str,
    listen: str | None,
    control: bool,
    timezone: str | None,
    options: tuple[str, ...],
) -> int:
    """Stand in for the cloud of PROTOCOL's devices: answer them, keep everything they say."""
    return _run(
        settings, Role.TRAP, protocol, timezone, listen=listen, control=control, options=options
    )


@click.command("proxy")
@click.argument("protocol")
@click.option("--to", metavar="URL", required=True, help="Where to pass everything on to.")
@_LISTEN
@click.option(
    "--rule",
    "rules",
    metavar="RULE",
    multiple=True,
    help="redact, deny-writes, inject; repeatable.",
)
@click.option("--allow", metavar="NAMES", help="What deny-writes lets pass, comma-separated.")
@_ZONE
@_OPTION
@global_options(hidden=True)
@click.pass_obj
def proxy_command(
    settings: Settings,
    protocol: str,
    to: str,
    listen: str | None,
    rules: tuple[str, ...],
    allow: str | None,
    timezone: str | None,
    options: tuple[str, ...],
) -> int:
    """Stand between PROTOCOL's devices and their cloud: pass everything on, keep everything."""
    if allow:
        options = (*options, f"allow={allow}")
    return _run(
        settings, Role.PROXY, protocol, timezone, listen=listen, to=to, rules=rules, options=options
    )


@click.command("emulate")
@click.argument("protocol")
@click.option("--to", metavar="URL", help="The cloud, or trap, to connect to.")
@click.option("--listen", metavar="URL", help="Where to be dialled, for devices that are dialled.")
@click.option("--persona", default="", metavar="NAME|FILE", help="Who the device is.")
@click.option("--seed", default=1, show_default=True, help="Which simulated house it stands in.")
@click.option("--speed", default=1.0, show_default=True, help="How much faster time passes.")
@click.option("--frozen", is_flag=True, help="The simulation stands still.")
@click.option("--delay", type=float, help="Seconds the device takes to answer, 0 for none.")
@click.option("--user", envvar="MITMETER_USER", default="", help="Whom it logs in as.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File whose first line is the password [or MITMETER_PASSWORD].",
)
@_ZONE
@_OPTION
@global_options(hidden=True)
@click.pass_obj
def emulate_command(
    settings: Settings,
    protocol: str,
    to: str | None,
    listen: str | None,
    persona: str,
    seed: int,
    speed: float,
    frozen: bool,
    delay: float | None,
    user: str,
    password_file: Path | None,
    timezone: str | None,
    options: tuple[str, ...],
) -> int:
    """Play a PROTOCOL device, fed by a simulated house.

    Its journal and store lie apart, in <data>/emulated/<protocol>, so that simulated readings never
    mix with real ones.
    """
    from mitmeter.config.places import read_secret
    from mitmeter.daemon.persona import load_persona

    if speed <= 0:
        raise ConfigError("--speed", f"{speed:g} is not above 0")
    if delay is not None:
        options = (*options, f"delay={delay:g}")
    spec = registry.spec(protocol)
    dials = Role.EMULATE.dials(spec)
    if dials and not to:
        raise click.UsageError(f"a device of {protocol} dials out: say --to tcp://HOST:PORT")
    if dials and listen:
        raise click.UsageError(f"a device of {protocol} dials out: it takes --to, not --listen")
    password = read_secret(password_file) if password_file else _password()
    return _run(
        settings,
        Role.EMULATE,
        protocol,
        timezone,
        listen=listen,
        to=to,
        options=options,
        persona=load_persona(spec, persona),
        user=user,
        password=password,
        seed=seed,
        frozen=frozen,
        speed=speed,
    )


def _run(
    settings: Settings,
    role: Role,
    protocol: str,
    timezone: str | None,
    *,
    listen: str | None = None,
    to: str | None = None,
    options: tuple[str, ...] = (),
    speed: float = 1.0,
    **station: Any,
) -> int:
    from mitmeter.cli.runner import run_daemon
    from mitmeter.daemon.clock import Clock
    from mitmeter.daemon.plan import DaemonPlan, StationPlan

    spec = registry.spec(protocol)
    plan = StationPlan(
        name=f"{protocol}-{role}",
        role=role,
        spec=spec,
        listen=None if role.dials(spec) else Endpoint.parse(listen or spec.listen, "--listen"),
        to=Endpoint.parse(to, "--to") if to else None,
        options=_parsed(options),
        **station,
    )
    zone = parse_zone(timezone, "--timezone") if timezone else system_zone()
    daemon = DaemonPlan(f"mitmeter {role} {protocol}", zone, (plan,))
    if role is not Role.EMULATE:
        return run_daemon(daemon, settings.data, settings)
    clock = Clock(speed=speed)
    folder = settings.data / "emulated"
    number = 1
    while True:
        try:
            name = protocol if number == 1 else f"{protocol}-{number}"
            return run_daemon(daemon, folder / name, settings, clock=clock)
        except JournalError as exc:
            # Another emulator of this protocol is running here: it keeps its folder, we take the
            # next.
            if "is in use" not in str(exc) or number >= 1000:
                raise
            number += 1


def _parsed(options: tuple[str, ...]) -> dict[str, str]:
    parsed = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name:
            raise ConfigError("--option", f"{option!r} is not KEY=VALUE")
        parsed[name] = value
    return parsed


def _password() -> Secret:
    return Secret(os.environ.get("MITMETER_PASSWORD", ""))

"""`mitmeter trap`, `proxy` and `emulate`: one station, straight from the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mitmeter.cli.options import SPEED, ZONE, Number, pairs
from mitmeter.cli.protocol_names import find_spec
from mitmeter.cli.settings import Settings, global_options
from mitmeter.cli.transcript import Transcript, followed
from mitmeter.cli.usage import Command
from mitmeter.cli.wanted import FILTER
from mitmeter.config.endpoint import ORIGINAL, SCHEMES, Endpoint
from mitmeter.config.suggest import hint
from mitmeter.errors import ConfigError, JournalError
from mitmeter.model import Secret
from mitmeter.protocol import Spec
from mitmeter.roles.role import Role

_MOST_EMULATORS = 1000

_LISTEN = click.option(
    "--listen", metavar="URL", help="Where to listen [the protocol's port on loopback]."
)
_FOLLOW = click.option(
    "--follow", is_flag=True, help="Print what both sides say as they say it, decoded and as bytes."
)
_OPTION = click.option(
    "--option", "options", metavar="KEY=VALUE", multiple=True, help="A setting of the protocol."
)


def endpoint_to(text: str, schemes: Sequence[str] = SCHEMES) -> Endpoint:
    """Return the address --to names. Raises ConfigError for one that nobody can be reached at."""
    to = Endpoint.parse(text, "--to", schemes)
    return _with_port(to, text)


def _onward(text: str) -> Endpoint:
    to = Endpoint.parse_onward(text, "--to")
    return to if to.scheme == ORIGINAL else _with_port(to, text)


def _with_port(to: Endpoint, text: str) -> Endpoint:
    if not to.port:
        raise ConfigError("--to", f"{text!r}: port 0 is for listening only")
    return to


@click.command(
    "trap",
    cls=Command,
    examples=(
        "mitmeter trap alphaess",
        "mitmeter trap alphaess --listen tcp://192.168.101.2:7777 --control",
    ),
)
@click.argument("protocol")
@_LISTEN
@click.option("--control", is_flag=True, help="Let `mitmeter command` change settings of devices.")
@ZONE
@_OPTION
@_FOLLOW
@FILTER
@global_options(hidden=True)
@click.pass_obj
def trap_command(
    settings: Settings,
    protocol: str,
    listen: str | None,
    control: bool,
    timezone: str | None,
    options: tuple[str, ...],
    follow: bool,
    filters: tuple[str, ...],
) -> int:
    """Stand in for the cloud of PROTOCOL's devices: answer them, keep everything they say."""
    spec = find_spec(protocol)
    if Role.TRAP.dials(spec):
        raise ConfigError("protocol", f"a device of {spec.name} waits to be read; there is probe")
    return _run(
        settings,
        Role.TRAP,
        spec,
        timezone,
        listen=listen,
        control=control,
        options=options,
        transcript=_transcript(follow, filters),
    )


@click.command(
    "proxy",
    cls=Command,
    examples=(
        "mitmeter proxy alphaess --to tcp://52.230.104.147:7777 --listen tcp://192.168.101.2:7777",
        "mitmeter proxy alphaess --to tcp://127.0.0.1:7778 --rule redact --rule deny-writes",
        "mitmeter proxy alphaess --to tcp://127.0.0.1:7778 --rule deny-writes --allow Resume",
        "mitmeter proxy kamstrup --to tcp://192.168.1.210:1025 --follow --filter verdict=unknown",
        "mitmeter proxy tls --to tls://192.0.2.7:443 --listen tls://127.0.0.1:4433 "
        "--option upstream=pinned",
        "mitmeter proxy tcp --to original --listen tcp://0.0.0.0:4000",
    ),
)
@click.argument("protocol")
@click.option("--to", metavar="URL", required=True, help="Where to pass everything on to.")
@_LISTEN
@click.option(
    "--rule",
    "rules",
    metavar="RULE",
    multiple=True,
    help="redact, deny-writes, replace, inject; repeatable.",
)
@click.option("--allow", metavar="NAMES", help="What deny-writes lets pass, comma-separated.")
@ZONE
@_OPTION
@_FOLLOW
@FILTER
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
    follow: bool,
    filters: tuple[str, ...],
) -> int:
    """Stand between PROTOCOL's devices and their cloud: pass everything on, keep everything.

    `tcp` and `tls` take any device. URL may be `original`, where a redirected connection was going,
    or `tls://*:443`, the name a client asks for.
    """
    spec = find_spec(protocol)
    for index, rule in enumerate(rules):
        if rule not in spec.rule_names:
            known = hint(rule, spec.rule_names)
            raise ConfigError("--rule", f"{rule!r} is no rule of {spec.name}; {known}")
        if rule in rules[:index]:
            raise ConfigError("--rule", f"{rule!r} is there twice")
    if allow is not None:
        if "deny-writes" not in rules:
            raise ConfigError("--allow", "says what --rule deny-writes lets pass; add that rule")
        options = (*options, f"allow={allow}")
    return _run(
        settings,
        Role.PROXY,
        spec,
        timezone,
        listen=listen,
        to=to,
        rules=rules,
        options=options,
        transcript=_transcript(follow, filters),
    )


@click.command(
    "emulate",
    cls=Command,
    examples=(
        "mitmeter emulate alphaess --to tcp://127.0.0.1:7777 --speed 60",
        "mitmeter emulate alphaess --to tcp://127.0.0.1:7777 --persona smile5-unruly --seed 2",
        "mitmeter emulate kamstrup --listen tcp://127.0.0.1:1025 --with kamstrup-management",
    ),
)
@click.argument("protocol")
@click.option("--to", metavar="URL", help="The cloud, or trap, to connect to.")
@click.option("--listen", metavar="URL", help="Where to be dialled, for devices that are dialled.")
@click.option(
    "--with",
    "companions",
    metavar="PROTOCOL[=URL]",
    multiple=True,
    help="What the same device serves beside it; repeatable.",
)
@click.option("--persona", default="", metavar="NAME|FILE", help="Who the device is.")
@click.option(
    "--seed", default=1, metavar="N", show_default=True, help="Which simulated house it stands in."
)
@click.option(
    "--speed",
    type=SPEED,
    metavar="X",
    default=1.0,
    show_default=True,
    help="How much faster time passes.",
)
@click.option("--frozen", is_flag=True, help="The simulation stands still.")
@click.option(
    "--delay",
    type=Number(0, 3600),
    metavar="SECONDS",
    help="How long the device takes to answer, 0 for no time.",
)
@click.option("--user", envvar="MITMETER_USER", default="", help="Whom it logs in as.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="File whose first line is the password [or MITMETER_PASSWORD].",
)
@ZONE
@_OPTION
@_FOLLOW
@FILTER
@global_options(hidden=True)
@click.pass_obj
def emulate_command(
    settings: Settings,
    protocol: str,
    to: str | None,
    listen: str | None,
    companions: tuple[str, ...],
    persona: str,
    seed: int,
    speed: float,
    frozen: bool,
    delay: float | None,
    user: str,
    password_file: Path | None,
    timezone: str | None,
    options: tuple[str, ...],
    follow: bool,
    filters: tuple[str, ...],
) -> int:
    """Play a PROTOCOL device, fed by a simulated house.

    Its journal and store lie apart, in <data>/emulated/<protocol>, so that simulated readings never
    mix with real ones.
    """
    from mitmeter.config.places import read_secret
    from mitmeter.daemon.persona import load_persona

    spec = find_spec(protocol)
    _check_ends(spec, to, listen)
    password = (
        Secret(os.environ.get("MITMETER_PASSWORD", ""))
        if password_file is None
        else read_secret(password_file, "--password-file")
    )
    return _run(
        settings,
        Role.EMULATE,
        spec,
        timezone,
        listen=listen,
        to=to,
        options=options,
        companions=_companions(spec, companions),
        transcript=_transcript(follow, filters),
        persona=load_persona(spec, persona),
        user=user,
        password=password,
        seed=seed,
        delay=delay,
        frozen=frozen,
        speed=speed,
    )


def _check_ends(spec: Spec[Any], to: str | None, listen: str | None) -> None:
    """Raise a usage error unless the one address that this kind of device needs is there."""
    if Role.EMULATE.dials(spec):
        if listen is not None:
            raise click.UsageError(
                f"a device of {spec.name} dials out: it takes --to URL, not --listen"
            )
        if to is None:
            raise click.UsageError(f"a device of {spec.name} dials out: say --to tcp://HOST:PORT")
    elif to is not None:
        raise click.UsageError(
            f"a device of {spec.name} waits to be read: it takes --listen URL, not --to"
        )


def _transcript(follow: bool, filters: tuple[str, ...]) -> Transcript | None:
    if filters and not follow:
        raise click.UsageError("--filter is for --follow")
    return followed(filters) if follow else None


def _companions(spec: Spec[Any], given: tuple[str, ...]) -> dict[str, Endpoint]:
    """Return where the other protocols of the same box listen, by name."""
    found: dict[str, Endpoint] = {}
    for text in given:
        name, _, url = text.partition("=")
        other = find_spec(name)
        if other.name in found or other.name == spec.name:
            raise ConfigError("--with", f"{name!r} is there twice")
        if Role.EMULATE.dials(other) or Role.EMULATE.dials(spec):
            dialler = other if Role.EMULATE.dials(other) else spec
            raise ConfigError("--with", f"a device of {dialler.name} dials out and serves nobody")
        found[other.name] = Endpoint.parse(url or other.listen, "--with")
    return found


def _run(
    settings: Settings,
    role: Role,
    spec: Spec[Any],
    timezone: str | None,
    *,
    listen: str | None = None,
    to: str | None = None,
    options: tuple[str, ...] = (),
    companions: Mapping[str, Endpoint] | None = None,
    transcript: Transcript | None = None,
    speed: float = 1.0,
    **station: Any,
) -> int:
    from mitmeter.cli.runner import run_daemon
    from mitmeter.daemon.clock import Clock
    from mitmeter.daemon.plan import DaemonPlan, Patience, StationPlan

    if not spec.listen:
        raise ConfigError("protocol", f"{spec.name} is met on no network; see mitmeter import")
    plan = StationPlan(
        name=f"{spec.name}-{role}",
        role=role,
        spec=spec,
        listen=None if role.dials(spec) else _door(role, spec, listen),
        to=None if to is None else _onward(to) if role is Role.PROXY else endpoint_to(to),
        options=pairs(options, "--option: "),
        patience=Patience.at(speed),
        **station,
    )
    others = (
        replace(plan, name=f"{name}-{role}", spec=find_spec(name), listen=where, unit=plan.name)
        for name, where in (companions or {}).items()
    )
    stations = (plan, *others)
    daemon = DaemonPlan(f"mitmeter {role} {spec.name}", settings.zone(timezone), stations)
    if role is not Role.EMULATE:
        return run_daemon(daemon, settings.data, settings, transcript=transcript)
    return _run_emulator(daemon, settings, spec.name, Clock(speed=speed), transcript)


def _run_emulator(
    daemon: Any, settings: Settings, name: str, clock: Any, transcript: Transcript | None
) -> int:
    """Run in the first folder no other emulator of this protocol has taken."""
    from mitmeter.cli.runner import run_daemon

    folder = settings.data / "emulated"
    for number in range(1, _MOST_EMULATORS + 1):
        try:
            place = name if number == 1 else f"{name}-{number}"
            return run_daemon(daemon, folder / place, settings, clock=clock, transcript=transcript)
        except JournalError as exc:
            if "is in use" not in str(exc) or number == _MOST_EMULATORS:
                raise
    return 1


def _door(role: Role, spec: Spec[Any], listen: str | None) -> Endpoint:
    """Return where a station listens: as said, or the protocol's own port on loopback."""
    if listen is not None:
        return Endpoint.parse(listen, "--listen")
    from mitmeter.daemon.build import default_listen

    return default_listen(role, spec)

"""From a configuration to plans: every key becomes a typed value, every name a thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.config.network_tables import Dhcp, Dns, Network
from mitmeter.config.places import read_secret
from mitmeter.config.values import Config
from mitmeter.config.values import Station as StationTable
from mitmeter.daemon.persona import find_persona
from mitmeter.daemon.plan import DaemonPlan, Patience, Retention, StationPlan
from mitmeter.daemon.plan_network import DhcpPlan, DnsPlan, NetworkPlan, NtpPlan
from mitmeter.daemon.plan_web import WebPlan
from mitmeter.daemon.tariffs import tariffs
from mitmeter.errors import ConfigError
from mitmeter.lan.names import Unknown
from mitmeter.lan.ntp import HOSTS as TIME_HOSTS
from mitmeter.model import Secret, Side
from mitmeter.protocol import Spec
from mitmeter.roles.role import Role
from mitmeter.transport import Limits

if TYPE_CHECKING:
    from mitmeter.daemon.plan_sinks import SinkPlan

# Where a reverse proxy listens when nothing is said.
WEB_DOOR = Endpoint("http", "127.0.0.1", 8080)


def daemon_plan(config: Config, owner: str) -> DaemonPlan:
    """Return what `mitmeter run` is to do. Raises ConfigError with the path of the key."""
    keep = config.journal.keep
    stations = tuple(_station(table, index, config) for index, table in enumerate(config.stations))
    return DaemonPlan(
        owner=owner,
        zone=config.site.timezone,
        stations=stations,
        retention=Retention(
            seconds=None if isinstance(keep, str) else keep.total_seconds(),
            max_bytes=config.journal.max_size,
            segment_bytes=config.journal.segment_size,
        ),
        batch_seconds=config.store.batch.total_seconds(),
        network=_network(config.network),
        web=_web(config) if config.web.enabled else None,
        sinks=_sinks(config, stations) if config.sinks else (),
    )


def _sinks(config: Config, stations: tuple[StationPlan, ...]) -> tuple[SinkPlan, ...]:
    # What sinks are made of is only loaded where there are some.
    from mitmeter.daemon.build_sinks import sink_plans

    return sink_plans(config, stations)


def _web(config: Config) -> WebPlan:
    web = config.web
    return WebPlan(
        listen=web.listen,
        site=config.site.id,
        names=web.names,
        certificate=web.certificate,
        key=web.key,
        ingress="" if web.ingress is None else str(web.ingress),
        read_only=web.read_only,
        tariffs=tariffs(config),
        optional="web" not in config.model_fields_set,
    )


def known_hosts() -> dict[str, tuple[str, ...]]:
    """Return the names each protocol's devices ask for."""
    hosts = {name: registry.spec(name).hosts for name in registry.names()}
    return {name: found for name, found in hosts.items() if found}


def _network(network: Network) -> NetworkPlan:
    dns, ntp, dhcp = network.dns, network.ntp, network.dhcp
    return NetworkPlan(
        dns=None if dns is None else _dns(dns, ntp=ntp is not None),
        ntp=None
        if ntp is None
        else NtpPlan(listen=ntp.listen, networks=ntp.networks, local_stratum=ntp.local_stratum),
        dhcp=None if dhcp is None else _dhcp(dhcp, dns=dns is not None, ntp=ntp is not None),
        tell_seconds=network.tell.total_seconds(),
    )


def _dns(dns: Dns, *, ntp: bool) -> DnsPlan:
    hosts = {**known_hosts(), "ntp": TIME_HOSTS} if ntp else known_hosts()
    return DnsPlan(
        listen=dns.listen,
        answer=dns.answer,
        networks=dns.networks,
        hosts=hosts,
        ttl=int(dns.ttl.total_seconds()),
        unknown=Unknown(dns.unknown),
        upstream=dns.upstream,
        apart=dns.apart,
    )


def _dhcp(dhcp: Dhcp, *, dns: bool, ntp: bool) -> DhcpPlan:
    return DhcpPlan(
        interface=dhcp.interface,
        address=dhcp.address,
        first=dhcp.first,
        last=dhcp.last,
        lease_seconds=int(dhcp.lease.total_seconds()),
        router=dhcp.router,
        dns=dns,
        ntp=ntp,
    )


def default_listen(role: Role, spec: Spec[Any]) -> Endpoint:
    """Return where a station listens when nothing is said: the protocol's own port on loopback."""
    if not spec.listen:
        raise ConfigError("protocol", f"{spec.name} is met on no network; see mitmeter import")
    if role is Role.PROXY and spec.reverse is not None:
        return WEB_DOOR
    return Endpoint.parse(spec.listen)


def _station(table: StationTable, index: int, config: Config) -> StationPlan:
    key = f"station[{index}]"
    spec = registry.spec(table.protocol)
    role = Role(str(table.role))
    limits = config.limits
    listens = not role.dials(spec)
    options = dict(table.options)
    if table.allow:
        options["allow"] = ",".join(table.allow)
    if table.honeypot:
        options["honeypot"] = "true"
    persona: dict[str, Any] = {}
    if role is Role.EMULATE:
        found = find_persona(spec, _who(table, config), f"{key}.persona")
        if table.honeypot and found.known:
            raise ConfigError(
                f"{key}.persona",
                f"{found.name} is shipped with mitmeter, so every attacker knows it; "
                f"'mitmeter persona new {spec.name} FILE' makes one nobody has",
            )
        persona = found.tables
    reads = role is Role.PROBE and spec.dials is Side.HEADEND
    return StationPlan(
        name=table.name,
        role=role,
        spec=spec,
        listen=(table.listen or default_listen(role, spec)) if listens else None,
        to=table.to,
        control=table.control,
        rules=table.rules,
        options=options,
        persona=persona,
        user=table.user,
        password=(
            read_secret(table.password_file, f"{key}.password_file")
            if table.password_file
            else Secret("")
        ),
        seed=table.seed,
        frozen=table.frozen,
        unit=table.unit or "",
        honeypot=table.honeypot,
        every=table.every.total_seconds() if reads else None,
        limits=Limits(limits.connections, limits.connections_per_address, limits.backlog),
        patience=Patience(
            idle=limits.idle.total_seconds(),
            partial=limits.partial.total_seconds(),
            connect=limits.connect.total_seconds(),
            # Who says how long silence may last means it for everybody.
            quiet=0.0 if "idle" in limits.model_fields_set else Patience().quiet,
        ),
    )


def _who(table: StationTable, config: Config) -> str:
    """Return the persona's name or file: of a unit's stations, one may speak for all."""
    if table.persona or table.unit is None:
        return table.persona
    others = (each for each in config.stations if each.unit == table.unit)
    return next((each.persona for each in others if each.persona), "")

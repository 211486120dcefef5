"""From a configuration to plans: every key becomes a typed value, every name a thing."""

from __future__ import annotations

from typing import Any

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.config.network_tables import Dhcp, Dns, Network
from mitmeter.config.places import read_secret
from mitmeter.config.values import Config
from mitmeter.config.values import Station as StationTable
from mitmeter.daemon.persona import load_persona
from mitmeter.daemon.plan import DaemonPlan, Patience, Retention, StationPlan
from mitmeter.daemon.plan_network import DhcpPlan, DnsPlan, NetworkPlan, NtpPlan
from mitmeter.lan.names import Unknown
from mitmeter.lan.ntp import HOSTS as TIME_HOSTS
from mitmeter.model import Secret
from mitmeter.protocol import Spec
from mitmeter.roles.role import Role
from mitmeter.transport import Limits


def daemon_plan(config: Config, owner: str) -> DaemonPlan:
    """Return what `mitmeter run` is to do. Raises ConfigError with the path of the key."""
    keep = config.journal.keep
    return DaemonPlan(
        owner=owner,
        zone=config.site.timezone,
        stations=tuple(
            _station(table, index, config) for index, table in enumerate(config.stations)
        ),
        retention=Retention(
            seconds=None if isinstance(keep, str) else keep.total_seconds(),
            max_bytes=config.journal.max_size,
            segment_bytes=config.journal.segment_size,
        ),
        batch_seconds=config.store.batch.total_seconds(),
        network=_network(config.network),
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
    emulates = role is Role.EMULATE
    return StationPlan(
        name=table.name,
        role=role,
        spec=spec,
        listen=(table.listen or default_listen(role, spec)) if listens else None,
        to=table.to,
        control=table.control,
        rules=table.rules,
        options=options,
        persona=load_persona(spec, table.persona, f"{key}.persona") if emulates else {},
        user=table.user,
        password=(
            read_secret(table.password_file, f"{key}.password_file")
            if table.password_file
            else Secret("")
        ),
        seed=table.seed,
        frozen=table.frozen,
        limits=Limits(limits.connections, limits.connections_per_address, limits.backlog),
        patience=Patience(
            idle=limits.idle.total_seconds(),
            partial=limits.partial.total_seconds(),
            connect=limits.connect.total_seconds(),
        ),
    )

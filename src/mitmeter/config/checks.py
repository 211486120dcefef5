"""What one key alone cannot show: does each station make sense, and do they get along?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mitmeter import registry
from mitmeter.config.endpoint import ASKED, BROKER, ORIGINAL, WEB, Endpoint
from mitmeter.config.network_tables import Network
from mitmeter.config.sink_tables import check_sink
from mitmeter.config.suggest import hint, one_of
from mitmeter.config.values import Config, Station
from mitmeter.config.web_table import check_web
from mitmeter.errors import ConfigError

Problem = tuple[str, str]

SCHEMES = ("tcp", "tls", "ssl3")
_ALWAYS = {"name", "role", "protocol", "options"}
_OF_ROLE = {
    "trap": {"listen", "control"},
    "proxy": {"listen", "to", "control", "rules", "allow"},
    "emulate": {
        *("listen", "to", "persona", "seed", "frozen", "user", "password_file"),
        *("unit", "honeypot"),
    },
    "probe": {"to", "control", "user", "password_file", "every"},
}
_EVERY_INTERFACE = {"0.0.0.0", "::"}


def check(config: Config) -> tuple[Config, list[ConfigError]]:
    """Return the configuration with default endpoints filled in, and what is wrong with it."""
    errors: list[ConfigError] = []
    stations: list[Station] = []
    for index, station in enumerate(config.stations):
        path = f"station[{index}]"
        filled, problems = check_station(station)
        stations.append(filled)
        errors += [
            ConfigError(f"{path}.{key}", f"{text} (station {station.name!r})")
            for key, text in problems
        ]
    errors += _clashes(stations)
    errors += (ConfigError(f"network.{key}", text) for key, text in _network(config.network))
    errors += (ConfigError(f"web.{key}", text) for key, text in check_web(config.web))
    errors += (
        ConfigError(f"sink.{name}.{key}", text)
        for name, sink in config.sinks.items()
        for key, text in check_sink(sink)
    )
    return config.model_copy(update={"stations": tuple(stations)}), errors


def check_station(station: Station) -> tuple[Station, list[Problem]]:
    """Return the station with its default endpoint, and its problems as (key, sentence)."""
    if station.protocol not in registry.names():
        return station, [("protocol", one_of(station.protocol, registry.names()))]
    try:
        spec = registry.spec(station.protocol)
    except ConfigError as exc:
        return station, [("protocol", exc.problem)]
    if not spec.listen:
        return station, [("protocol", f"{spec.name} is met on no network; see mitmeter import")]
    problems = [
        *_idle_keys(station),
        *_role(station, spec),
        *_rules(station, spec),
        *_schemes(station, spec),
    ]
    filled = station
    if not problems and _listens_by_default(station, spec):
        listen = Endpoint.parse(spec.listen, f"{spec.name}.listen")
        filled = station.model_copy(update={"listen": listen})
    return filled, problems


def _idle_keys(station: Station) -> Iterator[Problem]:
    """Yield a problem for each key that would do nothing in this role."""
    useful = _OF_ROLE[station.role] | _ALWAYS
    for key in station.model_fields_set - useful:
        roles = " or ".join(role for role, keys in _OF_ROLE.items() if key in keys)
        yield key, f"means nothing for role {station.role}; it is for {roles}"


def _role(station: Station, spec: Any) -> Iterator[Problem]:
    device_dials = spec.dials == "device"
    if station.role == "trap":
        if not device_dials:
            yield "role", f"a device of {spec.name} waits to be read; use probe"
        elif spec.headend is None:
            yield "role", f"{spec.name} has no stand-in server yet; there is proxy"
    elif station.role == "proxy":
        if station.to is None:
            yield "to", "a proxy needs to know where the real server (or device) is"
    elif station.role == "emulate":
        yield from _emulate(station, spec, device_dials)
    elif device_dials and spec.topics:
        if station.to is None or station.to.scheme not in BROKER:
            yield "to", f"a device of {spec.name} is read at a broker; write mqtt://HOST:1883"
    elif device_dials:
        yield "role", f"a device of {spec.name} dials out; use trap"
    elif spec.headend is None:
        yield "role", f"{spec.name} cannot be read yet; there is proxy"
    elif station.to is None:
        yield "to", "a probe needs to know where the device is"


def _emulate(station: Station, spec: Any, device_dials: bool) -> Iterator[Problem]:
    if spec.device is None:
        yield "role", f"{spec.name} has no emulated device yet"
    elif device_dials and station.listen is not None:
        yield "listen", f"a device of {spec.name} dials out; write `to` instead"
    elif device_dials and station.to is None:
        yield "to", "an emulated device needs to know the server it reports to"
    elif not device_dials and station.to is not None:
        yield "to", f"a device of {spec.name} waits to be read; write `listen` instead"
    elif device_dials and station.honeypot:
        yield "honeypot", f"a device of {spec.name} dials out: nobody can come to it"


def _rules(station: Station, spec: Any) -> Iterator[Problem]:
    for index, rule in enumerate(station.rules):
        if rule not in spec.rule_names:
            known = hint(rule, spec.rule_names)
            yield f"rules[{index}]", f"{rule!r} is no rule of {spec.name}; {known}"
        elif rule in station.rules[:index]:
            yield f"rules[{index}]", f"{rule!r} is there twice"


def _schemes(station: Station, spec: Any) -> Iterator[Problem]:
    for key in ("listen", "to"):
        endpoint: Endpoint | None = getattr(station, key)
        if endpoint is None:
            continue
        if endpoint.host == ASKED:
            yield from _onward(station, spec, endpoint)
            continue
        known = _known_schemes(station, spec, key)
        if endpoint.scheme not in known:
            yield (
                key,
                f"{endpoint.scheme}:// is not known in this version; there is {', '.join(known)}",
            )
        elif key == "to" and endpoint.port == 0:
            yield key, "port 0 is for listening only"


def _known_schemes(station: Station, spec: Any, key: str) -> tuple[str, ...]:
    """Return what an address of a station may begin with."""
    if station.role == "proxy" and spec.reverse is not None:
        return WEB
    if key == "to" and station.role == "probe":
        if spec.topics:
            return (*SCHEMES, *BROKER)
        return (*SCHEMES, *WEB) if spec.reverse is not None else SCHEMES
    return SCHEMES


def _onward(station: Station, spec: Any, to: Endpoint) -> Iterator[Problem]:
    """Yield what is wrong with going on to where a client says it goes."""
    if station.role != "proxy" or spec.reverse is not None:
        yield "to", f"{to} is for a proxy that passes bytes on"
    elif to.scheme == ORIGINAL:
        return
    elif to.scheme != "tls":
        yield "to", f"{to}: only a client that speaks TLS says which name it asks for"
    elif (station.listen or Endpoint.parse(spec.listen)).scheme != "tls":
        yield "to", f"{to}: we have to listen by TLS, too, to hear which name a client asks for"


def _listens_by_default(station: Station, spec: Any) -> bool:
    if station.listen is not None:
        return False
    return station.role in {"trap", "proxy"} or (station.role == "emulate" and station.to is None)


def _network(network: Network) -> Iterator[Problem]:
    for name, table in (("dns", network.dns), ("ntp", network.ntp)):
        if table is not None and table.listen.scheme != "udp":
            yield f"{name}.listen", f"write it as udp://…, not {table.listen}"
    dns, dhcp = network.dns, network.dhcp
    if dns is not None and dns.unknown == "forward" and dns.upstream is None:
        yield "dns.upstream", "is required: it says where to forward to"
    if dhcp is not None:
        for key, address in (("first", dhcp.first), ("last", dhcp.last)):
            if address not in dhcp.address.network:
                yield f"dhcp.{key}", f"{address} is not in {dhcp.address.network}"
        if dhcp.last < dhcp.first:
            yield "dhcp.last", f"{dhcp.last} comes before the first, {dhcp.first}"


def _clashes(stations: list[Station]) -> Iterator[ConfigError]:
    for index, station in enumerate(stations):
        earlier = stations[:index]
        if any(station.name == other.name for other in earlier):
            yield ConfigError(
                f"station[{index}].name", f"{station.name!r} is taken by an earlier station"
            )
        holder = next((each for each in earlier if _same_port(station.listen, each.listen)), None)
        if holder is not None:
            yield ConfigError(
                f"station[{index}].listen", f"{station.listen} is taken by station {holder.name!r}"
            )


def _same_port(one: Endpoint | None, other: Endpoint | None) -> bool:
    if one is None or other is None or one.port == 0 or one.port != other.port:
        return False
    if (one.scheme == "udp") != (other.scheme == "udp"):
        return False
    return one.host == other.host or bool({one.host, other.host} & _EVERY_INTERFACE)

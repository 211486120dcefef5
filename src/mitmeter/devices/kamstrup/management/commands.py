"""The commands of the management service: what each changes and what it answers.

Source: the public emulation [H], with two of its faults put right: `!AS 0.0.0.0` disables, and
`!RC A IP port` is taken, as the module's own help says [A].
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mitmeter.devices.kamstrup.management import listings
from mitmeter.devices.kamstrup.management.helptext import help_for, menu
from mitmeter.devices.kamstrup.management.listings import INVALID, INVALID_DATA, OK, UNKNOWN
from mitmeter.devices.kamstrup.management.messages import Spoken
from mitmeter.devices.kamstrup.management.parameters import (
    NOWHERE,
    address,
    plain,
    port,
    unsigned,
)
from mitmeter.devices.kamstrup.management.settings import NO_HOST, Settings

NAME_LENGTH, HOST_LENGTH = 20, 64
_SERIAL = re.compile(r"Auto|[0-9]{3,6},[78],[NEO],[12](,[CIL]{1,3})?", re.IGNORECASE)
_STATUS = "Status: 0100\r\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """text: what is printed. restarts: the module boots anew after that. closes: it hangs up."""

    text: str = ""
    restarts: bool = False
    closes: bool = False


def obey(asked: Spoken, settings: Settings) -> Outcome:
    """Do what a line asks for."""
    word = asked.word
    if len(word) > 3:
        return Outcome(UNKNOWN)
    if word.startswith("Q"):
        return Outcome(closes=True)
    if word.startswith("H"):
        if not asked.parameters:
            return Outcome(menu())
        return Outcome(help_for(asked.parameters) or INVALID)
    found = _COMMANDS.get(word)
    return Outcome(UNKNOWN) if found is None else found(asked.parameters, settings)


def restarted(settings: Settings) -> None:
    """What the restart puts into effect: a server's name that !SH has set."""
    if settings.noted("lookup_pending"):
        settings.set("kap_host", settings.text("lookup"))
        settings.note("lookup_pending", "")


# --- settings of servers


def _access(parameters: str, settings: Settings) -> Outcome:
    parts = parameters.split(" ")
    if not parameters:
        return Outcome("\r\n" + listings.access(settings))
    if parameters in ("0", "1"):
        settings.set("filter", parameters == "1")
    elif len(parts) == 3 and parts[0] == "0" and parts[1] in ("1", "2", "3", "4", "5"):
        settings.set(f"access{parts[1]}", address(parts[2]))
    return Outcome(OK + listings.access(settings))


def _alarm(parameters: str, settings: Settings) -> Outcome:
    if not parameters:
        return Outcome("\r\n" + listings.alarm(settings))
    where, _, given = parameters.partition(" ")
    found = address(where)
    settings.set("alarm", found != NOWHERE)
    settings.set("alarm_ip", found)
    settings.set("alarm_port", port(given, settings.number("alarm_port")))
    return Outcome(OK + listings.alarm(settings) + "\r\n")


def _server(parameters: str, settings: Settings) -> Outcome:
    if not parameters:
        return Outcome("\r\n\r\n" + listings.server(settings))
    where, _, given = parameters.partition(" ")
    settings.set("kap_ip", address(where))
    settings.set("kap_port", port(given, settings.number("kap_port")))
    settings.set("kap_host", NO_HOST)
    # The help says that it restarts; it does not.
    return Outcome(OK + listings.server(settings))


def _second_server(parameters: str, settings: Settings) -> Outcome:
    if parameters:
        where, _, given = parameters.partition(" ")
        settings.set("kap_b_ip", address(where))
        settings.set("kap_b_port", port(given, settings.number("kap_b_port")))
    return Outcome(("\r\nOK" if parameters else "\r\n") + listings.both_servers(settings))


def _host(parameters: str, settings: Settings) -> Outcome:
    if not parameters:
        return Outcome("\r\n" + listings.host(settings))
    name = plain(parameters, HOST_LENGTH)
    settings.set("lookup", NO_HOST if len(name) <= 1 else name)
    settings.note("lookup_pending", "1")
    return Outcome(OK + listings.host(settings))


def _timers(parameters: str, settings: Settings) -> Outcome:
    if not parameters:
        return Outcome(listings.timers(settings))
    for name, given in zip(("wdt", "missing", "interval"), parameters.split(" "), strict=False):
        value = unsigned(given)
        settings.set(name, 0 if name == "wdt" and value < 5 else value)
    return Outcome("\r\nOK" + listings.timers(settings))


def _ports(parameters: str, settings: Settings) -> Outcome:
    names = ("kap_port", "channel_a", "channel_b")
    for name, given in zip(names, parameters.split(" "), strict=False):
        settings.set(name, port(given, settings.number(name)))
    return Outcome(("\r\nOK" if parameters else "\r\n") + listings.ports(settings))


def _name_servers(parameters: str, settings: Settings) -> Outcome:
    parts = parameters.split(" ")
    if len(parts) != 3:
        return Outcome(INVALID)
    for number, part in enumerate(parts, 1):
        settings.set(f"dns{number}", address(part))
    return Outcome("\r\nOK")


# --- the module itself


def _configure(parameters: str, settings: Settings) -> Outcome:
    """Take ten parameters at once; with fewer the module restarts all the same [H]."""
    parts = parameters.split(" ")
    if len(parts) != 10:
        return Outcome(restarts=True)
    dhcp, ip, mask, gateway, dns1, dns2, dns3, server, name, host = parts
    if dhcp == "1":
        _use_dhcp(settings)
    else:
        settings.set("dhcp", False)
        for key, given in (("ip", ip), ("mask", mask), ("gateway", gateway)):
            settings.set(key, address(given))
    for number, given in enumerate((dns1, dns2, dns3), 1):
        settings.set(f"dns{number}", address(given))
    settings.set("name", plain(name, NAME_LENGTH))
    if host == "0":
        settings.set("kap_ip", address(server))
        settings.set("kap_host", NO_HOST)
    else:
        settings.set("kap_host", plain(host, HOST_LENGTH))
    return Outcome(restarts=True)


def _device_name(parameters: str, settings: Settings) -> Outcome:
    settings.set("name", plain(parameters, NAME_LENGTH))
    return Outcome("\r\nOK" if len(parameters) <= NAME_LENGTH else "", restarts=True)


def _own_address(parameters: str, settings: Settings) -> Outcome:
    if not parameters:
        return Outcome(listings.own_address(settings))
    found = address(parameters)
    if found == NOWHERE:
        _use_dhcp(settings)
    else:
        settings.set("dhcp", False)
        settings.set("ip", found)
    return Outcome(listings.own_address(settings), restarts=True)


def _use_dhcp(settings: Settings) -> None:
    """Let DHCP give address, mask and gateway; where it already does, nothing changes."""
    if settings.is_on("dhcp"):
        return
    settings.set("dhcp", True)
    for name in ("ip", "mask", "gateway"):
        settings.set(name, settings.text(f"dhcp_{name}"))


def _serial(parameters: str, settings: Settings) -> Outcome:
    if not parameters:
        return Outcome(listings.serial(settings))
    channel, _, setting = parameters.partition(" ")
    if channel.upper() not in ("A", "B") or not _SERIAL.fullmatch(setting):
        return Outcome(INVALID_DATA)
    settings.set(f"uart_{channel.lower()}", setting)
    return Outcome(OK)


def _remote_connect(parameters: str, settings: Settings) -> Outcome:
    """Note whom a channel would be connected to; nothing is ever dialled."""
    if not parameters:
        return Outcome("\r\n" + _STATUS)
    channel, _, rest = parameters.partition(" ")
    where, _, given = rest.partition(" ")
    if channel.upper() == "D" and not rest:
        settings.set("out_a", settings.defaults.out_a)
        settings.set("out_b", settings.defaults.out_b)
    elif channel.upper() in ("A", "B") and address(where) != NOWHERE:
        to = f"{address(where)}:{port(given, settings.number(f'channel_{channel.lower()}'))}"
        settings.set(f"out_{channel.lower()}", to)
    else:
        return Outcome(INVALID)
    return Outcome(OK + _STATUS)


_COMMANDS: dict[str, Callable[[str, Settings], Outcome]] = {
    "!AC": _access,
    "!AS": _alarm,
    "!GC": lambda parameters, settings: Outcome(listings.configuration(settings)),
    "!GV": lambda parameters, settings: Outcome(
        f"\r\nSoftware Version: {settings.text('version')}\r\n"
    ),
    "!RC": _remote_connect,
    "!RR": lambda parameters, settings: Outcome(restarts=True),
    "!SA": _server,
    "!SB": _second_server,
    "!SC": _configure,
    "!SD": _device_name,
    "!SH": _host,
    "!SI": _own_address,
    "!SK": _timers,
    "!SN": _name_servers,
    "!SP": _ports,
    "!SS": _serial,
    "!WM": lambda parameters, settings: Outcome("\r\n\r\nOK\r\n"),
}

KNOWN = frozenset(_COMMANDS)


def changes(asked: Spoken) -> bool:
    """Tell whether what is asked for would change or interrupt something."""
    if asked.word == "!RR":
        return True
    return (
        asked.word in KNOWN
        and asked.word[:2] != "!G"
        and asked.word != "!WM"
        and (bool(asked.parameters) or asked.word in ("!SC", "!SD"))
    )

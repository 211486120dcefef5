"""The help texts, worded here; only their structure is a protocol fact [H]."""

from __future__ import annotations

_RULE = "=" * 78
_MAKER = "Kamstrup A/S"

# Command → (marked when it restarts the module, a line for the menu, syntax, examples).
_HELP: dict[str, tuple[bool, str, str, tuple[str, ...]]] = {
    "!AC": (
        False,
        "Access control",
        "!AC [0|1] or !AC 0 n IP (n: 1 to 5)",
        ("!AC 1", "!AC 0 2 192.168.1.20"),
    ),
    "!AS": (False, "Alarm server", "!AS IP [port] (0.0.0.0: off)", ("!AS 192.168.1.20 4000",)),
    "!GC": (False, "Get configuration", "!GC", ("!GC",)),
    "!GV": (False, "Get version", "!GV", ("!GV",)),
    "!RC": (
        False,
        "Remote connect",
        "!RC A|B IP [port] or !RC D",
        ("!RC A 192.168.1.20 1025", "!RC D"),
    ),
    "!RR": (True, "Restart", "!RR", ("!RR",)),
    "!SA": (
        True,
        "KAP server",
        "!SA IP [port] (0.0.0.0: off)",
        ("!SA 192.168.1.20 61000", "!SA 192168001020"),
    ),
    "!SB": (False, "Second KAP server", "!SB IP [port]", ("!SB 192.168.1.21 61000",)),
    "!SC": (
        True,
        "Set configuration",
        "!SC DHCP IP MASK GW DNS1 DNS2 DNS3 SERVER NAME HOST",
        ("!SC 1 0 0 0 0 0 0 192.168.1.20 Meter 0",),
    ),
    "!SD": (True, "Device name", "!SD name (20 characters)", ("!SD Cellar",)),
    "!SH": (
        False,
        "KAP server by name",
        "!SH host or !SH DHCP_OPTION:nnn (0: off)",
        ("!SH kap.example.com", "!SH DHCP_OPTION:129"),
    ),
    "!SI": (True, "Own address", "!SI IP (0: DHCP)", ("!SI 192.168.1.200", "!SI 0")),
    "!SK": (False, "KAP timers", "!SK WDT [MISSING [INTERVAL]]", ("!SK 3600 60 10",)),
    "!SN": (False, "Name servers", "!SN IP IP IP", ("!SN 192.168.1.1 0.0.0.0 0.0.0.0",)),
    "!SP": (False, "Ports", "!SP KAP [CHA [CHB [CFG]]] (0: as is)", ("!SP 61000 1025 1026",)),
    "!SS": (
        False,
        "Serial ports",
        "!SS A|B Auto or !SS A|B baud,bits,parity,stop[,CIL]",
        ("!SS A Auto", "!SS B 9600,8,N,1"),
    ),
    "!WM": (False, "Find this module", "!WM", ("!WM",)),
}


def menu() -> str:
    """Return what `H` alone prints."""
    lines = ["", _RULE, " H          Help: H, or H and a command (H !SC)", " Q          Quit"]
    for word, (restarts, title, _, _) in _HELP.items():
        lines.append(f" {word:<10} {title}{' (*1)' if restarts else ''}")
    lines += [_RULE, " (*1) The module restarts to use the change.", f" {_MAKER}", _RULE, ""]
    return "\r\n".join(lines)


def help_for(text: str) -> str | None:
    """Return the help of a command; only three characters count, capital ones. None: no such."""
    found = _HELP.get(text[:3])
    if found is None:
        return None
    restarts, title, syntax, examples = found
    lines = ["", f"{title}.", f"Syntax: {syntax}", *(f"    Ie: {each}" for each in examples)]
    if restarts:
        lines.append("The module restarts.")
    return "\r\n".join([*lines, ""])

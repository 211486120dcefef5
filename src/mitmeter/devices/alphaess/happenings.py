"""Messages → events: what logins, notices, commands, answers and unknown frames tell, in words.

Peer text is made printable; passwords, addresses and MACs never get here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    Login,
    Members,
    Notice,
    Other,
    Reply,
    ServerCommand,
    as_text,
)
from mitmeter.devices.alphaess.registers import PRIVATE_FIELDS, decode_cmd_index, parse_time
from mitmeter.model import DeviceId, Event, Field, Severity, Side, printable

# Inferred from when they come [I]; the list of codes is unknown [U].
EVENT_CODES = {
    41: "link to the server established",
    42: "link to the server lost",
}

# Commands that only ask; the others change the battery, Update its firmware.
_HARMLESS = frozenset({"Resume", "SyncTime"})
_FIRMWARE = "Update"

# Payloads that may carry a password or an address are never shown, however broken they are.
_PRIVATE_COMMANDS = frozenset({2, 3, 4})
_MOST_HEX = 64
_MOST_ENTRIES = 64
_MOST_CHANGES = 20
_SHORT = 60


def login(message: Login, device: DeviceId | None, at: datetime) -> Event:
    company = printable(message.get("CompanyName") or "", _SHORT)
    return Event(
        "mitmeter.alphaess.login",
        at,
        f"the battery logged in, company {company!r}",
        device=device,
        fields={"company": company},
    )


def log_entries(text: str) -> list[str]:
    """Return an event log's entries as sent, `yy/mm/dd HH:MM:SS code`, newest first [O]."""
    entries = (entry.strip() for entry in text.split(";"))
    return [entry for entry in entries if entry][:_MOST_ENTRIES]


def log_entry(entry: str, device: DeviceId | None, at: datetime) -> Event:
    """Return what one entry of the event log says; its time is the battery's own."""
    when, _, code = entry.rpartition(" ")
    told = parse_time(f"20{when}")
    if told is None or not (code.isascii() and code.isdigit() and len(code) <= 9):
        return _notice(
            "log.unreadable", at, f"event log entry {printable(entry, _SHORT)!r}", device
        )
    meaning = EVENT_CODES.get(int(code), "")
    words = f": {meaning}" if meaning else ""
    return Event(
        "mitmeter.alphaess.log",
        at,
        f"battery event {int(code)} at {told}{words}",
        device=device,
        fields={"code": int(code), "device_time": told.isoformat(), "meaning": meaning},
    )


def notice(message: Notice, device: DeviceId | None, at: datetime) -> Event:
    """Return what a notice other than the event log says, without the MAC it ends in [O]."""
    kind = printable(message.get("MsgType") or "", _SHORT)
    content, _, _ = (message.get("MsgContent") or "").partition("MAC")
    text = printable(content, 120).rstrip("!")
    if kind == "Socket":
        return _notice("socket", at, f"the battery says: {text}", device)
    if kind != "System" or "restart" not in text:
        return _notice("notice", at, f"notice {kind!r}: {text}", device)
    _, _, digits = text.partition("reason:")
    reason = tuple(int(each) for each in digits.split() if each.isdigit() and len(each) <= 9)
    return Event(
        "mitmeter.alphaess.restart",
        at,
        f"the battery restarted, reason {' '.join(map(str, reason)) or 'not told'}",
        Severity.NOTICE,
        device,
        {"reason": reason},
    )


def server_command(message: ServerCommand, device: DeviceId | None, at: datetime) -> Event:
    name = printable(message.get("Command") or "", _SHORT)
    fields, words = _index(message.members)
    fields["command"] = name
    for key in ("Parameter1", "Parameter2"):
        if (value := message.get(key)) is not None:
            fields[key.lower()] = printable(value, _SHORT)
    if name == "Resume":
        words += f", rows since {fields.get('parameter1')}, {fields.get('parameter2')} missing"
    severity = Severity.INFO if name in _HARMLESS else Severity.NOTICE
    return Event(
        "mitmeter.alphaess.command",
        at,
        f"server command {name}{words}",
        Severity.WARNING if name == _FIRMWARE else severity,
        device,
        fields,
    )


def acknowledgement(message: Acknowledgement, device: DeviceId | None, at: datetime) -> Event:
    name = printable(message.get("Command") or "", _SHORT)
    status = printable(message.get("Status") or "", _SHORT)
    fields, words = _index(message.members)
    return Event(
        "mitmeter.alphaess.acknowledged",
        at,
        f"the battery answered {name} with {status or 'no status'}{words}",
        Severity.INFO if status == "Success" else Severity.WARNING,
        device,
        {**fields, "command": name, "status": status},
    )


def refusal(message: Reply, device: DeviceId | None, at: datetime) -> Event:
    """Return the event of a reply that is not a success."""
    status = printable(message.get("Status") or "", _SHORT)
    return Event(
        "mitmeter.alphaess.refused",
        at,
        f"the server answered command {message.command} with {status or 'no status'}",
        Severity.WARNING,
        device,
        {"command_number": message.command, "status": status},
    )


def unknown(sender: Side, message: Other, device: DeviceId | None, at: datetime) -> Event:
    problem = printable(message.problem)
    fields: dict[str, Field] = {
        "sender": sender.value,
        "type_number": message.type,
        "command_number": message.command,
        "size": len(message.payload),
        "problem": problem,
    }
    if message.command not in _PRIVATE_COMMANDS:
        fields["payload_hex"] = message.payload[:_MOST_HEX].hex()
    return Event(
        "mitmeter.alphaess.unknown",
        at,
        f"message ({message.type}, {message.command}) from the {sender}: {problem}",
        Severity.WARNING,
        device,
        fields,
    )


def configuration(
    sender: Side, old: Members | None, new: Members, device: DeviceId | None, at: datetime
) -> Event:
    """Return that a configuration was told, and what changed since the last one of this sender."""
    who = "battery" if sender is Side.DEVICE else "server"
    what = "configuration" if sender is Side.DEVICE else "server_configuration"
    if old is None:
        text = f"the {who} told its configuration, {len(new)} members"
        return _notice(what, at, text, device, {"members": len(new)})
    changes = _changes(old, new)
    return Event(
        f"mitmeter.alphaess.{what}.changed",
        at,
        printable(f"the {who}'s configuration changed: {', '.join(changes.values())}", 1000),
        Severity.NOTICE,
        device,
        {"changed": tuple(changes)},
    )


def warning(
    what: str,
    text: str,
    device: DeviceId | None,
    at: datetime,
    fields: Mapping[str, Field] | None = None,
) -> Event:
    """Return a warning about a message that could not be read whole."""
    return Event(f"mitmeter.alphaess.{what}", at, text, Severity.WARNING, device, fields or {})


def _notice(
    what: str,
    at: datetime,
    text: str,
    device: DeviceId | None,
    fields: Mapping[str, Field] | None = None,
) -> Event:
    return Event(f"mitmeter.alphaess.{what}", at, text, device=device, fields=fields or {})


def _index(members: Members) -> tuple[dict[str, Field], str]:
    """Return CmdIndex and the time of day it stands for, as fields and in words."""
    value = next((as_text(value) for name, value in members if name == "CmdIndex"), None)
    if value is None:
        return {}, ""
    shown, clock = printable(value, _SHORT), decode_cmd_index(value)
    if clock is None:
        return {"cmd_index": shown}, f", CmdIndex {shown}"
    return {"cmd_index": shown, "server_clock": clock}, f", CmdIndex {shown} ({clock} UTC)"


def _changes(old: Members, new: Members) -> dict[str, str]:
    """Return the changed members' names with the change in words, private values hidden."""
    before, after = dict(old), dict(new)
    found: dict[str, str] = {}
    for name in {**before, **after}:
        if before.get(name) == after.get(name) and (name in before) == (name in after):
            continue
        shown = printable(name, _SHORT)
        if len(found) == _MOST_CHANGES:
            found["…"] = "and more"
            break
        if name in PRIVATE_FIELDS:
            found[shown] = shown
        else:
            old_text = printable(as_text(before.get(name, "absent")), _SHORT)
            new_text = printable(as_text(after.get(name, "absent")), _SHORT)
            found[shown] = f"{shown} {old_text or 'empty'} to {new_text or 'empty'}"
    return found

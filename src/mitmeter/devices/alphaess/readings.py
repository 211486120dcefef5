"""Messages → readings, events and facts, for one conversation.

Frames that name no serial number (notices, answers, server commands) belong to the battery that the
conversation has named before. The clock's skew is measured from live status only: telemetry and
history are sent some time after they were measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mitmeter.devices.alphaess import happenings
from mitmeter.devices.alphaess.identity import PROTOCOL, serial_of
from mitmeter.devices.alphaess.jsontext import json_text
from mitmeter.devices.alphaess.measured import Row, Undescribed
from mitmeter.devices.alphaess.messages import (
    Acknowledgement,
    ConfigReply,
    ConfigReport,
    ConfigRequest,
    History,
    Json,
    Login,
    Members,
    Message,
    Notice,
    Other,
    Reply,
    ServerCommand,
    Status,
    Telemetry,
)
from mitmeter.devices.alphaess.registers import parse_time
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import DeviceId, Event, Fact, Field, Reading, Side, printable

Said = Reading | Event | Fact

_FIRMWARE = (("EMSVersion", "EMS"), ("BMSVersion", "BMS"), ("InvVersion", "inverter"))
_MODEL = (("Minv", ""), ("Mbat", ""))


class AlphaEssProjection:
    """The projection of one conversation; it remembers whose it is and the last configurations."""

    __slots__ = ("_device", "_logged", "_report", "_serial", "_server", "_undescribed")

    def __init__(self) -> None:
        self._device: DeviceId | None = None
        self._serial = ""
        self._logged: frozenset[str] = frozenset()
        self._report: Members | None = None
        self._server: Members | None = None
        self._undescribed = Undescribed()

    def project(self, sender: Side, message: Message, at: datetime) -> list[Said]:
        said: list[Said] = []
        if isinstance(message, Status):
            self._row(message.members, message.get("Time"), True, at, said)
        elif isinstance(message, Reply):
            if message.get("Status") != "Success":
                said.append(happenings.refusal(message, self._device, at))
        elif isinstance(message, Telemetry):
            self._row(message.members, message.get("Time"), False, at, said)
        elif isinstance(message, History):
            self._rows(message, at, said)
        else:
            self._happening(sender, message, at, said)
        return said

    # who

    def _bind(self, serial: str | None, at: datetime, said: list[Said]) -> DeviceId | None:
        """Return the device of that serial number and make it the conversation's."""
        if serial == self._serial and self._device is not None:
            return self._device
        if serial is None:
            said.append(happenings.warning("serial.missing", "a message without SN", None, at))
            return None
        try:
            device = DeviceId(PROTOCOL, serial)
        except RemoteProtocolError as exc:
            said.append(happenings.warning("serial.implausible", str(exc), None, at))
            return None
        if self._device is not None:
            text = f"the serial number changed from {self._serial} to {serial} on one connection"
            said.append(happenings.warning("serial.changed", text, device, at))
            self._report = self._server = None
        self._device, self._serial = device, serial
        said.append(Fact(device, "serial", serial))
        return device

    # what was measured

    def _row(
        self, members: Members, time: str | None, live: bool, at: datetime, said: list[Said]
    ) -> None:
        serial = self._serial
        # Real frames begin with Time and SN; any order will do.
        if len(members) < 2 or members[1] != ("SN", serial) or self._device is None:
            serial_member = next((value for name, value in members if name == "SN"), None)
            device = self._bind(serial_member if isinstance(serial_member, str) else None, at, said)
        else:
            device = self._device
        if device is None:
            return
        reported = parse_time(time) if time is not None else None
        if reported is None:
            said.append(_bad_time(time, device, at))
        self._read(Row(device, at, reported, live, self._undescribed), members, at, said)

    def _rows(self, message: History, at: datetime, said: list[Said]) -> None:
        columns = message.columns
        place = {name: index for index, name in reversed(list(enumerate(columns)))}
        serial, date, time = place.get("SN"), place.get("Date"), place.get("Time")
        for row in message.rows:
            if len(row) != len(columns) or serial is None:
                said.append(_odd_row(len(row), len(columns), self._device, at))
                continue
            device = self._bind(row[serial], at, said)
            if device is None:
                continue
            told = " ".join(row[index] for index in (date, time) if index is not None)
            reported = parse_time(told)
            if reported is None:
                # Out of memory and of unknown age: as a reading it would be a lie about now.
                said.append(_bad_time(told, device, at))
                continue
            fields = zip(columns, row, strict=True)
            self._read(Row(device, at, reported, False, self._undescribed), fields, at, said)

    def _read(
        self, row: Row, fields: Iterable[tuple[str, Json]], at: datetime, said: list[Said]
    ) -> None:
        row.read(fields)
        said += row.found
        if row.odd:
            names = tuple(printable(name, 64) for name in row.odd[:32])
            text = f"fields that could not be read: {', '.join(names)}"
            more: dict[str, Field] = {"names": names, "count": len(row.odd)}
            said.append(happenings.warning("fields.odd", text, self._device, at, more))

    # what happened

    def _happening(self, sender: Side, message: Message, at: datetime, said: list[Said]) -> None:
        if isinstance(message, Login | ConfigRequest | ConfigReport):
            self._bind(serial_of(message), at, said)
        if isinstance(message, Notice) and message.get("MsgType") == "EventLog":
            self._log(message, at, said)
        elif isinstance(message, ConfigReport):
            self._report = self._configuration(sender, self._report, message.members, at, said)
        elif isinstance(message, ConfigReply):
            self._config_reply(sender, message, at, said)
        elif isinstance(message, Other):
            said.append(happenings.unknown(sender, message, self._device, at))
        elif isinstance(message, Login):
            said.append(happenings.login(message, self._device, at))
        elif isinstance(message, Notice):
            said.append(happenings.notice(message, self._device, at))
        elif isinstance(message, ServerCommand):
            said.append(happenings.server_command(message, self._device, at))
        elif isinstance(message, Acknowledgement):
            said.append(happenings.acknowledgement(message, self._device, at))

    def _log(self, message: Notice, at: datetime, said: list[Said]) -> None:
        """Tell the entries that the last log of this conversation did not have, oldest first."""
        entries = happenings.log_entries(message.get("MsgContent") or "")
        for entry in reversed(entries):
            if entry not in self._logged:
                said.append(happenings.log_entry(entry, self._device, at))
        self._logged = frozenset(entries)

    # what is known

    def _config_reply(
        self, sender: Side, message: ConfigReply, at: datetime, said: list[Said]
    ) -> None:
        members = message.members
        if any(name not in ("Status", "SN") for name, _ in members):
            if self._device is None:
                self._bind(message.get("SN"), at, said)
            self._server = self._configuration(sender, self._server, members, at, said)
        elif message.get("Status") != "Success":
            reply = Reply(members, 3)
            said.append(happenings.refusal(reply, self._device, at))

    def _configuration(
        self, sender: Side, old: Members | None, new: Members, at: datetime, said: list[Said]
    ) -> Members:
        """Tell a configuration and what is new in it; return it, to compare the next one with."""
        if old == new:
            return new
        said.append(happenings.configuration(sender, old, new, self._device, at))
        if self._device is not None:
            ours = sender is Side.DEVICE
            name = "configuration" if ours else "server_configuration"
            said.append(Fact(self._device, name, json_text(new), private=True))
            for fact, parts in (("firmware", _FIRMWARE), ("model", _MODEL)):
                if text := _joined(new, parts):
                    said.append(Fact(self._device, fact, text))
        return new


def _joined(members: Members, parts: Iterable[tuple[str, str]]) -> str:
    """Return the members' texts, each behind its word, as `EMS V1.01.05, BMS V1.04`."""
    values = dict(reversed(members))
    told = (
        (word, printable(value, 64))
        for name, word in parts
        if isinstance(value := values.get(name), str) and value
    )
    return ", ".join(f"{word} {value}".strip() for word, value in told)


def _bad_time(time: str | None, device: DeviceId, at: datetime) -> Event:
    shown = "none" if time is None else printable(time, 40)
    text = f"device time is {shown}, expected a real moment as yyyy/MM/dd HH:mm:ss"
    return happenings.warning("time.odd", text, device, at, {"device_time": shown})


def _odd_row(size: int, columns: int, device: DeviceId | None, at: datetime) -> Event:
    text = f"history row of {size} values under {columns} columns"
    return happenings.warning("row.odd", text, device, at, {"size": size, "columns": columns})

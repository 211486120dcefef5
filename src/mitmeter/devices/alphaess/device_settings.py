"""The configuration an emulated battery holds: its persona's, changed by the server, reported."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mitmeter.devices.alphaess.configuration import number, written_like
from mitmeter.devices.alphaess.messages import Json, Members, as_text
from mitmeter.devices.alphaess.registers import (
    CONFIG_REPLY_FIELDS,
    CONFIG_REPORT_CAPITALISED,
    CONFIG_REPORT_FIELDS,
    CONFIG_REPORT_LOWER,
)
from mitmeter.protocol import BatterySchedule

_NEVER_TAKEN = frozenset({"Status", "SN"})
_DOCUMENTED = frozenset(CONFIG_REPLY_FIELDS) | frozenset(CONFIG_REPORT_FIELDS)
_WINDOWS = (("TimeChaF1", "TimeChaE1"), ("TimeChaF2", "TimeChaE2"))
_TRUE = ("true", "1")


class Settings:
    """All members by name, as the battery writes them.

    What the persona leaves out is `0`, or the limits a house goes by that was told nothing.
    """

    def __init__(self, serial: str, persona: Mapping[str, str]) -> None:
        self._values: dict[str, Json] = dict.fromkeys(CONFIG_REPORT_FIELDS, "0")
        for name in CONFIG_REPORT_FIELDS:
            if name in CONFIG_REPORT_CAPITALISED | CONFIG_REPORT_LOWER:
                self._values[name] = _as_reported(name, "0", False)
        usual = BatterySchedule()
        self._values["BatHighCap"] = str(usual.stop_charging_percent)
        self._values["BatUseCap"] = str(usual.reserve_percent)
        self._values.update(persona)
        self._values["SN"] = serial

    def report(self) -> Members:
        """Return the 133 documented members, then those only a newer server knows of."""
        return (
            *((name, self._values[name]) for name in CONFIG_REPORT_FIELDS),
            *((name, value) for name, value in self._values.items() if name not in _DOCUMENTED),
        )

    def take(self, members: Members) -> None:
        """Take a server's configuration: every member but Status and SN, in the battery's form.

        Numbers keep the decimals the battery writes them with; unknown members stay as they came.
        """
        for name, value in members:
            if name in _NEVER_TAKEN:
                continue
            if name in _DOCUMENTED:
                self._values[name] = _as_reported(name, self._values.get(name, ""), value)
            else:
                self._values[name] = value

    def schedule(self) -> BatterySchedule:
        """Return what the members ask of the battery.

        Acted on: GridCharge with TimeChaF1-2/E1-2 (equal hours mean never), BatHighCap, BatUseCap.
        Kept and reported only: discharge windows (CtrDis) and the weekend's own members.
        """
        windows: list[tuple[int, int]] = []
        if self._text("GridCharge").casefold() in _TRUE:
            for first, last in _WINDOWS:
                start, end = self._hour(first), self._hour(last)
                if start is not None and end is not None and start != end:
                    windows.append((start, end))
        return BatterySchedule(
            charge_windows=tuple(windows),
            stop_charging_percent=self._percent("BatHighCap", Decimal(100)),
            reserve_percent=self._percent("BatUseCap", Decimal(10)),
        )

    def _text(self, name: str) -> str:
        return as_text(self._values.get(name, ""))

    def _hour(self, name: str) -> int | None:
        found = number(self._text(name))
        return int(found) if found is not None and 0 <= found <= 24 else None

    def _percent(self, name: str, default: Decimal) -> Decimal:
        found = number(self._text(name))
        return found if found is not None and 0 <= found <= 100 else default


def _as_reported(name: str, held: Json, value: Json) -> Json:
    """Return a member as the battery writes it: its own spelling of truth, its own decimals."""
    text = as_text(value)
    if text.casefold() in ("true", "false"):
        truth = text.casefold() == "true"
        if name in CONFIG_REPORT_CAPITALISED:
            return str(truth)
        if name in CONFIG_REPORT_LOWER:
            return str(truth).lower()
        return "1" if truth else "0"
    return written_like(held, text)

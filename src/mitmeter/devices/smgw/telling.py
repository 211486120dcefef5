"""Values of meters → readings, facts and events, remembering what was told in this conversation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from mitmeter.devices.smgw import happenings, identity
from mitmeter.devices.smgw.metered import Contract, Gateway, Value
from mitmeter.devices.smgw.obis import is_instant, named
from mitmeter.devices.smgw.status import Ptb
from mitmeter.model import DeviceId, Event, Fact, Reading, printable

Said = Reading | Event | Fact

MOST_METERS = 64
_MOST_TEXT = 256
_MOST_CONTRACTS = 16
# A value of this moment was measured at most this long before it was sent.
_LIVE = timedelta(seconds=60)
# What is measured later than it is received was measured by a wrong clock.
_AHEAD = timedelta(minutes=2)
STATUS = "vendor.smgw.status"
HISTORY_SINCE = "history.since"
HISTORY_UNTIL = "history.until"


class Teller:
    """Tells of all meters of one conversation."""

    def __init__(self) -> None:
        self._facts: dict[tuple[DeviceId, str], str] = {}
        self._classes: dict[DeviceId, Ptb] = {}
        self._meters: dict[str, DeviceId] = {}
        self._gateway: dict[str, str] = {}
        self._contracts: dict[DeviceId, dict[str, str]] = {}
        self._once: dict[str, int] = {}

    def count(self, name: str) -> int:
        """Count a happening; return the count where it is to be told: the first, every doubling."""
        number = self._once[name] = self._once.get(name, 0) + 1
        return 0 if number & (number - 1) else number

    # values

    def values(
        self, found: Iterable[Value], at: datetime, said: list[Said], *, current: bool
    ) -> None:
        """Tell values as readings; what the gateway marks as unusable becomes an event.

        current: they are the newest there are, not rows of history.
        """
        by_meter: dict[str, list[Value]] = {}
        for value in found:
            by_meter.setdefault(value.meter, []).append(value)
        for meter, values in by_meter.items():
            device = self.meet(meter, at, said)
            if device is not None:
                self._of_one(device, values, at, said, current=current)

    def _of_one(
        self,
        device: DeviceId,
        values: list[Value],
        at: datetime,
        said: list[Said],
        *,
        current: bool,
    ) -> None:
        values.sort(key=lambda each: each.at)
        live = current and any(is_instant(each.code) for each in values)
        unusable: list[Value] = []
        for value in values:
            self._class(device, value, at, said)
            if not value.ptb.usable:
                unusable.append(value)
                continue
            what = named(value.code, value.number, value.unit)
            if what is not None:
                fresh = live and abs(at - value.at) <= _LIVE
                said.append(_reading(device, what.quantity, what.value, value.at, at, fresh))
        if unusable:
            said.append(happenings.unusable(unusable, device, at))
        newest = values[-1].at
        if current and at - newest > happenings.STALE and self.count(f"stale {device}") == 1:
            said.append(happenings.stale(newest, device, at))

    def _class(self, device: DeviceId, value: Value, at: datetime, said: list[Said]) -> None:
        """Tell the class of validity when it changes."""
        if self._classes.get(device) is value.ptb:
            return
        self._classes[device] = value.ptb
        said.append(_reading(device, STATUS, value.ptb.word, value.at, at, False))

    # who

    def meet(self, meter: str, at: datetime, said: list[Said]) -> DeviceId | None:
        """Return a meter's device, with what is known of its gateway; None for one too many."""
        device = self._meters.get(meter)
        if device is None:
            if len(self._meters) >= MOST_METERS:
                if self.count("crowd") == 1:
                    said.append(happenings.crowd(MOST_METERS, at))
                return None
            device = self._meters[meter] = identity.meter(meter)
            for name, value in self._gateway.items():
                self.fact(device, name, value, said)
        return device

    def any_meter(self) -> DeviceId | None:
        return next(iter(self._meters.values()), None)

    def gateway(self, found: Gateway, at: datetime, said: list[Said]) -> None:
        """Tell who the gateway is, of every meter behind it; and of a clock that is wrong."""
        for name, value in (
            ("gateway", found.id),
            ("firmware", found.firmware),
            ("gateway.state", found.state),
        ):
            if value:
                self._gateway[name] = value
                for device in self._meters.values():
                    self.fact(device, name, value, said)
        if found.state not in ("", "ok") and self.count(f"state {found.state}") == 1:
            said.append(happenings.gateway_state(found.state, self.any_meter(), at))
        clock = found.clock
        if clock is not None and abs(clock - at) > happenings.CLOCK_OFF:
            # Summer or winter cannot be told from a time without a zone in the hour between.
            whole_hour = abs(abs(clock - at) - timedelta(hours=1)) <= happenings.CLOCK_OFF
            if not whole_hour and self.count("clock") == 1:
                said.append(happenings.clock_off(clock, self.any_meter(), at))

    def contract(self, found: Contract, at: datetime, said: list[Said]) -> None:
        """Tell the contracts of a meter that are in force. Whose they are is personal."""
        if not found.running:
            return
        for meter in found.meters:
            device = self.meet(meter, at, said)
            if device is None:
                continue
            known = self._contracts.setdefault(device, {})
            if len(known) < _MOST_CONTRACTS:
                kind = f"TAF-{found.taf} " if found.taf else ""
                known[found.id] = f"{kind}{found.name or found.id}"
            self.fact(device, "contracts", "; ".join(known.values()), said, private=True)
            self.fact(device, "metering.point", found.metering_point, said, private=True)

    def history(
        self, meter: str, after: datetime | None, until: datetime, at: datetime, said: list[Said]
    ) -> None:
        """Tell from when to when history was asked for and answered."""
        device = self.meet(meter, at, said)
        if device is None:
            return
        if after is not None and (device, HISTORY_SINCE) not in self._facts:
            self.fact(device, HISTORY_SINCE, _plain(after), said)
        self.fact(device, HISTORY_UNTIL, _plain(until), said)

    def fact(
        self, device: DeviceId, name: str, value: str, said: list[Said], *, private: bool = False
    ) -> None:
        """Tell a fact where it is new."""
        shown = printable(value, _MOST_TEXT)
        if shown and self._facts.get((device, name)) != shown:
            self._facts[device, name] = shown
            hidden = private or name == "gateway"
            said.append(Fact(device, name, shown, hidden))


def _reading(
    device: DeviceId,
    quantity: str,
    value: Decimal | str,
    measured: datetime,
    at: datetime,
    live: bool,
) -> Reading:
    """Return one reading. A gateway's times are official, so none but a live value's, which may
    be the sign of a wrong clock, are left to be corrected.
    """
    known = None if live or measured > at + _AHEAD else measured
    return Reading(
        device=device,
        quantity=quantity,
        value=value,
        received=at,
        reported=measured,
        live=live,
        at=known,
    )


def _plain(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"

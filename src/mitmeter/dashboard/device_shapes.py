"""A device as it is answered, and how the store's knowledge of it becomes that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from mitmeter.dashboard.answer import Instant, Shape, number, value_of
from mitmeter.dashboard.backend import Backend
from mitmeter.dashboard.conversations import conversation_named
from mitmeter.dashboard.silence import silence
from mitmeter.model import DeviceId, Origin, Reading
from mitmeter.store import KnownDevice, Series, Store


class AnyDevice(Shape):
    """One device. control: it knows commands, and they are allowed where it is."""

    device: str
    protocol: str
    title: str
    model: str | None
    firmware: str | None
    station: str | None
    first_seen: Instant
    last_seen: Instant
    expected_seconds: float | None
    silent_seconds: float
    stale: bool
    clock_skew_seconds: float | None
    rssi_dbm: float | None
    simulated: bool
    control: bool
    readings: int
    facts: dict[str, str]


class DeviceShape(AnyDevice):
    """One device in a list. commands: it knows some."""

    commands: bool


class DevicesShape(Shape):
    """Every device that was ever heard."""

    items: list[DeviceShape]
    next: str | None = None


class SeriesShape(Shape):
    """One quantity of a device. value: the newest, as a number or a state's text."""

    quantity: str
    unit: str
    kind: str
    description: str
    readings: int
    first: Instant
    last: Instant
    value: float | str | None


class CommandShape(Shape):
    """One command: how to write its arguments, and what it does."""

    name: str
    arguments: str
    summary: str


class WholeDevice(AnyDevice):
    """A device with everything it measures and can be told."""

    series: list[SeriesShape]
    stations: list[str]
    commands: list[CommandShape]


def device_shapes(store: Store, backend: Backend) -> list[DeviceShape]:
    """Return every device."""
    series, latest = _by_device(store.series()), _newest(store.latest())
    now = backend.now()
    return [
        shape_of(store, backend, each, series.get(each.device, []), latest, now)
        for each in store.devices()
    ]


def shape_of(
    store: Store,
    backend: Backend,
    known: KnownDevice,
    series: Sequence[Series],
    latest: Mapping[tuple[DeviceId, str], Reading],
    now: datetime,
) -> DeviceShape:
    device, facts = known.device, dict(known.facts)
    speaks = backend.speaks(device.protocol)
    stands = silence(store, device, known.last_seen, series, now)
    rssi = latest.get((device, "radio.rssi"))
    mine = [each for (owner, _), each in latest.items() if owner == device]
    commands = bool(speaks and speaks.commands)
    return DeviceShape(
        device=str(device),
        protocol=device.protocol,
        title=speaks.title if speaks else device.protocol,
        model=_fact(facts, "model"),
        firmware=_fact(facts, "firmware"),
        station=station_of(store, mine),
        first_seen=known.first_seen,
        last_seen=known.last_seen,
        expected_seconds=stands.expected_seconds,
        silent_seconds=stands.silent_seconds,
        stale=stands.stale,
        clock_skew_seconds=number(known.skew),
        rssi_dbm=_float(rssi),
        simulated=any(each.origin is Origin.SYNTHETIC for each in mine),
        commands=commands,
        control=commands and backend.may_control(device),
        readings=known.readings,
        facts=facts,
    )


def series_shapes(
    series: Iterable[Series], latest: Mapping[tuple[DeviceId, str], Reading]
) -> list[SeriesShape]:
    """Return the quantities of a device with their newest values."""
    return [
        SeriesShape(
            quantity=each.quantity.name,
            unit=each.quantity.unit,
            kind=str(each.quantity.kind),
            description=each.quantity.description,
            readings=each.readings,
            first=each.first_at,
            last=each.latest_at,
            value=None if newest is None else value_of(newest.value),
        )
        for each in series
        for newest in [latest.get((each.device, each.quantity.name))]
    ]


def station_of(store: Store, readings: Sequence[Reading]) -> str | None:
    """Return the station that the newest of some readings came by."""
    newest = max(readings, key=lambda each: each.received, default=None)
    if newest is None or not newest.source:
        return None
    found = conversation_named(store, newest.source.rpartition("/")[0])
    return None if found is None else found.conversation.station


def _fact(facts: Mapping[str, str], name: str) -> str | None:
    """Return the fact of that name, or the first whose name begins so."""
    if name in facts:
        return facts[name]
    return next((value for key, value in facts.items() if key.startswith(name)), None)


def _float(reading: Reading | None) -> float | None:
    if reading is None or isinstance(reading.value, str):
        return None
    return number(reading.value)


def _by_device(series: Iterable[Series]) -> dict[DeviceId, list[Series]]:
    found: dict[DeviceId, list[Series]] = {}
    for each in series:
        found.setdefault(each.device, []).append(each)
    return found


def _newest(latest: Iterable[Reading]) -> dict[tuple[DeviceId, str], Reading]:
    return {(each.device, each.quantity): each for each in latest}

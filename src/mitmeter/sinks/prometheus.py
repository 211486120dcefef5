"""The store as Prometheus sees it: OpenMetrics text, in base units, with few labels.

A device is called by its protocol and the order in which it was first heard, `glow-1`; its serial
number stands in one `_info` metric only, which queries can join. Gauges of a device that has gone
quiet are left out after a while, for Prometheus would draw them on for ever; counters stay.

Source: the OpenMetrics 1.0 text format and Prometheus' naming practice: base units, `_total`,
the unit as the name's ending [O].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from mitmeter.model import DeviceId, Kind, Reading, quantity
from mitmeter.sinks.status import SinkStatus
from mitmeter.store import KnownDevice, Store

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_MOST_DEVICES = 1000


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: name (of a counter without `_total`), unit (the name's ending or ""), factor."""

    name: str
    kind: str
    help: str
    unit: str = ""
    factor: Decimal = Decimal(1)


_JOULES_PER_KWH = Decimal(3_600_000)

# unit of the catalogue → family; the quantity is a label
_BY_UNIT = {
    "W": Family("mitmeter_power_watts", "gauge", "Active power.", "watts"),
    "VA": Family("mitmeter_apparent_power_voltamperes", "gauge", "Apparent power.", "voltamperes"),
    "kWh": Family(
        "mitmeter_energy_joules", "counter", "Energy register.", "joules", _JOULES_PER_KWH
    ),
    "V": Family("mitmeter_voltage_volts", "gauge", "Voltage.", "volts"),
    "A": Family("mitmeter_current_amperes", "gauge", "Current.", "amperes"),
    "Hz": Family("mitmeter_frequency_hertz", "gauge", "Frequency.", "hertz"),
    "°C": Family("mitmeter_temperature_celsius", "gauge", "Temperature.", "celsius"),
    "%": Family("mitmeter_charge_ratio", "gauge", "A share, 0 to 1.", "ratio", Decimal("0.01")),
    "m³": Family("mitmeter_gas_cubic_meters", "counter", "Volume register.", "cubic_meters"),
    "currency/kWh": Family("mitmeter_price_per_kilowatt_hour", "gauge", "Price of energy."),
    "currency/day": Family("mitmeter_price_per_day", "gauge", "Standing charge."),
    "dBm": Family("mitmeter_radio_signal_dbm", "gauge", "Strength of a radio signal.", "dbm"),
    "s": Family("mitmeter_clock_skew_seconds", "gauge", "Device clock minus true.", "seconds"),
}
_LINK_QUALITY = Family("mitmeter_radio_link_quality", "gauge", "Link quality indicator.")


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the daemon itself is, from who runs it.

    messages:       (station, result) → how many, since the daemon started; results are few words
                    such as `decoded` and `undecodable`.
    conversations:  station → how many are open.
    """

    version: str = ""
    journal_bytes: int = 0
    store_bytes: int = 0
    faults: int = 0
    messages: Mapping[tuple[str, str], int] = field(default_factory=dict)
    conversations: Mapping[str, int] = field(default_factory=dict)


def metrics_text(
    store: Store,
    now: datetime,
    *,
    sinks: Sequence[SinkStatus] = (),
    vitals: Vitals | None = None,
    fresh: timedelta = timedelta(minutes=15),
) -> str:
    """Return the exposition, `# EOF` and all; serve it as CONTENT_TYPE. Reads the store: a thread's
    work.

    fresh: how old the newest value of a gauge may be. Raises StoreError.
    """
    known, latest = store.devices(), store.latest()
    labels = short_labels(known)
    lines = [
        *_readings(latest, labels, now - fresh),
        *_devices(known, labels),
        *_sinks(sinks),
        *_vitals(vitals or Vitals()),
        "# EOF",
    ]
    return "\n".join(lines) + "\n"


def short_labels(known: Iterable[KnownDevice]) -> dict[DeviceId, str]:
    """Return a short name of each device: `glow-1` is the glow heard first.

    The thousand that were heard first; more would be no label but an identity.
    """
    counts: dict[str, int] = {}
    labels: dict[DeviceId, str] = {}
    for each in sorted(known, key=lambda each: (each.first_seen, each.device)):
        protocol = each.device.protocol
        counts[protocol] = counts.get(protocol, 0) + 1
        if len(labels) < _MOST_DEVICES:
            labels[each.device] = f"{protocol}-{counts[protocol]}"
    return labels


def _family(name: str) -> Family | None:
    """Return where a quantity belongs; None for text, and for vendors' fields without a unit."""
    if name == "radio.lqi":
        return _LINK_QUALITY
    known = quantity(name)
    family = _BY_UNIT.get(known.unit)
    if family is None or known.kind is Kind.STATE:
        return None
    # Of a counter's unit and yet a gauge, such as an energy of this day: no family for it.
    return family if (family.kind == "counter") == (known.kind is Kind.COUNTER) else None


def _readings(
    latest: Sequence[Reading], labels: Mapping[DeviceId, str], oldest: datetime
) -> list[str]:
    samples: dict[Family, list[str]] = {}
    newest: dict[str, datetime] = {}
    for reading in latest:
        label = labels.get(reading.device)
        at = reading.at or reading.received
        if label is None:
            continue
        newest[label] = max(at, newest.get(label, at))
        family = _family(reading.quantity)
        value = reading.value
        if family is None or isinstance(value, str) or not value.is_finite():
            continue
        if family.kind == "gauge" and at < oldest:
            continue
        if family.kind == "counter" and value < 0:
            continue
        name = family.name + ("_total" if family.kind == "counter" else "")
        sample = _sample(name, value * family.factor, device=label, quantity=reading.quantity)
        samples.setdefault(family, []).append(sample)
    lines = [line for family, found in samples.items() for line in (*_head(family), *found)]
    when = Family(
        "mitmeter_reading_timestamp_seconds", "gauge", "Time of the newest reading.", "seconds"
    )
    return [
        *lines,
        *_head(when),
        *(_sample(when.name, _seconds(at), device=label) for label, at in sorted(newest.items())),
    ]


def _devices(known: Sequence[KnownDevice], labels: Mapping[DeviceId, str]) -> list[str]:
    about = Family("mitmeter_device", "info", "Which device a label means.")
    count = Family("mitmeter_readings", "counter", "Readings in the store.")
    here = [each for each in known if each.device in labels]
    return [
        *_head(about),
        *(
            _sample(
                "mitmeter_device_info",
                1,
                device=labels[each.device],
                protocol=each.device.protocol,
                serial=each.device.serial,
                model=each.facts.get("model", ""),
                firmware=each.facts.get("firmware", ""),
            )
            for each in here
        ),
        *_head(count),
        *(
            _sample("mitmeter_readings_total", each.readings, device=labels[each.device])
            for each in here
        ),
    ]


def _sinks(sinks: Sequence[SinkStatus]) -> list[str]:
    columns = (
        (Family("mitmeter_sink_up", "gauge", "1 when it delivers."), "", _is_up),
        (Family("mitmeter_sink_behind_rows", "gauge", "Rows to be sent."), "", _behind),
        (
            Family(
                "mitmeter_sink_lag_seconds", "gauge", "How long the oldest row waits.", "seconds"
            ),
            "",
            _waiting,
        ),
        (Family("mitmeter_sink_rows", "counter", "Rows sent."), "_total", _sent),
        (Family("mitmeter_sink_refused_rows", "counter", "Rows refused."), "_total", _refused),
        (Family("mitmeter_sink_dead_rows", "gauge", "Refused rows that are kept."), "", _dead),
    )
    if not sinks:
        return []
    return [
        line
        for family, ending, value in columns
        for line in (
            *_head(family),
            *(_sample(family.name + ending, value(each), sink=each.name) for each in sinks),
        )
    ]


def _is_up(sink: SinkStatus) -> int:
    return int(sink.state in ("live", "catching up"))


def _behind(sink: SinkStatus) -> int:
    return sink.behind


def _waiting(sink: SinkStatus) -> float:
    return max(0.0, sink.waiting)


def _sent(sink: SinkStatus) -> int:
    return sink.sent


def _refused(sink: SinkStatus) -> int:
    return sink.refused


def _dead(sink: SinkStatus) -> int:
    return sink.dead


def _vitals(vitals: Vitals) -> list[str]:
    lines: list[str] = []
    if vitals.version:
        build = Family("mitmeter_build", "info", "Which mitmeter this is.")
        lines += [*_head(build), _sample("mitmeter_build_info", 1, version=vitals.version)]
    for name, text, size in (
        ("mitmeter_journal_bytes", "Size of the journal.", vitals.journal_bytes),
        ("mitmeter_store_bytes", "Size of the store.", vitals.store_bytes),
    ):
        lines += [*_head(Family(name, "gauge", text, "bytes")), _sample(name, size)]
    faults = Family("mitmeter_faults", "counter", "Errors of our own.")
    lines += [*_head(faults), _sample("mitmeter_faults_total", vitals.faults)]
    if vitals.messages:
        lines += _head(Family("mitmeter_messages", "counter", "Messages by decode result."))
        lines += (
            _sample("mitmeter_messages_total", count, station=station, result=result)
            for (station, result), count in sorted(vitals.messages.items())
        )
    if vitals.conversations:
        lines += _head(Family("mitmeter_conversations", "gauge", "Open conversations."))
        lines += (
            _sample("mitmeter_conversations", count, station=station)
            for station, count in sorted(vitals.conversations.items())
        )
    return lines


def _head(family: Family) -> list[str]:
    lines = [f"# TYPE {family.name} {family.kind}"]
    if family.unit:
        lines.append(f"# UNIT {family.name} {family.unit}")
    return [*lines, f"# HELP {family.name} {family.help}"]


def _sample(name: str, value: Decimal | float, **labels: str) -> str:
    pairs = ",".join(f'{label}="{escaped(text)}"' for label, text in labels.items() if text)
    number = format(value, "f") if isinstance(value, Decimal) else repr(value)
    return f"{name}{{{pairs}}} {number}" if pairs else f"{name} {number}"


def escaped(text: str) -> str:
    """Return a label's value: backslash, quote and line feed escaped; text UTF-8 can hold."""
    clean = text.encode("utf-8", "replace").decode()
    return clean.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _seconds(at: datetime) -> Decimal:
    return Decimal(round(at.timestamp() * 1_000_000)).scaleb(-6)

"""What the MQTT sink remembers over restarts: names, counters, what it has shown the broker.

One JSON file beside the sink's own state, replaced whole, so that a crash leaves the old or the
new.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mitmeter.errors import RemoteProtocolError, SinkError
from mitmeter.model import DeviceId
from mitmeter.sinks.homeassistant_guard import Counter

_VERSION = 1


@dataclass(slots=True)
class Remembered:
    """One device.

    name:       what it is called in topics, such as glow-1; never given to another.
    counters:   quantity → what is believed of it.
    paces:      quantity → seconds between its readings, where that is known.
    components: what Home Assistant was shown: component → platform.
    settings:   what a person set there, by field of the state.
    """

    name: str
    counters: dict[str, Counter] = field(default_factory=dict)
    paces: dict[str, float] = field(default_factory=dict)
    components: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str | float] = field(default_factory=dict)


@dataclass(slots=True)
class Memory:
    """root: the topic everything was below. discovery: prefix of Home Assistant's, "" for none."""

    root: str = ""
    discovery: str = ""
    devices: dict[DeviceId, Remembered] = field(default_factory=dict)

    def name(self, device: DeviceId) -> str:
        """Return what the device is called, giving it a name if it has none."""
        return self.of(device).name

    def of(self, device: DeviceId) -> Remembered:
        found = self.devices.get(device)
        if found is None:
            taken = {each.name for each in self.devices.values()}
            number = 1
            while (name := f"{device.protocol}-{number}") in taken:
                number += 1
            found = self.devices[device] = Remembered(name)
        return found


def load(path: Path) -> Memory:
    """Return what was remembered, nothing where there is no file. Raises SinkError."""
    try:
        held = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError) as exc:
        raise SinkError(f"{path}: {exc}") from exc
    try:
        if held["version"] > _VERSION:
            raise SinkError(f"{path} was written by a newer mitmeter")
        return Memory(
            held["root"],
            held["discovery"],
            {DeviceId.parse(name): _device(each) for name, each in held["devices"].items()},
        )
    except (KeyError, TypeError, ValueError, ArithmeticError, RemoteProtocolError) as exc:
        raise SinkError(f"{path} is damaged ({exc!r}); without it the sink begins anew") from exc


def text_of(memory: Memory) -> str:
    """Return the file's content."""
    return json.dumps(
        {
            "version": _VERSION,
            "root": memory.root,
            "discovery": memory.discovery,
            "devices": {str(device): _plain(each) for device, each in memory.devices.items()},
        },
        indent=1,
    )


def save(path: Path, text: str) -> None:
    """Replace the file. Raises SinkError."""
    made = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError as exc:
        raise SinkError(f"{path}: {exc.strerror or exc}") from exc


def _plain(device: Remembered) -> dict[str, Any]:
    return {
        "name": device.name,
        "counters": {name: _plain_counter(each) for name, each in device.counters.items()},
        "paces": {name: round(seconds, 1) for name, seconds in device.paces.items()},
        "components": device.components,
        "settings": device.settings,
    }


def _device(held: Mapping[str, Any]) -> Remembered:
    return Remembered(
        str(held["name"]),
        {name: _counter(each) for name, each in held["counters"].items()},
        {name: float(seconds) for name, seconds in held["paces"].items()},
        dict(held["components"]),
        dict(held["settings"]),
    )


def _plain_counter(counter: Counter) -> dict[str, Any]:
    found: dict[str, Any] = {"value": str(counter.value), "at": counter.at.isoformat()}
    if counter.offset:
        found["offset"] = str(counter.offset)
    if counter.doubted is not None and counter.doubted_at is not None:
        found["doubted"] = str(counter.doubted)
        found["doubted_at"] = counter.doubted_at.isoformat()
        found["dipped"] = counter.dipped
    return found


def _counter(held: Mapping[str, Any]) -> Counter:
    doubted = held.get("doubted")
    return Counter(
        Decimal(held["value"]),
        datetime.fromisoformat(held["at"]),
        Decimal(held.get("offset", "0")),
        None if doubted is None else Decimal(doubted),
        None if doubted is None else datetime.fromisoformat(held["doubted_at"]),
        bool(held.get("dipped", False)),
    )

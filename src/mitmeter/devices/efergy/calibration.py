"""From milliamps to watts: a clamp measures current only, so volts and power factor are assumed.

    W = mA ÷ 1000 × volts × power factor

The default, 230 V × 0.6 = 0.138 W per mA, is what public servers use for h1 and h2 hubs [O]. For h3
hubs they use 0.1, with no reason given; the sensors are the same, so the default is the same [I].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mitmeter.devices.efergy.registers import number, sid_of
from mitmeter.errors import ConfigError

DEFAULT_VOLTS = Decimal(230)
DEFAULT_POWER_FACTOR = Decimal("0.6")
DEFAULT_GAIN = DEFAULT_VOLTS * DEFAULT_POWER_FACTOR / 1000

_SENSOR = re.compile(r"(volts|power_factor|gain)_([0-9]{1,7})", re.ASCII)
_MOST = {"volts": Decimal(1000), "power_factor": Decimal(1), "gain": Decimal(10)}


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a station's options say about its sensors.

    gain:  watts per milliamp.  gains: the same of single sensors.
    mains: the sensor at the grid connection; None: the only one there is; 0: none of them.
    """

    gain: Decimal = DEFAULT_GAIN
    gains: Mapping[int, Decimal] = field(default_factory=dict)
    mains: int | None = None

    def gain_of(self, sid: int) -> Decimal:
        return self.gains.get(sid, self.gain)

    def in_words(self) -> str:
        """Return the gains used, such as `0.138 W/mA; 700002: 0.06 W/mA`."""
        single = (f"; {sid}: {_plain(gain)} W/mA" for sid, gain in sorted(self.gains.items()))
        return f"{_plain(self.gain)} W/mA{''.join(single)}"


def calibration(options: Mapping[str, str]) -> Calibration:
    """Return what these options say: volts, power_factor, gain, each also with `_<SID>`, and mains.

    gain, in watts per milliamp, stands for the product of the other two. mains is a SID or `none`.
    Raises ConfigError for what is no such value.
    """
    volts = _positive(options, "volts", DEFAULT_VOLTS)
    factor = _positive(options, "power_factor", DEFAULT_POWER_FACTOR)
    gain = _positive(options, "gain", volts * factor / 1000)
    gains: dict[int, Decimal] = {}
    for sid in {int(found[2]) for name in options if (found := _SENSOR.fullmatch(name))}:
        own_volts = _positive(options, f"volts_{sid}", volts)
        own_factor = _positive(options, f"power_factor_{sid}", factor)
        product = own_volts * own_factor / 1000
        only_gain = f"volts_{sid}" not in options and f"power_factor_{sid}" not in options
        gains[sid] = _positive(options, f"gain_{sid}", gain if only_gain else product)
    return Calibration(gain, gains, _mains(options.get("mains", "")))


def _positive(options: Mapping[str, str], name: str, default: Decimal) -> Decimal:
    text = options.get(name)
    if text is None:
        return default
    value = number(text)
    most = _MOST[re.sub(r"_[0-9]+$", "", name)]
    if value is None or not 0 < value <= most:
        raise ConfigError(f"options.{name}", f"{text!r} is no number above 0, at most {most}")
    return value


def _mains(text: str) -> int | None:
    if not text:
        return None
    if text == "none":
        return 0
    sid = sid_of(text)
    if not sid:
        raise ConfigError("options.mains", f"{text!r} is neither a sensor's id nor none")
    return sid


def _plain(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"

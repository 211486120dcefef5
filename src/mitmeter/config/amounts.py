"""Durations and sizes as an operator writes them: `90d`, `1h30m`, `500ms`, `10GB`, `64MiB`."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

from mitmeter.errors import ConfigError

_MICROSECONDS = {
    "w": 604_800_000_000,
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
}
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_SIZE_UNITS = {unit.lower(): count for unit, count in _BYTES.items()}
_DURATION = re.compile(r"(?:(?:\d+(?:\.\d+)?)(?:ms|[wdhms]))+\Z", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[wdhms])", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z]+)\Z", re.ASCII)
_LONGEST = timedelta(days=36_525)


def parse_duration(text: str, key: str = "") -> timedelta:
    """Return the duration a text such as `10m` names. Raises ConfigError under `key`.

    Units w, d, h, m, s, ms, alone or in a row; more than nothing, a hundred years at most.
    """
    if not _DURATION.match(text):
        raise ConfigError(
            key, f"{text!r} is not a duration; write one like 90d, 10m, 1h30m or 500ms"
        )
    amounts = [Decimal(n) * _MICROSECONDS[unit] for n, unit in _DURATION_PART.findall(text)]
    microseconds = sum(amounts, Decimal(0))
    if microseconds < 1:
        raise ConfigError(key, f"{text!r}: a duration is longer than nothing")
    if microseconds > _LONGEST // timedelta(microseconds=1):
        raise ConfigError(key, f"{text!r} is more than a hundred years")
    return timedelta(microseconds=int(microseconds))


def duration_text(duration: timedelta) -> str:
    """Return the duration as an operator would write it: `1h30m`."""
    rest = duration // timedelta(microseconds=1)
    text = ""
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, _MICROSECONDS[unit])
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def parse_size(text: str, key: str = "") -> int:
    """Return the bytes a text such as `10GB` names. Raises ConfigError under `key`.

    GB is 10⁹ bytes, GiB is 2³⁰; upper and lower case mean the same.
    """
    found = _SIZE.match(text)
    unit = _SIZE_UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise ConfigError(key, f"{text!r} is not a size; write one like 10GB, 64MiB or 500kB")
    size = int(Decimal(found[1]) * unit)
    if not 0 < size < 2**60:
        raise ConfigError(key, f"{text!r} is outside 1 byte … 1 EiB")
    return size


def size_text(size: int) -> str:
    """Return a number of bytes in the largest unit that divides it: `10GB`."""
    for unit, count in sorted(_BYTES.items(), key=lambda item: -item[1]):
        if size and size % count == 0:
            return f"{size // count}{unit}"
    return f"{size}B"

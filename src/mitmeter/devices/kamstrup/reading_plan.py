"""What a reader asks a meter for, in which order: the known registers, some of them, or all ids.

A batch is one GetRegister request of eight ids at most [V].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mitmeter.devices.kamstrup.identity import SERIAL_REGISTER
from mitmeter.devices.kamstrup.messages import METER
from mitmeter.devices.kamstrup.registers import (
    LAST_ID,
    MORE_382,
    PROFILE_382,
    PROFILE_HEAT,
    Register,
    Role,
    find,
)
from mitmeter.errors import ConfigError

BATCH = 8
Batch = tuple[int, ...]

# Serial and meter number, the counters together with clock and date, and what tells the kind of
# meter: energy and meter number of an electricity meter, energy and volume of a heat meter.
FIRST: Batch = (SERIAL_REGISTER, 51, 1002, 1003, 13, 14, 60, 68)
_ELECTRICITY, _HEAT = frozenset({13, 14, 51}), frozenset({60, 68})

# Values that belong together are asked together, so that they are of one moment.
_TOGETHER: tuple[Batch, ...] = (
    (1023, 1024, 1080, 1081, 1082, 1344, 1345, 1346),
    (1054, 1055, 1056, 1076, 1077, 1078, 1025, 1026),
    (1390, 15, 16),
)
_SPAN = re.compile(r"\s*(\w+)\s*-\s*(\w+)\s*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options ask for.

    ids:  these registers only; none: the profile's.
    scan: the ids of a scan, and `left` those of them that are still to be asked; None without one.
    """

    address: int
    ids: Batch
    scan: range | None
    left: range | None
    pace: float
    wait: float
    tries: int


def wanted(options: Mapping[str, str]) -> Wanted:
    """Return what the options say. Raises ConfigError, naming the option, for what is wrong."""
    scan = None if "scan" not in options else _scan(options["scan"])
    pace = _number(options, "pace", 0.2 if scan is not None else 0.0, 3_600)
    return Wanted(
        address=_address(options.get("address", "")),
        ids=() if scan is not None else _ids(options.get("registers", "")),
        scan=scan,
        left=None if scan is None else _left(scan, options.get("from", "")),
        pace=pace,
        wait=_number(options, "wait", 2.0, 60, least=0.05),
        tries=int(_number(options, "tries", 4, 10, least=1)),
    )


def batches(ids: Iterable[int]) -> list[Batch]:
    """Return the ids in batches, each once, in their order."""
    once = tuple(dict.fromkeys(ids))
    return [once[at : at + BATCH] for at in range(0, len(once), BATCH)]


def rest(found: Iterable[int]) -> list[Batch]:
    """Return the batches behind FIRST, for a meter that has these of FIRST."""
    has = set(found)
    electricity, heat = bool(has & _ELECTRICITY), bool(has & _HEAT)
    both = electricity == heat
    known: list[Register] = []
    asked: list[Batch] = []
    if electricity or both:
        asked += _TOGETHER
        known += (*PROFILE_382, *MORE_382)
    if heat or both:
        known += PROFILE_HEAT
    before = {*FIRST, *(id for batch in asked for id in batch)}
    others = (each.id for each in known if each.role is not Role.UNREAD and each.id not in before)
    return [*asked, *batches(others)]


def scan_batches(span: range) -> Iterator[Batch]:
    """Yield all ids of a span, eight by eight."""
    for first in range(span.start, span.stop, BATCH):
        yield tuple(range(first, min(first + BATCH, span.stop)))


# --- options ---


def _address(text: str) -> int:
    if not text.strip():
        return METER
    found = _whole(text)
    if found is None or found > 0xFF:
        raise ConfigError("options.address", f"{text!r} is no address of 0..255, such as 0x3F")
    return found


def _ids(text: str) -> Batch:
    found: list[int] = []
    for word in text.replace(" ", ",").split(","):
        if not word:
            continue
        id = find(word)
        if id is None:
            known = "ids are 0..65535 or 0x0000..0xFFFF, names such as voltage_l1"
            raise ConfigError("options.registers", f"{word!r} is no register; {known}")
        found.append(id)
    return tuple(dict.fromkeys(found))


def _scan(text: str) -> range:
    if not text.strip():
        return range(LAST_ID + 1)
    parts = _SPAN.fullmatch(text)
    ends = [_whole(part) for part in parts.groups()] if parts else []
    first, last = ends if len(ends) == 2 else (None, None)
    if first is None or last is None or not first <= last <= LAST_ID:
        raise ConfigError("options.scan", f"{text!r} is no range of ids, such as 0-65535")
    return range(first, last + 1)


def _left(scan: range, start: str) -> range:
    if not start.strip():
        return scan
    mark = _whole(start)
    if mark is None or not scan.start <= mark <= scan.stop:
        raise ConfigError(
            "options.from", f"{start!r} is no id of the scan {scan.start}-{scan.stop - 1}"
        )
    return range(mark, scan.stop)


def _whole(text: str) -> int | None:
    word = text.strip().lower()
    try:
        return int(word[2:], 16) if word.startswith("0x") else int(word)
    except ValueError:
        return None


def _number(
    options: Mapping[str, str], name: str, usual: float, most: float, least: float = 0.0
) -> float:
    text = options.get(name, "").strip()
    if not text:
        return usual
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not least <= found <= most:
        raise ConfigError(f"options.{name}", f"{text!r} is no number of {least:g}..{most:g}")
    return found

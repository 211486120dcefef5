"""What the options of a reader ask for.

dialect     theben, ppc or emh; found out unless given
host        how the gateway is called, for `Host`; smgw.local unless given, which EMH takes too
since       read history from then on: 2026-02-28, or 2026-02-28T18:00, in German legal time
history     `gaps` (what the store lacks, the default), or `off`
reach       how far back gaps are looked for, in days; 31
taf         which contracts of a Theben gateway: 7, or 7,10
pace        seconds to wait between two requests; 0
cnonce-seed what client nonces are made from, beside time and user
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mitmeter.devices.smgw.legaltime import instant_of, parse_instant
from mitmeter.errors import ConfigError

DIALECTS = ("theben", "ppc", "emh")
HOST = "smgw.local"
_HOST = re.compile(r"[A-Za-z0-9._\[\]:-]{1,255}")
_TAF = re.compile(r"[0-9]{1,2}(\s*,\s*[0-9]{1,2})*")
_NOT_HERE = ("registers", "address", "scan", "from")


@dataclass(frozen=True, slots=True)
class Wanted:
    """since: aware UTC, None: what is missing. gaps: whether that is looked for, `reach` back."""

    dialect: str
    host: str
    since: datetime | None
    gaps: bool
    reach: timedelta
    taf: tuple[str, ...]
    pace: float
    seed: str
    cnonce: str


def wanted(options: Mapping[str, str]) -> Wanted:
    """Return what the options say. Raises ConfigError, naming the option, for what is wrong."""
    for name in _NOT_HERE:
        if name in options:
            raise ConfigError(f"options.{name}", "does not apply to a gateway")
    dialect = options.get("dialect", "").strip().lower()
    if dialect not in ("", *DIALECTS):
        raise ConfigError("options.dialect", f"{dialect!r} is none of {', '.join(DIALECTS)}")
    host = options.get("host", "").strip() or HOST
    if not _HOST.fullmatch(host):
        raise ConfigError("options.host", f"{host!r} is no host name")
    history = options.get("history", "gaps").strip().lower()
    if history not in ("gaps", "off"):
        raise ConfigError("options.history", f"{history!r} is neither gaps nor off")
    return Wanted(
        dialect=dialect,
        host=host,
        since=_since(options.get("since", "")),
        gaps=history == "gaps",
        reach=timedelta(days=_number(options, "reach", 31, 730)),
        taf=_taf(options.get("taf", "")),
        pace=_number(options, "pace", 0, 600),
        seed=options.get("cnonce-seed", ""),
        cnonce=options.get("cnonce", ""),
    )


def _since(text: str) -> datetime | None:
    plain = text.strip()
    if not plain:
        return None
    at = parse_instant(plain)
    if at is not None:
        return at
    try:
        wall = datetime.fromisoformat(plain)
        return instant_of(wall)
    except (ValueError, OverflowError):
        raise ConfigError(
            "options.since", f"{text!r} is no time, such as 2026-02-28 or 2026-02-28T18:00"
        ) from None


def _taf(text: str) -> tuple[str, ...]:
    plain = text.strip()
    if plain and not _TAF.fullmatch(plain):
        raise ConfigError("options.taf", f"{text!r} are no use cases, such as 7 or 7,10")
    return tuple(part.strip() for part in plain.split(",") if part.strip())


def _number(options: Mapping[str, str], name: str, usual: float, most: float) -> float:
    text = options.get(name, "").strip()
    if not text:
        return usual
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= most:
        raise ConfigError(f"options.{name}", f"{text!r} is no number of 0..{most:g}")
    return found

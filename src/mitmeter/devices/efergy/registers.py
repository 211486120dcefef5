"""The hubs' dictionary as data: paths, kinds of bodies, names of values, times, limits.

Source: real hubs, and public servers that run against them [O] unless a line says otherwise.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

PROTOCOL = "efergy"

CHECK_KEY = "/check_key.html"
GET_KEY = "/get_key.html"
REC_JSON = "/recjson"
BULK = "/h3bulk"
# By path, never by host name: the names are the operator's to redirect.
GENERATIONS = {"/h2": "h2", "/h3": "h3"}

FORM = "application/x-www-form-urlencoded"
DATA = "application/eh-data"
PING = "application/eh-ping"
DATALOG = "application/eh-datalog"

CLAMP = "EFCT"
CLIMATE = "EFMS"
# What the hubs call an EFMS sensor's values; M and L are raw numbers without a known unit.
CLIMATE_NAMES = {"M": "motion", "T": "temperature", "L": "light"}

# A hub says "nothing" and "too much" like this, literally and with decimals behind it.
OVERFLOW = Decimal(2_147_483_647)
MOST_SID = 9_999_999

# The largest body ever seen is the 4096 bytes of stored data.
MAX_BODY = 65_536
# An h3 hub takes at most 5 sensors; how many an h1 or h2 hub takes is unknown [U].
MOST_LINES = 256

_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"-?[0-9]{1,10}(?:\.[0-9]{1,10})?")
_HEX = re.compile(r"[0-9A-Fa-f]{1,8}")


def number(text: str) -> Decimal | None:
    """Return a value as hubs write it, exact; None for `nan`, `inf`, an overflow or no number."""
    if not _NUMBER.fullmatch(text):
        return None
    value = Decimal(text)
    return value if -OVERFLOW < value < OVERFLOW else None


def sid_of(text: str) -> int | None:
    """Return a sensor's id, 1 to 7 digits; 0 is the hub itself."""
    return int(text) if 0 < len(text) <= 7 and text.isascii() and text.isdigit() else None


def seconds_of(text: str) -> int | None:
    """Return the Unix seconds of `ts` or `X-TS`: hex digits; a suffix behind `:` is cut off [U]."""
    digits = text.partition(":")[0]
    return int(digits, 16) if _HEX.fullmatch(digits) else None


def told_time(seconds: int | None, now: datetime) -> datetime | None:
    """Return a hub's time as UTC, or None where it cannot be: before 2015, or tomorrow."""
    if seconds is None:
        return None
    moment = _EPOCH + timedelta(seconds=seconds)
    return moment if _EARLIEST <= moment <= now + timedelta(days=1) else None

"""What InfluxDB and VictoriaMetrics say to a write, and what follows from it.

Whose fault it is decides: what the *data* did wrong can only be taken apart, what the *destination*
lacks (a password, a database, memory) is waited for, and nothing is given up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mitmeter.model import printable
from mitmeter.sinks.sink import Accepted, Later, Outcome, Refused

# 413 is too much at once: half of it may be welcome. The other two complain of lines.
_DATA_AT_FAULT = {400, 413, 422}
# v1 and v2 drop what is older than they keep; that is no fault of the lines, nor to be repeated.
_TOO_OLD = re.compile(r"(?:beyond|outside)\b.{0,40}retention policy.{0,80}?dropped=(\d+)", re.S)
_PARTIAL = re.compile(r"partial write")
# v3 describes so many bad lines and no more.
_MOST_DESCRIBED = 100
# Complaints about the request, which come with 400 as well: no row is at fault.
_OF_REQUEST = re.compile(
    r"database is required|not authorized|unauthorized|authorization|no such (?:bucket|database)"
    r"|database not found|bucket .{0,80}not found|org.{0,40} not found|cannot (?:un)?gzip",
    re.IGNORECASE,
)


def understand(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    kept: Sequence[int],
    skipped: int,
) -> Outcome:
    """Return what an answer comes to.

    kept: the row of the batch behind each line sent; skipped: rows of which no line was sent.
    """
    if status in (200, 204):
        return Accepted(skipped)
    text = printable(body.decode("utf-8", "replace").strip(), 2000)
    if status in _DATA_AT_FAULT and not _OF_REQUEST.search(text):
        return _partly(status, body, text, kept, skipped)
    return Later(f"HTTP {status}: {text}" if text else f"HTTP {status}", retry_after(headers))


def _partly(status: int, body: bytes, text: str, kept: Sequence[int], skipped: int) -> Outcome:
    described = _described(body, kept)
    if described:
        return Accepted(skipped, described)
    too_old = _TOO_OLD.search(text)
    if too_old is not None and int(too_old[1]) <= len(kept):
        return Accepted(skipped + int(too_old[1]))
    return Refused(f"HTTP {status}: {text}")


def _described(body: bytes, kept: Sequence[int]) -> dict[int, str]:
    """Return row → reason of the lines that v3 says it left out; {} where it does not say all.

    `{"error": "partial write …", "data": [{"line_number": 2, "error_message": "…"}, …]}`, lines
    counted from 1 [O]. Without "partial" in it nothing was taken.
    """
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(said, dict) or not _PARTIAL.search(str(said.get("error", ""))):
        return {}
    data = said.get("data")
    if not isinstance(data, list) or not 0 < len(data) < _MOST_DESCRIBED:
        return {}
    bad: dict[int, str] = {}
    for each in data:
        number = each.get("line_number") if isinstance(each, dict) else None
        if not isinstance(number, int) or not 1 <= number <= len(kept):
            return {}
        bad[kept[number - 1]] = printable(str(each.get("error_message", "refused")), 300)
    return bad


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return what Retry-After asks for, in seconds: a number of them or a date [RFC 9110 10.2.3].

    None when it is missing or makes no sense.
    """
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    text = text.strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d+)?", text, re.ASCII):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())

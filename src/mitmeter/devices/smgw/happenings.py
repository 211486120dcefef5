"""What happens at a gateway beside its values, in plain sentences. Serials never get here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from mitmeter.devices.smgw.metered import Value
from mitmeter.model import DeviceId, Event, Field, Severity, printable

# Quarter-hour values: two missing are a coincidence, three are not.
STALE = timedelta(minutes=50)
CLOCK_OFF = timedelta(minutes=2)


def unusable(values: Sequence[Value], device: DeviceId, at: datetime) -> Event:
    """Tell of values the gateway itself marks as unusable, which are no readings."""
    oldest = min(values, key=lambda each: each.at)
    why = ", ".join(oldest.why) or oldest.ptb.word
    count = len(values)
    return _event(
        "invalid",
        f"{count} value{'s' if count > 1 else ''} not taken, marked {oldest.ptb.word} by the "
        f"gateway ({printable(why)}); the first is of {oldest.at:%Y-%m-%d %H:%M:%S} UTC",
        device,
        at,
        {"count": count, "class": int(oldest.ptb), "first": oldest.at.isoformat(), "why": why},
        Severity.NOTICE,
    )


def stale(newest: datetime, device: DeviceId, at: datetime) -> Event:
    """Tell of a newest value that is too old: the login still works, but nothing moves."""
    minutes = int((at - newest).total_seconds() // 60)
    age = f"{minutes} minutes" if minutes < 180 else f"{minutes // 60} hours"
    return _event(
        "stale",
        f"the newest value is {age} old: the meter is not read, or this login has been replaced "
        "by a newer one and shows frozen values",
        device,
        at,
        {"newest": newest.isoformat(), "minutes": minutes},
        Severity.WARNING,
    )


def clock_off(shown: datetime, device: DeviceId | None, at: datetime) -> Event:
    seconds = round((shown - at).total_seconds())
    way = "ahead" if seconds > 0 else "behind"
    return _event(
        "clock.off",
        f"the gateway's clock is {abs(seconds)} s {way}",
        device,
        at,
        {"seconds": seconds},
        Severity.WARNING,
    )


def gateway_state(words: str, device: DeviceId | None, at: datetime) -> Event:
    text = f"the gateway says of itself: {printable(words)}"
    return _event("state", text, device, at, {"state": printable(words)}, Severity.WARNING)


def login_refused(at: datetime, count: int) -> Event:
    again = f" ({count} times in this conversation)" if count > 1 else ""
    text = f"the gateway refuses user and password{again}"
    return _event("login.refused", text, None, at, {"count": count}, Severity.WARNING)


def empty(at: datetime, count: int) -> Event:
    again = f" ({count} times in this conversation)" if count > 1 else ""
    text = f"the gateway answers with an empty page{again}: wrong user id or login, or it hangs"
    return _event("empty", text, None, at, {"count": count}, Severity.WARNING)


def complaint(words: str, at: datetime, count: int) -> Event:
    again = f" ({count} times in this conversation)" if count > 1 else ""
    text = f"the gateway shows an error page: {printable(words)}{again}"
    return _event("complaint", text, None, at, {"words": words, "count": count}, Severity.NOTICE)


def failed(status: int, at: datetime, count: int) -> Event:
    again = f" ({count} times in this conversation)" if count > 1 else ""
    text = f"the gateway answers with status {status}{again}"
    return _event("failed", text, None, at, {"status": status, "count": count}, Severity.NOTICE)


def unreadable(reason: str, at: datetime, count: int) -> Event:
    again = f" ({count} so far in this conversation)" if count > 1 else ""
    text = f"an answer of the gateway could not be read: {printable(reason)}{again}"
    fields: dict[str, Field] = {"reason": printable(reason), "count": count}
    return _event("unreadable", text, None, at, fields, Severity.WARNING)


def left_out(count: int, device: DeviceId | None, at: datetime) -> Event:
    text = f"{count} entries of an answer were left out: no register, unit or number known here"
    return _event("left_out", text, device, at, {"count": count}, Severity.NOTICE)


def crowd(most: int, at: datetime) -> Event:
    text = f"more than {most} meters in one conversation: the others are not told of"
    return _event("crowd", text, None, at, {"most": most}, Severity.WARNING)


def _event(
    name: str,
    text: str,
    device: DeviceId | None,
    at: datetime,
    fields: Mapping[str, Field],
    severity: Severity = Severity.INFO,
) -> Event:
    return Event(f"mitmeter.smgw.{name}", at, text, severity, device, dict(fields))

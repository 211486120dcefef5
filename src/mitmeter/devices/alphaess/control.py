"""What an operator can ask of a battery, and what that means in members of its configuration.

Pure functions: a command's arguments and the configuration as it is come in, a wish or a reason for
refusing comes out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

from mitmeter.devices.alphaess.configuration import number
from mitmeter.devices.alphaess.messages import Json, Members, as_text
from mitmeter.devices.alphaess.registers import (
    CONFIG_REPLY_BOOLEANS,
    CONFIG_REPLY_FIELDS,
    CONFIG_REPLY_NUMBERS,
    CONFIG_REPORT_FIELDS,
    PRIVATE_FIELDS,
    parse_time,
)
from mitmeter.model import printable
from mitmeter.protocol import CommandHelp

COMMANDS: tuple[CommandHelp, ...] = (
    CommandHelp(
        "charge-from-grid",
        "from=HOUR|now until=HOUR|for=MINUTES stop-at=PERCENT"
        " [reserve=PERCENT] [window=1|2] [enabled=true|false]",
        "Charge from the grid every day between these local hours, up to a state of charge;"
        " enabled=false ends it",
    ),
    CommandHelp("set", "MEMBER=VALUE...", "Change members of the battery's configuration"),
    CommandHelp("sync-time", "", "Set the battery's clock to the site's local time"),
    CommandHelp(
        "resume",
        "from=yyyy/MM/ddTHH:mm:ss rows=COUNT",
        "Ask for one-minute rows out of the battery's memory, after that moment of its own clock",
    ),
)

DEFAULT_RESERVE_PERCENT = "10"  # what the mapping used in the field sets [O]
SHORTEST_MINUTES = 10  # a shorter duration is raised to RAISED_MINUTES [O]
RAISED_MINUTES = 30
LONGEST_MINUTES = 1320
MOST_ROWS = 44_640  # a month; far more than any battery is known to keep [A]

_CHARGE_ARGUMENTS = ("from", "until", "for", "stop-at", "reserve", "window", "enabled")
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_PLAIN_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,6})?")
_LONGEST_TEXT = 100

_HOURS = re.compile(r"Time(Cha|Dis)[FE](WE)?[12]")
_PERCENTS = re.compile(
    "(BatHighCap|BatUseCap)(WE)?|SetFeed|Uscapacity|GCSOC(Start|End)|L[123]SocLimit"
)
# Members whose text may look like a number today and need not tomorrow.
_FREE_TEXT = re.compile(
    "License|Country|Address|ZipCode|PhoneNumber|Minv|Mbat|Mmeter|NetType|Wifi(SN|SW|HW)"
    "|SlaveVersion|InvHWVersion|CheckTime|Date[12]|ChargeWorkDays|ChargeWeekend"
    "|(Channel|ControlMode|ChargeSOC|UPS)[12]|(Start|End)Time[12][AB]"
)
_NOT_SETTABLE = {
    "Status": "Status is part of every answer, not a setting",
    "SN": "SN is the battery's serial number, not a setting",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be changed in the configuration, and the same in words without private text."""

    changes: Mapping[str, Json]
    words: str


@dataclass(frozen=True, slots=True)
class Rows:
    """History rows wished for: `count` of them after a moment of the battery's own clock."""

    after: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command is not carried out, in words for the operator."""

    reason: str


def end_hour(start: time, minutes: int) -> int:
    """Return the hour at which a charging window of at least that many minutes ends.

    The documented rule of the tool used in the field: (hour of (start + duration) + 1) mod 24. Its
    code deviates from this for short durations from now. Source: fact sheet §10 [O].
    """
    return ((start.hour * 60 + start.minute + minutes) // 60 + 1) % 24


def wish(
    name: str, arguments: Mapping[str, str], configuration: Members, local: datetime | None
) -> Wish | Refusal:
    """Return what the command `charge-from-grid` or `set` changes, or why it is refused.

    configuration: the whole configuration in the server's form.
    local: the site's wall clock, for `from=now`; None when the site's time zone is not known.
    """
    try:
        if name == "charge-from-grid":
            return _charge_from_grid(arguments, configuration, local)
        return _set(arguments, configuration)
    except _RefusedError as refused:
        return Refusal(str(refused))


def rows(arguments: Mapping[str, str]) -> Rows | Refusal:
    """Return which history rows the command `resume` wishes for, or why it is refused."""
    try:
        _only(arguments, ("from", "rows"))
        after = parse_time(_given(arguments, "from").replace("T", " ").replace("-", "/"))
        if after is None or not 2000 <= after.year < 2100:
            return Refusal(
                f"from={printable(arguments['from'])} is no moment like 2025/06/01T11:50:07"
            )
        return Rows(after, _whole("rows", _given(arguments, "rows"), 1, MOST_ROWS))
    except _RefusedError as refused:
        return Refusal(str(refused))


def unknown_command(name: str) -> Refusal:
    """Return the refusal of a command that does not exist, with the nearest one that does."""
    return Refusal(_unlike("command", name, [command.name for command in COMMANDS]))


class _RefusedError(Exception):
    """One clear sentence why not; never leaves this module."""


def _charge_from_grid(
    arguments: Mapping[str, str], configuration: Members, local: datetime | None
) -> Wish:
    """Apply the mapping used in the field (fact sheet §10 [O]), with two exceptions.

    BackUpBox and Generator say what hardware is installed, so they stay as they are; and
    `enabled=false` touches the charging window and GridCharge only.
    """
    _only(arguments, _CHARGE_ARGUMENTS)
    enabled = _truth("enabled", arguments.get("enabled", "true"))
    window = arguments.get("window", "2")
    if window not in ("1", "2"):
        raise _RefusedError(f"window={printable(window)}: a battery has windows 1 and 2")
    if not enabled:
        return _stop_charging(arguments, configuration, window, local)
    start, end = _hours(arguments, local)
    if start == end:
        raise _RefusedError(f"a window from {start}:00 to {end}:00 has no length: it never charges")
    stop_at = _percent("stop-at", _given(arguments, "stop-at"))
    reserve = _percent("reserve", arguments.get("reserve", DEFAULT_RESERVE_PERCENT))
    if Decimal(stop_at) <= Decimal(reserve):
        raise _RefusedError(f"stop-at={stop_at} must be more than the reserve of {reserve} %")
    changes: dict[str, Json] = {
        "GridCharge": True,
        f"TimeChaF{window}": str(start),
        f"TimeChaE{window}": str(end),
        "BatHighCap": stop_at,
        "BatUseCap": reserve,
        "CtrDis": False,
        "GridChargeWE": False,
        "BatHighCapWE": "0",
        "BatUseCapWE": "0",
        "CtrDisWE": False,
        "BatReady": "0",
        "SelfUseOrEconomic": "0",
        "ReliefMode": "0",
    }
    words = f"charge from the grid daily from {start}:00 to {end}:00 up to {stop_at} %"
    return Wish(changes, f"{words}, keeping {reserve} % in reserve")


def _stop_charging(
    arguments: Mapping[str, str], configuration: Members, window: str, local: datetime | None
) -> Wish:
    """A window that ends in the hour it begins is off: that is how the field's tool disables it."""
    if "from" in arguments:
        start = str(_start(arguments["from"], local)[0])
    else:
        start = next((as_text(v) for n, v in configuration if n == f"TimeChaF{window}"), "0")
    changes: dict[str, Json] = {
        "GridCharge": False,
        f"TimeChaF{window}": start,
        f"TimeChaE{window}": start,
    }
    for argument, member in (("stop-at", "BatHighCap"), ("reserve", "BatUseCap")):
        if argument in arguments:
            changes[member] = _percent(argument, arguments[argument])
    return Wish(changes, "stop charging from the grid")


def _hours(arguments: Mapping[str, str], local: datetime | None) -> tuple[int, int]:
    start, moment = _start(_given(arguments, "from"), local)
    if ("until" in arguments) == ("for" in arguments):
        raise _RefusedError("give either until=HOUR or for=MINUTES")
    if "until" in arguments:
        return start, _hour("until", arguments["until"], 24)
    minutes = _whole("for", arguments["for"], 1, LONGEST_MINUTES)
    return start, end_hour(moment, RAISED_MINUTES if minutes < SHORTEST_MINUTES else minutes)


def _start(text: str, local: datetime | None) -> tuple[int, time]:
    if text != "now":
        hour = _hour("from", text, 23)
        return hour, time(hour)
    if local is None:
        raise _RefusedError("from=now needs the site's time zone (site.timezone)")
    return local.hour, time(local.hour, local.minute)


def _set(arguments: Mapping[str, str], configuration: Members) -> Wish:
    if not arguments:
        raise _RefusedError("give at least one member of the configuration, as MEMBER=VALUE")
    present = dict(reversed(configuration))
    changes: dict[str, Json] = {}
    words = []
    for name, text in arguments.items():
        _settable(name, present)
        changes[name] = _value(name, text, present.get(name))
        words.append(f"{name}=…" if name in PRIVATE_FIELDS else f"{name}={printable(text)}")
    return Wish(changes, f"set {' '.join(words)}")


def _settable(name: str, present: Mapping[str, Json]) -> None:
    if name in _NOT_SETTABLE:
        raise _RefusedError(_NOT_SETTABLE[name])
    if name in present or name in CONFIG_REPLY_FIELDS:
        return
    if name in CONFIG_REPORT_FIELDS:
        raise _RefusedError(f"{name} is told by the battery and cannot be set")
    settable = [*present, *(each for each in CONFIG_REPLY_FIELDS if each not in present)]
    raise _RefusedError(
        _unlike(
            "member of the configuration", name, [s for s in settable if s not in _NOT_SETTABLE]
        )
    )


def _value(name: str, text: str, present: Json) -> Json:
    """Return the text as the server would write that member."""
    if name in CONFIG_REPLY_BOOLEANS or isinstance(present, bool):
        return _truth(name, text)
    if _HOURS.fullmatch(name):
        return str(_hour(name, text, 24))
    if _PERCENTS.fullmatch(name):
        return _percent(name, text)
    numeric = number(present) is not None and not _FREE_TEXT.fullmatch(name)
    if numeric or name in CONFIG_REPLY_NUMBERS:
        if not _PLAIN_NUMBER.fullmatch(text):
            raise _RefusedError(f"{name}={printable(text)}: a number is expected")
        return Decimal(text) if name in CONFIG_REPLY_NUMBERS or _is_bare(present) else text
    # The battery's own parser is unknown; what would need escaping is kept away from it.
    if len(text) > _LONGEST_TEXT or not re.fullmatch(r"[ !#-\[\]-~]*", text):
        raise _RefusedError(
            f"{name}: up to {_LONGEST_TEXT} plain ASCII characters without quotes or backslashes"
        )
    return text


def _is_bare(value: Json) -> bool:
    return isinstance(value, Decimal)


def _truth(name: str, text: str) -> bool:
    folded = text.casefold()
    if folded not in _TRUE | _FALSE:
        raise _RefusedError(f"{name}={printable(text)}: true or false is expected")
    return folded in _TRUE


def _hour(name: str, text: str, last: int) -> int:
    return _whole(name, text.removesuffix(":00"), 0, last, "a whole hour")


def _whole(name: str, text: str, first: int, last: int, what: str = "a whole number") -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or not first <= int(text) <= last:
        raise _RefusedError(f"{name}={printable(text)}: {what} from {first} to {last} is expected")
    return int(text)


def _percent(name: str, text: str) -> str:
    if not _PLAIN_NUMBER.fullmatch(text) or not 0 <= Decimal(text) <= 100:
        raise _RefusedError(f"{name}={printable(text)}: a percentage from 0 to 100 is expected")
    return text


def _given(arguments: Mapping[str, str], name: str) -> str:
    if name not in arguments:
        raise _RefusedError(f"{name}=… is missing")
    return arguments[name]


def _only(arguments: Mapping[str, str], allowed: Collection[str]) -> None:
    for name in arguments:
        if name not in allowed:
            raise _RefusedError(_unlike("argument", name, allowed))


def _unlike(what: str, word: str, known: Collection[str]) -> str:
    """Return the sentence for an unknown word, with the nearest known ones when there are any."""
    # Only a mistyped command pays for this import.
    from difflib import get_close_matches

    by_folded = {each.casefold(): each for each in known}
    near = [by_folded[each] for each in get_close_matches(word.casefold(), by_folded, cutoff=0.6)]
    hint = f"did you mean {' or '.join(near)}?" if near else ""
    if not near and len(known) < 10:
        hint = f"there is {', '.join(known)}"
    return f"{printable(word)} is not a known {what}" + (f"; {hint}" if hint else "")

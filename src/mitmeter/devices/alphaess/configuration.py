"""A battery's configuration as the server writes it: built, changed, and compared with the report.

Pure functions on members. The two sides write the same setting differently (`"9.20"` and `"9.2"`,
`false` and `"False"`, `""` and `"0"`), so settings are compared by what they mean. Source: fact
sheet §4.1, §4.6 [O].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from mitmeter.devices.alphaess.jsontext import JsonError, parse_members
from mitmeter.devices.alphaess.messages import Json, Members, as_text
from mitmeter.devices.alphaess.registers import (
    CONFIG_REPLY_BOOLEANS,
    CONFIG_REPLY_FIELDS,
    CONFIG_REPLY_NUMBERS,
    CONFIG_REPORT_FIELDS,
    PRIVATE_FIELDS,
)

# What the server says of a setting the battery does not report, when no server configuration has
# ever been seen. The zeros are what the captured server sent for a system without the option [O];
# the check time is any well-formed one [A]; text about the owner stays empty [A].
_NEUTRAL: dict[str, Json] = {
    "BatHighCapWE": "0.00",
    "BatUseCapWE": "0.00",
    "MaxGridCharge": "0.00",
    "CheckTime": "2000-01-01 00:00:00",
    **dict.fromkeys(("SN", "License", "Country", "Address", "ZipCode", "PhoneNumber"), ""),
    **dict.fromkeys(CONFIG_REPLY_BOOLEANS, False),
    **dict.fromkeys(CONFIG_REPLY_NUMBERS, Decimal(0)),
}

_LONGEST_NUMBER = 32
_TRUTHS = {"true": True, "1": True, "false": False, "0": False, "": False}


@dataclass(frozen=True, slots=True)
class Unlike:
    """One setting the battery reports otherwise than wished."""

    name: str
    wished: str
    reported: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a report says about wished settings; `unreported` are members it does not carry."""

    unlike: tuple[Unlike, ...]
    unreported: tuple[str, ...]


def number(value: Json) -> Decimal | None:
    """Return the value as a finite number, or None when it is none; empty text is no number."""
    text = as_text(value).strip()
    if not text or len(text) > _LONGEST_NUMBER:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def same(one: Json, other: Json) -> bool:
    """Tell whether both sides mean the same setting: numbers by value, booleans by truth.

    An unset switch is `""` for the server and `"0"` for the battery [O].
    """
    left, right = as_text(one).strip(), as_text(other).strip()
    if left == right:
        return True
    words = (left.casefold(), right.casefold())
    if "true" in words or "false" in words:
        return words[0] in _TRUTHS and _TRUTHS[words[0]] == _TRUTHS.get(words[1])
    numbers = (number(left or "0"), number(right or "0"))
    return numbers[0] is not None and numbers[0] == numbers[1]


def from_json(text: str | None) -> Members | None:
    """Return the members of a stored configuration, or None when there is none to speak of."""
    if text is None:
        return None
    try:
        members = parse_members(text)
    except JsonError:
        return None
    return members if is_configuration(members) else None


def is_configuration(members: Members) -> bool:
    """Tell a configuration from a bare `Status`, which a server without one answers."""
    return any(name not in ("Status", "SN") for name, _ in members)


def whole(server: Members | None, report: Members | None) -> Members | None:
    """Return the whole configuration in the server's form: what the battery holds now, nothing new.

    server: the last configuration a server sent; it gives order, form and what is never reported.
            Without one the order is the documented one, with neutral values for what is missing.
    report: the last configuration the battery reported; where it means something else than the
            server's, the battery's value is taken. Its unknown members are appended. Members about
            the owner stay as the server said: no battery changes them, and a redacting proxy may.
    Returns None when neither is known.
    """
    if server is None and report is None:
        return None
    reported = dict(reversed(report or ()))  # the first of repeated members wins
    if server is None:
        built = [
            (name, in_server_form(name, reported[name]) if name in reported else _neutral(name))
            for name in CONFIG_REPLY_FIELDS
            if name != "Status"
        ]
    else:
        built = [(name, _held(name, value, reported)) for name, value in server if name != "Status"]
    known = {name for name, _ in built} | _REPORT_ONLY
    built += [(name, value) for name, value in report or () if name not in known]
    return (("Status", "Success"), *built)


def _held(name: str, value: Json, reported: Mapping[str, Json]) -> Json:
    """Return the server's value, or the battery's where that means something else."""
    if name not in reported or name in PRIVATE_FIELDS or same(value, reported[name]):
        return value
    return written_like(value, in_server_form(name, reported[name]))


def _neutral(name: str) -> Json:
    return _NEUTRAL.get(name, "0")


def changed(members: Members, changes: Mapping[str, Json]) -> Members:
    """Return the members with the changes made in place, everything else untouched.

    A changed number keeps the decimals of the old one; a member that was not there is appended.
    """
    there = {name for name, _ in members}
    return (
        *(
            (name, written_like(value, changes[name]) if name in changes else value)
            for name, value in members
        ),
        *((name, value) for name, value in changes.items() if name not in there),
    )


def compare(wished: Mapping[str, Json], report: Members) -> Comparison:
    """Return how a report differs from the wish."""
    reported = dict(reversed(report))
    return Comparison(
        unlike=tuple(
            Unlike(name, as_text(value), as_text(reported[name]))
            for name, value in wished.items()
            if name in reported and not same(value, reported[name])
        ),
        unreported=tuple(name for name in wished if name not in reported),
    )


def in_server_form(name: str, value: Json) -> Json:
    """Return a reported value as the server writes it: real booleans, one number, else text."""
    if name in CONFIG_REPLY_BOOLEANS:
        return _TRUTHS.get(as_text(value).strip().casefold(), value)
    if name in CONFIG_REPLY_NUMBERS:
        as_number = number(value)
        return value if as_number is None else as_number
    return value


def written_like(old: Json, new: Json) -> Json:
    """Return numeric text with as many decimals as the old text had: `"80"` after `"100.00"` is
    `"80.00"`; anything else, and any number that would lose digits, as it is.
    """
    if not isinstance(old, str) or not isinstance(new, str):
        return new
    before, after = number(old), number(new)
    if before is None or after is None:
        return new
    decimals = len(old.partition(".")[2])
    text = f"{after:.{decimals}f}"
    return text if Decimal(text) == after else new


# Serial numbers, versions and models the battery tells but no server sends back.
_REPORT_ONLY = frozenset(CONFIG_REPORT_FIELDS) - frozenset(CONFIG_REPLY_FIELDS)

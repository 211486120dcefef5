"""Does what was decoded say what a vector states? Answers with the first difference, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from mitmeter.model import Reading
from mitmeter.protocol import Decoded, Undecodable, describe
from mitmeter.testing.vectors import ExpectedMessage, ExpectedReading, ExpectedUndecodable


def item_difference(
    expected: ExpectedMessage | ExpectedUndecodable, item: Decoded[Any] | Undecodable
) -> str:
    """Return how an item differs from what is stated of it, or ""."""
    if isinstance(expected, ExpectedUndecodable):
        if isinstance(item, Decoded):
            return f"decoded to {type(item.message).__name__}, expected no message"
        if expected.reason not in item.reason:
            return f"undecodable because {item.reason!r}, expected {expected.reason!r} in it"
        return ""
    if isinstance(item, Undecodable):
        return f"undecodable: {item.reason}"
    return difference(expected.parts, describe(item.message, reveal=True), "message")


def difference(expected: object, actual: object, path: str) -> str:
    """Return the first place where `actual` lacks or contradicts what is expected, or "".

    Tables are subsets. Lists are whole.
    """
    if isinstance(expected, Mapping):
        return _table_difference(expected, actual, path)
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        if not isinstance(actual, Sequence) or isinstance(actual, str):
            return f"{path}: expected a list, got {actual!r}"
        if len(actual) != len(expected):
            return f"{path}: expected {len(expected)} entries, got {len(actual)}"
        pairs = zip(expected, actual, strict=True)
        found = (difference(one, other, f"{path}[{i}]") for i, (one, other) in enumerate(pairs))
        return next((each for each in found if each), "")
    return "" if _same(expected, actual) else f"{path}: expected {expected!r}, got {actual!r}"


def _table_difference(expected: Mapping[str, object], actual: object, path: str) -> str:
    if not isinstance(actual, Mapping):
        return f"{path}: expected a table, got {actual!r}"
    for name, value in expected.items():
        if name not in actual:
            return f"{path}.{name}: expected {value!r}, there is none"
        found = difference(value, actual[name], f"{path}.{name}")
        if found:
            return found
    return ""


def _same(expected: object, actual: object) -> bool:
    """Compare scalars; a number in TOML also means the text that `describe` makes of a Decimal."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | Decimal) and isinstance(actual, str):
        try:
            return Decimal(actual) == expected
        except InvalidOperation:
            return False
    return type(expected) is type(actual) and expected == actual


def readings_difference(
    expected: Sequence[ExpectedReading] | None, readings: Iterable[Reading]
) -> str:
    """Return the first stated reading that is not among `readings`, or ""."""
    if expected is None:
        return ""
    got = list(readings)
    if not expected and got:
        return f"expected no reading, got {got[0].quantity} = {got[0].value}"
    for each in expected:
        near = [one for one in got if one.quantity == each.quantity]
        if not any(_is(each, one) for one in near):
            shown = ", ".join(f"{one.value} at {one.reported}" for one in near) or "none"
            wanted = f"{each.value} at {each.reported or 'any time'}"
            return f"{each.quantity}: expected {wanted}, got {shown}"
    return ""


def _is(expected: ExpectedReading, reading: Reading) -> bool:
    if expected.reported is not None and expected.reported != reading.reported:
        return False
    if isinstance(reading.value, Decimal) and isinstance(expected.value, str):
        return str(reading.value) == expected.value or _same(reading.value, expected.value)
    return expected.value == reading.value

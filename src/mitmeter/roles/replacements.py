"""What the rule `replace` is to put for what, as an operator writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mitmeter.errors import ConfigError
from mitmeter.model import Side, printable

_ONE = r'("(?:[^"\\]|\\.)*"|[0-9A-Fa-f ]*)'
_PAIR = re.compile(rf"\s*{_ONE}\s*=>\s*{_ONE}\s*(?:;|\Z)", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_MOST_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Replacement:
    """Every `what` becomes `by`."""

    what: bytes
    by: bytes

    def __str__(self) -> str:
        cut = self.what[:_MOST_SHOWN]
        text = repr(cut.decode()) if cut.isascii() and cut.decode().isprintable() else cut.hex(" ")
        return f"{text}…" if len(self.what) > _MOST_SHOWN else text


def replacements(options: Mapping[str, str]) -> dict[Side, tuple[Replacement, ...]]:
    """Return what to replace in each side's words. Raises ConfigError naming the option."""
    names = {"replace": tuple(Side), **{f"replace-{side}": (side,) for side in Side}}
    found: dict[Side, tuple[Replacement, ...]] = dict.fromkeys(Side, ())
    for name, sides in names.items():
        if name in options:
            pairs = _pairs(options[name], f"options.{name}")
            for side in sides:
                found[side] += pairs
    if not any(found.values()):
        raise ConfigError(
            "options.replace", 'says what the rule replace is to do, such as "on"=>"off"'
        )
    return found


def _pairs(text: str, key: str) -> tuple[Replacement, ...]:
    found: list[Replacement] = []
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None:
            shown = printable(text[at : at + 40])
            raise ConfigError(
                key, f'{shown} is not FROM=>TO, with text in quotes ("on"=>"off") or as hexadecimal'
            )
        found.append(Replacement(_bytes(pair[1], key), _bytes(pair[2], key)))
        if not found[-1].what:
            raise ConfigError(key, f"{printable(pair[0].strip())} replaces nothing")
        at = pair.end()
    return tuple(found)


def _bytes(text: str, key: str) -> bytes:
    if text.startswith('"'):
        return _ESCAPE.sub(lambda found: _meant(found[1], key), text[1:-1]).encode()
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ConfigError(key, f"{printable(text.strip())} has half a byte") from None


def _meant(letter: str, key: str) -> str:
    if letter not in _MEANT:
        raise ConfigError(key, rf"\{printable(letter)} is none of \n \r \t \" \\")
    return _MEANT[letter]

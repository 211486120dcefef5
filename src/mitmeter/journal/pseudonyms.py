"""Stable stand-ins for private text and addresses, so that a journal can be shown to others."""

from __future__ import annotations

import hmac
import ipaddress
from functools import lru_cache

_DIGITS = "0123456789"
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
# Letters beyond ASCII become letters of the same length in UTF-8.
_UPPER_2 = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝ"
_LOWER_2 = "àáâãäåæçèéêëìíîïñòóôõöøùúûüý"
_WIDE_3 = "".join(chr(code) for code in range(0x4E00, 0x4F00))
_WIDE_4 = "".join(chr(code) for code in range(0x20000, 0x20100))
_ROUNDS = 6
# RFC 5737: addresses for documentation, which belong to nobody. The first few of 192.0.2.0/24 stand
# for our own side in exports.
_DOCUMENTATION = (
    *(f"192.0.2.{host}" for host in range(16, 255)),
    *(f"198.51.100.{host}" for host in range(1, 255)),
    *(f"203.0.113.{host}" for host in range(1, 255)),
)


def _alphabet(character: str) -> str:
    """Return the characters that may stand in for this one; only itself where it says nothing."""
    if character in _DIGITS:
        return _DIGITS
    if character in _LOWER:
        return _LOWER
    if character in _UPPER:
        return _UPPER
    if character.isascii() or not character.isalnum():
        return character
    width = len(character.encode("utf-8"))
    if width == 2:
        return _UPPER_2 if character.isupper() else _LOWER_2
    return _WIDE_3 if width == 3 else _WIDE_4


class KeyedPseudonyms:
    """Stand-ins made from a key: the same key and value always give the same stand-in.

    Without the key a stand-in does not lead back to its value by more than guessing; throw the key
    away and exports can no longer be linked. Fulfils the protocol contract's `Pseudonyms`.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._hosts: dict[str, str] = {}
        self._taken: set[str] = set()
        self._remembered = lru_cache(maxsize=4096)(self._text)

    def text(self, value: str) -> str:
        """Return text of the same length and shape: digits stay digits, letters letters of their
        case, the rest stays.

        Different ASCII values of one shape get different stand-ins. A value with four or more
        digits and letters is never its own stand-in.
        """
        return self._remembered(value)

    def _text(self, value: str) -> str:
        alphabets = [_alphabet(character) for character in value]
        open_places = [at for at, letters in enumerate(alphabets) if len(letters) > 1]
        if not open_places:
            return value
        for tweak in range(256):
            shown = self._permuted(value, alphabets, open_places, tweak)
            if shown != value or len(open_places) < 4:
                return shown
        return shown

    def _permuted(self, value: str, alphabets: list[str], places: list[int], tweak: int) -> str:
        """Return the value under a keyed permutation of all values of its shape.

        A Feistel network over characters: each half is shifted by what the key makes of the other,
        which can be undone, and therefore never maps two values to one.
        """
        ranks = [_rank(value[at], alphabets[at]) for at in places]
        sizes = [len(alphabets[at]) for at in places]
        fixed = "".join(
            character if len(letters) == 1 else letters[0]
            for character, letters in zip(value, alphabets, strict=True)
        )
        middle = len(ranks) // 2
        for turn in range(_ROUNDS):
            low, high = (0, middle) if turn % 2 else (middle, len(ranks))
            other = ranks[high:] if low == 0 else ranks[:low]
            shifts = self._stream(f"{tweak}/{turn}/{fixed}/{other}", high - low)
            for at, shift in zip(range(low, high), shifts, strict=True):
                ranks[at] = (ranks[at] + shift) % sizes[at]
        shown = list(value)
        for at, rank in zip(places, ranks, strict=True):
            shown[at] = alphabets[at][rank]
        return "".join(shown)

    def _stream(self, label: str, count: int) -> list[int]:
        """Return `count` keyed numbers below 2³²."""
        made = b""
        block = 0
        while len(made) < 4 * count:
            text = f"{block}/{label}".encode("utf-8", "surrogatepass")
            made += hmac.digest(self._key, text, "sha256")
            block += 1
        return [int.from_bytes(made[4 * at : 4 * at + 4], "big") for at in range(count)]

    def address(self, value: str) -> str:
        """Return `host:port` (or a host alone) with a documentation address for its host.

        The port stays. IPv4 becomes one of 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24,
        different ones for the first 747 hosts of an export; IPv6 lies in 2001:db8::/32; a name
        becomes a name of the same shape.
        """
        host, port = _split(value)
        stand_in = self._hosts.get(host)
        if stand_in is None:
            stand_in = self._hosts[host] = self._host(host)
        return stand_in + port

    def _host(self, host: str) -> str:
        try:
            address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
        except ValueError:
            return self.text(host)
        if address.version == 6:
            high, low = self._stream(f"host/{address}", 2)
            shown = str(ipaddress.IPv6Address((0x20010DB8 << 96) | (high << 32) | low))
            return f"[{shown}]" if host.startswith("[") else shown
        first = self._stream(f"host/{address}", 1)[0]
        for step in range(len(_DOCUMENTATION)):
            shown = _DOCUMENTATION[(first + step) % len(_DOCUMENTATION)]
            if shown not in self._taken and shown != host:
                self._taken.add(shown)
                return shown
        return _DOCUMENTATION[first % len(_DOCUMENTATION)]


def _rank(character: str, letters: str) -> int:
    """Return a character's place in its alphabet; any place for a letter of a foreign script."""
    found = letters.find(character)
    return found if found >= 0 else ord(character) % len(letters)


def _split(value: str) -> tuple[str, str]:
    """Return host and `:port`; an IPv6 address without brackets is a host alone."""
    if value.startswith("["):
        host, bracket, port = value.partition("]")
        return host + bracket, port
    if value.count(":") == 1:
        host, _, port = value.partition(":")
        return host, f":{port}"
    return value, ""

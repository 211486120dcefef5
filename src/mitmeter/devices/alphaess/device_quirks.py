"""How an emulated battery misbehaves when told to: what, and how often, the same for every run.

Source of the first three and the last two: fact sheet §5.6, §8 [O]; broken checksums are our own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

from mitmeter.errors import ConfigError


class Quirk(StrEnum):
    """duplicates: a status is sent again together with the next. batches: a status is held back and
    sent with the next. splits: a frame arrives in two parts. bad_checksums: a status is garbled.
    reconnects: the link is closed now and then. no_login: even the first connection has none.
    """

    DUPLICATES = "duplicates"
    BATCHES = "batches"
    SPLITS = "splits"
    BAD_CHECKSUMS = "bad_checksums"
    RECONNECTS = "reconnects"
    NO_LOGIN = "no_login"


_USUAL_RATES = {
    Quirk.DUPLICATES: 0.05,
    Quirk.BATCHES: 0.05,
    Quirk.SPLITS: 0.2,
    Quirk.BAD_CHECKSUMS: 0.03,
    Quirk.RECONNECTS: 0.01,
    Quirk.NO_LOGIN: 1.0,
}


@dataclass(frozen=True, slots=True)
class Quirks:
    """Which quirks, and the share of statuses each strikes."""

    seed: int
    rates: dict[Quirk, float]

    def strikes(self, quirk: Quirk, count: int) -> bool:
        """Tell whether the count-th occasion is struck; depends on seed, quirk and count alone."""
        rate = self.rates.get(quirk, 0.0)
        return rate > 0.0 and self.dice(quirk, count) < rate * 65_536

    def dice(self, purpose: str, count: int) -> int:
        """Return 0..65535."""
        digest = blake2b(f"{self.seed}/{purpose}/{count}".encode(), digest_size=2).digest()
        return int.from_bytes(digest, "big")


def parse_quirks(words: Iterable[str], seed: int, key: str) -> Quirks:
    """Return the quirks named by `batches` or, with a share of its own, `batches=0.5`.

    Raises ConfigError, at `key`, for a word that is none or a share outside 0..1.
    """
    rates: dict[Quirk, float] = {}
    for word in words:
        name, _, share = word.strip().partition("=")
        if not name:
            continue
        if name not in tuple(Quirk):
            raise ConfigError(key, f"{name!r} is none of {', '.join(Quirk)}")
        quirk = Quirk(name)
        rates[quirk] = _share(share, key) if share else _USUAL_RATES[quirk]
    return Quirks(seed, rates)


def _share(text: str, key: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise ConfigError(key, f"share {text!r} is not a number from 0 to 1")
    return share

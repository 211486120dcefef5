"""Which names are ours: the host names of protocols, by zone and by whose devices ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mitmeter.errors import ConfigError

Labels = tuple[bytes, ...]

# A dot that separates labels, not one that is escaped because it belongs to a label.
_DOT = re.compile(r"(?<!\\)\.")
_LABEL = re.compile(rb"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\Z")
_LONGEST_NAME = 253
_LONGEST_LABEL = 63


class Unknown(StrEnum):
    """What becomes of names that are not ours."""

    REFUSE = "refuse"
    NXDOMAIN = "nxdomain"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Zone:
    """One name of ours, or (`whole`) a name with everything below it.

    owners: whose devices ask for it, such as ("efergy", "glow").
    """

    apex: Labels
    whole: bool
    owners: tuple[str, ...]

    @property
    def text(self) -> str:
        return b".".join(self.apex).decode("ascii")


class Zones:
    """All names that are ours. Names compare without regard to case, as DNS has it.

    hosts: owner → patterns. `name` is that name alone; `*.name` is everything below it at any
           depth, and the name itself, because who owns what is below a name owns the name: the
           public traps for sensornet.info answer "equal to or under" [O]. `*` is every name.
    Raises: ConfigError for a pattern that is no host name.
    """

    def __init__(self, hosts: Mapping[str, Iterable[str]]) -> None:
        owners: dict[tuple[Labels, bool], list[str]] = {}
        for owner, patterns in hosts.items():
            for pattern in patterns:
                owners.setdefault(_pattern(pattern), []).append(owner)
        self._zones = {key: Zone(*key, tuple(sorted(set(found)))) for key, found in owners.items()}

    def __iter__(self) -> Iterator[Zone]:
        return iter(self._zones.values())

    def __len__(self) -> int:
        return len(self._zones)

    def find(self, labels: Labels) -> Zone | None:
        """Return the closest zone a lower-case name lies in, None where it is not ours."""
        found = self._zones.get((labels, False))
        for start in range(len(labels) + 1):
            if found is not None:
                return found
            found = self._zones.get((labels[start:], True))
        return found

    def find_text(self, name: str) -> Zone | None:
        """Return the closest zone of a name in text, escaped as DNS tools print it."""
        return self.find(tuple(part.encode() for part in _DOT.split(name.rstrip(".").lower())))


def _pattern(pattern: str) -> tuple[Labels, bool]:
    if pattern == "*":
        return (), True
    whole = pattern.startswith("*.")
    name = pattern.removeprefix("*.").rstrip(".").lower()
    labels = tuple(name.encode("utf-8").split(b"."))
    if len(name) > _LONGEST_NAME or not all(_is_label(label) for label in labels):
        raise ConfigError("hosts", f"{pattern!r} is no host name; write name.example or *.example")
    return labels, whole


def _is_label(label: bytes) -> bool:
    return len(label) <= _LONGEST_LABEL and _LABEL.match(label) is not None

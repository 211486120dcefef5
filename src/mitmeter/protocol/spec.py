"""Everything the rest of mitmeter needs to know of a protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol

from mitmeter.model import Side
from mitmeter.protocol.actions import M_co
from mitmeter.protocol.beat import Beat
from mitmeter.protocol.contexts import DeviceContext, HeadendContext
from mitmeter.protocol.items import Codec, Decoded, M, Undecodable
from mitmeter.protocol.parties import Party, Projection
from mitmeter.protocol.reverse import Reverse, ReverseContext
from mitmeter.protocol.rules import Rule


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """One operator's command a protocol understands: how to write it, and what it does."""

    name: str
    arguments: str
    summary: str


class Pseudonyms(Protocol):
    """Stable stand-ins for private text: the same value always gives the same stand-in."""

    def text(self, value: str) -> str:
        """Return text of the same length and shape: digits stay digits, letters letters, the rest
        stays.
        """
        ...


Redact = Callable[[Side, "Decoded[Any] | Undecodable", Pseudonyms], bytes]


@dataclass(frozen=True, slots=True)
class Spoken(Generic[M_co]):
    """One whole message of a conversation, and whose it is."""

    sender: Side
    item: Decoded[M_co]


@dataclass(frozen=True, slots=True)
class Listed:
    """One value as the device itself names and scales it; `value` is text as it is to be shown."""

    name: str
    value: str
    unit: str


Reword = Callable[[Side, "Decoded[Any]", Callable[[bytes], bytes]], bytes]


Portrait = Callable[[Iterable[Spoken[Any]]], str]


Listing = Callable[[Iterable[Spoken[Any]]], Iterable[Listed]]


# What a proxy may do whatever is spoken; a protocol's own rule of the same name goes before it.
ANY_RULES = ("observe", "replace", "inject")


# Whom a rule without knowledge of the protocol says something to is named by the station:
# `tcp:between`.
INJECT = CommandHelp(
    "inject", "to=device|headend hex=HEX", "through a proxy with --rule inject: say these bytes"
)


@dataclass(frozen=True, slots=True)
class Spec(Generic[M]):
    """One protocol: everything the rest of mitmeter needs to know of it.

    dials:   the side that opens the connection.
    listen:  the default endpoint of a trap (or of an emulated device that is dialled); "" for what
             is met on no network, such as history out of files.
    hosts:   names the device asks DNS for; `*.` in front means any name below.
    rules:   name → factory, for proxies.
    redact:  makes an item's bytes safe to share, same length, checksums valid.
    certificate: the kind of certificate its devices are known to take, of `transport/x509.py`.
    projection_with: the projection where it depends on the station's options, such as a gain.
    topics:  the MQTT topic filters its devices publish under at the owner's broker; `{prefix}`
             stands for what the owner has chosen.
    invent:  a persona nobody has, as TOML text, from a random number: the same number, the same
             persona.
    portrait: a persona, as TOML text, of the device that took part in what was said, with which
             `device` says the same again byte for byte. RemoteProtocolError for too little.
    listing: what was read, in the device's own names and units, for who probes; the readings where
             there is none.
    reverse: stands before a device that is a web server; without it a proxy passes bytes on.
    beat:    what its emulated device says by UDP beside everything else.
    shown_as: persona → the name in the certificate that an emulated device shows.
    recognises: tells whether a side's first bytes can be no other protocol's. What it tells True of
             stays True with more bytes behind it.
    plain:   speaks for bytes of any kind: where another protocol recognises them, that one decodes.
    reword:  a message's bytes with a change made to what it says, lengths and checksums made right;
             without it what is changed are the bytes as they are.
    package: where `personas/`, `vectors/` and README.md lie, as a package name.
    """

    name: str
    title: str
    dials: Side
    listen: str
    codec: Callable[[], Codec[M]]
    projection: Callable[[], Projection[M]]
    package: str
    hosts: tuple[str, ...] = ()
    headend: Callable[[HeadendContext], Party[M]] | None = None
    device: Callable[[DeviceContext], Party[M]] | None = None
    rules: Mapping[str, Callable[[HeadendContext], Rule[M]]] = field(default_factory=dict)
    redact: Redact | None = None
    commands: tuple[CommandHelp, ...] = ()
    persona: str = ""
    certificate: str = "plain"
    projection_with: Callable[[Mapping[str, str]], Projection[M]] | None = None
    topics: tuple[str, ...] = ()
    reverse: Callable[[ReverseContext], Reverse] | None = None
    shown_as: Callable[[Mapping[str, Any]], str] | None = None
    beat: Callable[[DeviceContext, datetime], Beat] | None = None
    invent: Callable[[int], str] | None = None
    portrait: Portrait | None = None
    listing: Listing | None = None
    recognises: Callable[[Side, bytes], bool] | None = None
    plain: bool = False
    reword: Reword | None = None

    @property
    def rule_names(self) -> tuple[str, ...]:
        """Every rule a proxy of this protocol may have, sorted."""
        passes_bytes = bool(self.listen) and self.reverse is None
        return tuple(sorted({*self.rules, *(ANY_RULES if passes_bytes else ())}))

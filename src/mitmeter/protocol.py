"""The contract every device protocol fulfils: codec, parties, projection, rules, and a Spec.

Everything here is sans-IO: bytes and time come in as arguments, everything that should happen comes
out as a value. `now` is always an aware UTC instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from mitmeter.model import DeviceId, Event, Fact, Reading, Secret, Side, lean

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)
M_contra = TypeVar("M_contra", contravariant=True)


# --- items: what a codec makes of bytes
# ------------------------------------------------------------


@lean
class Decoded(Generic[M]):
    """One message and exactly the bytes it came in."""

    raw: bytes
    message: M


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Bytes that are no message, and why in words."""

    raw: bytes
    reason: str


class Codec(Protocol[M]):
    """Bytes ⇄ messages for both sides of one conversation; plays neither.

    `feed` and `end` never raise; the raw bytes of the items of one sender, joined, equal what that
    sender's side was fed once `end` has been called; items do not depend on how the bytes were cut.
    """

    def feed(self, sender: Side, data: bytes) -> list[Decoded[M] | Undecodable]: ...

    def end(self, sender: Side) -> list[Decoded[M] | Undecodable]: ...

    def encode(self, sender: Side, message: M) -> bytes:
        """Return the message's bytes. Pure. Raises LocalProtocolError for what cannot be said."""
        ...


@runtime_checkable
class Settles(Protocol[M]):
    """A codec of bytes without frames may have this, too: what is held of that side comes out as it
    is, for who cannot wait for more. The items then do depend on when it is asked.
    """

    def settle(self, sender: Side) -> list[Decoded[M] | Undecodable]: ...


# --- actions: what a party wants done
# --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send(Generic[M_co]):
    """Say this message to the peer."""

    message: M_co


@dataclass(frozen=True, slots=True)
class SendRaw:
    """Say exactly these bytes: for emulated misbehaviour, never for ordinary speech."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Call `timer(name)` after so many seconds; the same name again replaces the earlier timer."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """End the conversation once everything said before has been sent."""

    reason: str


# The reason of a Close that says: everything that was wanted has been read.
READ = "read"


@dataclass(frozen=True, slots=True)
class Restart:
    """The emulated unit reboots: once everything said before has been sent, all connections of the
    unit are closed, on every port it serves, and for so many seconds new ones are refused.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Identify:
    """The peer is this device; operator's commands for it find their way here from now on."""

    device: DeviceId


@dataclass(frozen=True, slots=True)
class Report:
    """Something happened that the wire alone does not show: a command refused, a back-fill
    closed.
    """

    event: Event


@dataclass(frozen=True, slots=True)
class Command:
    """An operator's wish. `id` links the answer to it."""

    id: str
    device: DeviceId
    name: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command, in a sentence. Exactly one per command, when it is known."""

    command_id: str
    accepted: bool
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an errand such as a scan has come; shown to who waits for it, never journaled.

    done, total: in steps of whatever kind.
    mark: where to go on after an interruption: handed back as the option `from`.
    """

    done: int
    total: int
    mark: str


Action = Send[M] | SendRaw | SetTimer | Close | Restart | Progress | Identify | Report | Answer


class Party(Protocol[M]):
    """How one side behaves. Each method returns what should happen next, in order."""

    def opened(self, now: datetime) -> Iterable[Action[M]]: ...

    def received(self, message: M, now: datetime) -> Iterable[Action[M]]: ...

    def timer(self, name: str, now: datetime) -> Iterable[Action[M]]: ...

    def garbled(self, item: Undecodable, now: datetime) -> Iterable[Action[M]]: ...

    def commanded(self, command: Command, now: datetime) -> Iterable[Action[M]]: ...


@runtime_checkable
class TakesLeave(Protocol[M_co]):
    """A party may have this, too: what it wants to say when we are about to end the conversation,
    such as to log out. It has a moment to hear the answer, and ends the conversation itself.
    """

    def leaving(self, now: datetime) -> Iterable[Action[M_co]]: ...


Projected = Reading | Event | Fact


class Projection(Protocol[M_contra]):
    """Message → readings, events and facts. One instance lives as long as its conversation.

    Readings carry `received=at` and the device's own time in `reported`; correction is not its job,
    so `at` stays None but in history that was corrected elsewhere.
    """

    def project(self, sender: Side, message: M_contra, at: datetime) -> Iterable[Projected]: ...


@runtime_checkable
class HearsRubble(Protocol):
    """A projection may have this, too: it is then handed what is no message, and tells of it
    instead of the usual event.
    """

    def garbled(self, sender: Side, item: Undecodable, at: datetime) -> Iterable[Projected]: ...


# --- rules: what a proxy may do to the items that pass
# ----------------------------------------------


@dataclass(frozen=True, slots=True)
class Emit(Generic[M_co]):
    """Say a message of our own towards `to`, in the voice of the other side."""

    to: Side
    message: M_co


@dataclass(frozen=True, slots=True)
class EmitRaw:
    """Say exactly these bytes towards `to`, between two messages of the other side."""

    to: Side
    data: bytes


RuleAction = Emit[M] | EmitRaw | SetTimer | Identify | Report | Answer


@dataclass(frozen=True, slots=True)
class Verdict(Generic[M]):
    """What becomes of one item: `forward` is what goes on (None: nothing), `why` is for the
    journal.

    actions happen after the forwarded bytes.
    """

    forward: bytes | None
    why: str = ""
    actions: tuple[RuleAction[M], ...] = ()


class Rule(Protocol[M]):
    """One rule of a proxy; sees every item that the rules before it let pass."""

    def judge(self, sender: Side, item: Decoded[M] | Undecodable, now: datetime) -> Verdict[M]: ...

    def timer(self, name: str, now: datetime) -> Iterable[RuleAction[M]]: ...

    def commanded(self, command: Command, now: datetime) -> Iterable[RuleAction[M]] | None:
        """Return what to do, or None when this rule knows nothing of commands."""
        ...


# --- what parties are given
# -------------------------------------------------------------------------

Recall = Callable[[DeviceId, str], str | None]
Gaps = Callable[[DeviceId, datetime, datetime, timedelta], "tuple[tuple[datetime, datetime], ...]"]


def _nothing_known(device: DeviceId, name: str) -> str | None:
    return None


def _no_gaps(
    device: DeviceId, since: datetime, until: datetime, longest: timedelta
) -> tuple[tuple[datetime, datetime], ...]:
    return ()


@dataclass(frozen=True, slots=True)
class HeadendContext:
    """What a stand-in head-end, or an injecting rule, may know.

    recall:  the latest fact of a device by name, or None.
    gaps:    gaps(device, since, until, longest): the spans, in the device's own time, between two
             moments the store holds readings of (or between the last one held and `until`) that
             are longer than `longest`; oldest first; none for a device nothing is held of.
    zone:    the site's time zone.
    control: whether operator's commands may change anything.
    options: the rule's or station's own settings, as text.
    user, password: what a probe logs in with.

    A head-end that dials its device reads what is to be read and says Close(READ), or Close with
    what went wrong. Options every probe may set, as `mitmeter probe` takes them: `registers` (names
    or numbers, comma-separated), `address`, `scan` ("FROM-TO"), `pace` (seconds between requests
    of a scan) and `from` (the mark of the last Progress of a scan that was interrupted).
    """

    recall: Recall = _nothing_known
    gaps: Gaps = _no_gaps
    zone: tzinfo | None = None
    control: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))


@dataclass(frozen=True, slots=True)
class HouseState:
    """The simulated house at one instant; grid + pv + battery = load, exactly.

    Power in whole watts: grid_w + import, battery_w + discharge, pv_w ≥ 0, load_w ≥ 0.
    soc_percent: 0..100, exact.
    gas_w: what heating and hot water burn, whole watts of the gas's heat.
    price_import, price_standing: the tariff now, currency per kWh and per day; 0 where there is
    none. low_rate: whether the cheaper of its two rates is valid.
    """

    grid_w: int
    pv_w: int
    battery_w: int
    load_w: int
    soc_percent: Decimal
    voltage_v: Decimal
    frequency_hz: Decimal
    temperature_c: Decimal
    gas_w: int = 0
    price_import: Decimal = Decimal(0)
    price_standing: Decimal = Decimal(0)
    low_rate: bool = False


@dataclass(frozen=True, slots=True)
class HouseEnergy:
    """Lifetime energies in kWh: the exact integrals of the powers in HouseState since the house
    began.

    imported_low: the part of `imported` taken while the low rate was valid.
    gas_volume:   what the gas meter has counted, m³; `gas` is its heat in kWh.
    """

    imported: Decimal
    exported: Decimal
    pv: Decimal
    charged: Decimal
    discharged: Decimal
    load: Decimal
    charged_from_grid: Decimal
    imported_low: Decimal = Decimal(0)
    gas: Decimal = Decimal(0)
    gas_volume: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class BatterySchedule:
    """When the battery charges from the grid, in the site's local hours; `None` windows mean never.

    stop_charging_percent: charge from the grid up to here.
    reserve_percent:       do not discharge below here.
    """

    charge_windows: tuple[tuple[int, int], ...] = ()
    stop_charging_percent: Decimal = Decimal(100)
    reserve_percent: Decimal = Decimal(10)


class House(Protocol):
    """One simulated house behind every emulated device; any instant, any order, always equal."""

    def state(self, at: datetime) -> HouseState: ...

    def energy(self, at: datetime) -> HouseEnergy: ...

    def schedule(self, at: datetime, schedule: BatterySchedule) -> None:
        """From `at` on the battery follows this schedule."""
        ...


class DeviceMemory(Protocol):
    """What an emulated unit remembers over restarts: small texts by name.

    One memory serves all conversations and all ports of a unit; what one sets, all get at once.
    """

    def get(self, name: str) -> str | None: ...

    def set(self, name: str, value: str) -> None: ...


class PlainMemory:
    """A memory that lasts as long as the object does."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._held.get(name)

    def set(self, name: str, value: str) -> None:
        self._held[name] = value


@dataclass(frozen=True, slots=True)
class DeviceContext:
    """What an emulated device is made of.

    persona: the persona file's content: identity, sizes, misbehaviour, as parsed from TOML.
    options: settings of this run as text, such as `drift_ppm` or `misbehave`.
    memory:  what the unit remembers over restarts.
    delay:   how long the unit takes to answer, in seconds, where the operator says so; None: as
             long as a real one would.
    """

    house: House
    persona: Mapping[str, Any] = field(default_factory=dict)
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    zone: tzinfo | None = None
    seed: int = 1
    frozen_at: datetime | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    memory: DeviceMemory = field(default_factory=PlainMemory)
    delay: float | None = None


# --- a reverse proxy: standing before a device that is a web server
# -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToClient:
    """Say these bytes to that client."""

    client: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Hang:
    """End that client's connection once everything said to it before has been sent."""

    client: int


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect to the server; `connected` or `failed` tells what came of it."""


@dataclass(frozen=True, slots=True)
class ToServer:
    """Say these bytes to the server."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """End the connection to the server; nothing more is heard of it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Throttle:
    """Read on from the server, or not for now."""

    stopped: bool


@dataclass(frozen=True, slots=True)
class Served:
    """One request was answered: a line of the access log. Holds nothing that is anybody's secret.

    status:  as answered. from_us: by us rather than by the server.
    seconds: from its arrival to the last byte of the answer. size: bytes of the answer's body.
    """

    client: str
    method: str
    path: str
    status: int
    size: int
    seconds: float
    from_us: bool


@dataclass(frozen=True, slots=True)
class ReverseContext:
    """What a reverse proxy is told of its place.

    server:  the device's origin as it is dialled, such as https://192.0.2.7.
    secure:  whether clients reach us by TLS.
    port:    ours.
    names:   host names under which clients may find us, beside addresses and local names.
    """

    server: str
    secure: bool
    port: int
    names: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


ReverseEffect = ToClient | Hang | Dial | ToServer | Drop | Throttle | Served | SetTimer | Report


class Reverse(Protocol):
    """All clients of one device, and the one connection to it. Each method returns what to do."""

    def arrived(self, client: int, address: str, now: datetime) -> Iterable[ReverseEffect]: ...

    def heard(self, client: int, data: bytes, now: datetime) -> Iterable[ReverseEffect]: ...

    def ended(self, client: int, now: datetime) -> Iterable[ReverseEffect]:
        """The client has said all it will; it may still listen."""
        ...

    def left(self, client: int, now: datetime) -> Iterable[ReverseEffect]: ...

    def congested(self, client: int, full: bool, now: datetime) -> Iterable[ReverseEffect]: ...

    def connected(self, now: datetime) -> Iterable[ReverseEffect]: ...

    def failed(self, kind: str, reason: str, now: datetime) -> Iterable[ReverseEffect]:
        """Why there is no connection. kind: `unreachable`, `subnet`, `certificate` or `tls`."""
        ...

    def answered(self, data: bytes, now: datetime) -> Iterable[ReverseEffect]: ...

    def closed(self, now: datetime) -> Iterable[ReverseEffect]:
        """The server has ended the connection."""
        ...

    def timer(self, name: str, now: datetime) -> Iterable[ReverseEffect]: ...


@dataclass(frozen=True, slots=True)
class Datagram:
    """One datagram to send."""

    host: str
    port: int
    payload: bytes


class Beat(Protocol):
    """What an emulated unit says by UDP now and then, to tell that it is alive."""

    @property
    def local_port(self) -> int: ...

    def due(self) -> datetime | None:
        """Return when to call `tick` next; None while there is nothing to say."""
        ...

    def tick(self, now: datetime) -> Datagram | None: ...

    def heard(self, host: str, now: datetime) -> bool:
        """Note a datagram; return whether it was an answer."""
        ...

    def restarts(self, now: datetime) -> bool:
        """Tell whether the unit restarts because nobody answers."""
        ...


# --- the spec
# ----------------------------------------------------------------------------------------


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


# Members and headers whose value is nobody's to read over a shoulder, whatever the protocol.
CREDENTIALS = frozenset(
    {"password", "authorization", "proxy-authorization", "cookie", "set-cookie"}
)


def describe(value: object, *, reveal: bool = False) -> Any:
    """Return a message as plain JSON values: `type` first, bytes as hex, Decimals as text, pairs of
    names and values as tables, secrets hidden.
    """
    if isinstance(value, Secret):
        return value.reveal() if reveal else "…"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if is_dataclass(value) and not isinstance(value, type):
        shown: dict[str, Any] = {"type": type(value).__name__}
        for each in fields(value):
            shown[each.name] = describe(getattr(value, each.name), reveal=reveal)
        return shown
    if isinstance(value, Mapping):
        return {str(key): describe(item, reveal=reveal) for key, item in value.items()}
    if isinstance(value, tuple | list):
        if value and all(_is_pair(item) for item in value):
            return _table(value, reveal=reveal)
        return [describe(item, reveal=reveal) for item in value]
    return value


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)


def _table(pairs: Iterable[tuple[str, object]], *, reveal: bool) -> dict[str, Any]:
    """Return (name, value) pairs as a table; a name that occurs again becomes a list of its
    values.
    """
    shown: dict[str, Any] = {}
    repeated: set[str] = set()
    for name, value in pairs:
        hidden = not reveal and name.lower() in CREDENTIALS
        plain = "…" if hidden else describe(value, reveal=reveal)
        if name not in shown:
            shown[name] = plain
        elif name in repeated:
            shown[name].append(plain)
        else:
            repeated.add(name)
            shown[name] = [shown[name], plain]
    return shown

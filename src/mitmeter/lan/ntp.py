"""The time, for devices that fall back to 1970 without it: SNTP answers, and a client's half.

Packets as in RFC 5905 §7.3: 48 bytes, big-endian. Only client requests (mode 3) are answered, with
exactly 48 bytes, so nothing is amplified; control and private modes (6 and 7) get silence.

How honest an answer is about a clock nobody keeps right is a choice, because a device that refuses
it has no time at all:

* A clock the system says is synchronised: leap 0, our own stratum, the system's own error bound.
* One that is not: leap 0 and `local_stratum`, the way chrony's `local stratum 10` speaks. Devices
  with this firmware accept that [O]; whether they accept the alarm below is unknown [U], and common
  small clients (busybox ntpd, RFC 4330's own advice) refuse it. With `local_stratum=None` we raise
  the alarm instead.
* One that is plainly unset, before 2025: always the alarm, leap 3 and stratum "unsynchronised".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SIZE = 48
# A request may carry extension fields and a signature behind the 48 bytes, which we read over.
MAX_REQUEST = 1024
# The names devices ask DNS for when they want the time: the pool's [O for Glow displays].
HOSTS = ("*.pool.ntp.org",)

LOCAL_STRATUM = 10
_PACKET = struct.Struct(">BBbbII4sQQQQ")
_UNIX_EPOCH = 2_208_988_800  # seconds from 1900, the start of NTP's era 0, to 1970
_ERA = 1 << 32
_CLIENT, _SERVER = 3, 4
_MODES = {
    0: "reserved",
    1: "symmetric active",
    2: "symmetric passive",
    4: "server",
    5: "broadcast",
    6: "control",
    7: "private",
}
_ALARM = 3
# RFC 5905 §A.5.3.4: stratum 16 goes over the wire as 0, with a reason in the reference id.
_UNSYNCHRONISED, _INIT = 0, b"INIT"
# "Our own clock": what chrony and ntpd name as the reference when there is no other server.
_OWN_CLOCK = bytes((127, 127, 1, 1))
_PRECISION = -20  # log2 seconds: the system clock is read to about a microsecond
# Clients by RFC 4330 §5 may refuse an error bound of a second; a free-running clock's has no bound.
_LARGEST_ERROR = 0.999
_UNSET_BEFORE_NS = 1_735_689_600 * 10**9  # 2025-01-01; no system that runs this is older


@dataclass(frozen=True, slots=True)
class ClockState:
    """What is known of our own clock.

    synchronised:  something keeps it right: the system says so, or the operator.
    stratum:       what we are then, 1..15; the system does not tell how far its source is from a
                   reference clock, so the default is one more than a pool server's usual 2 or 3.
    error_seconds: how far it may be off.
    """

    synchronised: bool
    stratum: int = 4
    error_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class NtpOutcome:
    """What becomes of one packet: `verdict` in words, and the reply, None for silence."""

    verdict: str
    reply: bytes | None = None
    version: int = 0


def answer(
    packet: bytes,
    received_ns: int,
    now_ns: int,
    clock: ClockState,
    local_stratum: int | None = LOCAL_STRATUM,
) -> NtpOutcome:
    """Return what becomes of one packet, whatever bytes it is. Never raises.

    received_ns, now_ns: when it came and when the answer leaves, UTC since 1970.
    """
    if not SIZE <= len(packet) <= MAX_REQUEST:
        return NtpOutcome(f"ignored: {len(packet)} bytes, expected {SIZE}")
    version, mode = packet[0] >> 3 & 7, packet[0] & 7
    if mode != _CLIENT:
        return NtpOutcome(f"ignored: mode {mode} ({_MODES[mode]})", version=version)
    if not 1 <= version <= 4:
        return NtpOutcome(f"ignored: version {version}", version=version)
    leap, stratum, reference, words = 0, clock.stratum, _OWN_CLOCK, "our clock is synchronised"
    if now_ns < _UNSET_BEFORE_NS:
        leap, stratum, reference, words = _ALARM, _UNSYNCHRONISED, _INIT, "our clock is not set"
    elif not clock.synchronised:
        words = "our clock is not synchronised"
        if local_stratum is None:
            leap, stratum, reference = _ALARM, _UNSYNCHRONISED, _INIT
        else:
            stratum = local_stratum
    reply = _PACKET.pack(
        leap << 6 | version << 3 | _SERVER,
        stratum,
        packet[2] - 256 if packet[2] > 127 else packet[2],  # poll, as asked
        _PRECISION,
        0,
        round(min(max(clock.error_seconds, 0.0), _LARGEST_ERROR) * 65_536),
        reference,
        timestamp(received_ns),  # the reference is our clock itself, and it was read just then
        int.from_bytes(packet[40:48]),
        timestamp(received_ns),
        timestamp(now_ns),
    )
    return NtpOutcome(f"answered, stratum {stratum}: {words}", reply, version)


def timestamp(ns: int) -> int:
    """Return an instant in NTP's 64 bits: seconds since 1900 in their era, and 2**-32 parts."""
    seconds, rest = divmod(ns, 10**9)
    return (seconds + _UNIX_EPOCH) % _ERA << 32 | (rest << 32) // 10**9


def unix_ns(stamp: int, near_ns: int) -> int:
    """Return an NTP timestamp as nanoseconds since 1970, in the era that puts it closest to
    `near_ns`: era 0 ends on 2036-02-07.
    """
    seconds, fraction = divmod(stamp, _ERA)
    in_era = seconds - _UNIX_EPOCH
    eras = round((near_ns // 10**9 - in_era) / _ERA)
    return (in_era + eras * _ERA) * 10**9 + (fraction * 10**9 + (1 << 31) >> 32)


# --- the client's half: for checking that a server answers
# ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NtpReply:
    """What a server said.

    offset_ns: the server's clock minus ours, by the four times of one exchange.
    delay_ns:  how long the packets were on their way, both together.
    """

    version: int
    leap: int
    stratum: int
    reference: bytes
    error_seconds: float
    offset_ns: int
    delay_ns: int

    @property
    def usable(self) -> bool:
        """Whether an ordinary client would set its clock by this."""
        return self.leap != _ALARM and 1 <= self.stratum <= 15


def request(sent_ns: int, version: int = 4) -> bytes:
    """Return a client's packet."""
    return bytes((version << 3 | _CLIENT,)) + bytes(39) + timestamp(sent_ns).to_bytes(8)


def read_reply(packet: bytes, sent_ns: int, received_ns: int) -> NtpReply | None:
    """Return what a server said to `request(sent_ns)`, None where this is no answer to that."""
    if len(packet) < SIZE or packet[0] & 7 != _SERVER:
        return None
    head, stratum, _, _, _, error, reference, _, echoed, came, left = _PACKET.unpack_from(packet)
    if echoed != timestamp(sent_ns):
        return None
    there, back = unix_ns(came, received_ns), unix_ns(left, received_ns)
    return NtpReply(
        head >> 3 & 7,
        head >> 6,
        stratum,
        reference,
        error / 65_536,
        ((there - sent_ns) + (back - received_ns)) // 2,
        (received_ns - sent_ns) - (back - there),
    )

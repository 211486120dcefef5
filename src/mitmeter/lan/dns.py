"""DNS answers: our own address for the names that are ours, nothing for anybody else.

RFC 1035 and 2181 for messages, RFC 6891 for EDNS, RFC 2308 for empty answers, RFC 8482 for ANY. No
answer of ours is ever larger than its question by more than 60 bytes, nor than 512 bytes in all.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from mitmeter.lan.names import Unknown, Zone, Zones
from mitmeter.lan.networks import OUTSIDE, Address, Networks
from mitmeter.model import printable

HEADER_SIZE = 12
# What a client that does not speak EDNS can take by UDP.
PLAIN_UDP = 512
# What we offer to take by UDP, in EDNS: the size that survives every path unfragmented.
OUR_PAYLOAD = 1232
# A question is a header, one name of at most 255 bytes and perhaps EDNS options. Ones longer than
# this are not worth the work of reading them.
MAX_QUERY = 4096

_HEADER = struct.Struct(">HHHHHH")
_QR, _TC, _RD, _RA = 0x8000, 0x0200, 0x0100, 0x0080
# Replies already made, by question: devices ask the same few questions for ever.
_REMEMBERED = 1024
_REMEMBERED_SIZE = 300


@dataclass(frozen=True, slots=True)
class DnsOutcome:
    """What becomes of one question.

    verdict: in words, for people and events: "answered 192.0.2.7", "empty (AAAA)",
             "refused: not ours", "no such name", "forwarded", "malformed: …", "ignored: …".
    reply:   the message to send back; None sends nothing (and, by TCP, ends the connection).
    forward: the question to put to the upstream server instead, as it was asked; else None.
    name:    the name asked for, lower-case, escaped and bounded; "" where none was read.
    qtype:   the record type asked for, such as "A" or "TYPE65280".
    limit:   the largest reply this client takes by UDP.
    """

    verdict: str
    reply: bytes | None = None
    forward: bytes | None = None
    name: str = ""
    qtype: str = ""
    limit: int = PLAIN_UDP


class Responder:
    """Answers DNS questions.

    answer_with: the address names of ours have.
    apart:       owner → another address for its names: two kinds of devices may want one port.
    networks:    whom to answer at all; everybody else gets silence.
    ttl:         how long answers may be remembered, in seconds.
    """

    def __init__(
        self,
        zones: Zones,
        answer_with: IPv4Address,
        networks: Networks,
        *,
        ttl: int = 60,
        unknown: Unknown = Unknown.REFUSE,
        apart: Mapping[str, IPv4Address] | None = None,
    ) -> None:
        self._zones = zones
        self._networks = networks
        self._ttl = ttl
        self._unknown = unknown
        self._address = answer_with
        self._apart = dict(apart or {})
        self._remembered: dict[bytes, DnsOutcome] = {}

    def answer(self, query: bytes, client: Address | str) -> DnsOutcome:
        """Return what becomes of one message, whatever bytes it is. Never raises.

        client: the asker's address; text is looked up faster.
        """
        networks = self._networks
        if not (networks.hold(client) if isinstance(client, str) else client in networks):
            return DnsOutcome(OUTSIDE)
        known = self._remembered.get(query[2:])
        if known is not None and known.reply is not None:
            reply = query[:2] + known.reply[2:]
            return DnsOutcome(known.verdict, reply, None, known.name, known.qtype)
        outcome = self._decide(query)
        if outcome.reply is not None and len(query) <= _REMEMBERED_SIZE:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[query[2:]] = outcome
        return outcome

    def failed(self, query: bytes) -> bytes:
        """Return the reply to a question that could not be forwarded, or got no answer."""
        return _bare(query, dns.rcode.SERVFAIL, ra=True)

    # one message

    def _decide(self, query: bytes) -> DnsOutcome:
        if len(query) < HEADER_SIZE:
            return DnsOutcome("ignored: too short for a question")
        _, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(query)
        if flags & _QR:
            # Never a word to an answer, or two servers could talk to each other for ever.
            return DnsOutcome("ignored: an answer, not a question")
        opcode = dns.opcode.from_flags(flags)
        if opcode is not dns.opcode.QUERY:
            return self._complain(query, dns.rcode.NOTIMP, f"opcode {dns.opcode.to_text(opcode)}")
        # Looked at before anything is parsed: 65,535 claimed records would be parsed one by one.
        if questions != 1:
            return self._complain(query, dns.rcode.FORMERR, f"{questions} questions in one")
        if answers or authorities or additionals > 2 or len(query) > MAX_QUERY:
            return self._complain(query, dns.rcode.FORMERR, "more than a question")
        try:
            # False: signatures are read over, not checked. We answer unsigned.
            asked = dns.message.from_wire(query, keyring=False)
            name = asked.question[0].name
            straight = query.startswith(name.to_wire() or b"", HEADER_SIZE)
        except (dns.exception.DNSException, ValueError) as exc:
            return self._complain(query, dns.rcode.FORMERR, printable(str(exc), 80))
        if not straight:
            return self._complain(query, dns.rcode.FORMERR, "a compressed question")
        shown = printable(name.to_text(omit_final_dot=True).lower(), 255)
        outcome = self._judge(query, asked)
        return replace(outcome, name=shown, qtype=dns.rdatatype.to_text(asked.question[0].rdtype))

    def _judge(self, query: bytes, asked: dns.message.Message) -> DnsOutcome:
        """Decide on a sound question."""
        question = asked.question[0]
        if asked.edns > 0:
            reply = self._reply(asked, dns.rcode.BADVERS)
            return DnsOutcome(f"refused: EDNS version {asked.edns}", reply)
        if question.rdclass is not dns.rdataclass.IN:
            kind = dns.rdataclass.to_text(question.rdclass)
            return DnsOutcome(f"refused: class {kind}", self._reply(asked, dns.rcode.REFUSED))
        zone = self._zones.find(tuple(label.lower() for label in question.name.labels[:-1]))
        if zone is None:
            return self._not_ours(query, asked)
        # ANY asks for whatever there is: that is one record, and small [RFC 8482].
        if question.rdtype in (dns.rdatatype.A, dns.rdatatype.ANY):
            address = self._address_of(zone)
            return DnsOutcome(f"answered {address}", self._reply(asked, address=address))
        kind = dns.rdatatype.to_text(question.rdtype)
        if dns.rdatatype.is_metatype(question.rdtype):
            return DnsOutcome(f"refused: {kind}", self._reply(asked, dns.rcode.REFUSED))
        return DnsOutcome(f"empty ({kind})", self._reply(asked, zone=zone))

    def _not_ours(self, query: bytes, asked: dns.message.Message) -> DnsOutcome:
        if self._unknown is Unknown.FORWARD:
            limit = max(PLAIN_UDP, asked.payload) if asked.edns >= 0 else PLAIN_UDP
            return DnsOutcome("forwarded", forward=query, limit=limit)
        if self._unknown is Unknown.NXDOMAIN:
            return DnsOutcome("no such name", self._reply(asked, dns.rcode.NXDOMAIN))
        return DnsOutcome("refused: not ours", self._reply(asked, dns.rcode.REFUSED))

    # replies

    def _reply(
        self,
        asked: dns.message.Message,
        rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
        *,
        address: IPv4Address | None = None,
        zone: Zone | None = None,
    ) -> bytes:
        """Return the reply: with our address, with the SOA of an empty answer, or with neither."""
        # pad=0: who pads his question would otherwise get 468 bytes for it.
        reply = dns.message.make_response(
            asked,
            recursion_available=self._unknown is Unknown.FORWARD,
            our_payload=OUR_PAYLOAD,
            pad=0,
        )
        reply.set_rcode(rcode)
        name = asked.question[0].name
        if address is not None:
            record = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.A, str(address))
            reply.answer.append(dns.rrset.from_rdata(name, self._ttl, record))
        elif zone is not None:
            reply.authority.append(self._soa(zone, name))
        if address is not None or zone is not None:
            reply.flags |= dns.flags.AA
        return reply.to_wire()

    def _address_of(self, zone: Zone) -> IPv4Address:
        own = (self._apart[owner] for owner in zone.owners if owner in self._apart)
        return next(own, self._address)

    def _soa(self, zone: Zone, name: dns.name.Name) -> dns.rrset.RRset:
        """Return what lets a resolver remember an empty answer as long as a full one.

        The apex is cut from the name as asked, so that it compresses to two bytes.
        """
        apex = dns.name.Name(name.labels[-len(zone.apex) - 1 :])
        # Master, nobody's mailbox, serial, three times for secondaries that do not exist, lifetime.
        text = f"{apex} . 1 3600 600 86400 {self._ttl}"
        soa = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.SOA, text)
        return dns.rrset.from_rdata(apex, self._ttl, soa)

    def _complain(self, query: bytes, rcode: dns.rcode.Rcode, why: str) -> DnsOutcome:
        words = "not implemented" if rcode is dns.rcode.NOTIMP else "malformed"
        ra = self._unknown is Unknown.FORWARD
        return DnsOutcome(f"{words}: {why}", _bare(query, rcode, ra=ra))


def _bare(query: bytes, rcode: dns.rcode.Rcode, *, ra: bool = False) -> bytes:
    """Return a reply that is a header alone: the question may not be worth repeating."""
    identity, flags = struct.unpack_from(">HH", query)
    flags = _QR | (flags & (0x7800 | _RD)) | (_RA if ra else 0) | rcode
    return _HEADER.pack(identity, flags, 0, 0, 0, 0)


# --- forwarding
# ---------------------------------------------------------------------------------


def _question_end(query: bytes) -> int:
    """Return where a sound query's question ends. Its name is not compressed."""
    at = HEADER_SIZE
    while query[at]:
        at += 1 + query[at]
    return at + 5


def is_reply_to(query: bytes, reply: bytes) -> bool:
    """Tell whether an upstream's message answers what was asked of it: number and question agree.

    query: as it was sent upstream; a question that `Responder.answer` forwarded.
    """
    if len(reply) < HEADER_SIZE or reply[:2] != query[:2] or not reply[2] & 0x80:
        return False
    if reply[2] & 0x78:
        return False
    questions = int.from_bytes(reply[4:6])
    if questions == 0:
        return reply[3] & 0x0F != 0  # a complaint need not repeat the question
    end = _question_end(query)
    # The length bytes of labels are below 64, so lower() changes letters only.
    return questions == 1 and reply[HEADER_SIZE:end].lower() == query[HEADER_SIZE:end].lower()


def fitted(reply: bytes, query: bytes, limit: int) -> bytes:
    """Return an upstream's reply as it may go out by UDP: whole, or cut to "ask again by TCP"."""
    if len(reply) <= limit:
        return reply
    identity, flags = struct.unpack_from(">HH", reply)
    head = _HEADER.pack(identity, flags | _TC, 1, 0, 0, 0)
    return head + query[HEADER_SIZE : _question_end(query)]


# --- TCP
# ----------------------------------------------------------------------------------------


def framed(message: bytes) -> bytes:
    """Return a message as it goes over TCP: two bytes of length first [RFC 1035 §4.2.2]."""
    return len(message).to_bytes(2) + message


class DnsStream:
    """One direction of a DNS connection over TCP, cut into messages however it arrives.

    problem: "" while all is well; else why nothing more is read, and the connection should end.
    """

    def __init__(self, max_size: int = MAX_QUERY) -> None:
        self.problem = ""
        self._max_size = max_size
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages these bytes complete. Holds less than one message back."""
        if self.problem:
            return []
        held = self._held
        held += data
        found: list[bytes] = []
        at = 0
        while len(held) - at >= 2:
            size = int.from_bytes(held[at : at + 2])
            if not HEADER_SIZE <= size <= self._max_size:
                expected = f"{HEADER_SIZE} to {self._max_size}"
                self.problem = f"a message of {size} bytes, expected {expected}"
                held.clear()
                return found
            if len(held) - at - 2 < size:
                break
            found.append(bytes(held[at + 2 : at + 2 + size]))
            at += 2 + size
        del held[:at]
        return found

from ipaddress import IPv4Address, ip_address, ip_network

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.lan.dns import Responder, fitted, is_reply_to
from mitmeter.lan.names import Unknown, Zones
from mitmeter.lan.networks import Networks
from tests.lan.lan_questions import (
    AAAA,
    ANY,
    AXFR,
    DEVICE,
    DISPLAY,
    FORMERR,
    HTTPS,
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    OPT,
    REFUSED,
    SERVFAIL,
    SOA,
    STRANGER,
    TXT,
    A,
    counts,
    header,
    opt,
    question,
    rcode,
    responder,
    wire_name,
)


def test_a_name_of_ours_is_answered_with_our_address_byte_for_byte() -> None:
    outcome = responder().answer(question(), DEVICE)
    # Flags: an answer, authoritative, recursion desired as asked. The owner points to the question.
    head = header(flags=0x8500, counts=(1, 1, 0, 0))
    record = bytes.fromhex("c00c 0001 0001 0000003c 0004 c0a86502")
    assert outcome.reply == head + question()[12:] + record
    assert outcome.verdict == "answered 192.168.101.2"
    assert (outcome.name, outcome.qtype, outcome.forward) == (DISPLAY, "A", None)


def test_the_lifetime_of_answers_is_the_operators() -> None:
    reply = responder(ttl=600).answer(question(), DEVICE).reply
    assert reply is not None
    assert reply[-10:-6] == (600).to_bytes(4)


@pytest.mark.parametrize(
    ("qtype", "word"),
    [(AAAA, "AAAA"), (HTTPS, "HTTPS"), (TXT, "TXT"), (SOA, "SOA"), (65_280, "TYPE65280")],
)
def test_every_other_type_of_a_name_of_ours_is_empty_with_the_zones_soa(
    qtype: int, word: str
) -> None:
    outcome = responder().answer(question(qtype=qtype), DEVICE)
    assert outcome.verdict == f"empty ({word})"
    assert (rcode(outcome.reply), counts(outcome.reply)) == (NOERROR, (1, 0, 1, 0))
    assert outcome.reply is not None
    (authority,) = dns.message.from_wire(outcome.reply).authority
    assert str(authority) == (
        "cad.sensornet.info. 60 IN SOA cad.sensornet.info. . 1 3600 600 86400 60"
    )


def test_a_single_names_soa_is_that_name() -> None:
    reply = responder().answer(question("www.alphaess.com", AAAA), DEVICE).reply
    assert reply is not None
    assert str(dns.message.from_wire(reply).authority[0].name) == "www.alphaess.com."


def test_any_is_answered_with_the_one_record_there_is() -> None:
    reply = responder().answer(question(qtype=ANY), DEVICE).reply
    assert counts(reply) == (1, 1, 0, 0)
    assert reply is not None
    assert reply.endswith(bytes((192, 168, 101, 2)))


def test_the_case_of_a_question_comes_back_as_it_was_sent() -> None:
    mixed = "10.20.30.02005E.cAd.SeNsOrNeT.iNfO"
    outcome = responder().answer(question(mixed), DEVICE)
    assert outcome.reply is not None
    assert wire_name(mixed) in outcome.reply
    assert outcome.name == mixed.lower()


def test_two_spellings_of_one_name_do_not_get_each_others_answer() -> None:
    ours = responder()
    for name in ("a.SENSORNET.info", "a.sensornet.INFO", "a.SENSORNET.info"):
        reply = ours.answer(question(name), DEVICE).reply
        assert reply is not None
        assert wire_name(name) in reply


def test_a_repeated_question_gets_its_own_number_back() -> None:
    ours = responder()
    for identity in (0x0001, 0xBEEF):
        reply = ours.answer(question(identity=identity), DEVICE).reply
        assert reply is not None
        assert reply[:2] == identity.to_bytes(2)


# names that are not ours


@pytest.mark.parametrize("name", ["example.com", "notsensornet.info", "x.www.alphaess.com"])
def test_a_name_that_is_not_ours_is_refused(name: str) -> None:
    outcome = responder().answer(question(name), DEVICE)
    assert (outcome.verdict, rcode(outcome.reply)) == ("refused: not ours", REFUSED)
    assert counts(outcome.reply) == (1, 0, 0, 0)


def test_a_name_that_is_not_ours_may_be_said_not_to_exist() -> None:
    outcome = responder(Unknown.NXDOMAIN).answer(question("example.com"), DEVICE)
    assert (outcome.verdict, rcode(outcome.reply)) == ("no such name", NXDOMAIN)


def test_a_name_that_is_not_ours_may_be_forwarded_as_it_was_asked() -> None:
    asked = question("example.com", edns=opt(payload=4096))
    outcome = responder(Unknown.FORWARD).answer(asked, DEVICE)
    assert (outcome.verdict, outcome.reply, outcome.forward) == ("forwarded", None, asked)
    assert (outcome.name, outcome.limit) == ("example.com", 4096)


@pytest.mark.parametrize("qtype", [A, AAAA, TXT])
def test_a_name_of_ours_is_never_forwarded(qtype: int) -> None:
    outcome = responder(Unknown.FORWARD).answer(question(qtype=qtype), DEVICE)
    assert outcome.forward is None
    assert outcome.reply is not None
    assert outcome.reply[3] & 0x80  # recursion is available where names are forwarded


def test_a_zone_transfer_is_refused() -> None:
    outcome = responder().answer(question(qtype=AXFR), DEVICE)
    assert (outcome.verdict, rcode(outcome.reply)) == ("refused: AXFR", REFUSED)


def test_another_class_is_refused() -> None:
    outcome = responder().answer(question(qtype=TXT, qclass=3), DEVICE)
    assert (outcome.verdict, rcode(outcome.reply)) == ("refused: class CH", REFUSED)


# outside


@pytest.mark.parametrize("client", [STRANGER, "127.0.0.1", "2001:db8::1", "nonsense"])
def test_nobody_outside_the_networks_hears_a_word(client: str) -> None:
    outcome = responder(Unknown.FORWARD).answer(question("example.com"), client)
    assert (outcome.reply, outcome.forward) == (None, None)
    assert outcome.verdict == "ignored: outside the networks"


def test_an_answer_remembered_for_a_device_is_not_given_to_a_stranger() -> None:
    ours = responder()
    assert ours.answer(question(), DEVICE).reply is not None
    assert ours.answer(question(), ip_address(STRANGER)).reply is None
    assert ours.answer(question(), ip_address(DEVICE)).reply is not None


# bad input


def test_an_answer_is_never_answered() -> None:
    outcome = responder().answer(header(flags=0x8100) + question()[12:], DEVICE)
    assert outcome.reply is None
    assert outcome.verdict == "ignored: an answer, not a question"


@pytest.mark.parametrize("size", range(12))
def test_less_than_a_header_gets_silence(size: int) -> None:
    assert responder().answer(question()[:size], DEVICE).reply is None


@pytest.mark.parametrize(
    ("opcode", "word"), [(2, "STATUS"), (4, "NOTIFY"), (5, "UPDATE"), (7, "7"), (15, "15")]
)
def test_another_opcode_is_not_implemented(opcode: int, word: str) -> None:
    outcome = responder().answer(header(flags=opcode << 11) + question()[12:], DEVICE)
    assert outcome.verdict == f"not implemented: opcode {word}"
    assert outcome.reply == header(flags=0x8000 | opcode << 11 | NOTIMP, counts=(0, 0, 0, 0))


MALFORMED = {
    "no question": header(counts=(0, 0, 0, 0)),
    "two questions": header(counts=(2, 0, 0, 0)) + question()[12:] * 2,
    "65535 questions": header(counts=(65_535, 0, 0, 0)) + question()[12:],
    "an answer within": header(counts=(1, 1, 0, 0)) + question()[12:],
    "65535 additionals": header(counts=(1, 0, 0, 65_535)) + question()[12:],
    "a promised record missing": header(counts=(1, 0, 0, 1)) + question()[12:],
    "cut in the name": question()[:20],
    "cut in the type": question()[:-3],
    "bytes behind the question": question() + b"\0",
    "a pointer to itself": header() + b"\xc0\x0c" + b"\0\1\0\1",
    "two pointers in a ring": header() + b"\1a\xc0\x10\xc0\x0c" + b"\0\1\0\1",
    "a pointer ahead": header() + b"\xc0\x20" + b"\0\1\0\1" + bytes(40),
    "a pointer into the header": header() + b"\1a\xc0\x0b" + b"\0\1\0\1",
    "a label of 64": header() + b"\x40" + b"a" * 64 + b"\0" + b"\0\1\0\1",
    "a reserved label type": header() + b"\x80a\0" + b"\0\1\0\1",
    "a name of 256 bytes": header() + (b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62
    + b"\0" + b"\0\1\0\1",
    "two EDNS records": header(counts=(1, 0, 0, 2)) + question()[12:] + opt() + opt(),
    "an EDNS option cut short": question(edns=opt(options=b"\0\x0a\0\x08abc")),
    "more than anybody asks": question() + bytes(5000),
}  # fmt: skip


@pytest.mark.parametrize("query", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_sound_question_is_told_so_in_a_bare_header(query: bytes) -> None:
    outcome = responder(Unknown.FORWARD).answer(query, DEVICE)
    assert outcome.reply == header(flags=0x8180 | FORMERR, counts=(0, 0, 0, 0))
    assert outcome.verdict.startswith("malformed: ")
    assert outcome.forward is None


def test_a_name_of_255_bytes_is_the_longest_and_is_answered() -> None:
    suffix = wire_name("sensornet.info")
    labels = (b"\x3f" + b"a" * 63) * 3 + b"\x2e" + b"a" * 46
    assert len(labels + suffix) == 255
    query = header() + labels + suffix + b"\0\1\0\1"
    for asked in (query, query[:-4] + b"\0\x1c\0\1"):
        outcome = responder().answer(asked, DEVICE)
        assert rcode(outcome.reply) == NOERROR
        assert len(outcome.name) <= 255


def test_bytes_in_a_name_are_escaped_for_people() -> None:
    query = header() + b"\x05\x1b[2J\xff" + wire_name("sensornet.info") + b"\0\1\0\1"
    outcome = responder().answer(query, DEVICE)
    assert outcome.name == r"\027[2j\255.sensornet.info"
    assert outcome.name.isprintable()


# EDNS


def test_edns_is_answered_with_edns_and_a_size_that_is_never_fragmented() -> None:
    reply = responder().answer(question(edns=opt(payload=4096)), DEVICE).reply
    assert counts(reply) == (1, 1, 0, 1)
    assert reply is not None
    assert reply.endswith(opt(payload=1232))


def test_without_edns_there_is_none_in_the_reply() -> None:
    assert counts(responder().answer(question(), DEVICE).reply)[3] == 0


def test_an_unknown_version_of_edns_is_told_the_version_we_know() -> None:
    outcome = responder().answer(question(edns=opt(version=1)), DEVICE)
    assert outcome.reply is not None
    reply = dns.message.from_wire(outcome.reply)
    assert (reply.rcode(), reply.edns) == (dns.rcode.BADVERS, 0)
    assert (outcome.verdict, reply.answer) == ("refused: EDNS version 1", [])


def test_padding_a_question_does_not_swell_the_answer() -> None:
    padded = question(edns=opt(options=b"\0\x0c\0\x04\0\0\0\0"))
    reply = responder().answer(padded, DEVICE).reply
    assert reply is not None
    assert len(reply) < len(padded) + 20


def test_opt_asked_as_a_type_is_refused() -> None:
    assert responder().answer(question(qtype=OPT), DEVICE).verdict == "refused: OPT"


# any bytes

QUERIES = st.binary(max_size=600) | st.builds(
    lambda head, name, rest: head + name + rest,
    st.builds(
        header,
        identity=st.integers(0, 65_535),
        flags=st.integers(0, 0x7FFF) | st.just(0x0100),
        counts=st.tuples(*[st.integers(0, 2)] * 4) | st.just((1, 0, 0, 1)),
    ),
    st.sampled_from(["a.sensornet.info", "www.alphaess.com", "example.com", ""]).map(wire_name)
    | st.binary(max_size=40),
    st.binary(max_size=40),
)


@given(query=QUERIES, unknown=st.sampled_from(Unknown))
def test_any_bytes_get_a_small_reply_or_none(query: bytes, unknown: Unknown) -> None:
    ours = responder(unknown)
    outcome = ours.answer(query, DEVICE)
    assert outcome.verdict
    assert outcome.name.isprintable()
    if outcome.reply is not None:
        assert outcome.reply[:2] == query[:2]
        assert outcome.reply[2] & 0x80
        assert len(outcome.reply) <= min(512, len(query) + 60)
        dns.message.from_wire(outcome.reply)
    assert ours.answer(query, DEVICE) == outcome


@given(query=QUERIES)
def test_no_bytes_at_all_bring_a_stranger_an_answer(query: bytes) -> None:
    outcome = responder(Unknown.FORWARD).answer(query, STRANGER)
    assert (outcome.reply, outcome.forward) == (None, None)


# forwarding


def upstream(query: bytes, flags: int = 0x8180, records: bytes = b"") -> bytes:
    return query[:2] + flags.to_bytes(2) + query[4:12] + query[12:] + records


def test_an_upstreams_answer_is_known_by_its_number_and_its_question() -> None:
    asked = question("example.com")
    assert is_reply_to(asked, upstream(asked))
    assert is_reply_to(asked, upstream(asked).replace(b"example", b"EXAMPLE"))
    assert is_reply_to(asked, header(flags=0x8182, counts=(0, 0, 0, 0)))


@pytest.mark.parametrize(
    "other",
    [
        upstream(question("example.com", identity=0x1235)),
        upstream(question("example.org")),
        upstream(question("example.com", AAAA)),
        upstream(question("example.com"), flags=0x0100),
        upstream(question("example.com"), flags=0x8980),
        header(flags=0x8180, counts=(0, 0, 0, 0)),
        header(flags=0x8180, counts=(2, 0, 0, 0)) + question("example.com")[12:] * 2,
        b"",
        upstream(question("example.com"))[:11],
        upstream(question("example.com"))[:20],
    ],
    ids=range(10),
)
def test_anything_else_is_not_the_answer(other: bytes) -> None:
    assert not is_reply_to(question("example.com"), other)


@given(reply=st.binary(max_size=80))
def test_any_bytes_from_an_upstream_are_judged(reply: bytes) -> None:
    asked = question("example.com", identity=0xABCD)
    assert not is_reply_to(asked, reply) or reply[:2] == b"\xab\xcd"


def test_a_reply_too_large_for_udp_says_to_ask_by_tcp() -> None:
    asked = question("example.com")
    large = upstream(asked, records=bytes(600))
    cut = fitted(large, asked, 512)
    assert cut == header(flags=0x8380) + asked[12:]
    assert fitted(large, asked, 1232) == large


def test_a_question_whose_upstream_fails_is_told_so() -> None:
    reply = responder(Unknown.FORWARD).failed(question("example.com"))
    assert reply == header(flags=0x8180 | SERVFAIL, counts=(0, 0, 0, 0))


def test_one_protocols_names_may_have_an_address_apart() -> None:
    zones = Zones({"glow": ("*.cad.example",), "efergy": ("*.example",)})
    ours, theirs = IPv4Address("192.0.2.7"), IPv4Address("192.0.2.8")
    networks = Networks([ip_network("192.0.2.0/24")])
    answers = Responder(zones, ours, networks, apart={"efergy": theirs})
    for name, address in (("a.cad.example", ours), ("b.h3.example", theirs)):
        asked = dns.message.make_query(name, "A")
        outcome = answers.answer(asked.to_wire(), "192.0.2.20")
        assert outcome.reply is not None
        (answer,) = dns.message.from_wire(outcome.reply).answer
        assert [str(each) for each in answer] == [str(address)]
        assert outcome.verdict == f"answered {address}"

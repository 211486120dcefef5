import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.transport.hello import ClientHello, client_hello, first_words
from tests.transport.ends import first_hello, stock_client

# SSL 3.0, two suites (RC4-MD5, RC4-SHA), no session, no compression: 47 bytes after the header.
HUB = bytes.fromhex("160300002f0100002b0300" + "5a" * 32 + "000004000400050100")

# The hello of SSL 2.0 by which old OpenSSL offered SSL 3.0: three suites (the first for SSL 2.0
# only), a challenge of 16 bytes.
OLD = bytes.fromhex("8022010300000900000010010080000004000005") + bytes(16)

STOCK = first_hello(stock_client(), "10.20.30.02005e.cad.sensornet.info")


def records(data: bytes, size: int) -> bytes:
    """Cut the body of one TLS record into many."""
    body = data[5:]
    cut = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(data[:3] + len(piece).to_bytes(2, "big") + piece for piece in cut)


def test_the_hello_of_an_old_hub_is_read_without_extensions() -> None:
    assert len(HUB) == 5 + 47
    assert client_hello(HUB) == ClientHello((0x0300,), (0x0004, 0x0005), "")


def test_the_hello_of_todays_client_tells_its_versions_its_suites_and_the_name_it_asks_for() -> (
    None
):
    hello = client_hello(STOCK)
    assert hello is not None
    assert hello.sni == "10.20.30.02005e.cad.sensornet.info"
    assert hello.versions[0] == 0x0304
    assert 0x1301 in hello.suites
    assert 0x00FF not in hello.suites


def test_a_client_of_tls_1_2_offers_that_at_most() -> None:
    hello = client_hello(first_hello(stock_client(newest=ssl.TLSVersion.TLSv1_2)))
    assert hello is not None
    assert hello.versions == (0x0303,)
    assert hello.sni == ""


def test_a_hello_in_the_form_of_ssl_2_is_read() -> None:
    assert client_hello(OLD) == ClientHello((0x0300,), (0x0004, 0x0005))


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_hello_spread_over_records_is_the_same_hello(size: int) -> None:
    assert client_hello(records(STOCK, size)) == client_hello(STOCK)


@pytest.mark.parametrize("whole", [HUB, OLD, STOCK], ids=["hub", "old", "stock"])
def test_no_part_of_a_hello_is_taken_for_the_whole(whole: bytes) -> None:
    assert all(client_hello(whole[:end]) is None for end in range(len(whole)))


def test_what_follows_the_hello_does_not_matter() -> None:
    assert client_hello(HUB + b"\x17\x03") == client_hello(HUB)


def test_values_that_only_keep_servers_tolerant_are_left_out() -> None:
    greased = bytearray(HUB)
    greased[-6:-2] = bytes.fromhex("3a3a0004")
    hello = client_hello(bytes(greased))
    assert hello is not None
    assert hello.suites == (0x0004,)


def test_a_hello_in_words_names_version_suites_and_name() -> None:
    hello = ClientHello((0x0301, 0x0300), (0x0004, 0x1234, *range(0x2F, 0x39)), "a\x1b.example")
    words = "offered TLS 1.0 at most, RC4-MD5, 0x1234, AES128-SHA, 0x0030, "
    assert str(hello).startswith(words)
    assert str(hello).endswith(" and 4 more; name 'a\\x1b.example'")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_hello_or_none(data: bytes) -> None:
    assert client_hello(data) is None or data[0] in (0x16, *range(0x80, 0x100))
    assert isinstance(first_words(data), str)


@given(at=st.integers(0, len(STOCK) - 1), value=st.integers(0, 255))
def test_a_hello_with_one_wrong_byte_raises_nothing(at: int, value: int) -> None:
    wrong = bytearray(STOCK)
    wrong[at] = value
    hello = client_hello(bytes(wrong))
    assert hello is None or str(hello)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"GET / HTTP/1.1\r\n", "plain HTTP was spoken where TLS is expected"),
        (b"POST /zb02 HTTP/1.1\r\n", "plain HTTP was spoken where TLS is expected"),
        (b"HTTP/1.0 400 Bad Request\r\n", "plain HTTP was spoken where TLS is expected"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH was spoken where TLS is expected"),
        (b"\x00\x01\x02", "no TLS: the first bytes are 00 01 02"),
        (HUB, ""),
        (OLD, ""),
        (b"\x15\x03\x00\x00\x02\x02\x28", ""),
        (b"", ""),
    ],
)
def test_first_bytes_that_are_no_tls_are_named(data: bytes, words: str) -> None:
    assert first_words(data) == words

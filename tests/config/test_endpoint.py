"""Endpoints as URLs: what they mean, how they are written, what is wrong with them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.config.endpoint import Endpoint
from mitmeter.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("tcp://127.0.0.1:7777", Endpoint("tcp", "127.0.0.1", 7777)),
        ("tcp://127.0.0.1:7777/", Endpoint("tcp", "127.0.0.1", 7777)),
        ("tls://www.alphaess.com:7777", Endpoint("tls", "www.alphaess.com", 7777)),
        ("udp://0.0.0.0:53", Endpoint("udp", "0.0.0.0", 53)),
        ("tcp://[::1]:7777", Endpoint("tcp", "::1", 7777)),
        ("tcp://[2001:DB8:0::1]:1", Endpoint("tcp", "2001:db8::1", 1)),
        ("tcp://[fe80::1%eth0]:1", Endpoint("tcp", "fe80::1%eth0", 1)),
        ("tcp://Battery.local:0", Endpoint("tcp", "battery.local", 0)),
        ("tcp://my_hub:65535", Endpoint("tcp", "my_hub", 65535)),
        ("http://192.0.2.1", Endpoint("http", "192.0.2.1", 80)),
        ("https://[::1]", Endpoint("https", "::1", 443)),
        ("https://10.11.120.2:8443", Endpoint("https", "10.11.120.2", 8443)),
    ],
)
def test_an_endpoint_is_scheme_host_and_port(text: str, endpoint: Endpoint) -> None:
    assert Endpoint.parse(text) == endpoint


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("127.0.0.1:7777", "write one like tcp://127.0.0.1:7777"),
        ("", "write one like"),
        ("tpc://127.0.0.1:1", "scheme 'tpc' is not known; did you mean 'tcp'?"),
        ("tcp://127.0.0.1", "no port; write tcp://host:port"),
        ("tcp://127.0.0.1:", "no port"),
        ("tcp://127.0.0.1:70000", "port 70000 is outside 0..65535"),
        ("tcp://127.0.0.1:" + "9" * 5000, "is outside 0..65535"),
        ("tcp://127.0.0.1:-1", "port '-1' is not a number"),
        ("tcp://127.0.0.1:７７", "is not a number"),
        ("tcp://127.0.0.1:80 ", "is not a number"),
        ("tcp://:7777", "every interface is tcp://0.0.0.0:"),
        ("tcp://300.1.1.1:1", "'300.1.1.1' is not an IPv4 address"),
        ("tcp://127.1:1", "'127.1' is not an IPv4 address"),
        ("tcp://::1:7777", "needs brackets, as in tcp://[::1]:7777"),
        ("tcp://[::1:7777", "an IPv6 address is written [address]:port"),
        ("tcp://[::1]7777", "an IPv6 address is written [address]:port"),
        ("tcp://[host]:1", "'host' in brackets is not an IPv6 address"),
        ("tcp://[::g]:1", "'::g' is not an IPv6 address"),
        ("tcp://a b:1", "host 'a b' is neither a name nor an address"),
        ("tcp://-a:1", "is neither a name nor an address"),
        ("tcp://me:secret@host:1", "a user name or password does not belong"),
        ("tcp://host:1/path", "something after the port"),
        ("tcp://host:1?x=1", "something after the port"),
    ],
)
def test_what_is_wrong_with_an_endpoint_is_told_under_its_key(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Endpoint.parse(text, "station[2].listen")
    assert raised.value.key == "station[2].listen"
    assert problem in raised.value.problem


def test_a_caller_may_take_fewer_schemes() -> None:
    with pytest.raises(ConfigError, match=r"there is tcp|did you mean 'tcp'"):
        Endpoint.parse("udp://127.0.0.1:1", "--listen", schemes=("tcp",))


def test_an_ipv6_endpoint_is_written_with_brackets() -> None:
    assert str(Endpoint("tcp", "::1", 7777)) == "tcp://[::1]:7777"


@given(
    scheme=st.sampled_from(["tcp", "tls", "udp"]),
    host=st.ip_addresses().map(str) | st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z]", fullmatch=True),
    port=st.integers(0, 65535),
)
def test_what_is_written_parses_to_itself(scheme: str, host: str, port: int) -> None:
    endpoint = Endpoint(scheme, host, port)
    assert Endpoint.parse(str(endpoint)) == endpoint


@given(text=st.text(max_size=40))
def test_any_text_is_an_endpoint_or_a_config_error(text: str) -> None:
    for candidate in (text, f"tcp://{text}", f"tcp://[{text}]:1", f"tcp://h:{text}"):
        try:
            Endpoint.parse(candidate)
        except ConfigError:
            continue


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("192.168.1.2", False)],
)  # fmt: skip
def test_loopback_is_told_from_what_others_can_reach(host: str, loopback: bool) -> None:
    assert Endpoint("tcp", host, 1).loopback is loopback


def test_parsing_an_endpoint_does_not_import_pydantic() -> None:
    code = (
        "import sys; from mitmeter.config.endpoint import Endpoint\n"
        "from mitmeter.config import amounts, places, zone\n"
        "Endpoint.parse('tcp://127.0.0.1:1'); sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_proxy_goes_on_to_where_a_connection_was_going_or_to_the_name_that_is_asked_for() -> None:
    original = Endpoint.parse_onward("original")
    assert (original, str(original)) == (Endpoint("original", "*", 0), "original")
    asked = Endpoint.parse_onward("tls://*:443")
    assert (asked, str(asked)) == (Endpoint("tls", "*", 443), "tls://*:443")
    plain = "tcp://192.0.2.7:7777"
    assert Endpoint.parse_onward(plain) == Endpoint.parse(plain)


@pytest.mark.parametrize("text", ["original", "tls://*:443"])
def test_nobody_listens_where_a_connection_was_going(text: str) -> None:
    with pytest.raises(ConfigError):
        Endpoint.parse(text)


@pytest.mark.parametrize("text", ["tls://*", "tls://*:", "tls://*:70000", "tls://*.example:443"])
def test_a_star_stands_for_a_whole_host_with_a_port(text: str) -> None:
    with pytest.raises(ConfigError):
        Endpoint.parse_onward(text)

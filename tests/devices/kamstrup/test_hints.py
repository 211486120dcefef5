import pytest

from mitmeter.devices.kamstrup.hints import HINTS, hint
from mitmeter.testing.corpus import NASTY
from tests.devices.kamstrup.attacker import Attacker

_NASTY = {each.name: each.data for each in NASTY}

STRANGERS = {
    "tls": _NASTY["a TLS hello"],
    "http": _NASTY["an HTTP request"],
    "http2": _NASTY["an HTTP/2 preface"],
    "ssh": _NASTY["an SSH banner"],
    "proxy": _NASTY["a PROXY protocol header"],
    "mqtt": _NASTY["an MQTT connect"],
    "telnet": _NASTY["telnet negotiation"],
    "modbus": _NASTY["a Modbus request"],
    "iec62056-21": b"/?!\r\n",
    "rdp": bytes.fromhex("030000130ee000000000000100080003000000"),
    "s7": bytes.fromhex("0300001902f08032010000000000080000f0000001000101e0"),
    "smb": bytes.fromhex("00000085ff534d4272000000001853c8"),
    "rtsp": b"OPTIONS rtsp://192.0.2.1 RTSP/1.0\r\n",
    "sip": b"OPTIONS sip:nm SIP/2.0\r\n",
    "vnc": b"RFB 003.008\n",
    "socks5": b"\x05\x01\x00",
    "socks4": bytes.fromhex("04010050c000020100"),
    "redis": b"*1\r\n$4\r\nINFO\r\n",
    "smtp": b"EHLO example.com\r\n",
    "iec60870-5-104": bytes.fromhex("680443000000"),
    "dnp3": bytes.fromhex("056405c00100000409e9"),
    "dlms-hdlc": bytes.fromhex("7ea00a000200230393"),
    "dlms": bytes.fromhex("0001001000010020601e"),
    "m-bus": bytes.fromhex("1040fe3e16"),
    "adb": b"CNXN\x00\x00\x00\x01",
    "java-rmi": b"JRMI\x00\x02K",
    "sslv2": bytes.fromhex("802e0100020015000000"),
    "management": b"!GC\r\n",
    "kamstrup-ascii": b"000A3F0102\r",
}


def test_every_hint_has_an_example() -> None:
    assert {each.name for each in HINTS} == set(STRANGERS)


@pytest.mark.parametrize("name", sorted(STRANGERS))
def test_a_stranger_is_told_by_its_first_bytes(name: str) -> None:
    found = hint(STRANGERS[name])
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "raw", [b"", b"\x00", b"\x80\x3f\x10\x01", bytes(64), b"\xff" * 64, b"hello world", b"\x06"]
)
def test_what_is_nobodys_beginning_is_nobodys(raw: bytes) -> None:
    assert hint(raw) is None


@pytest.mark.parametrize("name", sorted(STRANGERS))
def test_a_stranger_on_the_meters_port_is_hinted_at_once(name: str) -> None:
    attacker = Attacker()
    for _ in range(3):
        attacker.send(STRANGERS[name])
    (event,) = attacker.told("hint")
    assert event.fields["spoken"] == name
    assert event.fields["hex"] != ""


def test_a_stranger_is_known_though_his_bytes_come_one_by_one() -> None:
    attacker = Attacker()
    for byte in STRANGERS["http"]:
        attacker.send(bytes((byte,)))
    assert [event.fields["spoken"] for event in attacker.told("hint")] == ["http"]

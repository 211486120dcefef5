import pytest

from mitmeter.devices.efergy.codec import EfergyCodec, encode, read
from mitmeter.devices.efergy.headend import reply
from mitmeter.devices.efergy.messages import (
    Bulk,
    CurrentReport,
    KeyCheck,
    KeyRequest,
    Message,
    Ping,
    SensorReport,
    Strange,
)
from mitmeter.errors import LocalProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from tests.devices.efergy.efergy_sayings import HASH, NOON, STORED, currents, report, stored


def decoded(data: bytes, sender: Side = Side.DEVICE) -> list[Message]:
    codec = EfergyCodec()
    items = [*codec.feed(sender, data), *codec.end(sender)]
    return [item.message for item in items if isinstance(item, Decoded)]


def posted(path: str, kind: str, body: bytes) -> Message:
    return read("POST", path, (("Content-Type", kind),), body)


def test_the_generation_is_told_by_the_path_not_by_the_host() -> None:
    message = report("", host="10.20.30.02005e.h3.sensornet.info", path="/h2")
    assert isinstance(message, SensorReport)
    assert message.generation == "h2"


@pytest.mark.parametrize("kind", ["application/eh-data", "", "text/plain"])
def test_a_missing_or_odd_type_is_taken_for_sensor_lines(kind: str) -> None:
    assert isinstance(posted("/h3", kind, b"700001|1|EFCT|P1,1.00"), SensorReport)


@pytest.mark.parametrize("kind", ["application/eh-ping", "Application/EH-Ping; charset=x"])
def test_a_ping_is_told_by_its_type_in_any_case(kind: str) -> None:
    message = posted("/h2", kind, b"700001|x|0|700002\r\n")
    assert isinstance(message, Ping)
    assert message.sids == (700_001, 700_002)


def test_stored_data_are_told_by_their_path_whatever_the_type() -> None:
    assert isinstance(posted("/h3bulk", "text/plain", STORED), Bulk)


def test_stored_data_are_told_by_their_type_on_another_path() -> None:
    assert isinstance(posted("/h3", "application/eh-datalog", STORED), Bulk)


def test_stored_data_without_a_header_are_strange_and_say_why() -> None:
    message = posted("/h3bulk", "", b"short")
    assert isinstance(message, Strange)
    assert message.problem == "5 bytes of stored data, the header alone takes 19"


def test_a_key_check_may_lack_its_parameters() -> None:
    message = read("GET", "/check_key.html", (), b"")
    assert isinstance(message, KeyCheck)
    assert message.query("ts") == ""


def test_a_key_check_tells_its_parameters() -> None:
    message = read("GET", f"/check_key.html?p=E1&ts=00000000&h={HASH}", (), b"")
    assert (message.query("p"), message.query("ts")) == ("E1", "00000000")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/h3"),
        ("POST", "/check_key.html"),
        ("GET", "/"),
        ("POST", "/h2bulk"),
        ("PUT", "/h3"),
    ],
)
def test_other_methods_and_paths_are_strange(method: str, target: str) -> None:
    message = read(method, target, (), b"")
    assert isinstance(message, Strange)
    assert f"{method} {target}" in message.problem


def test_requests_in_a_row_are_told_apart() -> None:
    check = b"GET /check_key.html HTTP/1.1\r\nHost: x\r\n\r\n"
    data = b"POST /h3 HTTP/1.1\r\nContent-Length: 21\r\n\r\n700001|1|EFCT|P1,1.00"
    key = b"GET /get_key.html HTTP/1.1\r\n\r\n"
    kinds = [type(message) for message in decoded(check + data + key)]
    assert kinds == [KeyCheck, SensorReport, KeyRequest]


def test_a_post_without_length_has_an_empty_body() -> None:
    (message,) = decoded(b"POST /h3 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert isinstance(message, SensorReport)
    assert message.lines == ()
    assert message.odd == ()


def test_a_body_beyond_64_kib_is_no_message() -> None:
    assert decoded(b"POST /h3 HTTP/1.1\r\nContent-Length: 65537\r\n\r\n" + b"x" * 65_537) == []


def test_what_is_no_http_is_undecodable() -> None:
    codec = EfergyCodec()
    hello = bytes.fromhex("16030000") + bytes(60)
    items = [*codec.feed(Side.DEVICE, hello), *codec.end(Side.DEVICE)]
    assert items
    assert all(isinstance(item, Undecodable) for item in items)


def test_an_answer_decodes_to_itself() -> None:
    answer = reply(NOON, b"success")
    assert decoded(encode(Side.HEADEND, answer), Side.HEADEND) == [answer]


def test_nobody_says_the_other_sides_words() -> None:
    with pytest.raises(LocalProtocolError):
        encode(Side.DEVICE, reply(NOON, b"success"))
    with pytest.raises(LocalProtocolError):
        encode(Side.HEADEND, report(""))


def test_a_body_without_a_length_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="tells no length"):
        encode(Side.DEVICE, report("700001|1|EFCT|P1,1.00"))


def test_a_message_whose_parts_contradict_its_body_is_refused() -> None:
    right = report("", more=[("Content-Length", "0")])
    assert isinstance(right, SensorReport)
    wrong = Ping(right.method, right.target, right.headers, b"", right.version, "h3", (1,))
    with pytest.raises(LocalProtocolError, match="would not be read"):
        encode(Side.DEVICE, wrong)


def test_every_kind_of_report_is_recognised() -> None:
    assert isinstance(currents(""), CurrentReport)
    assert isinstance(stored(STORED), Bulk)

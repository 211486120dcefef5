from mitmeter.devices.efergy.codec import EfergyCodec
from mitmeter.devices.efergy.messages import Bulk, CurrentReport, Message, Ping, SensorReport
from mitmeter.devices.efergy.redact import redact
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from mitmeter.testing.passing import ShapeKeeper
from mitmeter.testing.vectors import load_vectors

VECTORS = {each.name: each for each in load_vectors("mitmeter.devices.efergy")}
TELLING = (b"02005", b"10.20.30", b"700001", b"700002", b"700003", b"0123456789abcdef")


class OneUp:
    """Pseudonyms that replace each digit and letter by the next one."""

    def text(self, value: str) -> str:
        return "".join(map(self._next, value))

    @staticmethod
    def _next(character: str) -> str:
        if character.isdigit():
            return str((int(character) + 1) % 10)
        return chr(ord(character) + 1) if character.isalpha() else character


def item(data: bytes, sender: Side = Side.DEVICE) -> Decoded[Message] | Undecodable:
    codec = EfergyCodec()
    (found,) = [*codec.feed(sender, data), *codec.end(sender)]
    return found


def redacted(name: str) -> tuple[bytes, Message]:
    vector = VECTORS[name]
    raw = redact(vector.sender, item(vector.data, vector.sender), OneUp())
    assert len(raw) == len(vector.data)
    again = item(raw, vector.sender)
    assert isinstance(again, Decoded)
    return raw, again.message


def test_nothing_private_is_left_in_any_worked_example() -> None:
    for name, vector in VECTORS.items():
        raw = redact(vector.sender, item(vector.data, vector.sender), ShapeKeeper())
        assert not [each for each in TELLING if each.lower() in raw.lower()], name


def test_a_mac_has_the_same_stand_in_in_host_and_body() -> None:
    raw, message = redacted("h1, one sensor")
    assert isinstance(message, CurrentReport)
    assert message.mac == "13116F413121"
    assert b"Host: 21.31.41.13116f.sensornet.info" in raw


def test_the_values_of_a_sensor_stay_and_its_id_does_not() -> None:
    _, message = redacted("h3, two clamps and a motion-temperature-light sensor")
    assert isinstance(message, SensorReport)
    assert [(line.sid, line.flag, line.rssi) for line in message.lines] == [
        (811_112, "1", -61),
        (811_113, "1", -74),
        (811_114, "0", -62),
    ]
    assert str(message.lines[1].values[0][1]) == "350.50"


def test_rows_of_an_h1_hub_stay_json() -> None:
    for name in ("h1, two sensors", "h1, one sensor, percent-encoded"):
        _, message = redacted(name)
        assert isinstance(message, CurrentReport)
        assert message.rows[0].sid == 811_112
        assert message.odd == ()


def test_a_ping_keeps_as_many_sensors() -> None:
    _, message = redacted("h3 ping, two sensors alive")
    assert isinstance(message, Ping)
    assert message.sids == (811_112, 811_113)


def test_stored_data_keep_their_records_under_other_sensor_ids() -> None:
    _, message = redacted("h3 stored data, five records")
    assert isinstance(message, Bulk)
    sids = [record.sid for record in message.records]
    assert sids == [811_112, 811_113, 811_112, 811_114, 811_112]
    assert message.odd == ()
    assert message.body[13:19] == bytes(6), "an empty slot stays empty"


def test_a_key_is_replaced() -> None:
    raw, _ = redacted("the answer with a key")
    assert raw.endswith(b"TT|BCDEFGHIJKLMN\n")


def test_an_id_that_would_begin_with_a_zero_begins_with_a_seven() -> None:
    body = b'json=a|b|c|{"data":[[900001,"mA","E1",1]]}|'
    data = b"POST /recjson HTTP/1.1\r\nContent-Length: 43\r\n\r\n" + body
    again = item(redact(Side.DEVICE, item(data), OneUp()))
    assert isinstance(again, Decoded)
    assert isinstance(again.message, CurrentReport)
    assert [row.sid for row in again.message.rows] == [711_112]


def test_bytes_that_are_no_message_are_cleaned_as_far_as_can_be_made_out() -> None:
    half = VECTORS["h1, one sensor"].data[:-40]
    found = item(half)
    assert isinstance(found, Undecodable)
    raw = redact(Side.DEVICE, found, ShapeKeeper())
    assert len(raw) == len(half)
    assert not [each for each in TELLING if each.lower() in raw.lower()]

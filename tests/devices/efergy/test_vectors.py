"""Golden vectors: what the conformance suite cannot say of them."""

from datetime import UTC, datetime

from mitmeter.devices.efergy import SPEC
from mitmeter.devices.efergy.codec import EfergyCodec
from mitmeter.devices.efergy.headend import Headend
from mitmeter.devices.efergy.messages import Message, Reply
from mitmeter.devices.efergy.readings import EfergyProjection
from mitmeter.model import Reading, Side
from mitmeter.protocol import Decoded, HeadendContext, Send
from mitmeter.testing.vectors import Vector, load_vectors

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
VECTORS = {each.name: each for each in load_vectors(SPEC.package)}
SUCCESS = "success, the answer that satisfies all generations"
ANSWERS = {
    "h3 stored data, five records": "the answer to stored data",
    "h3 stored data, a wrong checksum": "the answer to stored data",
    "h3 stored data, cut at 64 bytes": "the answer to stored data",
    "h3 stored data of 2024": "the answer to stored data",
    "the hub wants a key": "the answer with a key",
}


def message(vector: Vector) -> Message:
    (item,) = EfergyCodec().feed(vector.sender, vector.data)
    assert isinstance(item, Decoded)
    return item.message


def readings(name: str) -> list[Reading]:
    said = EfergyProjection().project(Side.DEVICE, message(VECTORS[name]), NOON)
    return [each for each in said if isinstance(each, Reading)]


def test_there_is_a_vector_of_every_kind_of_message() -> None:
    kinds = {type(message(vector)).__name__ for vector in VECTORS.values()}
    assert kinds == {
        *("KeyCheck", "KeyRequest", "CurrentReport", "SensorReport", "Ping", "Bulk", "Strange"),
        "Reply",
    }


def test_each_worked_request_gets_the_worked_answer_byte_for_byte() -> None:
    for name, vector in VECTORS.items():
        if vector.sender is not Side.DEVICE:
            continue
        actions = Headend(HeadendContext()).received(message(vector), NOON)
        (said,) = [each.message for each in actions if isinstance(each, Send)]
        assert isinstance(said, Reply)
        wanted = VECTORS[ANSWERS.get(name, SUCCESS)].data
        assert EfergyCodec().encode(Side.HEADEND, said) == wanted, name


def test_two_sensors_give_no_reading_of_the_whole_house() -> None:
    assert not [each for each in readings("h1, two sensors") if "grid" in each.quantity]


def test_bad_lines_give_no_reading_at_all() -> None:
    raw = [each for each in readings("h3, bad lines among good ones") if "amps" in each.quantity]
    assert [each.quantity for each in raw] == ["vendor.efergy.700002.milliamps"]

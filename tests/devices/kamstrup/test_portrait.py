import tomllib

import pytest

from mitmeter.devices.kamstrup.codec import KamstrupCodec
from mitmeter.devices.kamstrup.messages import GetRegister, GetSerialNo, GetType, Message
from mitmeter.devices.kamstrup.portrait import portrait
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Spoken
from mitmeter.simulate import House
from tests.devices.kamstrup.meter_bench import EVENING, NEW_YEAR, MeterBench, shipped

REQUESTS: tuple[Message, ...] = (
    GetType(),
    GetSerialNo(),
    *(GetRegister(0x3F, tuple(range(start, start + 8))) for start in range(0, 0x500, 8)),
)


def heard(bench: MeterBench) -> bytes:
    codec = KamstrupCodec()
    return b"".join(bench.hear(codec.encode(Side.HEADEND, each)) for each in REQUESTS)


def spoken(data: bytes) -> list[Spoken[Message]]:
    items = KamstrupCodec().feed(Side.DEVICE, data)
    return [Spoken(Side.DEVICE, item) for item in items if isinstance(item, Decoded)]


def test_a_meter_that_was_read_is_played_back_byte_for_byte() -> None:
    original = heard(MeterBench(house=House(1, NEW_YEAR), now=EVENING))
    text = portrait(spoken(original))
    again = heard(MeterBench(tomllib.loads(text)))
    assert again == original
    assert portrait(spoken(again)) == text


def test_a_frozen_meter_is_played_back_though_time_goes_on() -> None:
    original = heard(MeterBench(frozen=True))
    bench = MeterBench(tomllib.loads(portrait(spoken(original))))
    bench.run(100_000)
    assert heard(bench) == original


def test_a_portrait_has_every_register_once_with_its_name() -> None:
    tables = tomllib.loads(portrait(spoken(heard(MeterBench(frozen=True)))))
    assert set(tables["registers"]) == set(shipped()["registers"])
    assert tables["meter"]["serial"] == 15_085_488
    assert tables["meter"]["type"] == "6800"


def test_a_length_that_is_announced_wrongly_is_kept() -> None:
    # Register 1002 announces 2 bytes, and four follow, as some meters send times.
    codec = KamstrupCodec()
    tables = {
        "registers": {
            "1002": {"unit": 47, "sigexp": 0, "raw": "00020d6d", "announced": 2},
            "1055": {"unit": 33, "sigexp": 0, "raw": "00e7"},
        }
    }
    ask = codec.encode(Side.HEADEND, GetRegister(0x3F, (1002, 1055)))
    said = MeterBench(tables).hear(ask)
    assert MeterBench(tomllib.loads(portrait(spoken(said)))).hear(ask) == said


def test_of_a_meter_that_said_nothing_there_is_no_portrait() -> None:
    with pytest.raises(RemoteProtocolError, match="no register"):
        portrait(spoken(bytes.fromhex("403f02009bafa09e6e0d")))


def test_what_the_reader_said_is_no_part_of_it() -> None:
    said = spoken(heard(MeterBench(frozen=True)))
    turned = [Spoken(Side.HEADEND, each.item) for each in said]
    with pytest.raises(RemoteProtocolError):
        portrait(turned)

from mitmeter.devices.smgw.listing import listing
from mitmeter.devices.smgw.messages import Message, Request
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Listed, Spoken
from tests.devices.smgw.smgw_examples import request, response


def spoken(*messages: Message) -> list[Spoken[Message]]:
    return [
        Spoken(Side.HEADEND if isinstance(each, Request) else Side.DEVICE, Decoded(b"", each))
        for each in messages
    ]


def test_of_each_meter_the_newest_values_are_listed_with_their_time() -> None:
    said = spoken(
        request("PPC: the meters are asked for"),
        response("PPC: two meters to choose from"),
        request("PPC: current values are asked for"),
        response("PPC: current values, two registers of one moment"),
        request("PPC: the form for history is asked for"),
        response("PPC: the form for history, with a new handle"),
        request("PPC: a day is asked for"),
        response("PPC: a day, newest first, one moment of it invalid"),
    )
    assert listing(said) == [
        Listed("1tst0000000055 measured", "2026-03-01 11:30:02", "UTC"),
        Listed("1tst0000000055 grid.export", "503.0174", "kWh"),
        Listed("1tst0000000055 grid.import", "1063.2175", "kWh"),
        Listed("1tst0000000055 vendor.smgw.status", "ok", ""),
    ]


def test_of_nothing_nothing_is_listed() -> None:
    assert listing([]) == []

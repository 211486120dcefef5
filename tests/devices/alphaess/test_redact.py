"""Frames made safe to share: what is private is gone, the rest and the form stay."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.alphaess.codec import AlphaEssCodec, Item
from mitmeter.devices.alphaess.redact import redact
from mitmeter.devices.alphaess.strategies import messages
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from tests.devices.alphaess.alphaess_frames import LOGIN, STATUS, crc, frame

BATTERY, SERVER = Side.DEVICE, Side.HEADEND


class Turned:
    """Stand-ins that turn digits and letters on by one, so that each is recognised."""

    def text(self, value: str) -> str:
        return value.translate(
            str.maketrans(
                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                "1234567890bcdefghijklmnopqrstuvwxyzaBCDEFGHIJKLMNOPQRSTUVWXYZA",
            )
        )


class Lengthening:
    """Stand-ins that break the rules: of another length, with a quote in them."""

    def text(self, value: str) -> str:
        return value + '"é'


def item(sender: Side, raw: bytes) -> Item:
    codec = AlphaEssCodec()
    (found,) = [*codec.feed(sender, raw), *codec.end(sender)]
    return found


def redacted(kind: int, command: int, payload: bytes, sender: Side = BATTERY) -> bytes:
    """Return the payload of the redacted frame, after checking that it is a frame."""
    raw = frame(kind, command, payload)
    found = redact(sender, item(sender, raw), Turned())
    assert len(found) == len(raw)
    assert found[:7] == raw[:7]
    assert found[-2:] == crc(found[:-2])
    return found[7:-2]


def test_a_login_keeps_its_form_and_loses_serial_and_password() -> None:
    found = redact(BATTERY, item(BATTERY, LOGIN), Turned())
    assert found[7:-2] == (
        b'{"UserName":"BM0011111111118","Password":"fybnqmf-qbtt","CompanyName":"AlphaESS"}'
    )
    assert found[-2:] == crc(found[:-2])


def test_a_status_differs_in_its_serial_number_only() -> None:
    found = redact(BATTERY, item(BATTERY, STATUS), Turned())
    assert found[:-2] == STATUS[:-2].replace(b"AL9900000000007", b"BM0011111111118")


def test_owner_data_and_all_serial_numbers_of_a_configuration_are_replaced() -> None:
    payload = (
        b'{"SN":"AL9900000000007","Address":"1 Sample Street","Country":"Exampleland",'
        b'"BatterySN7":"AL9900000000001", "InvSN":"000X0000X000000","Popv":"9.2"}'
    )
    assert redacted(1, 4, payload) == (
        b'{"SN":"BM0011111111118","Address":"2 Tbnqmf Tusffu","Country":"Exampleland",'
        b'"BatterySN7":"BM0011111111112", "InvSN":"111Y1111Y111111","Popv":"9.2"}'
    )


def test_the_serial_number_is_replaced_inside_other_values_too() -> None:
    payload = b'{"SN":"ZZ-77-serial","Note":"of ZZ-77-serial, once AL9900000000008"}'
    assert redacted(1, 5, payload) == (
        b'{"SN":"AA-88-tfsjbm","Note":"of AA-88-tfsjbm, once BM0011111111119"}'
    )


def test_history_rows_lose_the_serial_number_column() -> None:
    payload = b"Date,SN,Time,Ppv1\n2025/06/01,AL9900000000007,11:51:08,1510\r\n2025/06/01,odd-9x\n"
    assert redacted(1, 12, payload) == (
        b"Date,SN,Time,Ppv1\n2025/06/01,BM0011111111118,11:51:08,1510\r\n2025/06/01,pee-0y\n"
    )


def test_the_mac_of_a_restart_notice_stays_hexadecimal() -> None:
    payload = b'{"MsgType":"System","MsgContent":"reason:1 0!MAC:02 00 5e 00 FF 07!"}'
    found = redacted(1, 9, payload)
    mac = re.fullmatch(rb'(.*reason:1 0!MAC:)([0-9A-Fa-f]{2}(?: [0-9A-Fa-f]{2}){5})(!"})', found)
    assert mac is not None
    assert mac[2] != b"02 00 5e 00 FF 07"


@pytest.mark.parametrize(
    "value",
    [
        *('"12 Gr\\u00f6\\u00dfenweg"', '"Größe"', '"a\\"b\\\\"', '"\\ud83d"', "12345", "-1.50e3"),
        *("90", '{"Street":"Main 1","no":[5,"x"]}', '["Main", {"a":"b"}]'),
    ],
)
def test_private_values_of_any_form_are_replaced_and_stay_json(value: str) -> None:
    payload = f'{{"Address":{value},"SOC":"1"}}'.encode()
    found: dict[str, Any] = json.loads(redacted(1, 4, payload))
    assert set(found) == {"Address", "SOC"}
    assert found["SOC"] == "1"
    assert found["Address"] != json.loads(value)
    for word in ("weg", "Main", "Größe"):
        assert word not in json.dumps(found, ensure_ascii=False)


def test_member_names_are_recognised_in_disguise() -> None:
    assert b"example-pass" not in redacted(1, 2, b'{"Pass\\u0077ord":"example-pass"}')
    assert b"example-pass" not in redacted(1, 2, b'{ "PASSWORD" : "example-pass" }')


def test_credentials_in_broken_json_are_replaced_as_well() -> None:
    assert b"example" not in redacted(1, 2, b'{"a" "x:" " "Password":"example-pass')


def test_a_spoilt_frame_stays_spoilt_and_tells_nothing_private() -> None:
    spoilt = LOGIN[:-1] + b"\x00"
    found = redact(BATTERY, Undecodable(spoilt, "crc"), Turned())
    assert len(found) == len(spoilt)
    assert b"AL99" not in found
    assert b"example-pass" not in found
    assert found[-2:] == spoilt[-2:]


def test_noise_loses_what_looks_like_a_serial_number() -> None:
    noise = Undecodable(b"\x00AL9900000000007\xff", "noise")
    assert redact(BATTERY, noise, Turned()) == b"\x00BM0011111111118\xff"


def test_what_is_not_private_is_not_touched() -> None:
    payload = b'{"CmdIndex":"43210987","Command":"Resume","Parameter1":"2025/06/01 11:50:07"}'
    assert redacted(1, 8, payload, SERVER) == payload


def test_stand_ins_that_do_not_fit_are_not_used() -> None:
    found = redact(BATTERY, item(BATTERY, LOGIN), Lengthening())
    assert found[7:-2] == (
        b'{"UserName":"xxxxxxxxxxxxxxx","Password":"xxxxxxxxxxxx","CompanyName":"AlphaESS"}'
    )


@given(said=messages(), pseudonyms=st.sampled_from([Turned(), Lengthening()]))
def test_a_redacted_message_is_a_message_of_the_same_kind_and_length(
    said: tuple[Side, Any], pseudonyms: Turned | Lengthening
) -> None:
    sender = said[0]
    before = item(sender, AlphaEssCodec().encode(*said))
    raw = redact(sender, before, pseudonyms)
    after = item(sender, raw)
    assert len(raw) == len(before.raw)
    assert isinstance(before, Decoded)
    assert isinstance(after, Decoded)
    assert type(after.message) is type(before.message)


@given(raw=st.binary(max_size=100), around=st.sampled_from([b"", b'{"SN":"', b'{"Address":[{"a']))
def test_any_bytes_can_be_redacted_and_keep_their_length(raw: bytes, around: bytes) -> None:
    assert len(redact(BATTERY, Undecodable(around + raw, ""), Turned())) == len(around + raw)

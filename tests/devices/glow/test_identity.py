"""Names of displays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.glow.identity import (
    device_of,
    header,
    host_of_mac,
    mac_of_host,
    mac_of_topic,
    serial,
)
from mitmeter.devices.glow.messages import MqttOther, Request
from mitmeter.model import DeviceId
from tests.devices.glow.glow_sayings import members_of, report, state


def test_the_host_name_spells_the_mac_backwards_but_for_its_maker() -> None:
    assert mac_of_host("10.20.30.02005e.cad.sensornet.info") == "02005E302010"
    assert host_of_mac("02005E302010") == "10.20.30.02005e.cad.sensornet.info"


@pytest.mark.parametrize(
    "host",
    ["", "cad.sensornet.info", "20.30.02005e.cad.sensornet.info", "10.20.30.02005e.example.org"],
)
def test_other_names_spell_no_mac(host: str) -> None:
    assert mac_of_host(host) == ""


@pytest.mark.parametrize(
    ("topic", "mac"),
    [
        ("glow/02005E302010/STATE", "02005E302010"),
        ("glow/02005E302010/SENSOR/gasmeter", "02005E302010"),
        ("a/b/02005E302010/SENSOR/glowsensorth1/x", "02005E302010"),
        ("STATE", ""),
        ("glow/STATE/x", ""),
        ("", ""),
    ],
)
def test_the_topic_names_the_mac_before_what_is_said(topic: str, mac: str) -> None:
    assert mac_of_topic(topic) == mac


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("02005EFFFE302010", "02005EFFFE302010"),
        ("Kitchen_1.a-b", "Kitchen_1.a-b"),
        ("02:00:5e:30:20:10", "02005E302010"),
        ("a b", "a_b-c8687a08aa5d"),
        ("a/b", "a_b-c14cddc033f6"),
    ],
)
def test_a_name_becomes_a_serial_number_that_is_its_own(name: str, plain: str) -> None:
    assert serial(name) == plain


@given(st.text(min_size=1, max_size=200))
def test_any_name_at_all_becomes_a_serial_number(name: str) -> None:
    assert DeviceId("glow", serial(name)).serial == serial(name)


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert serial("x" * 80 + "1") != serial("x" * 80 + "2")


def test_header_names_have_no_case_and_the_first_counts() -> None:
    headers = (("x-id", "a"), ("X-Id", "b"))
    assert header(headers, "X-ID") == "a"
    assert header(headers, "X-TS") == ""


def test_who_says_something_is_told_for_every_message_that_can_tell() -> None:
    assert device_of(report(members_of("G1"))) == DeviceId("glow", "02005EFFFE302010")
    assert device_of(state({})) == DeviceId("glow", "02005E302010")
    assert device_of(MqttOther("LWT", b"", "")) is None
    assert device_of(Request("GET", "/", (), b"", "")) is None

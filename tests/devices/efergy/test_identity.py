import pytest

from mitmeter.devices.efergy.identity import host_of_mac, mac_of, mac_of_host
from tests.devices.efergy.efergy_sayings import currents, report


@pytest.mark.parametrize(
    "host",
    [
        "10.20.30.02005e.sensornet.info",
        "10.20.30.02005e.h3.sensornet.info",
        "10.20.30.02005E.keys.SENSORNET.INFO",
        "10.20.30.02005e.h2.sensornet.info:443",
    ],
)
def test_the_mac_is_in_the_labels_of_the_host_name(host: str) -> None:
    assert mac_of_host(host) == "02005E302010"


@pytest.mark.parametrize("host", ["", "192.168.10.20", "10.20.30.123456", "sensornet.info"])
def test_an_address_or_another_name_tells_no_mac(host: str) -> None:
    assert mac_of_host(host) is None


def test_a_mac_becomes_labels_again() -> None:
    assert host_of_mac("02005E302010") == "10.20.30.02005e"


def test_an_h1_hub_is_who_it_says_it_is_whatever_the_host_name() -> None:
    assert mac_of(currents("", mac="02005e302099")) == "02005E302099"


def test_an_h1_report_without_a_real_mac_falls_back_on_the_host_name() -> None:
    assert mac_of(currents("", mac="nobody")) == "02005E302010"


def test_a_hub_reached_by_address_tells_no_mac() -> None:
    assert mac_of(report("", host="192.0.2.1")) is None

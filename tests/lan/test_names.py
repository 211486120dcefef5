import pytest

from mitmeter.errors import ConfigError
from mitmeter.lan.names import Zones
from tests.lan.lan_questions import HOSTS

ZONES = Zones(HOSTS)


def owners(name: str) -> tuple[str, ...]:
    zone = ZONES.find_text(name)
    return zone.owners if zone else ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("10.20.30.02005e.cad.sensornet.info", ("glow",)),
        ("cad.sensornet.info", ("glow",)),
        ("10.20.30.02005e.h2.sensornet.info", ("efergy",)),
        ("sensornet.info", ("efergy",)),
        ("0.pool.ntp.org", ("ntp",)),
        ("www.alphaess.com", ("alphaess",)),
    ],
)
def test_a_name_belongs_to_the_closest_zone(name: str, expected: tuple[str, ...]) -> None:
    assert owners(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "info",
        "alphaess.com",
        "a.www.alphaess.com",
        "notsensornet.info",
        "sensornet.info.example",
        "ntp.org",
        "",
    ],
)
def test_neighbours_of_our_names_are_not_ours(name: str) -> None:
    assert ZONES.find_text(name) is None


def test_case_and_a_final_dot_make_no_difference() -> None:
    assert owners("10.20.30.02005E.CAD.SensorNet.INFO.") == ("glow",)


def test_a_dot_inside_a_label_separates_nothing() -> None:
    assert ZONES.find_text(r"evil\.sensornet.info") is None


def test_a_pattern_of_two_protocols_has_both_owners() -> None:
    both = Zones({"one": ["*.shared.example"], "two": ["*.shared.example"]})
    zone = both.find_text("a.shared.example")
    assert zone is not None
    assert (zone.owners, zone.text) == (("one", "two"), "shared.example")


def test_a_name_alone_beats_the_zone_it_lies_in() -> None:
    zones = Zones({"special": ["api.vendor.example"], "rest": ["*.vendor.example"]})
    found = [zones.find_text(f"{name}.vendor.example") for name in ("api", "x.api")]
    assert [zone.owners for zone in found if zone] == [("special",), ("rest",)]


def test_a_star_is_every_name() -> None:
    zones = Zones({"all": ["*"]})
    assert zones.find_text("anything.example") is not None
    assert zones.find((b"com",)) is not None


@pytest.mark.parametrize(
    "pattern",
    ["", "*.", "a..b", "-a.example", "a b.example", "a.*.example", f"{'a' * 64}.example", "a/b"],
)
def test_a_pattern_that_is_no_host_name_is_told(pattern: str) -> None:
    with pytest.raises(ConfigError, match="is no host name"):
        Zones({"some": [pattern]})

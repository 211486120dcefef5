"""The register maps, spot-checked against the public emulation profile and its example listing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mitmeter.devices.kamstrup import SPEC
from mitmeter.devices.kamstrup.registers import (
    BY_SLUG,
    MORE_382,
    PROFILE_382,
    PROFILE_HEAT,
    REGISTERS,
    Role,
    Template,
    find,
    name_of,
)
from mitmeter.devices.kamstrup.values import register_value, shown
from mitmeter.model import CATALOGUE


def start_of(id: int) -> str:
    """Return what a register of the profile starts with, for people."""
    template = REGISTERS[id].template
    assert template is not None
    raw = template.start.to_bytes(template.length, "big")
    return shown(register_value(template.unit, template.sigexp, raw))


def test_the_profile_of_the_382_has_124_registers_in_ascending_order() -> None:
    ids = [each.id for each in PROFILE_382]
    assert len(ids) == 124
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    ("id", "value"),
    [
        (13, "7183.2712"),
        (1054, "228"),
        (1055, "229"),
        (1056, "224"),
        (1076, "5.11"),
        (1077, "4.22"),
        (1078, "1.44"),
        (1080, "1.000"),
        (1081, "5.499"),
        (1082, "0.895"),
        (1001, "15085488"),
        (1002, "20:35:13"),
        (1003, "2014-07-27"),
        (1047, "2014-07-27 19:35:26 DST"),
        (1039, "99.000"),
        (1079, "315"),
    ],
)
def test_a_register_of_the_profile_starts_as_published(id: int, value: str) -> None:
    assert start_of(id) == value


def test_units_lengths_and_exponents_are_the_cloned_ones() -> None:
    assert REGISTERS[13].template == Template(2, 4, 0x44, 71_832_712)
    assert REGISTERS[1].template == Template(2, 4, 0x41, 0)
    assert REGISTERS[1010].template == Template(51, 10, 0x00, 15_085_488)
    assert REGISTERS[1058].template == Template(54, 10, 0x00, 227691635558201180633139)
    assert REGISTERS[1209].template == Template(0, 16, 0x00, 2**128 - 1)


def test_every_start_value_fits_its_register() -> None:
    for each in PROFILE_382:
        assert each.template is not None
        assert each.template.start < 256**each.template.length


@pytest.mark.parametrize(
    ("id", "name"),
    [
        (60, "Heat energy E1"),
        (86, "Flow temperature T1"),
        (0x0080, "Max power of the year"),
        (0x008A, "Date of max flow of the month"),
        (1346, "Actual power P23 L3"),
        (1390, "Frequency"),
        (1001, "Serial number (factory)"),
        (30583, "unknown register 30583"),
    ],
)
def test_a_register_is_called_by_its_name(id: int, name: str) -> None:
    assert name_of(id) == name


def test_ids_that_both_profiles_have_mean_the_same_in_both() -> None:
    electricity = {each.id: each for each in (*PROFILE_382, *MORE_382)}
    shared = {each.id: each for each in PROFILE_HEAT if each.id in electricity}
    assert sorted(shared) == [1001, 1002, 1003, 1004, 1005, 1010]
    assert all(electricity[id].role is each.role for id, each in shared.items())


def test_short_names_are_unique() -> None:
    assert len(BY_SLUG) == len(REGISTERS)


def test_quantities_are_the_catalogues_and_each_has_one_register() -> None:
    named = [each.quantity for each in REGISTERS.values() if each.quantity]
    assert set(named) <= set(CATALOGUE)
    assert len(named) == len(set(named))


def test_what_names_a_meter_or_its_owner_is_private_and_the_password_is_never_read() -> None:
    private = {each.id for each in REGISTERS.values() if each.role is Role.PRIVATE}
    assert private == {51, 52, 53, 104, 112, 114, 1001, 1010}
    assert REGISTERS[0x049C].role is Role.UNREAD


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("1054", 1054),
        (" 0x041E ", 1054),
        ("voltage_l1", 1054),
        ("Voltage_L1", 1054),
        ("65535", 65535),
        ("65536", None),
        ("-1", None),
        ("0x", None),
        ("1_0", None),
        ("٣", None),
        ("voltage", None),
        ("", None),
    ],
)
def test_an_operator_names_a_register_by_id_or_short_name(text: str, id: int | None) -> None:
    assert find(text) == id


def test_the_spec_is_that_of_a_meter_that_is_dialled() -> None:
    assert (SPEC.name, SPEC.dials, SPEC.listen) == (
        "kamstrup",
        "headend",
        "tcp://127.0.0.1:1025",
    )
    assert Decimal(start_of(1080)) == 1

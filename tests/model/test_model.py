from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.errors import RemoteProtocolError
from mitmeter.model import (
    CATALOGUE,
    DeviceId,
    Kind,
    Secret,
    instant,
    nanoseconds,
    printable,
    quantity,
)


def test_a_device_id_is_protocol_and_serial() -> None:
    device = DeviceId.parse("alphaess:AL9900000000007")
    assert (device.protocol, device.serial) == ("alphaess", "AL9900000000007")
    assert str(device) == "alphaess:AL9900000000007"


@pytest.mark.parametrize("serial", ["", "a b", "../../etc", "x" * 65, "é", "a\n"])
def test_a_serial_that_could_be_a_path_or_markup_is_refused(serial: str) -> None:
    with pytest.raises(RemoteProtocolError, match="not plausible"):
        DeviceId("alphaess", serial)


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2"


@given(st.integers(0, 7_000_000_000_000_000))
def test_an_instant_survives_being_nanoseconds(microseconds: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert nanoseconds(at) == microseconds * 1000
    assert instant(nanoseconds(at)) == at


def test_nanoseconds_below_a_microsecond_are_cut_not_rounded() -> None:
    assert instant(1_999) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=1)


@given(st.text(max_size=50) | st.binary(max_size=50))
def test_printable_text_is_printable_ascii(text: str | bytes) -> None:
    assert all(" " <= c <= "~" for c in printable(text, limit=1000))


def test_printable_text_is_bounded_and_escapes_terminal_codes() -> None:
    assert printable("\x1b[2J") == "\\x1b[2J"
    assert len(printable("x" * 1000, limit=50)) == 50


def test_an_unknown_quantity_is_kept_as_a_vendor_field_without_unit() -> None:
    assert quantity("vendor.alphaess.FlagBms").unit == ""
    assert quantity("grid.import") == CATALOGUE["grid.import"]
    assert quantity("grid.import").kind is Kind.COUNTER


def test_energies_are_counters_in_kwh_and_powers_gauges_in_watts() -> None:
    for each in CATALOGUE.values():
        if each.unit == "kWh":
            assert each.kind is Kind.COUNTER, each.name
        if each.unit == "W":
            assert each.kind is Kind.GAUGE, each.name

from decimal import Decimal

import pytest

from mitmeter.devices.efergy.lines import line_texts, parse_lines
from mitmeter.devices.efergy.messages import Line

CLAMP = Line(700_001, "1", "EFCT", (("P1", Decimal("12000.00")),), -61)
CLIMATE = Line(
    700_003,
    "0",
    "EFMS",
    (("M", Decimal("64.00")), ("T", Decimal("21.50")), ("L", Decimal("0.00"))),
    -62,
)


def test_a_clamp_and_a_climate_line_are_read() -> None:
    body = b"700001|1|EFCT|P1,12000.00|-61\r\n700003|0|EFMS1|M,64.00&T,21.50&L,0.00|-62\r\n"
    assert parse_lines(body) == ((CLAMP, CLIMATE), (), ())


def test_lines_are_written_as_hubs_write_them() -> None:
    body = b"700001|1|EFCT|P1,12000.00|-61\r\n700003|0|EFMS1|M,64.00&T,21.50&L,0.00|-62\r\n"
    assert line_texts((CLAMP, CLIMATE)) == body


def test_a_line_of_an_h2_hub_has_no_rssi() -> None:
    lines, _, _ = parse_lines(b"700001|1|EFCT|P1,2500.00\r\n")
    assert lines[0].rssi is None


@pytest.mark.parametrize(
    "body",
    [
        b"700001|1|EFCT|P1,12000.00|-61",
        b"700001|1|EFCT|P1,12000.00|-61\n",
        b"\r\n700001|1|efct|p1,12000.00|-61\r\n\r\n",
    ],
)
def test_line_ends_and_case_may_differ(body: bytes) -> None:
    assert parse_lines(body) == ((CLAMP,), (), ())


def test_a_line_of_the_hub_itself_is_no_sensor() -> None:
    assert parse_lines(b"0|1|STATUS|OK\r\n") == ((), ("0|1|STATUS|OK",), ())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("700002|1|EFCT", "3 fields"),
        ("x|1|EFCT|P1,1.00", "no sensor id"),
        ("12345678|1|EFCT|P1,1.00", "no sensor id"),
        ("700001|1|EFXX|P1,1.00", "neither EFCT nor EFMS"),
        ("700001|1|EFCT|P1,nan", "no number"),
        ("700001|1|EFCT|P1,2147483647.2147483647", "overflow"),
        ("700001|1|EFCT|P1", "missing"),
        ("700001|1|EFCT|,1.00", "missing"),
        ("700001|1|EFCT|grid.power,1.00", "missing"),
        ("700003|0|EFMS1|M,64.00&T,inf&L,0.00", "no number"),
    ],
)
def test_a_bad_line_is_told_and_the_next_one_still_read(line: str, why: str) -> None:
    lines, _, odd = parse_lines(f"{line}\r\n700001|1|EFCT|P1,12000.00|-61\r\n".encode())
    assert lines == (CLAMP,)
    assert [each.text for each in odd] == [line]
    assert why in odd[0].why


@pytest.mark.parametrize("rssi", ["", "x", "-61dBm", "-99999"])
def test_an_unreadable_rssi_does_not_cost_the_value(rssi: str) -> None:
    lines, _, odd = parse_lines(f"700001|1|EFCT|P1,12000.00|{rssi}\r\n".encode())
    assert [line.rssi for line in lines] == [None]
    assert odd == ()


def test_no_more_than_256_lines_are_read_and_the_rest_is_told() -> None:
    lines, _, odd = parse_lines(b"700001|1|EFCT|P1,1.00\n" * 300)
    assert len(lines) == 256
    assert [each.why for each in odd] == ["44 lines beyond the 256th"]

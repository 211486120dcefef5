"""`mitmeter intervals`."""

import csv
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter.cli.interval_rows import Sheet
from mitmeter.model import DeviceId
from mitmeter.store import Store
from mitmeter.store.energy import Bill, Change, Energy, Fuel, GapSpan, Interval, Intervals, Mark
from mitmeter.store.intervals import Every
from tests.cli.program import mitmeter

DAY = ("--since", "2026-06-15T09:00", "--until", "2026-06-15T11:00")
DISPLAY = DeviceId("glow", "02005E302010")
TARIFF = """
[site]
timezone = "Europe/London"
[[tariff]]
name = "day-night"
currency = "GBP"
standing = 0.48
price = 0.25
export = 0.15
"""


def counters(data: Path) -> dict[str, list[tuple[datetime, Decimal]]]:
    """Return the recorded counters, as the store has them."""
    found: dict[str, list[tuple[datetime, Decimal]]] = {}
    with Store.open(data / "store.db", read_only=True) as store:
        for each in store.readings(limit=None):
            if not isinstance(each.value, str) and each.at is not None:
                found.setdefault(each.quantity, []).append((each.at, each.value))
    return found


def test_every_interval_has_its_energies_with_their_marks(recorded: Path) -> None:
    done = mitmeter("intervals", "--every", "1h", "--json", *DAY, data=recorded)
    first, second = done.objects
    assert (first["from"], first["to"]) == ("2026-06-15T09:00:00Z", "2026-06-15T10:00:00Z")
    assert set(first["energies"]) == {
        "grid.import",
        "grid.export",
        "pv.energy",
        "battery.charged",
        "battery.discharged",
    }
    # The line was cut at 09:40, and the battery told its rows later: nothing is missing in between.
    assert second["energies"]["pv.energy"]["unit"] == "kWh"
    assert "cost" not in first
    values = counters(recorded)["pv.energy"]
    whole = sum(Decimal(str(each["energies"]["pv.energy"]["value"])) for each in (first, second))
    assert abs(whole - (values[-1][1] - values[0][1])) < Decimal("0.001")


def test_the_table_ends_with_all_of_it(recorded: Path) -> None:
    done = mitmeter("intervals", "--every", "30m", *DAY, data=recorded)
    assert done.lines[0].split() == [
        "from", "import", "kWh", "export", "kWh", "solar", "kWh", "charged", "kWh",
        "discharged", "kWh",
    ]  # fmt: skip
    assert done.lines[1].startswith("2026-06-15 09:00 UTC ")
    assert len(done.lines) == 6
    assert done.lines[5].startswith("in all ")


def test_costs_follow_the_configured_tariff(recorded: Path, tmp_path: Path) -> None:
    config = tmp_path / "mitmeter.toml"
    config.write_text(TARIFF, "utf-8")
    asked = ("intervals", "--every", "1h", "--cost", "--json", "-c", config, *DAY)
    # 09:00 in London is 08:00 by UTC, when nothing had been heard.
    nothing, each = mitmeter(*asked, data=recorded).objects
    assert nothing["bills"]["electricity"]["usage"] is None
    bill = each["bills"]["electricity"]
    used = Decimal(str(each["energies"]["grid.import"]["value"]))
    assert Decimal(str(bill["usage"])) == used * Decimal("0.25")
    assert bill["standing"] == 0.02
    assert each["currency"] == "GBP"
    table = mitmeter(*asked[:4], "-c", config, *DAY, data=recorded)
    assert "cost GBP" in table.lines[0]
    assert re.search(r"£0\.\d{4}", table.lines[2])


def test_without_any_price_that_is_told(recorded: Path) -> None:
    done = mitmeter("intervals", "--cost", *DAY, data=recorded)
    assert "used" not in done.lines[0]
    assert done.err.startswith("no price is known; a [[tariff]]")
    assert mitmeter("-q", "intervals", "--cost", *DAY, data=recorded).err == ""


def test_csv_has_exact_numbers_and_empty_cells(recorded: Path) -> None:
    asked = ("intervals", "--every", "1h", "--csv", "--since", "2026-06-15T08:00", *DAY[2:])
    head, empty, *rows = csv.reader(mitmeter(*asked, data=recorded).lines)
    assert head[:3] == ["from", "to", "grid.import kWh"]
    assert (empty[2:-1], empty[-1]) == ([""] * 5, "gap")
    assert [row[0] for row in rows] == ["2026-06-15T09:00:00Z", "2026-06-15T10:00:00Z"]


def test_a_device_may_be_named_to_speak(recorded: Path) -> None:
    asked = ("intervals", "--json", "--every", "1d", *DAY, "--source")
    (day,) = mitmeter(*asked, "grid.import=AL9900000000007", data=recorded).objects
    assert day["energies"]["grid.import"]["value"] is not None


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--every", "2h"), "'2h' is not one of"),
        (("--json", "--csv"), "--json and --csv: one of them"),
        (("--digits", "grid.import=x"), "--digits: 'x' is not a number from 1 to 12"),
        (("--digits", "grid.import"), "is not KEY=VALUE"),
        (("--source", "grid.import=nobody"), "'nobody' was never heard"),
        (("--device", "nobody"), "'nobody' was never heard"),
        (("--every", "15m", "--since", "2020-01-01"), "more than 40,000 intervals of 15m"),
    ],
)
def test_wrong_wishes_are_refused_in_one_line(
    recorded: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    done = mitmeter("intervals", *arguments, data=recorded)
    assert done.code in (1, 2)
    assert complaint in done.complaint


def test_a_broken_tariff_is_an_error_of_the_configuration(recorded: Path, tmp_path: Path) -> None:
    config = tmp_path / "mitmeter.toml"
    config.write_text(TARIFF + 'prices = "none.csv"\n', "utf-8")
    done = mitmeter("intervals", "--cost", "-c", config, data=recorded)
    assert done.code == 3
    assert done.complaint.startswith("tariff[0].prices: ")


def test_where_nothing_was_measured_that_is_told(recorded: Path) -> None:
    asked = ("intervals", "--every", "1d", "--since", "2020-01-01", "--until", "2020-01-02")
    done = mitmeter(*asked, data=recorded)
    assert done.code == 0
    assert "–" in done.lines[1]


# --- words ---


def sheet(**marks: frozenset[Mark]) -> Sheet:
    since = datetime(2026, 1, 10, tzinfo=UTC)
    bill = Bill(Decimal("-0.004"), None, Decimal("1234.5"), Decimal(1), frozenset({Mark.UNPRICED}))
    each = Interval(
        since,
        since + timedelta(days=1),
        {
            "grid.import": Energy(Decimal("1234.5678"), marks.get("grid", frozenset())),
            "pv.energy": Energy(None, marks.get("pv", frozenset())),
        },
        {Fuel.ELECTRICITY: bill},
    )
    gap = GapSpan(
        DISPLAY, "grid.import", since, since + timedelta(hours=1), Decimal("1.5"), Decimal("0.3")
    )
    change = Change(
        DISPLAY, "grid.import", since, since, Decimal("99999"), Decimal("3.2"), Mark.METER_CHANGE
    )
    found = Intervals((each,), each, "EUR", {"grid.import": (DISPLAY,)}, (gap,), (change,))
    return Sheet(found, Every.DAY, UTC, cost=True)


def test_numbers_are_grouped_rounded_and_never_minus_nothing() -> None:
    (row,) = sheet().rows()
    assert row == [
        "Sat 2026-01-10",
        "1,234.568",
        "–",
        "€0.00",
        "€1,234.50",
        "€1,234.50",
        "partly without price",
    ]


def test_marks_are_words_that_say_of_what() -> None:
    some = frozenset({Mark.GAP, Mark.PARTIAL})
    (row,) = sheet(grid=some, pv=frozenset({Mark.ESTIMATED})).rows()
    assert row[-1] == "gap: import; estimated: solar; still running; partly without price"
    (row,) = sheet(grid=some, pv=some).rows()
    assert row[-1] == "gap; still running; partly without price"


def test_what_is_in_no_row_is_said_below() -> None:
    assert list(sheet().remarks()) == [
        "no readings of grid.import from glow:02005E302010 between 2026-01-10 00:00 and "
        "2026-01-10 01:00: 1.500 kWh in all, €0.30, in none of the rows",
        "grid.import of glow:02005E302010 was reset or changed at 2026-01-10 00:00: 99999 → 3.2",
    ]

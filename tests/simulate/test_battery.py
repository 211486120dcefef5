"""The battery's arithmetic: doing a minute at once is the same as walking its six steps."""

from __future__ import annotations

from array import array
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mitmeter.protocol import BatterySchedule
from mitmeter.simulate.battery import Battery, DayInputs, Ledger, Regime
from mitmeter.simulate.site import BatterySize

SIZE = BatterySize(capacity_wh=2_000, charge_limit_w=1_500, discharge_limit_w=1_200)


def regimes(battery: Battery) -> st.SearchStrategy[Regime]:
    percents = st.integers(0, 100).map(Decimal)
    return st.builds(
        lambda window, high, low: battery.regime(
            BatterySchedule(stop_charging_percent=high, reserve_percent=low), in_window=window
        ),
        st.booleans(),
        percents,
        percents,
    )


minutes = st.lists(
    st.tuples(
        st.integers(60, 4_000),  # load
        st.integers(0, 4_000),  # pv
        st.integers(0, 36),  # swing, small against the pv below
        st.integers(0, 255),  # shapes
    ),
    min_size=1,
    max_size=40,
)


@given(data=st.data(), rows=minutes, share=st.integers(0, 1000))
def test_whole_minutes_at_once_equal_single_steps(
    data: st.DataObject, rows: list[tuple[int, int, int, int]], share: int
) -> None:
    battery = Battery(SIZE)
    regime = data.draw(regimes(battery))
    day = DayInputs(
        array("i", (row[0] for row in rows)),
        array("i", (row[1] for row in rows)),
        array("i", (min(row[2], row[1] // 8) for row in rows)),
        bytes(row[3] for row in rows),
    )
    begin = Ledger(stored=battery.capacity * share // 1000)
    walked = begin
    for flow in battery.flows(begin.stored, day, 0, 6 * len(rows), regime):
        walked = battery.after(walked, flow)
    assert battery.advance(begin, day, 0, 6 * len(rows), regime) == walked


@given(stored=st.integers(0, 1000), net=st.integers(-9_000, 9_000), window=st.booleans())
def test_the_store_never_runs_over_or_empty(stored: int, net: int, window: bool) -> None:
    battery = Battery(SIZE)
    regime = battery.regime(BatterySchedule(reserve_percent=Decimal(0)), in_window=window)
    day = DayInputs(
        array("i", [max(0, net) + 60]), array("i", [max(0, -net)]), array("i", [0]), b"\x00"
    )
    ledger = Ledger(stored=battery.capacity * stored // 1000)
    for flow in battery.flows(ledger.stored, day, 0, 6, regime):
        ledger = battery.after(ledger, flow)
        assert 0 <= ledger.stored <= battery.capacity


def test_a_kilowatt_hour_in_gives_back_what_both_efficiencies_leave() -> None:
    battery = Battery(BatterySize(charge_permille=900, discharge_permille=800))
    floor = battery.regime(BatterySchedule(reserve_percent=Decimal(0)), in_window=False)
    taken_in = -battery.step(0, -1_000, 0, floor)
    assert taken_in == 1_000
    stored = taken_in * 360 * 900 * 800  # one hour of steps, in units
    out = 0
    while (watts := battery.step(stored, 1_000, 0, floor)) > 0:
        stored -= watts * 1_000_000
        out += watts
    assert out == 360 * 720  # 1 kWh × 0.9 × 0.8

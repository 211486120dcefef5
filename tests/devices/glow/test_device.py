"""The emulated display: what it says when, and what it does with answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from mitmeter.daemon.persona import load_persona
from mitmeter.devices.glow import SPEC
from mitmeter.devices.glow.device import Display
from mitmeter.devices.glow.messages import Message, MeterReport, Prices, Reply
from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.protocol import Answer, Close, Command, DeviceContext, Send, SetTimer, Undecodable
from mitmeter.simulate import House, Site
from mitmeter.testing.dialogue import dialogue
from mitmeter.testing.house import SteadyHouse
from tests.devices.glow.glow_sayings import DISPLAY, reply

START = datetime(2025, 6, 1, 12, 0, 0, 400_000, tzinfo=UTC)
CLOCK = 1_748_779_200  # the same, without the fraction


class Playing:
    """A display whose timers ring when time is let pass."""

    def __init__(self, **options: str) -> None:
        self.now = START
        self.party = Display(
            DeviceContext(SteadyHouse(), persona=load_persona(SPEC, ""), options=options)
        )
        self.due: dict[str, datetime] = {}

    def take(self, actions: Iterable[Any]) -> list[Any]:
        """Note the timers; return what was said, and the closing if there was one."""
        found: list[Any] = []
        for action in actions:
            if isinstance(action, SetTimer):
                self.due[action.name] = self.now + timedelta(seconds=action.seconds)
            else:
                found.append(action.message if isinstance(action, Send) else action)
        return found

    def opened(self) -> list[Any]:
        return self.take(self.party.opened(self.now))

    def hears(self, message: Message, after: float = 0.1) -> list[Any]:
        self.now += timedelta(seconds=after)
        return self.take(self.party.received(message, self.now))

    def waits(self) -> list[Any]:
        """Let the next timer ring."""
        name = min(self.due, key=lambda each: self.due[each])
        self.now = self.due.pop(name)
        return self.take(self.party.timer(name, self.now))


def test_the_first_thing_it_says_is_a_report_of_that_very_second() -> None:
    (message,) = Playing().opened()
    assert isinstance(message, MeterReport)
    assert message.members["time"] == f"{CLOCK:08X}"
    assert ("X-TS", f"{CLOCK:08X}") in message.headers


def test_asked_for_its_tariff_it_tells_it_a_second_later() -> None:
    device = Playing()
    device.opened()
    assert device.hears(reply("CURPRICE")) == []
    del device.due["answer"]
    (message,) = device.waits()
    assert isinstance(message, Prices)
    assert device.now == START + timedelta(seconds=1.1)


@pytest.mark.parametrize("answer", [reply("200"), reply("CURPRICE", 500), reply("UPDATE")])
def test_any_other_answer_makes_it_go_on_with_its_reports(answer: Reply) -> None:
    device = Playing()
    device.opened()
    device.hears(answer)
    del device.due["answer"]
    (message,) = device.waits()
    assert isinstance(message, MeterReport)
    assert timedelta(seconds=6) <= device.now - START <= timedelta(seconds=10)


def test_it_says_one_thing_at_a_time_and_gives_up_when_no_answer_comes() -> None:
    device = Playing()
    device.opened()
    assert list(device.party.timer("next", device.now)) == []
    (closing,) = device.waits()
    assert isinstance(closing, Close)
    assert device.now == START + timedelta(seconds=10)


def test_after_a_broken_connection_it_goes_on_where_it_was() -> None:
    device = Playing(seconds="10")
    device.opened()
    device.now += timedelta(seconds=4)
    assert device.opened() == []
    assert device.due["next"] == START + timedelta(seconds=10)


def test_an_answer_nobody_waits_for_changes_nothing() -> None:
    device = Playing()
    device.opened()
    device.hears(reply("200"))
    assert device.hears(reply("CURPRICE")) == []


def test_an_interim_answer_is_not_the_answer() -> None:
    device = Playing()
    device.opened()
    assert device.hears(Reply(100, "", (), "Continue")) == []
    del device.due["answer"]
    assert "next" not in device.due


def test_it_hangs_up_when_the_head_end_wishes_or_talks_nonsense() -> None:
    device = Playing()
    device.opened()
    headers = (("Connection", "close"), ("Content-Length", "3"))
    (closing,) = device.hears(Reply(200, "200", headers))
    assert isinstance(closing, Close)
    (closing,) = device.party.garbled(Undecodable(b"?", "no HTTP"), START)
    assert isinstance(closing, Close)


def test_it_takes_no_commands() -> None:
    (answer,) = Playing().party.commanded(Command("c", DISPLAY, "x", {}), START)
    assert isinstance(answer, Answer)
    assert not answer.accepted


def test_a_display_without_ntp_counts_from_its_start() -> None:
    talk = dialogue(SPEC, start=START, device_options={"misbehave": "clock_unset"}).run(minutes=5)
    assert talk.readings("grid.power")
    assert {each.reported for each in talk.readings()} == {None}
    assert [event.eventid for event in talk.events].count("mitmeter.glow.clock.unset") == 1
    assert talk.readings("price.import"), "its tariff is understood all the same"


def test_a_wrong_clock_shows_in_what_it_reports() -> None:
    talk = dialogue(SPEC, start=START, device_options={"offset_seconds": "3600"}).run(minutes=1)
    for each in talk.readings("grid.power"):
        assert each.reported is not None
        assert timedelta(minutes=59) < each.reported - each.received <= timedelta(hours=1)


@pytest.mark.parametrize("text", ["soon", "nan", "1e99"])
def test_an_offset_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="offset_seconds"):
        Playing(offset_seconds=text)


def test_it_reports_every_six_to_ten_seconds() -> None:
    talk = dialogue(SPEC, start=START).run(minutes=30)
    reports = [m for m in talk.said_by(Side.DEVICE) if isinstance(m, MeterReport)]
    times = [int(str(each.members["time"]), 16) for each in reports]
    steps = {later - earlier for earlier, later in pairwise(times)}
    assert steps <= {6, 7, 8, 9, 10, 11}
    assert len(steps) >= 5


def test_what_it_reports_is_what_the_house_does_at_that_instant() -> None:
    house = House(7, START - timedelta(days=2))
    persona = load_persona(SPEC, "")
    talk = dialogue(SPEC, start=START, house=house, persona=persona).run(hours=2)
    powers = talk.readings("grid.power")
    assert len(powers) > 600
    for each in powers:
        assert each.reported is not None
        assert each.value == house.state(each.reported).grid_w
    for each in talk.readings("grid.import"):
        assert each.reported is not None
        kwh = house.energy(each.reported).imported
        assert isinstance(each.value, Decimal)
        assert 0 <= Decimal("4200") + kwh - each.value < Decimal("0.001")
    volumes = [each.value for each in talk.readings("gas.volume")]
    assert 4 <= len(volumes) <= 6
    assert volumes == sorted(volumes, key=str)


def test_it_can_tell_the_tariff_of_the_house_anew_whenever_its_price_changes() -> None:
    # The night rate begins at 00:30.
    start = datetime(2025, 1, 10, 0, 20, tzinfo=UTC)
    house = House(7, start - timedelta(days=2), Site())
    options = {"tariff": "house"}
    talk = dialogue(SPEC, start=start, house=house, device_options=options).run(minutes=20)
    told = [(each.received, each.value) for each in talk.readings("price.import")]
    opens = start + timedelta(minutes=10)
    assert [value for _, value in told] == [Decimal("0.2628"), Decimal("0.0790")]
    assert opens <= told[1][0] < opens + timedelta(seconds=15)
    assert {each.value for each in talk.readings("price.standing")} == {Decimal("0.2962")}


def test_a_tariff_of_neither_house_nor_persona_is_told() -> None:
    with pytest.raises(ConfigError, match="tariff: 'cheap' is neither"):
        Display(DeviceContext(SteadyHouse(), options={"tariff": "cheap"}))


def test_two_runs_with_one_seed_say_the_same() -> None:
    first, second = (
        dialogue(SPEC, start=START, house=House(7, START), seed=3).run(minutes=10) for _ in range(2)
    )
    assert [chunk.data for chunk in first.chunks] == [chunk.data for chunk in second.chunks]


def test_a_frozen_display_tells_one_instant_for_ever() -> None:
    frozen = datetime(2024, 12, 24, 18, tzinfo=UTC)
    context = DeviceContext(SteadyHouse(), frozen_at=frozen)
    party = Display(context)
    bodies = set()
    now = START
    for _ in range(3):
        for action in party.opened(now):
            if isinstance(action, Send) and isinstance(action.message, MeterReport):
                bodies.add(str(action.message.members["time"]))
        now += timedelta(seconds=12)
    assert bodies == {f"{int(frozen.timestamp()):08X}"}


@pytest.mark.parametrize(
    "quirk", ["sentinels", "not_joined", "empty_meters", "no_id", "lower_case", "clock_unset"]
)
def test_every_oddity_is_understood_and_answered(quirk: str) -> None:
    talk = dialogue(SPEC, start=START, device_options={"misbehave": quirk}).run(minutes=3)
    assert not talk.undecodable()
    reports = [m for m in talk.said_by(Side.DEVICE) if isinstance(m, MeterReport)]
    answers = talk.said_by(Side.HEADEND)
    assert len(reports) > 15
    assert {m.body for m in answers if isinstance(m, Reply)} == {"200", "CURPRICE"}
    assert talk.device is not None

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from mitmeter.daemon.persona import load_persona, shipped
from mitmeter.devices.efergy import SPEC
from mitmeter.devices.efergy.device import Hub
from mitmeter.devices.efergy.headend import reply
from mitmeter.devices.efergy.messages import (
    Bulk,
    CurrentReport,
    KeyCheck,
    KeyRequest,
    Ping,
    Reply,
    Request,
    SensorReport,
)
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId, Side
from mitmeter.protocol import Answer, Close, Command, DeviceContext, SetTimer, Undecodable
from mitmeter.simulate.house import House
from mitmeter.testing.dialogue import dialogue
from mitmeter.testing.house import SteadyHouse
from tests.devices.efergy.efergy_bench import Bench, bench, silence, success
from tests.devices.efergy.efergy_sayings import NOON

THREE = [
    {"sid": 700_001, "feeds": "grid"},
    {"sid": 700_002, "feeds": "pv"},
    {"sid": 700_003, "kind": "EFMS"},
]


# --- start-up ---


@pytest.mark.parametrize("generation", ["h1", "h2", "h3"])
def test_a_hub_checks_its_key_first_and_has_no_time_yet(generation: str) -> None:
    first = bench(generation).open().said[0][1]
    assert isinstance(first, KeyCheck)
    assert first.query("ts") == "00000000"
    assert first.header("host") == "10.20.30.02005e.keys.sensornet.info"


@pytest.mark.parametrize(
    ("generation", "host"),
    [
        ("h1", "10.20.30.02005e.sensornet.info"),
        ("h2", "10.20.30.02005e.h2.sensornet.info"),
        ("h3", "10.20.30.02005e.h3.sensornet.info"),
    ],
)
def test_a_generation_reports_to_its_own_path_and_host(generation: str, host: str) -> None:
    report = bench(generation).open().said[1][1]
    assert report.path == ("/recjson" if generation == "h1" else f"/{generation}")
    assert report.header("host") == host


def test_the_time_comes_from_the_date_of_the_answer() -> None:
    at = bench()
    at.answer = lambda message, now: success(message, now + timedelta(hours=2))
    report = at.open().said[1][1]
    assert report.header("x-ts") == "65A53A60"  # 14:00:00


def test_without_a_date_there_is_no_time() -> None:
    def dateless(message: Request, now: datetime) -> Reply | None:
        return Reply(200, "OK", (("Content-Length", "7"),), b"success")

    assert bench(answer=dateless).open().said[1][1].header("x-ts") == "00000000"


def test_an_h1_hub_needs_the_word_success_and_asks_for_a_key_without_it() -> None:
    at = bench("h1", answer=lambda message, now: reply(now, b"\n")).open().run(25)
    assert at.kinds() == ["KeyCheck", "KeyRequest"] * 3
    assert at.times(KeyCheck) == [0, 10, 20]


@pytest.mark.parametrize("generation", ["h2", "h3"])
def test_later_hubs_are_content_with_any_body(generation: str) -> None:
    at = bench(generation, answer=lambda message, now: reply(now, b"\n")).open()
    assert at.kinds() == ["KeyCheck", "SensorReport"]


def test_a_hub_that_gets_no_answer_hangs_up_and_starts_again() -> None:
    at = bench(answer=silence).open().run(20)
    assert at.closed == ["no answer came"]
    assert at.open().kinds() == ["KeyCheck", "KeyCheck"]


# --- reports ---


@pytest.mark.parametrize(
    ("generation", "kind", "seconds"),
    [("h1", CurrentReport, 6), ("h2", SensorReport, 12), ("h3", SensorReport, 10)],
)
def test_reports_come_at_the_pace_of_the_generation(
    generation: str, kind: type[Request], seconds: int
) -> None:
    times = bench(generation).open().run(60).times(kind)
    assert times[0] == 0
    assert {later - earlier for earlier, later in pairwise(times)} == {seconds}


def test_an_h1_hub_reports_whole_milliamps_of_each_clamp() -> None:
    # The steady house takes -180 W from the grid and makes 1500 W; 0.138 W are a milliamp.
    report = bench("h1", sensors=THREE[:2]).open().of(CurrentReport)[0]
    assert [(row.sid, row.milliamps) for row in report.rows] == [(700_001, 1304), (700_002, 10870)]
    assert report.mac == "02005E302010"
    assert report.ts == "65A51E40"


def test_an_h3_hub_reports_every_sensor_with_its_reception() -> None:
    report = bench(sensors=THREE).open().of(SensorReport)[0]
    assert [(line.sid, dict(line.values), line.rssi) for line in report.lines] == [
        (700_001, {"P1": Decimal("1304.35")}, -61),
        (700_002, {"P1": Decimal("10869.57")}, -61),
        (700_003, {"M": Decimal(64), "T": Decimal(33), "L": Decimal(0)}, -61),
    ]


def test_an_h2_hub_tells_no_reception() -> None:
    report = bench("h2").open().of(SensorReport)[0]
    assert [line.rssi for line in report.lines] == [None]


def test_uptime_counts_from_the_first_connection() -> None:
    at = bench().open().run(30)
    assert [report.header("x-uptime") for report in at.of(SensorReport)] == ["0", "10", "20", "30"]


def test_a_ping_names_all_sensors_every_five_minutes() -> None:
    at = bench(sensors=THREE).open().run(610)
    assert at.times(Ping) == [300, 600]
    assert at.of(Ping)[0].sids == (700_001, 700_002, 700_003)


def test_a_refused_report_is_followed_by_another_after_ten_seconds() -> None:
    def refuse(message: Request, now: datetime) -> Reply | None:
        said = success(message, now)
        assert said is not None
        return said if isinstance(message, KeyCheck) else replace(said, status=503)

    assert bench("h1", answer=refuse).open().run(25).times(CurrentReport) == [0, 10, 20]


def test_a_frozen_hub_tells_one_moment_only() -> None:
    at = bench(frozen_at=NOON - timedelta(days=1)).open().run(30)
    assert {report.header("x-ts") for report in at.of(SensorReport)} == {"65A3CCC0"}


def test_one_request_per_connection_when_asked_for() -> None:
    at = bench("h2", options={"connection": "close"}).open()
    assert at.kinds() == ["KeyCheck"]
    assert at.closed == ["one request per connection"]
    at.away(1)
    assert at.kinds() == ["KeyCheck", "SensorReport"]
    at.away(1).run(30)
    assert at.times(SensorReport) == [1, 13]


# --- stored data ---


def outage(seconds: float, generation: str = "h3") -> Bench:
    at = bench(generation, sensors=THREE[:2]).open().run(60)
    at.said.clear()
    return at.away(seconds)


def test_after_an_outage_an_h3_hub_brings_a_value_of_each_clamp_a_minute() -> None:
    at = outage(600)
    assert at.kinds()[0] == "Bulk"
    bulk = at.of(Bulk)[0]
    assert len(bulk.body) == 4096
    # The last contact was at 12:01:00, the line came back at 12:11:00.
    minutes = [NOON + timedelta(minutes=n) for n in range(2, 11)]
    assert [record.at for record in bulk.records if record.sid == 700_001] == minutes
    assert {record.values[0][1] for record in bulk.records if record.sid == 700_002} == {
        Decimal("10869.57")
    }


def test_reports_go_on_after_the_stored_data() -> None:
    assert outage(600).run(20).kinds()[:3] == ["Bulk", "Ping", "SensorReport"]


def test_a_long_outage_takes_several_bodies_and_two_days_are_kept() -> None:
    at = outage(3 * 86_400)
    records = [record for bulk in at.of(Bulk) for record in bulk.records]
    assert len(at.of(Bulk)) == 12  # 2 x 2879 records, 509 in a body
    assert records[-1].at - records[0].at == timedelta(minutes=2878)


def test_a_short_break_is_no_outage() -> None:
    assert outage(60).of(Bulk) == []


@pytest.mark.parametrize("generation", ["h1", "h2"])
def test_earlier_hubs_store_nothing(generation: str) -> None:
    assert outage(600, generation).of(Bulk) == []


def test_stored_data_that_get_no_answer_are_sent_again() -> None:
    at = bench(sensors=THREE[:2]).open().run(60)
    at.answer = silence
    at.away(600).run(20)
    at.answer = success
    first, again = at.away(1).of(Bulk)
    assert first.body == again.body


def test_silence_is_an_outage_too() -> None:
    at = bench(sensors=THREE[:2]).open().run(60)
    at.answer = silence
    for _ in range(12):
        at.run(20).away(1)
    at.answer = success
    at.away(1)
    assert at.of(Bulk)


def test_a_hub_whose_clock_was_never_set_stores_nothing() -> None:
    def dateless(message: Request, now: datetime) -> Reply | None:
        return Reply(200, "OK", (("Content-Length", "7"),), b"success")

    at = bench(answer=dateless).open().run(60)
    assert at.away(600).of(Bulk) == []


# --- commands and garbage ---


def test_a_hub_takes_no_commands() -> None:
    (answer,) = bench().hub.commanded(Command("1", DeviceId("efergy", "X"), "x", {}), NOON)
    assert isinstance(answer, Answer)
    assert not answer.accepted


def test_an_answer_that_is_no_http_ends_the_connection() -> None:
    (action,) = bench().hub.garbled(Undecodable(b"x", "nothing"), NOON)
    assert isinstance(action, Close)


def test_an_answer_nobody_asked_for_is_ignored() -> None:
    assert list(bench().hub.received(reply(NOON, b"success"), NOON)) == []


def test_an_odd_date_does_not_move_the_clock() -> None:
    at = bench(answer=silence).open()
    odd = Reply(200, "OK", (("Date", "yesterday, about noon"),), b"success")
    assert [each for each in at.hub.received(odd, NOON) if isinstance(each, SetTimer)]


# --- who it is ---


@pytest.mark.parametrize(
    ("persona", "options", "key"),
    [
        ({"hub": {"generation": "h4"}}, {}, "hub.generation"),
        ({"hub": {"mac": "nobody"}}, {}, "mac"),
        ({}, {"mac": "02:00:5E:30:20:10"}, "mac"),
        ({"hub": {"firmware": "a|b"}}, {}, "hub.firmware"),
        ({"hub": {"seconds": 0}}, {}, "hub.seconds"),
        ({"hub": {"seconds": True}}, {}, "hub.seconds"),
        ({"hub": {"pace": 5}}, {}, "hub.pace"),
        ({"hub": 5}, {}, "hub"),
        ({}, {"connection": "open"}, "options.connection"),
        ({"hub": {"generation": "h1"}, "sensor": THREE}, {}, "sensor"),
    ],
)
def test_what_cannot_be_used_is_named(
    persona: dict[str, Any], options: dict[str, str], key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Hub(DeviceContext(SteadyHouse(), persona, options=options))
    assert caught.value.key == key


def test_the_mac_may_be_an_option() -> None:
    first = bench(options={"mac": "001ec0abcdef"}).open().said[0][1]
    assert first.header("host") == "ef.cd.ab.001ec0.keys.sensornet.info"


def test_the_shipped_personas_are_the_three_generations() -> None:
    assert shipped(SPEC) == ("h1", "h2", "h3")


@pytest.mark.parametrize("name", ["h1", "h2", "h3"])
def test_what_the_trap_reads_is_what_the_house_does(name: str) -> None:
    house = House(seed=7, start=NOON - timedelta(days=1))
    persona = load_persona(SPEC, name)
    talk = dialogue(SPEC, start=NOON, house=house, persona=persona).run(minutes=30)
    assert not talk.undecodable()
    sid = persona["sensor"][0]["sid"]
    readings = talk.readings(f"vendor.efergy.{sid}.watts")
    assert len(readings) > 100
    for each in readings:
        assert isinstance(each.value, Decimal)
        assert each.reported is not None
        told = abs(house.state(each.received - timedelta(seconds=0.02)).grid_w)
        # A whole milliamp is 0.138 W.
        assert abs(each.value - told) < Decimal("0.07")
        assert abs(each.reported - each.received) < timedelta(seconds=2)
    assert talk.device == DeviceId("efergy", persona["hub"]["mac"])


def test_the_trap_takes_stored_data_for_the_time_they_were_measured() -> None:
    talk = dialogue(SPEC, start=NOON, persona=load_persona(SPEC, "h3")).run(minutes=5)
    talk.disconnect(3600).run(minutes=61)
    stored = [each for each in talk.readings("vendor.efergy.700001.milliamps") if not each.live]
    reported = [each.reported for each in stored if each.reported is not None]
    # A value a minute from the last contact at 12:04:50 until the line was mended at 13:05.
    assert len(reported) == 60
    assert {later - earlier for earlier, later in pairwise(reported)} == {timedelta(minutes=1)}
    assert [type(each) for each in talk.said_by(Side.DEVICE)].count(KeyRequest) == 0

"""What is told of a conversation with a gateway: readings, facts, events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mitmeter.devices.smgw.messages import Request
from mitmeter.model import DeviceId, Fact, Reading
from tests.devices.smgw.smgw_examples import NOW, Told, answer, request, response, told

HALF_PAST = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
THEBEN = (
    request("Theben: user-info, login by MD5"),
    response("Theben: user-info, two contracts of which one is running"),
    request("Theben: usage-point-info is asked for"),
    response("Theben: how the registers of a contract scale"),
    request("Theben: readings, last value is asked for"),
    response("Theben: newest values"),
    request("Theben: smgw-info is asked for"),
    response("Theben: who the gateway is"),
)
PPC = (
    request("PPC: the meters are asked for"),
    response("PPC: two meters to choose from"),
    request("PPC: current values are asked for"),
    response("PPC: current values, two registers of one moment"),
)
PPC_DAY = (
    request("PPC: the form for history is asked for"),
    response("PPC: the form for history, with a new handle"),
    request("PPC: a day is asked for"),
    response("PPC: a day, newest first, one moment of it invalid"),
)
EMH = (
    request("EMH: a meter's values are asked for"),
    response("EMH: a meter's values, one entry malformed"),
)


def test_a_theben_visit_tells_values_meter_and_gateway() -> None:
    heard = told(THEBEN)
    assert heard.values("grid.import") == ["2468.1012"]
    assert heard.values("grid.export") == ["135.7913"]
    (one,) = heard.of("grid.import")
    assert one.device == DeviceId("smgw", "1tst0000000042")
    assert (one.reported, one.at, one.live, one.received) == (HALF_PAST, HALF_PAST, False, NOW)
    assert heard.facts["gateway"] == "ethe0399000017"
    assert heard.facts["firmware"] == "v9.99.0-cc"
    assert heard.facts["gateway.state"] == "ok"


def test_contracts_and_metering_points_are_private() -> None:
    facts = [each for each in told(THEBEN).said if isinstance(each, Fact)]
    assert {each.name for each in facts if each.private} == {
        "contracts",
        "metering.point",
        "gateway",
    }


def test_a_value_marked_as_unusable_is_an_event_and_no_reading() -> None:
    heard = told(
        (
            request("Theben: readings, interval is asked for"),
            response("Theben: an interval, one value of it marked as unusable"),
        )
    )
    assert heard.values("grid.import") == ["2467.4900", "2468.1012"]
    assert "invalid" in heard.events
    assert heard.values("vendor.smgw.status") == ["ok", "unusable", "ok"]
    assert heard.facts["history.since"] == "2026-03-01T10:45:00Z"
    assert heard.facts["history.until"] == "2026-03-01T11:30:00Z"


def test_a_ppc_page_names_its_meter_through_the_selector() -> None:
    heard = told(PPC)
    assert heard.values("grid.import") == ["1063.2175"]
    (one,) = heard.of("grid.import")
    assert one.device == DeviceId("smgw", "1tst0000000055")
    assert one.reported == datetime(2026, 3, 1, 11, 30, 2, tzinfo=UTC)
    assert heard.facts["firmware"] == "99001-99002"


def test_history_pages_follow_the_handle_their_form_renews() -> None:
    heard = told((*PPC, *PPC_DAY))
    imported = heard.of("grid.import")
    assert {each.device.serial for each in imported} == {"1tst0000000055"}
    assert [str(each.value) for each in imported] == ["1063.2175", "1047.9000", "1055.4000"]
    assert heard.facts["history.until"] == "2026-02-28T23:00:01Z"


def test_an_export_and_the_pages_of_the_same_day_tell_the_same() -> None:
    pages, export = Told().hear(PPC_DAY[-1]), Told()
    export.hear(response("PPC: a signed export, its content whole"))

    def first(told: Told) -> set[tuple[object, ...]]:
        return {(r.device, r.quantity, r.value, r.reported) for r in told.of("grid.import")}

    assert first(export) < first(pages)


def test_emh_values_of_this_moment_are_live_when_they_are_fresh() -> None:
    fresh = told(EMH, at=HALF_PAST + timedelta(seconds=8))
    assert {each.live for each in fresh.of("grid.power")} == {True}
    late = told(EMH, at=HALF_PAST + timedelta(minutes=9))
    assert {each.live for each in late.of("grid.power")} == {False}


def test_a_quarter_hours_value_is_never_live() -> None:
    heard = told(THEBEN, at=HALF_PAST + timedelta(seconds=2))
    assert {each.live for each in heard.readings} == {False}


def test_a_value_from_the_future_is_not_taken_at_its_word() -> None:
    heard = told(THEBEN, at=HALF_PAST - timedelta(hours=1))
    assert {each.at for each in heard.of("grid.import")} == {None}


def test_frozen_values_are_told_of_once() -> None:
    heard = told((*THEBEN, *THEBEN), at=HALF_PAST + timedelta(hours=30))
    assert heard.events.count("stale") == 1


def test_history_is_not_called_stale() -> None:
    heard = told((*PPC, *PPC_DAY), at=NOW)
    assert "stale" not in heard.events


@pytest.mark.parametrize(("minutes", "events"), [(1, []), (10, ["clock.off"]), (60, [])])
def test_a_wrong_clock_is_told_of_but_not_a_matter_of_summer_and_winter(
    minutes: int, events: list[str]
) -> None:
    heard = told(THEBEN[-2:], at=NOW - timedelta(hours=1) - timedelta(minutes=minutes))
    assert heard.events == events


def test_without_scales_other_registers_are_left_out_and_told_of() -> None:
    body = (
        '{"method":"readings","readings":{"channels":[{"obis":"0100100700ff","readings":'
        '[{"value":"5","target-time":"2026-03-01T11:30:00Z"}]}]}}'
    )
    heard = told((answer(body),))
    assert heard.readings == []
    assert heard.events == ["left_out"]


def test_registers_of_no_common_meaning_are_kept_under_their_number() -> None:
    body = (
        '{"capture_time":"2026-03-01T12:30:00+01:00","status":"a0000000","values":'
        '[{"logical_name":"0100010801ff.1tst0000000077.sm","scaler":-1,"unit":30,"value":"70"}]}'
    )
    assert told((answer(body),)).values("vendor.smgw.1-0.1.8.1_kwh") == ["0.0070"]


def test_a_refused_login_is_told_of_and_a_first_challenge_is_not() -> None:
    first = (
        request("Theben: discovery without a login"),
        response("Theben: the challenge"),
    )
    assert told(first).events == []
    refused = (request("Theben: discovery with a login"), response("Theben: the challenge"))
    heard = told((*first, *refused))
    assert heard.events == ["login.refused"]
    assert "consumer-0047" not in str(heard.said)


def test_a_nonce_that_has_grown_old_is_no_refused_login() -> None:
    good = (
        request("Theben: discovery with a login"),
        response("Theben: the redirection to the user's endpoint"),
    )
    old = (request("Theben: user-info, login by MD5"), response("Theben: the challenge"))
    assert told((*good, *old)).events == []


def test_an_empty_answer_is_told_of_at_the_first_and_at_every_doubling() -> None:
    asked = request("Theben: user-info, login by MD5")
    heard = told((asked, answer("")) * 5)
    assert heard.events == ["empty"] * 3


@pytest.mark.parametrize("body", ['{"method":"readings"', "<html>", "[]"])
def test_an_answer_that_cannot_be_read_is_told_of(body: str) -> None:
    heard = told((request("Theben: user-info, login by MD5"), answer(body)))
    assert heard.events == ["unreadable"]


def test_an_error_page_is_told_of_in_its_words() -> None:
    heard = told((PPC[0], response("PPC: a session that is over")))
    assert heard.events == ["complaint"]


def test_answers_keep_to_their_requests_when_these_come_before_them() -> None:
    one, two = EMH[0], Request("GET", "/json/metering/origin/", (("Host", "x"),))
    heard = told((two, one, response("EMH: two meters"), EMH[1]))
    assert heard.values("grid.power") == ["-432.1"]


def test_meters_are_told_apart_and_bounded() -> None:
    heard = Told()
    for number in range(80):
        name = f"0100010800ff.1tst{number:010d}.sm"
        body = (
            '{"capture_time":"2026-03-01T12:30:00+01:00","values":[{"logical_name":'
            f'"{name}","scaler":-1,"unit":30,"value":"70"}}]}}'
        )
        heard.hear(answer(body))
    assert len({each.device for each in heard.readings}) == 64
    assert heard.events == ["crowd"]


def test_a_meters_id_is_made_a_name() -> None:
    body = (
        '{"capture_time":"2026-03-01T12:30:00+01:00","values":[{"logical_name":'
        '"0100010800ff.M Ü/1.sm","scaler":-1,"unit":30,"value":"70"}]}'
    )
    assert {each.device.serial for each in told((answer(body),)).readings} == {"m---1"}


def test_every_reading_has_a_time_of_its_own_in_utc() -> None:
    for messages in (THEBEN, PPC, PPC_DAY, EMH):
        readings = told(messages).readings
        assert readings
        assert all(_is_utc(each) for each in readings)


def _is_utc(reading: Reading) -> bool:
    return reading.reported is not None and reading.reported.utcoffset() == timedelta(0)

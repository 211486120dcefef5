"""Our reader and our emulated gateways: the same meter tells the same, whatever make it stands
behind.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mitmeter.devices.smgw import SPEC
from mitmeter.devices.smgw.device import EmulatedGateway
from mitmeter.devices.smgw.headend import Headend
from mitmeter.devices.smgw.messages import Message, Request, Response
from mitmeter.model import Reading, Secret, Side
from mitmeter.protocol import READ, House
from mitmeter.testing.dialogue import Dialogue, Line, dialogue
from mitmeter.testing.house import SteadyHouse
from mitmeter.testing.replay import replay

BERLIN = ZoneInfo("Europe/Berlin")
MAKES = ("theben", "ppc", "emh")
QUARTER = timedelta(minutes=15)


def visits(
    make: str,
    start: datetime,
    *,
    options: Mapping[str, str] | None = None,
    device: Mapping[str, str] | None = None,
    house: House | None = None,
    password: str = "",
    minutes: float = 10,
    again: float = 86_400,
) -> Dialogue[Message]:
    """Return what reader and gateway said. The gateway measures one meter, from 1000 kWh on."""
    persona: dict[str, Any] = tomllib.loads(
        files("mitmeter.devices.smgw").joinpath(f"personas/{make}.toml").read_text()
    )
    persona["meter"] = persona["meter"][:1]
    persona["contract"] = [each for each in persona["contract"] if each.get("state") != "archive"]
    for contract in persona["contract"]:
        contract["meters"] = [persona["meter"][0]["id"]]
    for register in persona["meter"][0]["register"]:
        register.pop("start", None)
    account = persona["account"][0]

    def headend(context: Any) -> Headend:
        secret = Secret(password or account["password"])
        return Headend(replace(context, user=account["user"], password=secret))

    return dialogue(
        replace(SPEC, device=EmulatedGateway, headend=headend),
        start=start,
        persona=persona,
        house=house or SteadyHouse(pv_w=0, battery_w=0, load_w=4321),
        zone=BERLIN,
        headend_options=options,
        device_options=device,
        line=Line(reconnect_seconds=again),
    ).run(minutes=minutes)


def energies(talk: Dialogue[Message], quantity: str = "grid.import") -> dict[datetime, Decimal]:
    """Return the energies by the quarter hour they are of."""
    found: dict[datetime, Decimal] = {}
    for reading in talk.readings(quantity):
        found[nearest(reading)] = Decimal(reading.value)
    return found


def nearest(reading: Reading) -> datetime:
    assert reading.reported is not None
    seconds = round(reading.reported.timestamp() / 900) * 900
    return datetime.fromtimestamp(seconds, UTC)


def actions(talk: Dialogue[Message]) -> list[str]:
    return [
        each.body.decode().partition("action=")[2].partition("&")[0]
        for each in talk.said_by(Side.HEADEND)
        if isinstance(each, Request) and b"action=" in each.body
    ]


def logins(talk: Dialogue[Message]) -> int:
    """Return how often a session was begun."""
    return sum(
        name == "Set-Cookie"
        for each in talk.said_by(Side.DEVICE)
        if isinstance(each, Response)
        for name, _ in each.headers
    )


START = datetime(2026, 3, 1, 11, 33, tzinfo=UTC)


@pytest.mark.parametrize("make", MAKES)
def test_every_make_is_read_to_the_end_with_nothing_undecodable(make: str) -> None:
    talk = visits(make, START)
    assert [each.reason for each in talk.closings] == [READ]
    assert not talk.undecodable()
    assert not talk.events


@pytest.mark.parametrize("make", MAKES)
def test_decoding_the_record_again_gives_the_same_readings(make: str) -> None:
    talk = visits(make, START, options={"since": "2026-02-28"}).disconnect()
    assert talk.readings()
    assert replay(SPEC, talk.chunks).readings == talk.readings()


def test_the_same_meter_tells_the_same_behind_every_make() -> None:
    told = {make: energies(visits(make, START)) for make in MAKES}
    quarter = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    values = {make: found[quarter] for make, found in told.items()}
    assert len(set(values.values())) == 1, values


# A day of 24, of 23 and of 25 hours, at 4321 W.
@pytest.mark.parametrize(
    ("day", "hours"), [("2026-02-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)]
)
@pytest.mark.parametrize("make", MAKES)
def test_a_days_energy_is_right_however_many_quarters_it_has(
    make: str, day: str, hours: int
) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN).astimezone(UTC)
    after = midnight + timedelta(hours=hours)
    talk = visits(make, after + timedelta(hours=9, minutes=3), options={"since": day})
    found = energies(talk)
    quarters = [midnight + QUARTER * number for number in range(hours * 4 + 1)]
    assert [each for each in quarters if each not in found] == []
    assert found[after] - found[midnight] == Decimal("4.321") * hours
    each = {found[later] - found[earlier] for earlier, later in pairwise(quarters)}
    assert {step.quantize(Decimal("0.001")) for step in each} == {Decimal("1.080")}


@pytest.mark.parametrize("day", ["2026-02-28", "2026-10-25"])
def test_pages_and_signed_files_tell_the_same_day(
    day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN).astimezone(UTC)
    now = midnight + timedelta(hours=27, minutes=3)
    by_file = visits("ppc", now + timedelta(days=2), options={"since": day})
    # A reader that takes no file for one asks for pages in their place.
    monkeypatch.setattr("mitmeter.devices.smgw.visit_ppc.is_export", lambda body: False)
    by_page = visits("ppc", now, options={"since": day})
    assert "exportMeterValues" in actions(by_file)
    assert "showMeterValues" in actions(by_page)
    pages, files = energies(by_page), energies(by_file)
    assert len(pages) > 96
    assert {at: files[at] for at in pages} == pages


@pytest.mark.parametrize("make", ["theben", "ppc"])
def test_what_was_missed_is_filled_in_at_the_next_visit(make: str) -> None:
    talk = visits(make, START, minutes=240, again=3 * 3_600)
    found = energies(talk)
    first = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    assert [first + QUARTER * number in found for number in range(13)] == [True] * 13


@pytest.mark.parametrize("make", ["theben", "ppc"])
def test_visits_every_quarter_hour_ask_for_no_history(make: str) -> None:
    talk = visits(make, START, minutes=120, again=15 * 60)
    assert len(talk.closings) > 6
    assert "showMeterValues" not in actions(talk)
    bodies = [each.body for each in talk.said_by(Side.HEADEND) if isinstance(each, Request)]
    assert not [body for body in bodies if b"fromtime" in body]


def test_each_login_is_followed_by_one_logout() -> None:
    talk = visits("ppc", START, minutes=120, again=15 * 60)
    assert logins(talk) == actions(talk).count("logout") == len(talk.closings)


@pytest.mark.parametrize("make", MAKES)
def test_a_wrong_password_is_told_and_tried_once(make: str) -> None:
    talk = visits(make, START, password="wrong")
    (closing,) = talk.closings
    assert "refuses user and password" in closing.reason
    said = [each for each in talk.said_by(Side.HEADEND) if isinstance(each, Request)]
    assert sum(name == "Authorization" for each in said for name, _ in each.headers) == 1
    assert [each.eventid for each in talk.events] == ["mitmeter.smgw.login.refused"]


def test_frozen_values_of_a_superseded_login_are_told_of() -> None:
    talk = visits("theben", START, device={"stopped_at": "2026-02-20T00:00:00Z"})
    assert "mitmeter.smgw.stale" in [each.eventid for each in talk.events]


def test_values_of_an_invalid_clock_are_no_readings() -> None:
    talk = visits("theben", START, device={"time_valid": "false"})
    assert talk.readings("grid.import") == []
    assert "mitmeter.smgw.invalid" in [each.eventid for each in talk.events]


@pytest.mark.parametrize(
    ("make", "switches"),
    [
        ("theben", {"algorithm": "SHA-256"}),
        ("theben", {"algorithm": "SHA-256", "accepts": "MD5"}),
        ("theben", {"obis": "suffix", "signature": "null"}),
        ("theben", {"empty_channel": "0100010801ff", "order": "newest"}),
        ("ppc", {"lines": "count", "inherited": "absent", "misspelt": "true"}),
        ("ppc", {"lines": "none", "status_cell": "true", "valid_words": "true"}),
        ("ppc", {"tkn": "ignored", "rotating": "false", "newline": "lf"}),
        ("ppc", {"quotes": "refused"}),
        ("emh", {"uppercase": "true", "malformed": "true"}),
        ("emh", {"energy_scaler": "-3"}),
        ("emh", {"status_digits": "14", "host_check": "403"}),
    ],
)
def test_what_is_known_of_odd_gateways_does_not_matter(
    make: str, switches: Mapping[str, str]
) -> None:
    usual, odd = visits(make, START), visits(make, START, device=switches)
    assert [each.reason for each in odd.closings] == [READ]
    quarter = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    assert abs(energies(odd)[quarter] - energies(usual)[quarter]) < Decimal("0.0001")


def test_small_pages_are_followed_to_the_last() -> None:
    options = {"since": "2026-03-01"}
    small = visits("ppc", START, options=options, device={"rows": "10"})
    assert [each.reason for each in small.closings] == [READ]
    usual = visits("ppc", START, options=options)
    assert energies(small) == energies(usual)
    assert actions(small).count("showMeterValues") > 5


def test_an_operators_gateway_without_a_session_is_told_of() -> None:
    (closing,) = visits("ppc", START, device={"cookie": "false"}).closings
    assert "no session" in closing.reason

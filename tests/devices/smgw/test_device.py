"""The emulated gateway as a party: pace, order, connections that end, and misbehaviour."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mitmeter.devices.smgw.device import MOST_WAITING, EmulatedGateway
from mitmeter.devices.smgw.messages import Request, Response
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId
from mitmeter.protocol import (
    Action,
    Answer,
    Close,
    Command,
    DeviceContext,
    Send,
    SetTimer,
    Undecodable,
)
from tests.devices.smgw.gateway_bench import CGI, Books, GatewayBench, shipped

NOW = datetime(2026, 3, 1, 11, 31, 8, tzinfo=UTC)
GET = Request("GET", "/smgw/m2m", (("Host", "192.168.1.200"),))


def timer(actions: list[Action[Any]], name: str) -> list[float]:
    return [a.seconds for a in actions if isinstance(a, SetTimer) and a.name == name]


def said(actions: list[Action[Any]]) -> list[int]:
    return [a.message.status for a in actions if isinstance(a, Send)]


@pytest.mark.parametrize(("make", "first", "each"), [("theben", 2.5, 1.1), ("ppc", 2.0, 1.0)])
def test_each_answer_takes_as_long_as_a_real_one_s(make: str, first: float, each: float) -> None:
    gateway = GatewayBench(make, delay=None)
    request = Request("GET", CGI, ())
    assert timer(gateway.hear(request), "answer") == [first]
    assert said(list(gateway.party.timer("answer", NOW))) in ([401], [404])
    assert timer(gateway.hear(request), "answer") == [each]


def test_the_operator_s_delay_wins_and_none_at_all_means_at_once() -> None:
    assert timer(GatewayBench("theben", delay=0.5).hear(GET), "answer") == [0.5]
    actions = GatewayBench("theben", delay=0.0).hear(GET)
    assert said(actions) == [401]


def test_requests_in_a_row_are_answered_one_after_the_other() -> None:
    gateway = GatewayBench("theben", delay=1.0)
    assert timer(gateway.hear(GET), "answer") == [1.0]
    assert gateway.hear(Request("GET", "/smgw/m2m", (("Authorization", "x"),))) == []
    first = list(gateway.party.timer("answer", NOW))
    assert said(first) == [401]
    assert timer(first, "answer") == [1.0]
    second = list(gateway.party.timer("answer", NOW))
    assert said(second) == [401]
    assert timer(second, "answer") == []


def test_who_sends_too_many_at_once_is_cut_off() -> None:
    gateway = GatewayBench("theben", delay=1.0)
    for _ in range(MOST_WAITING):
        assert not any(isinstance(a, Close) for a in gateway.hear(GET))
    assert any(isinstance(a, Close) for a in gateway.hear(GET))
    assert gateway.hear(GET) == []
    assert list(gateway.party.timer("answer", NOW)) == []


def test_an_idle_connection_is_cut_after_ten_minutes_and_any_after_two_days() -> None:
    gateway = GatewayBench("theben")
    opened = list(gateway.party.opened(NOW))
    assert timer(opened, "idle") == [600.0]
    assert timer(opened, "longest") == [172_800.0]
    assert timer(gateway.hear(GET), "idle") == [600.0]
    (end,) = gateway.party.timer("idle", NOW)
    assert isinstance(end, Close)
    other = GatewayBench("theben")
    (end,) = other.party.timer("longest", NOW)
    assert isinstance(end, Close)


def test_connections_are_not_cut_where_switched_off() -> None:
    gateway = GatewayBench("theben", options={"idle_seconds": "0", "longest_seconds": "0"})
    assert list(gateway.party.opened(NOW)) == []
    assert timer(gateway.hear(GET), "idle") == []


def test_a_request_under_way_is_not_idle() -> None:
    gateway = GatewayBench("theben", delay=5.0)
    gateway.hear(GET)
    assert timer(list(gateway.party.timer("idle", NOW)), "idle") == [600.0]


@pytest.mark.parametrize(
    ("version", "wish", "ends"),
    [("1.1", "", False), ("1.1", "close", True), ("1.0", "", True), ("1.0", "keep-alive", False)],
)
def test_the_connection_ends_as_the_client_wishes(version: str, wish: str, ends: bool) -> None:
    headers = (("Connection", wish),) if wish else ()
    actions = GatewayBench("theben").hear(Request("GET", "/", headers, version=version))
    assert any(isinstance(a, Close) for a in actions) is ends


def test_what_is_no_http_is_answered_with_400_and_the_end() -> None:
    gateway = GatewayBench("theben")
    actions = list(gateway.party.garbled(Undecodable(b"\x16\x03\x01", "no HTTP"), NOW))
    assert said(actions) == [400]
    assert isinstance(actions[-1], Close)
    assert list(gateway.party.garbled(Undecodable(b"more", "no HTTP"), NOW)) == []


def test_head_is_answered_without_a_body() -> None:
    answer = GatewayBench("ppc").say(Request("HEAD", CGI, ()))
    assert answer.status == 401
    assert answer.body == b""


def test_responses_of_others_are_not_answered() -> None:
    assert list(GatewayBench("theben").party.received(Response(200, ()), NOW)) == []


def test_it_takes_no_commands() -> None:
    command = Command("1", DeviceId("smgw", "x"), "reboot", {})
    (answer,) = GatewayBench("theben").party.commanded(command, NOW)
    assert isinstance(answer, Answer)
    assert not answer.accepted


def test_asked_too_often_it_hangs_for_all_until_its_time_is_over() -> None:
    options = {"hang_after": "5", "hang_window": "60", "hang_seconds": "600"}
    gateway = GatewayBench("ppc", options=options)
    for _ in range(5):
        gateway.later(seconds=1)
        assert said(gateway.hear(Request("GET", CGI, ()))) == [401]
    assert gateway.hear(Request("GET", CGI, ())) == []
    gateway.connect()
    gateway.later(seconds=599)
    assert gateway.hear(Request("GET", CGI, ())) == []
    gateway.connect()
    gateway.later(seconds=1)
    assert said(gateway.hear(Request("GET", CGI, ()))) == [401]


def test_asked_slowly_it_never_hangs() -> None:
    gateway = GatewayBench("ppc", options={"hang_after": "5", "hang_window": "60"})
    for _ in range(50):
        gateway.later(seconds=12)
        assert said(gateway.hear(Request("GET", CGI, ()))) == [401]


def test_every_so_manyth_request_ends_in_a_closed_connection() -> None:
    gateway = GatewayBench("emh", options={"drop_every": "3"})
    outcomes = []
    for _ in range(6):
        gateway.connect()
        outcomes.append(bool(said(gateway.hear(GET))))
    assert outcomes == [True, True, False, True, True, False]


def test_a_persona_that_cannot_be_used_is_told_at_the_start() -> None:
    context = DeviceContext(house=Books(), persona={**shipped("emh"), "gateway": {"make": "x"}})
    with pytest.raises(ConfigError):
        EmulatedGateway(context)

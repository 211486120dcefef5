"""The reverse proxy before a gateway, in memory: who is asked what, and who gets which answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.devices.smgw.reverse import HEALTH, GatewayReverse
from mitmeter.protocol import (
    Dial,
    Drop,
    Hang,
    Report,
    ReverseContext,
    ReverseEffect,
    Served,
    SetTimer,
    Throttle,
    ToClient,
    ToServer,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


class Stage:
    """A proxy whose world is played by the test; time passes only when told."""

    def __init__(self, **options: str) -> None:
        self.now = NOON
        context = ReverseContext("https://192.0.2.7", False, 8080, ("box.example",), options)
        self.proxy = GatewayReverse(context)
        self.said: dict[int, bytes] = {}
        self.hung: list[int] = []
        self.asked: list[bytes] = []
        self.dials = 0
        self.drops: list[str] = []
        self.served: list[Served] = []
        self.timers: dict[str, float] = {}
        self.throttled: list[bool] = []
        self.events: list[str] = []

    def do(self, effects: Iterable[ReverseEffect]) -> None:
        for effect in list(effects):
            match effect:
                case ToClient(client, data):
                    self.said[client] = self.said.get(client, b"") + data
                case Hang(client):
                    self.hung.append(client)
                case ToServer(data):
                    self.asked.append(data)
                case Dial():
                    self.dials += 1
                case Drop(reason):
                    self.drops.append(reason)
                case Throttle(stopped):
                    self.throttled.append(stopped)
                case SetTimer(name, seconds):
                    self.timers[name] = seconds
                case Report(event):
                    self.events.append(event.eventid)
                case Served():
                    self.served.append(effect)

    def client(self, number: int, address: str = "192.168.1.20") -> None:
        self.do(self.proxy.arrived(number, address, self.now))

    def hears(self, number: int, data: bytes) -> None:
        self.do(self.proxy.heard(number, data, self.now))

    def answer(self, data: bytes = HELLO) -> None:
        self.do(self.proxy.answered(data, self.now))

    def connect(self) -> None:
        self.do(self.proxy.connected(self.now))

    def fires(self, name: str) -> None:
        self.now += timedelta(seconds=self.timers[name])
        self.do(self.proxy.timer(name, self.now))

    def status(self, number: int) -> int:
        return int(self.said[number].split(b" ", 2)[1])


def get(path: str = "/", *more: str, host: str = "box.lan:8080", method: str = "GET") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: {host}", *more, "", "")).encode()


@pytest.fixture
def stage() -> Stage:
    made = Stage(pace="0")
    made.client(1)
    return made


def connected(stage: Stage, path: str = "/") -> None:
    stage.hears(1, get(path))
    stage.connect()


def test_a_request_is_asked_with_the_gateways_host_and_its_answer_passed_on(stage: Stage) -> None:
    stage.hears(1, get("/a?b=c"))
    assert (stage.dials, stage.asked) == (1, [])
    stage.connect()
    assert stage.asked[0].startswith(b"GET /a?b=c HTTP/1.1\r\nHost: 192.0.2.7\r\n")
    stage.answer()
    assert stage.said[1].startswith(b"HTTP/1.1 200 OK\r\n")
    assert stage.said[1].endswith(b"Content-Length: 5\r\n\r\nhello")
    assert stage.hung == []


def test_the_connection_is_used_again(stage: Stage) -> None:
    connected(stage)
    stage.answer()
    stage.hears(1, get("/next"))
    assert stage.dials == 1
    assert stage.asked[1].startswith(b"GET /next ")


def test_one_is_asked_at_a_time_and_addresses_take_turns(stage: Stage) -> None:
    stage.client(2)
    stage.client(3, "192.168.1.30")
    connected(stage, "/first")
    stage.hears(2, get("/second"))
    stage.hears(3, get("/third"))
    stage.client(4)
    stage.hears(4, get("/fourth"))
    assert len(stage.asked) == 1
    for _ in range(4):
        stage.answer()
    order = [asked.split(b" ")[1] for asked in stage.asked]
    assert order[0] == b"/first"
    # Of the two addresses that wait, neither waits for all of the other's.
    assert order.index(b"/third") < order.index(b"/fourth")


def test_the_same_get_of_several_is_answered_once(stage: Stage) -> None:
    stage.client(2)
    stage.hears(1, get("/same"))
    stage.hears(2, get("/same"))
    stage.connect()
    assert len(stage.asked) == 1
    stage.answer()
    assert stage.said[1] == stage.said[2]
    assert len(stage.asked) == 1


def test_gets_of_different_sessions_are_not_the_same(stage: Stage) -> None:
    stage.client(2)
    stage.hears(1, get("/same", "Cookie: session=1"))
    stage.hears(2, get("/same", "Cookie: session=2"))
    stage.connect()
    stage.answer()
    assert len(stage.asked) == 2


def test_a_post_is_never_shared_nor_repeated(stage: Stage) -> None:
    stage.client(2)
    connected(stage)
    stage.answer()
    post = get("/x", "Content-Length: 2", method="POST") + b"ab"
    stage.hears(1, post)
    stage.hears(2, post)
    stage.do(stage.proxy.closed(stage.now))
    assert stage.status(1) == 200
    assert b"502 Bad Gateway" in stage.said[1]
    assert len([asked for asked in stage.asked if b"POST" in asked]) == 1
    assert stage.dials == 2  # for the second one's


def test_a_get_on_a_kept_connection_that_had_ended_is_asked_once_more(stage: Stage) -> None:
    connected(stage)
    stage.answer()
    stage.said.clear()
    stage.hears(1, get("/again"))
    stage.do(stage.proxy.closed(stage.now))
    assert (stage.dials, stage.said) == (2, {})
    stage.connect()
    stage.do(stage.proxy.closed(stage.now))
    assert stage.status(1) == 502
    assert b"broke off" in stage.said[1]


def test_a_body_is_streamed_before_it_is_complete(stage: Stage) -> None:
    connected(stage)
    stage.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + bytes(1000))
    assert len(stage.said[1]) > 1000
    stage.do(stage.proxy.congested(1, True, stage.now))
    stage.do(stage.proxy.congested(1, False, stage.now))
    assert stage.throttled == [True, False]
    for _ in range(3):
        stage.answer(bytes(999_666 if _ < 2 else 999_668))
    assert stage.served[0].size == 3_000_000


def test_a_body_without_a_length_goes_on_in_chunks(stage: Stage) -> None:
    connected(stage)
    stage.answer(b"HTTP/1.1 200 OK\r\n\r\nhel")
    stage.answer(b"lo")
    stage.do(stage.proxy.closed(stage.now))
    assert b"Transfer-Encoding: chunked" in stage.said[1]
    assert stage.said[1].endswith(b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")


def test_links_in_pages_lead_back_to_us(stage: Stage) -> None:
    connected(stage)
    page = b"<a href='https://192.0.2.7/x'>x</a>"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: 1\r\nContent-Length: %d\r\n\r\n"
    stage.answer(head % len(page) + page)
    assert stage.said[1].endswith(b"\r\n\r\n<a href='http://box.lan:8080/x'>x</a>")
    assert b"Content-Length: 37" in stage.said[1]
    assert b"ETag" not in stage.said[1]


def test_an_answer_that_breaks_off_ends_the_client_and_not_in_a_lie(stage: Stage) -> None:
    connected(stage)
    stage.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123")
    stage.do(stage.proxy.closed(stage.now))
    assert stage.said[1].endswith(b"\r\n\r\n123")
    assert stage.hung == [1]
    assert stage.events == ["mitmeter.gateway.broken"]


def test_a_gateway_that_says_nothing_is_given_up(stage: Stage) -> None:
    connected(stage)
    stage.fires("answer")
    assert stage.status(1) == 504
    assert stage.drops == ["no answer in time"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("unreachable", b"cannot be reached"),
        ("subnet", b"another network"),
        ("certificate", b"another certificate"),
        ("tls", b"encryption"),
    ],
)
def test_why_there_is_no_connection_is_told_to_all_who_wait(
    stage: Stage, kind: str, words: bytes
) -> None:
    stage.client(2)
    stage.hears(1, get("/a"))
    stage.hears(2, get("/b"))
    stage.do(stage.proxy.failed(kind, "nobody <there>", stage.now))
    for client in (1, 2):
        assert stage.status(client) == 502
        assert words in stage.said[client]
        assert b"<there>" not in stage.said[client]
    stage.hears(1, get("/c"))
    assert stage.dials == 2


def test_wrong_logins_are_held_back_before_the_gateway_locks(stage: Stage) -> None:
    refusal = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest nonce="1"\r\nContent-Length: 0\r\n\r\n'
    login = 'Authorization: Digest username="u"'
    stage.hears(1, get("/", login))
    stage.connect()
    stage.answer(refusal)
    assert b"That was try 1 of 3" in stage.said[1]
    for _ in range(2):
        stage.hears(1, get("/", login))
        stage.answer(refusal)
    stage.said.clear()
    stage.hears(1, get("/", login))
    assert stage.status(1) == 429
    assert len(stage.asked) == 3
    # Who does not log in is not held back.
    stage.said.clear()
    stage.hears(1, get("/"))
    stage.answer()
    assert stage.status(1) == 200
    stage.now += timedelta(minutes=5)
    stage.hears(1, get("/", login))
    assert len(stage.asked) == 5


def test_a_nonce_that_is_too_old_is_no_wrong_login(stage: Stage) -> None:
    stale = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest stale=true\r\nContent-Length: 0\r\n\r\n"
    connected(stage)
    stage.answer()
    for _ in range(5):
        stage.hears(1, get("/", 'Authorization: Digest username="u"'))
        stage.answer(stale)
    assert len(stage.asked) == 6


def test_another_session_waits_until_the_first_is_over(stage: Stage) -> None:
    begun = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1;secure\r\nContent-Length: 0\r\n\r\n"
    stage.client(2, "192.168.1.30")
    connected(stage)
    stage.answer(begun)
    stage.hears(2, get("/cgi"))
    assert len(stage.asked) == 1
    stage.hears(1, get("/cgi", "Cookie: session=1"))
    stage.answer()
    logout = b"tkn=1&action=logout"
    stage.hears(
        1,
        get("/cgi", "Cookie: session=1", f"Content-Length: {len(logout)}", method="POST") + logout,
    )
    assert len(stage.asked) == 3
    stage.answer()
    assert stage.asked[3].startswith(b"GET /cgi ")


def test_a_session_that_is_left_alone_is_free_after_a_minute(stage: Stage) -> None:
    begun = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 0\r\n\r\n"
    stage.client(2)
    connected(stage)
    stage.answer(begun)
    stage.hears(2, get("/cgi"))
    stage.fires("session")
    assert len(stage.asked) == 2


def test_requests_are_paced() -> None:
    stage = Stage(pace="2")
    stage.client(1)
    connected(stage)
    for _ in range(60):
        stage.answer()
        stage.hears(1, get())
    assert len(stage.asked) == 60
    assert stage.timers["pace"] == pytest.approx(0.5)
    stage.fires("pace")
    assert len(stage.asked) == 61


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("192.168.1.5:8080", True),
        ("[fd00::1]:8080", True),
        ("box", True),
        ("box.local", True),
        ("box.fritz.box:8080", True),
        ("BOX.example", True),
        ("evil.example", False),
        ("box.example.evil.example", False),
        ("", False),
    ],
)
def test_only_names_of_this_house_are_ours(stage: Stage, host: str, ours: bool) -> None:
    stage.hears(1, get(host=host))
    assert (stage.dials == 1) is ours
    if not ours:
        assert stage.status(1) == 421


def test_an_upgrade_is_refused_in_words(stage: Stage) -> None:
    stage.hears(1, get("/", "Connection: Upgrade", "Upgrade: websocket"))
    assert stage.status(1) == 501
    assert b"upgrade to websocket" in stage.said[1]
    assert stage.dials == 0


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x00\x05hello", 400),
        (
            get("/", "Content-Length: 1", "Transfer-Encoding: chunked", method="POST"),
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n", 413),
        (b"GET /" + b"a" * 20_000, 413),
    ],
)
def test_what_no_gateway_should_see_is_refused_and_hung_up_on(
    stage: Stage, data: bytes, status: int
) -> None:
    stage.hears(1, data)
    assert stage.status(1) == status
    assert stage.hung == [1]
    assert stage.dials == 0


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it_from_us(stage: Stage) -> None:
    stage.hears(1, get("/", "Content-Length: 2", "Expect: 100-continue", method="POST"))
    assert stage.said[1] == b"HTTP/1.1 100 Continue\r\n\r\n"
    stage.hears(1, b"ab")
    stage.connect()
    assert b"Expect" not in stage.asked[0]


def test_requests_in_one_packet_are_answered_in_order(stage: Stage) -> None:
    stage.hears(1, get("/a") + get("/b"))
    stage.connect()
    assert len(stage.asked) == 1
    stage.answer(HELLO.replace(b"hello", b"first"))
    stage.answer(HELLO.replace(b"hello", b"later"))
    assert stage.said[1].index(b"first") < stage.said[1].index(b"later")


def test_who_leaves_is_not_asked_for(stage: Stage) -> None:
    stage.client(2)
    connected(stage)
    stage.hears(2, get("/unwanted"))
    stage.do(stage.proxy.left(2, stage.now))
    stage.answer()
    assert len(stage.asked) == 1


def test_too_many_who_wait_are_told_so(stage: Stage) -> None:
    connected(stage)
    for number in range(2, 70):
        stage.client(number)
        stage.hears(number, get(f"/{number}"))
    assert stage.status(69) == 503


def test_health_is_told_without_asking_the_gateway(stage: Stage) -> None:
    stage.hears(1, get(HEALTH))
    told = json.loads(stage.said[1].partition(b"\r\n\r\n")[2])
    assert (told["ok"], told["gateway"], stage.dials) == (True, "https://192.0.2.7", 0)


def test_the_access_log_knows_neither_queries_nor_who_owns_the_meter(stage: Stage) -> None:
    connected(stage, "/smgw/m2m/00471tst0000000042.sm/json?user=me")
    stage.answer()
    assert [(each.path, each.status) for each in stage.served] == [("/smgw/m2m/….sm/json", 200)]


@given(st.lists(st.binary(max_size=80), max_size=6), st.lists(st.binary(max_size=80), max_size=6))
def test_nothing_a_client_or_a_gateway_says_breaks_it(
    requests: list[bytes], answers: list[bytes]
) -> None:
    stage = Stage(pace="0")
    stage.client(1)
    stage.hears(1, get())
    stage.connect()
    for data in answers:
        stage.answer(data)
    stage.do(stage.proxy.closed(stage.now))
    stage.client(2)
    for data in requests:
        stage.hears(2, data)
    stage.do(stage.proxy.left(2, stage.now))
    stage.client(3)
    stage.said.clear()
    stage.hears(3, get(HEALTH))
    assert stage.status(3) == 200

"""The reader of a gateway against scripted ones: what it asks, and what it says when it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from mitmeter.devices.smgw.headend import Headend
from mitmeter.devices.smgw.messages import Request, Response
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId
from mitmeter.protocol import READ, Answer, Command, HeadendContext
from tests.devices.smgw.scripted import CHALLENGE, Visited, challenge, logged_in, redirect
from tests.devices.smgw.smgw_examples import NOW, answer, response

ENDPOINT = "/smgw/m2m/00471tst0000000042.sm/json"
METER = DeviceId("smgw", "1tst0000000042")
_THEBEN = {
    "user-info": "Theben: user-info, two contracts of which one is running",
    "usage-point-info": "Theben: how the registers of a contract scale",
    "readings": "Theben: newest values",
    "smgw-info": "Theben: who the gateway is",
}
_PPC = {
    "meterform": "PPC: two meters to choose from",
    "showMeterProfile": "PPC: current values, two registers of one moment",
    "showMeterValuesForm": "PPC: the form for history, with a new handle",
    "showMeterValues": "PPC: a day, newest first, one moment of it invalid",
    "exportMeterValues": "PPC: a signed export, its content whole",
}
PPC_CHALLENGE = 'Digest realm="SmartMeterGateway",qop="auth",algorithm="MD5",nonce="01",opaque="fe"'
EMH_CHALLENGE = 'Digest realm="anything", qop="auth", nonce="77aa", algorithm="MD5"'


def theben(request: Request) -> Response:
    if not logged_in(request):
        return challenge()
    if request.target == "/smgw/m2m":
        return redirect(ENDPOINT)
    assert request.target == ENDPOINT
    return response(_THEBEN[json.loads(request.body)["method"]])


def ppc(request: Request) -> Response:
    if request.target != "/cgi-bin/hanservice.cgi":
        return answer("", 404)
    if not logged_in(request):
        return challenge(PPC_CHALLENGE)
    action = request.body.decode().partition("action=")[2].partition("&")[0]
    if request.method == "GET":
        return response("PPC: welcome, with a session's cookie")
    assert "session=8842170015" in dict(request.headers)["Cookie"]
    return answer("<p>abgemeldet</p>") if action == "logout" else response(_PPC[action])


def emh(request: Request) -> Response:
    if not logged_in(request):
        return challenge(EMH_CHALLENGE)
    if request.target == "/json/metering/origin/":
        return answer('["1tst0000000077"]')
    if request.target.endswith("/extended"):
        return response("EMH: a meter's values, one entry malformed")
    return answer("", 404)


# which make it is


@pytest.mark.parametrize(
    ("script", "meter"),
    [(theben, "1tst0000000042"), (ppc, "1tst0000000055"), (emh, "1tst0000000077")],
)
def test_every_make_is_found_out_and_read(
    script: Callable[[Request], Response], meter: str
) -> None:
    visited = Visited(script)
    assert visited.reason == READ
    assert visited.identified == [DeviceId("smgw", meter)]


@pytest.mark.parametrize("make", ["theben", "ppc", "emh"])
def test_a_make_that_is_given_is_not_looked_for(make: str) -> None:
    scripts = {"theben": theben, "ppc": ppc, "emh": emh}
    first = {"theben": "/smgw/m2m", "ppc": "/cgi-bin/hanservice.cgi"}
    visited = Visited(scripts[make], {"dialect": make})
    assert visited.requests[0].target == first.get(make, "/json/metering/origin/")
    assert visited.reason == READ


def test_no_login_is_said_while_the_make_is_looked_for() -> None:
    visited = Visited(ppc)
    targets = [each.target for each in visited.requests if not logged_in(each)]
    assert targets[:2] == ["/smgw/m2m", "/json/metering/origin/"]
    assert all("cgi-bin" in each.target for each in visited.requests if logged_in(each))


def test_what_is_no_gateway_is_said_to_be_none() -> None:
    visited = Visited(lambda request: answer("", 404))
    assert visited.reason is not None
    assert "404" in visited.reason
    assert not visited.logins


# the login


def test_the_login_of_the_first_example_is_byte_for_byte_the_sheets() -> None:
    """Recomputed with the example's own client nonce."""
    visited = Visited(
        theben,
        {"cnonce": "a1b2c3d4e5f60718", "host": "192.168.1.200"},
        user="consumer-0047",
        password="Han#Test26",
    )
    discovery, user_info = visited.logins[:2]
    assert 'response="fc0916c0ea958a2c3f39cd163ce5678e"' in discovery
    assert 'response="0bac89c4de1bea57196f4f99d429b17e"' in user_info
    assert "nc=00000002" in user_info


def test_one_nonce_is_used_with_a_rising_count() -> None:
    counts = [login.partition("nc=")[2][:8] for login in Visited(theben).logins]
    assert counts == [f"{number:08x}" for number in range(1, len(counts) + 1)]


def test_client_nonces_differ_from_visit_to_visit_and_need_no_chance() -> None:
    one, same = Visited(theben).logins[0], Visited(theben).logins[0]
    other = Visited(theben, {"cnonce-seed": "attic"}).logins[0]
    assert one == same != other


def test_a_wrong_password_is_tried_once_and_told_in_words() -> None:
    visited = Visited(lambda request: challenge())
    assert len(visited.logins) == 1
    assert visited.reason is not None
    assert "refuses user and password" in visited.reason


def test_without_a_user_no_login_is_tried() -> None:
    visited = Visited(theben, user="")
    assert visited.logins == []
    assert visited.reason is not None
    assert "--user" in visited.reason


def test_an_account_that_refuses_the_sha_256_it_asked_for_gets_md5_once() -> None:
    sha = CHALLENGE.replace("MD5", "SHA-256")

    def script(request: Request) -> Response:
        login = dict(request.headers).get("Authorization", "")
        return theben(request) if "algorithm=MD5" in login else challenge(sha)

    visited = Visited(script)
    assert visited.reason == READ
    assert [login.partition("algorithm=")[2][:7] for login in visited.logins[:2]] == [
        "SHA-256",
        "MD5, qo",
    ]
    assert visited.reports == ["mitmeter.smgw.login.md5"]


def test_an_empty_page_after_sha_256_gets_md5_once() -> None:
    sha = CHALLENGE.replace("MD5", "SHA-256")

    def script(request: Request) -> Response:
        login = dict(request.headers).get("Authorization", "")
        if "algorithm=SHA-256" in login:
            return answer("")
        return theben(request) if login else challenge(sha)

    assert Visited(script).reason == READ


def test_a_password_wrong_in_both_algorithms_is_tried_twice_and_not_again() -> None:
    visited = Visited(lambda request: challenge(CHALLENGE.replace("MD5", "SHA-256")))
    assert len(visited.logins) == 2
    assert visited.reason is not None
    assert "refuses user and password" in visited.reason


def test_a_nonce_that_has_grown_old_is_renewed() -> None:
    fresh = CHALLENGE.replace("5f0c", "6f0c")
    seen: list[str] = []

    def script(request: Request) -> Response:
        login = dict(request.headers).get("Authorization", "")
        seen.append(login)
        if len(seen) > 4 and "5f0c" in login:
            return challenge(fresh)
        return theben(request)

    visited = Visited(script)
    assert visited.reason == READ
    assert "6f0c" in visited.logins[-1]
    assert "nc=00000001" in next(login for login in visited.logins if "6f0c" in login)


def test_a_login_of_an_unknown_kind_is_said_to_be_one() -> None:
    visited = Visited(lambda request: challenge("Basic realm=x"))
    assert visited.reason is not None
    assert "a kind that is not known" in visited.reason


def test_the_password_never_goes_to_another_host() -> None:
    def script(request: Request) -> Response:
        if not logged_in(request):
            return challenge()
        return redirect(f"https://evil.example{ENDPOINT}")

    visited = Visited(script, {"dialect": "theben", "host": "192.0.2.7"})
    assert visited.reason is not None
    assert "another host" in visited.reason


# in clear words


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        (answer("", 403), "enabled"),
        (answer("", 423), "locked"),
        (answer("Konto gesperrt", 403), "locked"),
        (answer("", 503), "busy"),
        (answer("", 500), "500"),
        (answer(""), "empty page"),
        (answer("{"), "could not be read"),
        (answer("<html>", headers=(("Content-Type", "text/html"),)), "could not be read"),
        (answer('{"method":"user-info","user-info":{"usage-points":[]}}'), "no contract"),
    ],
)
def test_a_failing_call_is_told_for_what_it_is(failing: Response, words: str) -> None:
    def script(request: Request) -> Response:
        return failing if b"user-info" in request.body else theben(request)

    visited = Visited(script)
    assert visited.reason is not None
    assert words in visited.reason
    assert len(visited.logins) == 2


def test_an_emh_that_refuses_the_host_is_told_so() -> None:
    visited = Visited(lambda request: answer("", 400), {"host": "proxy.lan:8080"})
    assert visited.reason is not None
    assert "refuses this Host (proxy.lan:8080" in visited.reason


def test_an_emh_without_meters_is_asked_for_its_contracts_meters() -> None:
    def script(request: Request) -> Response:
        if logged_in(request):
            if request.target == "/json/metering/origin/":
                return answer("[]")
            if request.target == "/json/metering/derived":
                return answer('["broken","01005e31804a.tst-0077.sm"]')
            if "derived/broken" in request.target:
                return answer("oops", 500)
            if "derived/" in request.target:
                return response("EMH: one contract")
        return emh(request)

    visited = Visited(script, {"dialect": "emh"})
    assert visited.reason == READ
    assert any(each.target.endswith("1tst0000000077/extended") for each in visited.requests)


def test_a_gateway_that_never_answers_is_given_up_in_words() -> None:
    visited = Visited(lambda request: None)
    assert visited.reason == "the gateway did not answer within 30 s"


def test_a_gateway_that_ends_the_connection_between_answers_is_told_so() -> None:
    def script(request: Request) -> Response:
        found = theben(request)
        return Response(found.status, (*found.headers, ("Connection", "close")), found.body)

    visited = Visited(script)
    assert visited.reason is not None
    assert "ends the connection" in visited.reason
    assert len(visited.requests) == 1


# a session is always ended


def test_a_visit_to_a_ppc_logs_out_once() -> None:
    visited = Visited(ppc)
    assert visited.actions == [
        "meterform",
        "showMeterProfile",
        "meterform",
        "showMeterProfile",
        "logout",
    ]


@pytest.mark.parametrize(
    "failing",
    [
        answer("<p>Parameterfehler</p>"),
        answer(""),
        answer("", 500),
        answer("<p>x</p>" * 300_000),
        None,
    ],
    ids=["an error page", "an empty page", "a status", "a huge page", "silence"],
)
def test_a_visit_that_fails_logs_out_once_all_the_same(failing: Response | None) -> None:
    def script(request: Request) -> Response | None:
        return failing if b"showMeterProfile" in request.body else ppc(request)

    visited = Visited(script)
    assert visited.reason not in (None, READ)
    assert visited.actions.count("logout") == 1
    assert visited.actions[-1] == "logout"


def test_a_logout_that_fails_does_not_hide_what_was_read() -> None:
    def script(request: Request) -> Response | None:
        return None if b"logout" in request.body else ppc(request)

    assert Visited(script).reason == READ


def test_after_garbage_the_logout_is_said_and_nothing_waited_for() -> None:
    visited = Visited(ppc, {"dialect": "ppc"}, instead={4: b"\x00\x01garbage\r\n"})
    assert visited.actions[-1] == "logout"
    assert visited.reason is not None
    assert "no sound HTTP" in visited.reason


def test_a_login_without_a_session_is_told_and_not_repeated() -> None:
    def script(request: Request) -> Response:
        found = ppc(request)
        kept = tuple(each for each in found.headers if each[0] != "Set-Cookie")
        return Response(found.status, kept, found.body)

    visited = Visited(script)
    assert visited.reason is not None
    assert "no session" in visited.reason
    assert visited.actions == []
    assert len(visited.logins) == 1


def test_login_falsch_is_a_wrong_password_without_a_logout() -> None:
    def script(request: Request) -> Response:
        return answer("<p>Login falsch</p>") if logged_in(request) else ppc(request)

    visited = Visited(script)
    assert visited.reason is not None
    assert "Login falsch" in visited.reason
    assert visited.actions == []


def test_a_session_that_is_over_is_begun_once_more_and_each_is_ended() -> None:
    ended: list[Request] = []

    def script(request: Request) -> Response:
        if b"showMeterProfile" in request.body and not ended:
            ended.append(request)
            return response("PPC: a session that is over")
        return ppc(request)

    visited = Visited(script)
    assert visited.reason == READ
    assert visited.actions.count("logout") == 2
    assert [each.method for each in visited.requests].count("GET") == 5


def test_sessions_that_are_always_over_are_given_up_after_two() -> None:
    def script(request: Request) -> Response:
        expired = b"meterform" in request.body
        return response("PPC: a session that is over") if expired else ppc(request)

    visited = Visited(script)
    assert visited.actions.count("logout") == 2
    assert visited.reason not in (None, READ)


def test_a_hundred_cookies_are_not_all_kept() -> None:
    def script(request: Request) -> Response:
        found = ppc(request)
        if request.method != "GET":
            return found
        crowd = tuple(("Set-Cookie", f"c{number}=x") for number in range(60))
        return Response(found.status, (*found.headers, *crowd), found.body)

    visited = Visited(script)
    cookies = dict(visited.requests[-1].headers)["Cookie"]
    assert cookies.count("=") == 20


# history


def gap(start: datetime, end: datetime) -> Callable[..., tuple[tuple[datetime, datetime], ...]]:
    def gaps(
        device: DeviceId, since: datetime, until: datetime, longest: timedelta
    ) -> tuple[tuple[datetime, datetime], ...]:
        return ((start, end),) if device.serial in ("1tst0000000042", "1tst0000000055") else ()

    return gaps


def spans_asked(visited: Visited) -> list[tuple[str, str]]:
    bodies = [json.loads(each.body) for each in visited.requests if b"fromtime" in each.body]
    return [(each["fromtime"], each["totime"]) for each in bodies]


HELD = datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_a_gap_of_the_store_is_asked_for() -> None:
    visited = Visited(theben, gaps=gap(HELD, NOW))
    assert spans_asked(visited) == [("2026-03-01T08:00:00Z", "2026-03-01T11:32:00Z")]


def test_no_gap_is_looked_for_when_that_is_off() -> None:
    assert spans_asked(Visited(theben, {"history": "off"}, gaps=gap(HELD, NOW))) == []


def test_what_was_asked_for_before_is_not_asked_for_again() -> None:
    def recall(device: DeviceId, name: str) -> str | None:
        return "2026-03-01T11:16:00Z" if name == "history.until" else None

    assert spans_asked(Visited(theben, gaps=gap(HELD, NOW), recall=recall)) == []


def test_history_since_a_day_is_asked_for_in_pieces_of_ten_days() -> None:
    visited = Visited(theben, {"since": "2026-02-01"})
    spans = spans_asked(visited)
    assert spans[0][0] == "2026-01-31T22:59:59Z"
    assert all(one[1] == other[0] for one, other in pairwise(spans))
    assert spans[-1][1].startswith("2026-03-01T11:32")
    assert len(spans) == 3


def test_a_short_gap_is_read_from_pages_and_a_long_one_from_a_signed_file() -> None:
    short = Visited(ppc, gaps=gap(NOW - timedelta(hours=5), NOW))
    assert short.actions.count("showMeterValues") == 1
    assert "exportMeterValues" not in short.actions
    long = Visited(ppc, gaps=gap(NOW - timedelta(days=5), NOW))
    assert long.actions.count("exportMeterValues") == 1
    assert "showMeterValues" not in long.actions
    assert short.actions[-1] == long.actions[-1] == "logout"


def test_without_a_signed_file_the_pages_are_read_day_by_day() -> None:
    def script(request: Request) -> Response:
        if b"exportMeterValues" in request.body:
            return answer("<p>Es sind nur 1000 erlaubt.</p>")
        return ppc(request)

    visited = Visited(script, gaps=gap(NOW - timedelta(days=3), NOW))
    assert visited.reason == READ
    assert visited.actions.count("exportMeterValues") == 1
    assert visited.actions.count("showMeterValues") == 3


def test_further_pages_are_followed_and_bounded() -> None:
    page = response(_PPC["showMeterValues"]).body.decode()
    more = page + "<form><input type='submit' id='table_metervalues_button_nextpage'></form>"

    def script(request: Request) -> Response:
        return answer(more) if b"showMeterValues&" in request.body else ppc(request)

    visited = Visited(script, gaps=gap(NOW - timedelta(hours=5), NOW))
    numbers = [each.body.decode() for each in visited.requests if b"page=" in each.body]
    assert "page=2" in numbers[0]
    assert len(numbers) == 38
    assert visited.reason == READ


# what it is told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dialect", "efr"),
        ("host", "a b"),
        ("since", "yesterday"),
        ("history", "maybe"),
        ("reach", "-1"),
        ("pace", "fast"),
        ("taf", "seven"),
        ("registers", "1"),
        ("scan", "1-2"),
    ],
)
def test_a_wrong_option_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Headend(HeadendContext(options={name: value}))
    assert caught.value.key == f"options.{name}"


def test_a_pause_between_requests_is_kept() -> None:
    visited = Visited(theben, {"pace": "2"})
    assert visited.reason == READ
    assert visited.now - NOW >= timedelta(seconds=2 * 5)


def test_a_command_is_refused() -> None:
    party = Headend(HeadendContext(control=True))
    command = Command("c1", METER, "anything", {})
    (said,) = party.commanded(command, NOW)
    assert isinstance(said, Answer)
    assert not said.accepted


def test_only_contracts_of_the_use_case_asked_for_are_read() -> None:
    visited = Visited(theben, {"taf": "10"})
    assert visited.reason is not None
    assert "none of its contracts is running" in visited.reason

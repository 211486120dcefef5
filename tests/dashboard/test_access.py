"""Who is let in, and what they may do."""

from collections.abc import AsyncIterator
from dataclasses import replace
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from mitmeter.daemon.plan_web import WebPlan
from mitmeter.dashboard.attempts import ALLOWED
from tests.dashboard.served_window import ANYWHERE, CHANGES, Answer, Served, served

DATA = ("/api/v1/site", "/api/v1/readings", "/api/v1/live", "/metrics", "/api/v1/openapi.json")
COMMAND = "/api/v1/devices/alphaess:AL9900000000007/commands"


def session(answer: Answer) -> str:
    jar = SimpleCookie(answer.headers["Set-Cookie"])
    (name,) = jar
    return f"{name}={jar[name].value}"


async def signed_in(window: Served) -> str:
    return session(await window.nobody.ask(f"/?token={window.token}"))


async def test_nothing_is_told_without_a_token_but_that_it_is_up(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        for path in DATA:
            answer = await window.nobody.ask(path)
            assert answer.status == 401, path
            assert answer.json["error"]
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert (await window.nobody.ask("/healthz")).json == {"status": "ok"}
        home = await window.nobody.ask("/")
        assert (home.status, home.headers["Location"]) == (303, "login")
        login = await window.nobody.ask("/login")
        assert login.status == 200


async def test_both_tokens_read_and_one_may_command(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        assert (await window.control.ask("/api/v1/site")).json["scope"] == "control"
        assert (await window.read.ask("/api/v1/site")).json["scope"] == "read"
        asked = {"name": "status", "arguments": {}}
        refused = await window.read.ask(COMMAND, "POST", json=asked, headers=CHANGES)
        assert refused.status == 403
        unknown = await window.control.ask(COMMAND, "POST", json=asked, headers=CHANGES)
        assert unknown.status == 404, "the battery was never heard, but the token was right"


async def test_the_printed_link_opens_a_session_that_holds_no_token(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        assert window.daemon.web is not None
        assert window.daemon.web.link == f"{window.daemon.web.where}?token={window.token}"
        answer = await window.nobody.ask(f"/?token={window.token}")
        assert (answer.status, answer.headers["Location"]) == (303, "./")
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie
        assert window.token not in cookie
        mine = {"Cookie": session(answer)}
        assert (await window.nobody.ask("/", headers=mine)).status == 200
        assert (await window.nobody.ask("/api/v1/site", headers=mine)).json["scope"] == "control"


async def test_a_session_outlives_a_restart_and_ends_at_signing_out(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        port = window.daemon.web.where.rsplit(":", 1)[1].strip("/") if window.daemon.web else ""
        mine = {"Cookie": await signed_in(window)}
    again = WebPlan(listen=replace(ANYWHERE, port=int(port)))
    async with served(tmp_path, web=again) as window:
        assert (await window.nobody.ask("/api/v1/site", headers=mine)).status == 200
        left = await window.nobody.ask("/logout", "POST", headers={**mine, **CHANGES}, data=b"")
        assert left.status == 204
        assert (await window.nobody.ask("/api/v1/site", headers=mine)).status == 401


@pytest.mark.parametrize("spoilt", ["control", "read.9999999999.x.", "", "a.b.c.d", "é.é.é.é"])
async def test_a_made_up_session_is_none(tmp_path: Path, spoilt: str) -> None:
    async with served(tmp_path) as window:
        name = (await signed_in(window)).partition("=")[0]
        answer = await window.nobody.ask("/api/v1/site", headers={"Cookie": f"{name}={spoilt}"})
        assert answer.status == 401


async def test_a_session_cannot_be_made_to_say_more(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        token = window.read.session.headers["Authorization"].removeprefix("Bearer ")
        cookie = session(await window.nobody.ask(f"/?token={token}"))
        assert "read." in cookie
        raised = cookie.replace("read.", "control.", 1)
        answer = await window.nobody.ask("/api/v1/site", headers={"Cookie": raised})
        assert answer.status == 401


async def test_signing_in_by_the_form_takes_the_token_and_nothing_else(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        wrong = await window.nobody.ask("/login", "POST", json={"token": "x"}, headers=CHANGES)
        assert (wrong.status, wrong.json) == (401, {"error": "this is not the token"})
        right = {"token": window.token}
        answer = await window.nobody.ask("/login", "POST", json=right, headers=CHANGES)
        assert answer.status == 204
        mine = {"Cookie": session(answer)}
        assert (await window.nobody.ask("/api/v1/site", headers=mine)).status == 200


async def test_what_changes_something_has_to_come_from_our_own_pages(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        mine = {"Cookie": await signed_in(window)}
        asked = {"name": "status", "arguments": {}}
        own = window.nobody.where
        for further, status in (
            ({}, 403),
            ({**CHANGES, "Origin": "https://elsewhere.example"}, 403),
            ({**CHANGES, "Origin": "null"}, 403),
            ({**CHANGES, "Origin": own.rsplit(":", 1)[0]}, 403),
            ({**CHANGES, "Origin": own, "Sec-Fetch-Site": "cross-site"}, 403),
            ({**CHANGES, "Origin": own}, 404),
            (CHANGES, 404),
        ):
            answer = await window.nobody.ask(
                COMMAND, "POST", json=asked, headers={**mine, **further}
            )
            assert answer.status == status, further


async def test_a_name_that_was_made_to_lead_here_is_turned_away(tmp_path: Path) -> None:
    plan = WebPlan(listen=ANYWHERE, names=("meter.example",))
    async with served(tmp_path, web=plan) as window:
        for host, status in (
            ("evil.example", 421),
            ("evil.example:8480", 421),
            ("localhost.evil.example", 421),
            ("", 421),
            ("localhost:8480", 200),
            ("127.0.0.1", 200),
            ("192.0.2.7:8480", 200),
            ("[::1]:8480", 200),
            ("Meter.Example", 200),
        ):
            answer = await window.control.ask("/api/v1/site", headers={"Host": host})
            assert answer.status == status, host
        assert (await window.nobody.ask("/healthz", headers={"Host": "evil.example"})).status == 421


async def test_wrong_tokens_have_to_wait_even_when_they_become_right(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        mine = {"Cookie": await signed_in(window)}
        for number in range(ALLOWED):
            wrong = {"Authorization": f"Bearer {number}"}
            assert (await window.nobody.ask("/api/v1/site", headers=wrong)).status == 401
        answer = await window.control.ask("/api/v1/site")
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 301
        form = {"token": window.token}
        assert (await window.nobody.ask("/login", "POST", json=form, headers=CHANGES)).status == 429
        assert (await window.nobody.ask(f"/?token={window.token}")).status == 429
        assert (await window.nobody.ask("/api/v1/site", headers=mine)).status == 200


async def test_read_only_holds_whatever_the_token(tmp_path: Path) -> None:
    async with served(tmp_path, web=WebPlan(listen=ANYWHERE, read_only=True)) as window:
        assert (await window.control.ask("/api/v1/site")).json["scope"] == "read"
        asked = {"name": "status", "arguments": {}}
        answer = await window.control.ask(COMMAND, "POST", json=asked, headers=CHANGES)
        assert answer.status == 403
        assert window.daemon.web is not None
        assert window.token not in window.daemon.web.link


async def test_the_ingress_has_let_people_in_already(tmp_path: Path) -> None:
    async with served(tmp_path, web=WebPlan(listen=ANYWHERE, ingress="127.0.0.1")) as window:
        told = {
            "Host": "homeassistant.local:8123",
            "X-Ingress-Path": "/api/hassio_ingress/abc_1-2",
        }
        assert (await window.nobody.ask("/api/v1/site", headers=told)).json["scope"] == "control"
        assert (await window.nobody.ask("/", headers=told)).status == 200
        described = (await window.nobody.ask("/api/v1/openapi.json", headers=told)).json
        assert described["servers"] == [{"url": "/api/hassio_ingress/abc_1-2"}]
        hostile = {**told, "X-Ingress-Path": "//evil.example/x"}
        described = (await window.nobody.ask("/api/v1/openapi.json", headers=hostile)).json
        assert described["servers"] == [{"url": "/"}]
        asked = {"name": "status", "arguments": {}}
        changes = {
            **told,
            **CHANGES,
            "Origin": "http://homeassistant.local:8123",
        }
        assert (await window.nobody.ask(COMMAND, "POST", json=asked, headers=changes)).status == 404


async def test_an_ingress_elsewhere_is_of_no_help_to_us(tmp_path: Path) -> None:
    async with served(tmp_path, web=WebPlan(listen=ANYWHERE, ingress="172.30.32.2")) as window:
        told = {"X-Ingress-Path": "/x", "X-Forwarded-For": "172.30.32.2", "X-Remote-User-Id": "1"}
        assert (await window.nobody.ask("/api/v1/site", headers=told)).status == 401


async def test_every_answer_says_what_a_page_may_load(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        paths = ("/login", "/api/v1/site", "/healthz", "/nothing", "/assets/nothing.js")
        for client in (window.nobody, window.control):
            for path in paths:
                headers = (await client.ask(path)).headers
                policy = headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy, path
                assert "unsafe" not in policy
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert headers["Referrer-Policy"] == "no-referrer"
                assert "Access-Control-Allow-Origin" not in headers
                assert "server" not in {name.lower() for name in headers}


async def test_a_body_without_length_or_too_long_is_not_read(tmp_path: Path) -> None:
    async with served(tmp_path) as window:

        async def pieces() -> AsyncIterator[bytes]:
            yield b"{}"

        open_end = await window.control.ask(COMMAND, "POST", data=pieces(), headers=CHANGES)
        assert open_end.status == 411
        long = await window.control.ask(COMMAND, "POST", data=b"x" * 70_000, headers=CHANGES)
        assert long.status == 413


async def test_tokens_lie_where_only_the_owner_reads_them(tmp_path: Path) -> None:
    async with served(tmp_path):
        for name in ("web-token", "web-token-read"):
            assert (tmp_path / "trap" / name).stat().st_mode & 0o777 == 0o600

"""What a reverse proxy changes in heads; expected values from the gateway fact sheet §6."""

from __future__ import annotations

import pytest

from mitmeter.errors import RemoteProtocolError
from mitmeter.wire.http_message import Headers, HttpRequest
from mitmeter.wire.http_reverse import (
    Mount,
    may_be_rewritten,
    rewrite_body,
    to_client,
    to_server,
    without_digests,
)

BOX = Mount("https://192.168.1.200", "http://box.lan:8080")
SAFE = Mount("https://192.168.1.200", "https://box.lan")


def request(*headers: tuple[str, str], method: str = "GET", body: bytes = b"") -> HttpRequest:
    return HttpRequest(
        b"", method, "/a%2fb?x=%20y", "1.1", (("Host", "box.lan:8080"), *headers), body
    )


def sent(*headers: tuple[str, str], mount: Mount = BOX) -> dict[str, str]:
    return dict(to_server(request(*headers), mount).headers)


def shown(name: str, value: str, mount: Mount = BOX) -> Headers:
    return to_client(((name, value),), mount)


def test_the_server_sees_its_own_host_and_the_target_byte_for_byte() -> None:
    outgoing = to_server(request(("Accept", "*/*")), BOX)
    assert outgoing.target == "/a%2fb?x=%20y"
    assert dict(outgoing.headers) == {
        "Host": "192.168.1.200",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "keep-alive",
    }


def test_a_login_is_passed_on_unchanged() -> None:
    login = 'Digest username="u", uri="/a%2fb?x=%20y", response="0", nc=00000001'
    assert sent(("Authorization", login))["Authorization"] == login


@pytest.mark.parametrize(
    "name",
    [
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "Forwarded",
        "Via",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Proxy-Authorization",
        "Expect",
    ],
)
def test_what_neighbours_say_to_each_other_and_traces_of_us_are_left_out(name: str) -> None:
    assert name not in sent((name, "something"))


def test_what_connection_names_is_left_out_too() -> None:
    assert "X-Hop" not in sent(("Connection", "close, X-Hop"), ("X-Hop", "1"))


@pytest.mark.parametrize(("method", "length"), [("POST", "0"), ("PUT", "0"), ("GET", None)])
def test_an_empty_body_has_a_length_where_one_could_be(method: str, length: str | None) -> None:
    headers = dict(to_server(request(method=method), BOX).headers)
    assert headers.get("Content-Length") == length


def test_a_body_that_came_in_chunks_goes_on_with_its_length() -> None:
    outgoing = to_server(
        request(("Transfer-Encoding", "chunked"), method="POST", body=b"12345"), BOX
    )
    headers = dict(outgoing.headers)
    assert headers["Content-Length"] == "5"
    assert "Transfer-Encoding" not in headers


def test_origin_and_referer_speak_of_the_server() -> None:
    headers = sent(("Origin", "http://box.lan:8080"), ("Referer", "http://box.lan:8080/x?y"))
    assert headers["Origin"] == "https://192.168.1.200"
    assert headers["Referer"] == "https://192.168.1.200/x?y"
    assert sent(("Referer", "http://elsewhere/x"))["Referer"] == "http://elsewhere/x"


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ((("Connection", "Upgrade"), ("Upgrade", "websocket")), "upgrade to websocket"),
        ((("Connection", "keep-alive, Upgrade"), ("Upgrade", "h2c")), "upgrade to h2c"),
    ],
)
def test_an_upgrade_is_refused_in_words(headers: Headers, why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=why):
        to_server(request(*headers), BOX)


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
def test_tunnels_and_echoes_are_refused(method: str) -> None:
    with pytest.raises(RemoteProtocolError, match=f"{method} is not passed on"):
        to_server(request(method=method), BOX)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("session=8842170015;secure;HttpOnly", "session=8842170015; HttpOnly"),
        (
            "a=insecure; Path=/; Domain=192.168.1.200; SameSite=None; Secure",
            "a=insecure; Path=/; SameSite=Lax",
        ),
        ("a=secure; Max-Age=5; SECURE", "a=secure; Max-Age=5"),
        (
            "a=b=c; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
            "a=b=c; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
        ),
        ("__Host-id=1; Secure; Path=/", "m__Host-id=1; Path=/"),
    ],
)
def test_a_cookie_is_one_that_a_browser_keeps_without_tls(value: str, expected: str) -> None:
    assert shown("Set-Cookie", value) == (("Set-Cookie", expected),)


def test_over_tls_a_cookie_stays_secure() -> None:
    cookie = "__Host-id=1; Secure; SameSite=None; Path=/"
    assert shown("Set-Cookie", cookie, SAFE) == (("Set-Cookie", cookie),)


def test_each_cookie_stays_one_of_its_own() -> None:
    cookies = (("Set-Cookie", "a=1; Secure"), ("Set-Cookie", "b=2;secure"))
    assert to_client(cookies, BOX) == (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))


def test_two_gateways_behind_one_name_do_not_share_a_cookie() -> None:
    first = Mount("https://192.168.1.200", "http://box.lan:8080", mark="g1_")
    assert shown("Set-Cookie", "session=1;secure", first) == (("Set-Cookie", "g1_session=1"),)
    both = "g1_session=1; g2_session=2; theme=dark"
    assert sent(("Cookie", both), mount=first)["Cookie"] == "session=1"
    assert "Cookie" not in sent(("Cookie", "theme=dark"), mount=first)


def test_a_renamed_cookie_gets_its_name_back() -> None:
    assert sent(("Cookie", "m__Host-id=1; b=2"))["Cookie"] == "__Host-id=1; b=2"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/smgw/m2m/00471tst0000000042.sm/json", "/smgw/m2m/00471tst0000000042.sm/json"),
        (
            "https://192.168.1.200/smgw/cust/00471tst0000000042.sm/start",
            "http://box.lan:8080/smgw/cust/00471tst0000000042.sm/start",
        ),
        (
            "https://192.168.1.200:443/x?next=https%3A%2F%2F192.168.1.200%2Fy",
            "http://box.lan:8080/x?next=https%3A%2F%2F192.168.1.200%2Fy",
        ),
        ("https://elsewhere.example/x", "https://elsewhere.example/x"),
        ("https://192.168.1.2000/x", "https://192.168.1.2000/x"),
        ("http://192.168.1.200/x", "http://192.168.1.200/x"),
    ],
)
def test_a_redirect_stays_with_us_when_it_stays_with_the_server(value: str, expected: str) -> None:
    assert shown("Location", value) == (("Location", expected),)


def test_a_redirect_to_a_name_of_the_servers_stays_with_us() -> None:
    named = Mount("https://192.168.1.200", "http://box.lan:8080", ("https://smgw.local",))
    assert shown("Location", "https://SMGW.local/x", named) == (
        ("Location", "http://box.lan:8080/x"),
    )


@pytest.mark.parametrize(
    "name", ["Strict-Transport-Security", "Connection", "Transfer-Encoding", "Content-Length"]
)
def test_what_would_bind_a_browser_or_is_ours_to_say_is_removed(name: str) -> None:
    assert shown(name, "x") == ()


def test_frames_are_the_servers_choice_unless_the_owner_says_otherwise() -> None:
    deny = (("X-FRAME-OPTIONS", "deny"), ("Content-Security-Policy", "frame-ancestors 'none'"))
    assert to_client(deny, BOX) == deny
    assert to_client(deny, Mount(BOX.server, BOX.public, frames=True)) == ()


def test_challenges_pass_unchanged_and_several_stay_several() -> None:
    asked = (("WWW-Authenticate", 'Digest realm="a"'), ("WWW-Authenticate", 'Basic realm="b"'))
    assert to_client(asked, BOX) == asked


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("Content-Type", "text/html; charset=utf-8"),), True),
        ((("Content-Type", "application/json"),), True),
        ((("Content-Type", "application/pkcs7-mime"),), False),
        ((("Content-Type", "text/xml"), ("Content-Disposition", "attachment; filename=x")), False),
        ((("Content-Type", "text/html"), ("Content-Encoding", "gzip")), False),
        ((), False),
    ],
)
def test_links_are_looked_for_in_plain_text_only(headers: Headers, expected: bool) -> None:
    assert may_be_rewritten(headers) is expected


def test_links_in_a_page_lead_to_us_and_those_of_others_do_not() -> None:
    page = (
        b"<a href='https://192.168.1.200/x'> https://192.168.1.200:443/y https://192.168.1.2001/z "
        b"https://192.168.1.200.example/ https://192.168.1.200"
    )
    assert rewrite_body(page, BOX) == (
        b"<a href='http://box.lan:8080/x'> http://box.lan:8080/y https://192.168.1.2001/z "
        b"https://192.168.1.200.example/ http://box.lan:8080"
    )


def test_digests_of_a_changed_body_go() -> None:
    headers = (("ETag", '"1"'), ("Content-MD5", "x"), ("Server", "s"))
    assert without_digests(headers) == (("Server", "s"),)

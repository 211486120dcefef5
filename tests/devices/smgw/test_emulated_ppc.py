"""The emulated PPC gateway's logins, sessions and handles.

Requests and pages are the worked examples of the fact sheet.
"""

import re

import pytest

from mitmeter.devices.smgw.messages import Request
from mitmeter.protocol import Restart, Send
from tests.devices.smgw.gateway_bench import CGI, FORM, GatewayBench, header, said_bytes, shipped
from tests.devices.smgw.ppc_bench import (
    FOOT,
    HEADINGS,
    MENU,
    NOW,
    bench,
    first_meter,
    history,
    inside,
    row,
    says,
    stamps,
    text,
)

# --- coming in


def test_a_challenge_has_the_headers_of_the_example() -> None:
    said = bench().say(Request("GET", CGI, (("Host", "192.168.100.100"),)))
    assert said_bytes(said).startswith(
        b"HTTP/1.1 401 Unauthorized\r\n"
        b'WWW-Authenticate: Digest realm="SmartMeterGateway",qop="auth",algorithm="MD5",'
        b'nonce="0123456789abcdef0123456789abcdef",opaque="fedcba9876543210fedcba9876543210"\r\n'
        b"Content-type: text/html; charset=utf-8\r\n"
        b"Cache-Control: max-age=0, must-revalidate, no-cache, no-store\r\n"
        b"Pragma: no-cache\r\n"
        b"Expires: 0\r\n"
        b"X-FRAME-OPTIONS: deny\r\n"
        b"X-Content-Type-Options: nosniff\r\n"
        b"X-XSS-Protection: 1; mode=block\r\n"
        b"Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
        b"Date: Sun, 01 Mar 2026 11:32:05 GMT\r\n"
        b"Server: SmartMeterGateway\r\n"
        b"Content-Length: "
    )


def test_the_first_page_is_that_of_the_example_byte_for_byte() -> None:
    said = bench().enter()
    assert said.headers[0] == ("Set-Cookie", "session=8842170015;secure;HttpOnly")
    assert text(said) == (
        "<html><head><title>Smart Meter Gateway Customer Interface</title></head><body>\n"
        + MENU.format(tkn="t0ken0001")
        + "<h1 id='headline_willkommen'>Willkommen</h1>\n"
        + FOOT
    )


def test_lines_end_as_real_ones_do_and_both_bytes_are_counted() -> None:
    said = bench({"newline": "crlf"}).enter()
    assert b"<body>\r\n" in said.body
    assert b"\n" not in said.body.replace(b"\r\n", b"")
    assert header(said, "Content-Length") == str(len(said.body))


def test_the_posted_login_of_the_example_is_taken() -> None:
    gateway = inside()
    login = (
        'Digest username="tst-user-21", realm="SmartMeterGateway", '
        'nonce="0123456789abcdef0123456789abcdef", uri="/cgi-bin/hanservice.cgi", '
        'response="9502e3d620a5a045f8b3f54a3446c8d5", opaque="fedcba9876543210fedcba9876543210", '
        'algorithm=MD5, qop=auth, nc=00000002, cnonce="c0ffee0000000001"'
    )
    headers = (
        ("Content-Type", FORM),
        ("Content-Length", "30"),
        ("Cookie", "session=8842170015"),
        ("Authorization", login),
    )
    said = gateway.say(Request("POST", CGI, headers, b"tkn=t0ken0001&action=meterform"))
    assert "form_meterform" in text(said)


def test_the_meter_list_is_that_of_the_example_but_for_its_buttons() -> None:
    page = text(inside().act("meterform"))
    # The example has a comment where real pages have buttons.
    page, count = re.subn("\n<button.*</button>\n</form>\n", "\n</form>\n", page)
    assert count == 1
    assert page == (
        "<html><body>\n"
        + MENU.format(tkn="t0ken0002")
        + "<form id='form_meterform' method='post' action='/cgi-bin/hanservice.cgi'>\n"
        "<input type='hidden' name='tkn' value='t0ken0002'>\n"
        "<select name='mid' id='meterform_select_meter' size=1>\n"
        "<option value='11112222333344445555666677778888'>01005e318002.1tst0000000055.sm</option>\n"
        "<option value='9999aaaabbbbccccddddeeeeffff0000'>01005e318003.1tst0000000056.sm</option>\n"
        "</select>\n"
        "</form>\n" + FOOT
    )


def test_current_values_are_those_of_the_example_byte_for_byte() -> None:
    gateway = inside()
    page = text(gateway.act("showMeterProfile", mid=first_meter(gateway)))
    assert page == (
        "<html><body>\n" + MENU.format(tkn="t0ken0003") + "<div class='content'>\n"
        "<table><tr><td>Z&auml;hlerprofil</td></tr></table>\n"
        "<table><tr><td>Z&auml;hler-ID</td><td>1tst0000000055</td></tr>"
        "<tr><td>Name</td><td>01005e318002.1tst0000000055.sm</td></tr>"
        "<tr><td>Beschreibung</td><td>-</td></tr><tr><td>Kommunikationstyp</td><td>TLS</td></tr>"
        "<tr><td>Protokoll-Typ</td><td>SML</td></tr><tr><td>Protokoll-Version</td><td>1</td></tr>"
        "<tr><td>Ausleseintervall</td><td>900</td></tr><tr><td>Abfrageversuche</td><td>3</td></tr>"
        "<tr><td>Z&auml;hleradresse</td><td>0a01545354000000000055</td></tr>"
        "<tr><td>Medium</td><td>Strom</td></tr></table>\n"
        + HEADINGS
        + row(1, "2026-03-01 12:30:02", "1063.2175", "1", "1-0:1.8.0")
        + row(2, "", "503.0174", "", "1-0:2.8.0")
        + "</table>\n</div>\n"
        + FOOT
    )


def test_history_s_form_and_rows_are_those_of_the_example() -> None:
    persona, books = history()
    gateway = inside(persona=persona, house=books)
    mid = first_meter(gateway)
    gateway.act("showMeterProfile", mid=mid)
    form = text(gateway.act("showMeterValuesForm", mid=mid))
    assert (
        "<form name='input_metervalues' method='post' action='/cgi-bin/hanservice.cgi'>"
        "<input type='hidden' name='tkn' value='t0ken0004'>"
        "<input type='hidden' name='action' value='showMeterValues'>"
        "<input type='hidden' name='mid' value='0badc0de0badc0de0badc0de0badc0de'>"
        "<input name='from' value='2026-02-28 00:00:00'>"
        "<input name='to' value='2026-03-01 00:15:00'>"
    ) in form
    body = (
        b"tkn=t0ken0004&action=showMeterValues&mid=0badc0de0badc0de0badc0de0badc0de"
        b"&from=2026-02-28+00%3A00%3A00&to=2026-03-01+00%3A15%3A00"
    )
    page = text(gateway.ask("POST", CGI, body, headers={"Content-Type": FORM}))
    # The example leaves out the quarter hours between its second moment and its last.
    assert (
        HEADINGS
        + row(1, "2026-03-01 00:00:01", "1055.4000", "1", "1-0:1.8.0")
        + row(2, "", "502.1000", "", "1-0:2.8.0")
        + row(1, "2026-02-28 23:45:03", "1055.1200", "2", "1-0:1.8.0")
        + row(2, "", "502.1000", "", "1-0:2.8.0")
    ) in page
    assert (
        row(1, "2026-02-28 00:00:01", "1047.9000", "1", "1-0:1.8.0")
        + row(2, "", "499.0000", "", "1-0:2.8.0")
        + "</table>\n"
    ) in page
    assert len(stamps(page)) == 97
    assert "button_nextpage" not in page


# --- sessions


def test_a_session_lasts_over_connections() -> None:
    gateway = inside()
    gateway.connect()
    assert says(gateway, "form_meterform")


def test_a_second_login_is_refused_while_the_first_lasts() -> None:
    gateway = inside()
    other = GatewayBench("ppc", memory=gateway.memory, now=NOW)
    assert "Fehler" in text(other.enter())
    assert other.cookie == ""
    assert says(gateway, "form_meterform")
    gateway.act("logout")
    assert "Willkommen" in text(other.enter())


def test_a_second_login_takes_the_session_over_where_switched() -> None:
    gateway = inside({"second_login": "taken-over", "session": ""})
    mine, gateway.cookie = gateway.cookie, ""
    assert "Willkommen" in text(gateway.enter())
    assert gateway.cookie != mine
    gateway.cookie = mine
    assert says(gateway, "Invalide Session")


def test_the_browser_s_own_second_look_is_no_second_login() -> None:
    gateway = inside()
    again = gateway.enter()
    assert "Willkommen" in text(again)
    assert header(again, "Set-Cookie") == ""
    assert says(gateway, "form_meterform")


def test_a_session_ends_after_its_time_with_a_page_and_not_with_401() -> None:
    gateway = inside({"session_seconds": "600"})
    gateway.later(seconds=600)
    assert says(gateway, "Sitzung abgelaufen")
    assert "Willkommen" in text(gateway.enter())


def test_a_nonce_older_than_a_quarter_hour_is_answered_with_a_page_without_data() -> None:
    gateway = inside()
    gateway.later(seconds=901)
    said = gateway.act("meterform")
    assert said.status == 200
    assert "Sitzung abgelaufen" in text(said)
    assert "metervalue" not in text(said)


def test_without_the_cookie_or_with_another_there_is_no_session() -> None:
    for cookie in ("", "session=1234567890"):
        gateway = inside()
        gateway.cookie = cookie
        assert says(gateway, "Invalide Session")


def test_some_gateways_take_the_login_and_set_no_cookie() -> None:
    gateway = bench({"cookie": "off"})
    for _ in range(2):
        said = gateway.enter()
        assert "Willkommen" in text(said)
        assert header(said, "Set-Cookie") == ""
    assert says(gateway, "Invalide Session")


def test_an_old_token_is_a_wrong_parameter_unless_tokens_are_ignored() -> None:
    for switch, words in (("strict", "Parameterfehler"), ("ignored", "form_meterform")):
        gateway = inside({"tkn": switch})
        gateway.act("meterform")
        gateway.tkn = "t0ken0001"
        assert says(gateway, words)


def test_tokens_are_made_up_where_they_are_not_given() -> None:
    gateway = inside({"token": ""})
    before = gateway.tkn
    assert says(gateway, "form_meterform")
    assert re.fullmatch("[0-9a-f]{16}", gateway.tkn)
    assert gateway.tkn != before


def test_after_a_logout_the_session_is_over() -> None:
    gateway = inside()
    assert "abgemeldet" in text(gateway.act("logout"))
    assert says(gateway, "Invalide Session")


def test_a_self_test_ends_all_sessions_and_restarts_the_gateway() -> None:
    gateway = inside({"restart_seconds": "45"})
    body = f"tkn={gateway.tkn}&action=selftest".encode()
    headers = {
        "Authorization": gateway.login("POST", CGI),
        "Cookie": gateway.cookie,
        "Content-Type": FORM,
        "Content-Length": str(len(body)),
    }
    actions = gateway.hear(Request("POST", CGI, tuple(headers.items()), body))
    assert isinstance(actions[0], Send)
    assert actions[1] == Restart(45.0)
    gateway.connect()
    assert says(gateway, "Invalide Session")
    assert "Willkommen" in text(gateway.enter())


def test_handles_rotate_with_each_list_of_meters_and_stale_ones_are_wrong() -> None:
    persona = shipped("ppc")
    gateway = inside(persona=persona)
    old = first_meter(gateway)
    new = first_meter(gateway)
    assert old != new
    assert "Parameterfehler" in text(gateway.act("showMeterProfile", mid=old))
    assert "1tst0000000055" in text(gateway.act("showMeterProfile", mid=new))
    still = inside({"rotating": "off"}, persona=persona)
    assert first_meter(still) == first_meter(still)


def test_the_list_s_handle_is_not_the_one_values_are_asked_for_with() -> None:
    gateway = inside()
    mid = first_meter(gateway)
    span = {"from": "2026-02-28", "to": "2026-03-01"}
    assert "Parameterfehler" in text(gateway.act("showMeterValues", mid=mid, **span))


def test_a_handle_of_another_session_is_stale() -> None:
    gateway = inside({"session": ""}, persona=shipped("ppc"))
    mid = first_meter(gateway)
    gateway.act("logout")
    gateway.enter()
    assert "Parameterfehler" in text(gateway.act("showMeterProfile", mid=mid))


def test_an_unknown_action_is_a_wrong_parameter() -> None:
    assert "Parameterfehler" in text(inside().act("reboot"))


# --- framing


def test_another_path_or_method_is_refused() -> None:
    gateway = inside()
    assert gateway.ask("GET", "/other").status == 404
    assert gateway.ask("PUT", CGI).status == 405


def test_a_post_that_is_no_form_is_refused() -> None:
    said = inside().ask("POST", CGI, b"{}", headers={"Content-Type": "application/json"})
    assert said.status == 400


def test_a_post_in_chunks_is_refused() -> None:
    chunked = (("Transfer-Encoding", "chunked"), ("Content-Type", FORM))
    assert inside().say(Request("POST", CGI, chunked, b"action=log")).status == 400


@pytest.mark.parametrize(("switch", "words"), [("page", "Login falsch"), ("empty", "")])
def test_a_wrong_password_is_answered_with_a_page_of_200_where_switched(
    switch: str, words: str
) -> None:
    gateway = bench({"refusal": switch}, password="wrong")
    gateway.password = "pw.21!"
    said = gateway.enter()
    assert said.status == 200
    assert words in text(said)
    assert "Willkommen" not in text(said)

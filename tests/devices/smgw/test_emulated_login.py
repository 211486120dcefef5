"""Who is let in: Digest with every switch, lock-outs, and what all connections share."""

from typing import Any

import pytest

from mitmeter.devices.smgw.messages import Request, Response
from mitmeter.wire.digest import parse_challenge
from tests.devices.smgw.gateway_bench import CGI, GatewayBench, header

ROOT = "/smgw/m2m"
EMH = "/json/metering/origin/"


def bench(options: dict[str, str] | None = None, **given: Any) -> GatewayBench:
    """Return a Theben gateway that has challenged us."""
    gateway = GatewayBench("theben", options=options, **given)
    gateway.challenge = header(gateway.say(Request("GET", ROOT, ())), "WWW-Authenticate")
    return gateway


def said(gateway: GatewayBench, login: str, target: str = ROOT) -> Response:
    return gateway.say(Request("GET", target, (("Authorization", login),)))


def wrong(gateway: GatewayBench) -> Response:
    return said(gateway, gateway.login("GET", "/elsewhere"))


def test_the_login_of_the_ppc_example_is_let_in_after_its_challenge() -> None:
    options = {
        "nonce": "0123456789abcdef0123456789abcdef",
        "opaque_text": "fedcba9876543210fedcba9876543210",
    }
    gateway = GatewayBench("ppc", options=options)
    challenge = gateway.say(Request("GET", CGI, (("Host", "192.168.100.100"),)))
    assert header(challenge, "WWW-Authenticate") == (
        'Digest realm="SmartMeterGateway",qop="auth",algorithm="MD5",'
        'nonce="0123456789abcdef0123456789abcdef",opaque="fedcba9876543210fedcba9876543210"'
    )
    login = (
        'Digest username="tst-user-21", realm="SmartMeterGateway", '
        'nonce="0123456789abcdef0123456789abcdef", uri="/cgi-bin/hanservice.cgi", '
        'response="c0fedccc8fa46eba3d4007bba2b05fed", opaque="fedcba9876543210fedcba9876543210", '
        'algorithm=MD5, qop=auth, nc=00000001, cnonce="c0ffee0000000001"'
    )
    assert said(gateway, login, CGI).status == 200


def test_the_login_of_the_emh_example_is_let_in_after_its_challenge() -> None:
    gateway = GatewayBench("emh", options={"nonce": "77aa77aa77aa77aa77aa77aa77aa77aa"})
    host = ("Host", "192.168.33.2")
    challenge = gateway.say(Request("GET", EMH, (host,)))
    assert header(challenge, "WWW-Authenticate") == (
        'Digest realm="CASA-TEST", qop="auth", nonce="77aa77aa77aa77aa77aa77aa77aa77aa", '
        'algorithm="MD5"'
    )
    target = "/json/metering/origin/1tst0000000077/extended"
    login = (
        'Digest username="tst-user-33", realm="CASA-TEST", '
        'nonce="77aa77aa77aa77aa77aa77aa77aa77aa", '
        'uri="/json/metering/origin/1tst0000000077/extended", '
        'response="ea821085c34aeb952892294cd5c1f268", algorithm=MD5, qop=auth, nc=00000001, '
        'cnonce="1234567890abcdef"'
    )
    answer = gateway.say(Request("GET", target, (host, ("Authorization", login))))
    assert answer.status == 200


def test_the_sha_256_login_of_the_example_is_let_in_where_announced() -> None:
    nonce = "5f0c1e77a9b34d2286e10badcafe2026"
    gateway = bench({"algorithm": "SHA-256", "nonce": nonce})
    assert parse_challenge(gateway.challenge).algorithm == "SHA-256"
    target = "/smgw/m2m/00471tst0000000042.sm/json"
    login = (
        f'Digest username="consumer-0047", realm="Conexa", nonce="{nonce}", uri="{target}", '
        'response="c433b1bc06f2033a9a2f3bb1eb27c02a71f115decb60dccea07694ba4e64b5d1", '
        'algorithm=SHA-256, qop=auth, nc=00000002, cnonce="a1b2c3d4e5f60718"'
    )
    headers = (
        ("Authorization", login),
        ("Content-Type", "application/json"),
        ("Content-Length", "22"),
    )
    assert gateway.say(Request("POST", target, headers, b'{"method":"user-info"}')).status == 200


@pytest.mark.parametrize(
    ("announced", "accepts", "answered", "status"),
    [
        ("SHA-256", "MD5", "MD5", 307),
        ("SHA-256", "MD5", "SHA-256", 401),
        ("SHA-256", "both", "MD5", 307),
        ("SHA-256", "both", "SHA-256", 307),
        ("SHA-256", "announced", "MD5", 401),
        ("MD5", "SHA-256", "SHA-256", 307),
        ("MD5", "announced", "SHA-256", 401),
    ],
)
def test_what_is_announced_need_not_be_what_is_taken(
    announced: str, accepts: str, answered: str, status: int
) -> None:
    gateway = bench({"algorithm": announced, "accepts": accepts})
    gateway.challenge = gateway.challenge.replace(announced, answered)
    assert said(gateway, gateway.login("GET", ROOT)).status == status


def test_nonces_differ_from_each_other_and_from_another_seed_s() -> None:
    gateway = GatewayBench("theben")
    nonces = {parse_challenge(_challenge(gateway)).nonce for _ in range(5)}
    nonces.add(parse_challenge(_challenge(GatewayBench("theben", seed=2))).nonce)
    assert len(nonces) == 6
    assert parse_challenge(_challenge(GatewayBench("theben"))).nonce in nonces


def _challenge(gateway: GatewayBench) -> str:
    return header(gateway.say(Request("GET", ROOT, ())), "WWW-Authenticate")


def test_a_nonce_given_on_one_connection_holds_on_another() -> None:
    gateway = bench()
    gateway.connect()
    assert said(gateway, gateway.login("GET", ROOT)).status == 307


def test_a_nonce_the_gateway_never_gave_is_stale() -> None:
    gateway = bench()
    gateway.challenge = gateway.challenge.replace('nonce="', 'nonce="0')
    answer = said(gateway, gateway.login("GET", ROOT))
    assert answer.status == 401
    assert parse_challenge(header(answer, "WWW-Authenticate")).stale


@pytest.mark.parametrize(("switch", "stale"), [("flag", True), ("plain", False)])
def test_an_old_nonce_is_stale_as_switched(switch: str, stale: bool) -> None:
    gateway = bench({"nonce_seconds": "60", "stale": switch})
    gateway.later(seconds=60)
    assert said(gateway, gateway.login("GET", ROOT)).status == 307
    gateway.later(seconds=1)
    answer = said(gateway, gateway.login("GET", ROOT))
    assert answer.status == 401
    assert parse_challenge(header(answer, "WWW-Authenticate")).stale is stale


def test_an_old_nonce_leads_to_an_empty_200_where_switched() -> None:
    gateway = bench({"nonce_seconds": "60", "stale": "page"})
    gateway.later(seconds=61)
    answer = said(gateway, gateway.login("GET", ROOT))
    assert (answer.status, answer.body) == (200, b"")


def test_a_nonce_lasts_for_ever_where_switched() -> None:
    gateway = bench({"nonce_seconds": "0"})
    gateway.later(days=400)
    assert said(gateway, gateway.login("GET", ROOT)).status == 307


def test_an_opaque_value_has_to_be_said_again() -> None:
    gateway = bench({"opaque": "on"})
    login = gateway.login("GET", ROOT)
    opaque = parse_challenge(gateway.challenge).opaque
    assert opaque
    assert said(gateway, login).status == 307
    assert said(gateway, login.replace(opaque, "other")).status == 401


def test_the_uri_has_to_be_the_request_target_unless_tolerant() -> None:
    assert wrong(bench()).status == 401
    assert wrong(bench({"check_uri": "off"})).status == 307


def test_nc_has_to_rise_where_switched() -> None:
    gateway = bench({"check_count": "on"})
    login = gateway.login("GET", ROOT)
    assert said(gateway, login).status == 307
    assert said(gateway, login).status == 401
    assert said(gateway, gateway.login("GET", ROOT)).status == 307
    tolerant = bench()
    login = tolerant.login("GET", ROOT)
    assert [said(tolerant, login).status for _ in range(2)] == [307, 307]


def test_a_login_without_qop_is_refused_unless_tolerant() -> None:
    for switch, status in (("on", 401), ("off", 307)):
        gateway = bench({"need_qop": switch})
        gateway.challenge = gateway.challenge.replace('qop="auth", ', "")
        assert said(gateway, gateway.login("GET", ROOT)).status == status


def test_quoted_algorithm_and_qop_are_taken_unless_strict() -> None:
    for switch, status in (("taken", 307), ("refused", 401)):
        gateway = bench({"quotes": switch})
        login = gateway.login("GET", ROOT)
        login = login.replace("algorithm=MD5", 'algorithm="MD5"').replace("qop=auth", 'qop="auth"')
        assert said(gateway, login).status == status


def test_ppc_answers_quotes_it_does_not_take_with_a_page() -> None:
    gateway = GatewayBench("ppc", options={"quotes": "refused"})
    gateway.challenge = header(gateway.say(Request("GET", CGI, ())), "WWW-Authenticate")
    login = gateway.login("GET", CGI).replace("qop=auth", 'qop="auth"')
    answer = said(gateway, login, CGI)
    assert answer.status == 200
    assert b"Login falsch" in answer.body


@pytest.mark.parametrize(("switch", "status"), [("401", 401), ("empty", 200), ("page", 200)])
def test_a_wrong_password_is_refused_as_switched(switch: str, status: int) -> None:
    gateway = bench({"refusal": switch})
    gateway.password = "wrong"
    answer = said(gateway, gateway.login("GET", ROOT))
    assert (answer.status, answer.body) == (status, b"")


@pytest.mark.parametrize(
    "header_value", ["Basic dGVzdDp0ZXN0", "Digest", "Digest username=", "x", "Digest nc=zz"]
)
def test_a_login_that_makes_no_sense_is_challenged_and_not_counted(header_value: str) -> None:
    gateway = bench({"failures": "1"})
    assert said(gateway, header_value).status == 401
    assert said(gateway, gateway.login("GET", ROOT)).status == 307


def test_wrong_logins_lock_the_account_on_every_connection_for_a_while() -> None:
    gateway = bench({"failures": "3", "locked_seconds": "300"})
    for _ in range(3):
        assert wrong(gateway).status == 401
        gateway.connect()
    assert said(gateway, gateway.login("GET", ROOT)).status == 401
    gateway.later(seconds=299)
    assert said(gateway, gateway.login("GET", ROOT)).status == 401
    gateway.later(seconds=1)
    assert said(gateway, gateway.login("GET", ROOT)).status == 307


def test_a_right_login_forgives_the_wrong_ones_before_it() -> None:
    gateway = bench({"failures": "3"})
    for _ in range(4):
        for _ in range(2):
            wrong(gateway)
        assert said(gateway, gateway.login("GET", ROOT)).status == 307


def test_wrong_logins_never_lock_where_switched_off() -> None:
    gateway = bench({"failures": "0"})
    for _ in range(50):
        wrong(gateway)
    assert said(gateway, gateway.login("GET", ROOT)).status == 307


def test_strangers_logins_do_not_lock_the_account() -> None:
    gateway = bench({"failures": "2"})
    known, gateway.user = gateway.user, "stranger"
    for _ in range(5):
        assert said(gateway, gateway.login("GET", ROOT)).status == 401
    gateway.user = known
    assert said(gateway, gateway.login("GET", ROOT)).status == 307


def test_the_operator_s_login_takes_the_place_of_the_persona_s() -> None:
    gateway = bench(user="me", password="mine")
    assert said(gateway, gateway.login("GET", ROOT)).status == 307
    gateway.user, gateway.password = "consumer-0047", "Han#Test26"
    assert said(gateway, gateway.login("GET", ROOT)).status == 401


def test_a_second_account_logs_in_beside_the_first() -> None:
    gateway = bench(persona=_two_accounts())
    assert said(gateway, gateway.login("GET", ROOT)).status == 307
    gateway.user, gateway.password = "second", "two"
    answer = said(gateway, gateway.login("GET", ROOT))
    assert header(answer, "Location") == "/smgw/m2m/0099.sm/json"


def _two_accounts() -> dict[str, Any]:
    persona = dict(GatewayBench("theben").context.persona)
    extra = {"user": "second", "password": "two", "userid": "0099.sm"}
    return {**persona, "account": [*persona["account"], extra]}


def test_what_is_remembered_stays_small_however_often_one_is_challenged() -> None:
    gateway = GatewayBench("theben")
    for _ in range(500):
        gateway.say(Request("GET", ROOT, ()))
    assert len(gateway.memory.get("smgw.nonces") or "") < 8_000


def test_nonsense_in_the_memory_is_as_if_nothing_was_there() -> None:
    gateway = bench()
    for name in ("smgw.nonces", "smgw.failures"):
        gateway.memory.set(name, "{not json")
    assert gateway.ask("GET", ROOT).status == 307

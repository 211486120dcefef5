"""A PPC gateway on the bench, as the worked examples of the fact sheet have it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from mitmeter.devices.smgw.messages import Response
from tests.devices.smgw.gateway_bench import Books, GatewayBench, shipped

NOW = datetime(2026, 3, 1, 11, 32, 5, tzinfo=UTC)
MENU = (
    "<form name='menu' method='post' action='/cgi-bin/hanservice.cgi'>"
    "<input type='hidden' name='tkn' value='{tkn}'>"
    "<input type='hidden' name='action' value='meterform'>"
    "<input type='submit' id='button_menu_zaehler' value='zaehler'></form>"
    "<form name='menu' method='post' action='/cgi-bin/hanservice.cgi'>"
    "<input type='hidden' name='tkn' value='{tkn}'>"
    "<input type='hidden' name='action' value='logout'>"
    "<input type='submit' id='button_menu_logout' value='logout'></form>\n"
)
FOOT = (
    "<p id='div_fwversion'>99001-99002</p><p id='div_timestamp'>2026-03-01 12:32:05 "
    "(Letzte Synchronisation: 2026-03-01 12:00:00)</p>\n</body></html>"
)
HEADINGS = (
    "<table id='metervalue'><tr><th>Zeitstempel</th><th>Wert</th><th>Einheit</th><th>Valide</th>"
    "<th>Name</th><th>OBIS</th><th>Signatur</th></tr>\n"
)


def row(line: int, at: str, value: str, valid: str, obis: str) -> str:
    """Return a row as the examples have it."""
    return (
        f"<tr id='table_metervalues_line{line}'><td id='table_metervalues_col_timestamp'>{at}</td>"
        f"<td id='table_metervalues_col_wert'>{value}</td>"
        "<td id='table_metervalues_col_einheit'>kWh</td>"
        f"<td id='table_metervalues_col_istvalide'>{valid}</td>"
        "<td id='table_metervalues_col_name'>1tst0000000055</td>"
        f"<td id='table_metervalues_col_obis'>{obis}</td>"
        "<td id='table_metervalues_col_sign'>signiert</td></tr>\n"
    )


def example() -> dict[str, Any]:
    """Return the persona of the examples."""
    persona = shipped("ppc")
    meters = persona["meter"]
    meters[0] |= {
        "handle": "11112222333344445555666677778888",
        "values_handle": "0badc0de0badc0de0badc0de0badc0de",
    }
    meters[1]["handle"] = "9999aaaabbbbccccddddeeeeffff0000"
    persona["mark"] = [
        {"target": "2026-03-01T11:30:00Z", "capture": 2},
        {"target": "2026-02-28T23:00:00Z", "capture": 1},
        {"target": "2026-02-28T22:45:00Z", "capture": 3, "gateway": "a0400000"},
        {"target": "2026-02-27T23:00:00Z", "capture": 1},
    ]
    return persona


def history() -> tuple[dict[str, Any], Books]:
    """Return the persona and the house of the example of a day."""
    persona = example()
    for register in persona["meter"][0]["register"]:
        register["start"] = "0"
    midnight, quarter = (
        datetime(2026, 2, 28, 23, 0, tzinfo=UTC),
        datetime(2026, 2, 28, 22, 45, tzinfo=UTC),
    )
    begin = datetime(2026, 2, 27, 23, 0, tzinfo=UTC)
    imported = {begin: "1047.9000", quarter: "1055.1200", midnight: "1055.4000"}
    exported = {begin: "499.0000", quarter: "502.1000", midnight: "502.1000"}
    return persona, Books(imported, exported)


EXAMPLE = {
    "menu": "meterform,logout",
    "newline": "lf",
    "token": "t0ken",
    "session": "8842170015",
    "nonce": "0123456789abcdef0123456789abcdef",
    "opaque_text": "fedcba9876543210fedcba9876543210",
}


def bench(options: dict[str, str] | None = None, **given: Any) -> GatewayBench:
    given = {"now": NOW, "persona": example(), **given}
    return GatewayBench("ppc", options=EXAMPLE | (options or {}), **given)


def inside(options: dict[str, str] | None = None, **given: Any) -> GatewayBench:
    """Return a gateway with a session."""
    gateway = bench(options, **given)
    assert "headline_willkommen" in text(gateway.enter())
    return gateway


def text(response: Response) -> str:
    return response.body.decode()


def first_meter(gateway: GatewayBench, number: int = 0) -> str:
    """Return a meter's handle."""
    return handles("<option value='([0-9a-f]{32})'>", text(gateway.act("meterform")))[number]


def handles(pattern: str, page: str) -> list[str]:
    return [found[1] for found in re.finditer(pattern, page)]


def values_form(gateway: GatewayBench) -> str:
    """Return the handle of the form of values."""
    page = text(gateway.act("showMeterValuesForm", mid=first_meter(gateway)))
    return handles("name='mid' value='([0-9a-f]{32})'", page)[0]


def show(gateway: GatewayBench, since: str, until: str, **more: str) -> str:
    mid = values_form(gateway)
    return text(gateway.act("showMeterValues", mid=mid, **{"from": since, "to": until}, **more))


def stamps(page: str) -> list[str]:
    return [each for each in re.findall("col_timestamp'>([^<]*)<", page) if each]


def says(gateway: GatewayBench, words: str) -> bool:
    """Tell whether the next action is answered by a page with these words."""
    said = gateway.act("meterform")
    return said.status == 200 and words in text(said)

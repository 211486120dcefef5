"""A PPC gateway's pages of contracts: profile, billing periods, a period's registers.

Source: fact sheet §3.3, §3.4 [O]; the arrangement is made up.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mitmeter.devices.smgw.emulated.meter import (
    UNIT_TEXTS,
    is_counter,
    obis_text,
    raw_value,
    scaled_text,
)
from mitmeter.devices.smgw.emulated.persona import Contract, parse_instant
from mitmeter.devices.smgw.emulated.ppc_actions import WRONG, Deed, Step
from mitmeter.devices.smgw.emulated.ppc_html import (
    content,
    fields_form,
    headed,
    hidden,
    pairs,
    row,
    selector,
    table,
    text,
)
from mitmeter.devices.smgw.emulated.ppc_values import wall

_ACTIONS = ("showTariffProfile", "showTarificationForm")
_PERIODS = 50  # of a page
_REGISTER_HEADINGS = (
    "Zeitstempel",
    "Sollzeitpunkt",
    "Wert",
    "Einheit",
    "OBIS",
    "Kostenstufe",
    "Qualität",
    "Signatur",
)


def tariff_form(step: Step) -> Deed:
    step.sessions.rotate(step.session, "tariff")
    tkn, options = step.tkn(), {}
    for each in step.site.contracts_of(step.account):
        options[step.sessions.handle(step.session, f"tariff/{each.id}")] = each.id
    return Deed(
        step,
        selector("tariffform", "tarifform_select_profile", "tid", options, tkn, _ACTIONS),
    )


def show_tariff_profile(step: Step) -> Deed:
    contract = _contract(step, "tariff")
    step.tkn()
    if contract is None:
        return Deed(step, WRONG)
    clock = step.site.switches.clock
    rows = (
        ("Profil-ID", contract.id),
        ("Profilname", contract.name),
        ("TAF-Typ", f"TAF-{contract.taf}"),
        ("Registerperiode", str(clock.period)),
        ("Abrechnungsperiode", "86400"),
        ("Vorhaltezeit", str(clock.keeps_days)),
        ("Beginn Validierungsperiode", wall(parse_instant(contract.start, "start"))),
        ("Ende Validierungsperiode", _end(contract)),
        ("Zählpunktbezeichnung", contract.point),
        ("Tarifstufen", "1"),
    )
    values = [
        row(
            f"table_tafvalues_line{place % 2 + 1}",
            (
                ("table_tafvalues_col_domain", meter.id),
                ("table_tafvalues_col_obis", obis_text(register)),
                ("table_tafvalues_col_messgroesse", UNIT_TEXTS.get(register.unit, "")),
            ),
        )
        for place, (meter, register) in enumerate(
            (meter, register)
            for meter in step.site.meters_of(step.account)
            if meter.id in contract.meters
            for register in meter.registers
            if is_counter(register)
        )
    ]
    shown = table("tafvalues", ("Zähler", "OBIS", "Messgröße"), values)
    return Deed(step, content(headed("Vertragsprofil"), pairs(rows), shown))


def tarification_form(step: Step) -> Deed:
    contract, tkn = _contract(step, "tariff"), step.tkn()
    if contract is None:
        return Deed(step, WRONG)
    handle = step.sessions.handle(step.session, f"periods/{contract.id}")
    now = step.site.grid.local(step.site.grid.now(step.now))
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    shown = {
        "from": (today - timedelta(days=7)).strftime("%Y-%m-%d %H:%M:%S"),
        "to": (today + timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S"),
    }
    given = {"tkn": tkn, "action": "showTarification", "tid": handle}
    return Deed(step, fields_form("input_tarification", given, shown, "tarification_button_ok"))


def tarification(step: Step) -> Deed:
    contract, tkn, span = _contract(step, "periods"), step.tkn(), step.span()
    if contract is None or span is None:
        return Deed(step, WRONG)
    number, found = step.page_number(), _days(step, contract, *span)
    rows = []
    for place, begin in enumerate(found[(number - 1) * _PERIODS : number * _PERIODS]):
        meaning = f"period/{contract.id}/{int(begin.timestamp())}"
        handle = step.sessions.handle(step.session, meaning)
        rows.append(_period_row(step, tkn, handle, begin, place))
    if not rows:
        return Deed(step, "<p>Keine Daten vorhanden.</p>")
    headings = ("Beginn", "Ende", "Status", "Register")
    parts = [table("tarification", headings, rows)]
    if len(found) > number * _PERIODS:
        onward = {
            "tkn": tkn,
            "action": "showTarification",
            "tid": step.fields["tid"],
            "from": step.fields["from"],
            "to": step.fields["to"],
            "page": str(number + 1),
        }
        parts.append(fields_form("nextpage", onward, {}, "table_tarification_button_nextpage"))
    return Deed(step, "\n".join(parts))


def _period_row(step: Step, tkn: str, handle: str, begin: datetime, place: int) -> str:
    end = _next_day(step, begin)
    running = end > step.site.grid.now(step.now)
    cells = "".join(
        f"<td id='table_tarification_col_{name}'>{text(value)}</td>"
        for name, value in (
            ("periodbegin", wall(begin)),
            ("periodend", wall(end)),
            ("status", "laufend" if running else "beendet"),
        )
    )
    button = (
        "<form method='post' action='/cgi-bin/hanservice.cgi'>"
        + hidden("tkn", tkn)
        + hidden("action", "showTarificationRegister")
        + hidden("ttid", handle)
        + "<input type='submit' value='Register'></form>"
    )
    return (
        f"<tr id='table_tarification_line{place % 2 + 1}'>{cells}"
        f"<td id='table_tarification_col_register'>{button}</td></tr>"
    )


def tarification_register(step: Step) -> Deed:
    """Show a period's registers as they were at its end, or as they are now."""
    kind, whom = step.meaning("ttid")
    step.tkn()
    if kind != "period":
        return Deed(step, WRONG)
    id, _, second = whom.rpartition("/")
    contract = _named(step, id)
    if contract is None:
        return Deed(step, WRONG)
    end = _next_day(step, datetime.fromtimestamp(int(second), UTC))
    last = step.site.grid.last(step.now)
    capture = step.site.grid.at(end) if end < last.target else last
    rows: list[str] = []
    for meter in step.site.meters_of(step.account):
        for register in meter.registers if meter.id in contract.meters else ():
            if not is_counter(register):
                continue
            raw = raw_value(meter, register, step.site.house, capture.valued)
            shown = {
                "zeitstempel": wall(capture.at),
                "sollzeitpunkt": wall(capture.target),
                "wert": scaled_text(raw, register),
                "einheit": UNIT_TEXTS[register.unit],
                "obis": obis_text(register),
                "kostenstufe": "0",
                "qualitaet": "1" if capture.is_valid else "2",
                "sign": "signiert",
            }
            rows.append(_register_row(shown, len(rows)))
    return Deed(step, table("tafregister", _REGISTER_HEADINGS, rows))


def _register_row(shown: dict[str, str], place: int) -> str:
    """Return a row whose texts sit in buttons, as they do there [O]."""
    cells = "".join(
        f"<td id='table_tafregister_col_{name}'>"
        f"<input id='button_tarification_register' type='submit' value='{text(value)}'></td>"
        for name, value in shown.items()
    )
    return f"<tr id='table_tafregister_line{place % 2 + 1}'>{cells}</tr>"


def _contract(step: Step, kind: str) -> Contract | None:
    got, whom = step.meaning("tid")
    return _named(step, whom) if got == kind else None


def _named(step: Step, id: str) -> Contract | None:
    seen = step.site.contracts_of(step.account)
    return next((each for each in seen if each.id == id), None)


def _end(contract: Contract) -> str:
    return wall(parse_instant(contract.end, "end")) if contract.end else "unbegrenzt"


def _days(step: Step, contract: Contract, since: datetime, until: datetime) -> list[datetime]:
    """Return the beginnings of the periods in a span, local midnights, newest first."""
    begin = parse_instant(contract.start, "start")
    end = min(until, step.site.grid.now(step.now))
    if contract.end:
        end = min(end, parse_instant(contract.end, "end"))
    day = step.site.grid.local(end).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    found = []
    while (at := day.astimezone(UTC)) >= max(since, begin):
        found.append(at)
        day -= timedelta(days=1)
    return found


def _next_day(step: Step, begin: datetime) -> datetime:
    return (step.site.grid.local(begin) + timedelta(days=1)).astimezone(UTC)

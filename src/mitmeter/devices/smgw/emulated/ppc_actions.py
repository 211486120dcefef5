"""What the buttons of a PPC gateway's pages do. Source: fact sheet §3.3 [O].

A handle stands for something of its session only; a stale one is a wrong parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mitmeter.devices.smgw.emulated.cms import Signer
from mitmeter.devices.smgw.emulated.make import Site
from mitmeter.devices.smgw.emulated.persona import Account, Meter
from mitmeter.devices.smgw.emulated.ppc_files import log_xml, profile_xml, values_xml
from mitmeter.devices.smgw.emulated.ppc_html import (
    content,
    fields_form,
    headed,
    pairs,
    row,
    selector,
    table,
    text,
)
from mitmeter.devices.smgw.emulated.ppc_session import Session, Sessions
from mitmeter.devices.smgw.emulated.ppc_values import (
    captures,
    current,
    parse_span,
    values,
    wall,
)

WRONG = "<p id='div_message'>Parameterfehler</p>"
_NO_VALUES = "Keine Zählerdaten vorhanden"
_METER_ACTIONS = ("showMeterProfile", "showMeterValuesForm", "exportMeterProfile")
_LOG_ROWS = 50
_LOG_HEADINGS = ("Zeit", "Level", "ID", "Nachricht", "Ergebnis")
_LEVELS = {1: "INFO", 2: "WARNING", 3: "ERROR", 4: "FATAL"}


@dataclass(frozen=True, slots=True)
class File:
    """A file instead of a page."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One POST in a session. fields: of its form."""

    site: Site
    account: Account
    sessions: Sessions
    session: Session
    fields: Mapping[str, str]
    now: datetime

    def tkn(self) -> str:
        return self.sessions.new_token(self.session)

    def meaning(self, name: str) -> tuple[str, str]:
        """Return what the handle in a field stands for: its kind and whom."""
        kind, _, whom = self.session.handles.get(self.fields.get(name, ""), "").partition("/")
        return kind, whom

    def meter(self, *kinds: str) -> Meter | None:
        """Return the meter that `mid` stands for, None for a stale handle."""
        kind, whom = self.meaning("mid")
        seen = {each.id: each for each in self.site.meters_of(self.account)}
        return seen.get(whom) if kind in kinds else None

    def page_number(self) -> int:
        digits = self.fields.get("page", "1")
        plain = digits.isascii() and digits.isdigit() and len(digits) < 10
        return max(1, int(digits)) if plain else 1

    def span(self) -> tuple[datetime, datetime] | None:
        return parse_span(self.fields.get("from", ""), self.fields.get("to", ""))


@dataclass(frozen=True, slots=True)
class Deed:
    """What an action comes to: a page's content, or a file."""

    step: Step
    html: str = ""
    file: File | None = None


Action = Callable[[Step], Deed]


def wrong(step: Step) -> Deed:
    step.tkn()
    return Deed(step, WRONG)


def meterform(step: Step) -> Deed:
    step.sessions.rotate(step.session, "meter")
    tkn, options = step.tkn(), {}
    for meter in step.site.meters_of(step.account):
        handle = step.sessions.handle(step.session, f"meter/{meter.id}", meter.handle)
        options[handle] = meter.name
    form = selector("meterform", "meterform_select_meter", "mid", options, tkn, _METER_ACTIONS)
    return Deed(step, form)


def show_meter_profile(step: Step) -> Deed:
    meter = step.meter("meter")
    if meter is None:
        return wrong(step)
    step.tkn()
    profile = pairs(
        (
            ("Zähler-ID", meter.id),
            ("Name", meter.name),
            ("Beschreibung", "-"),
            ("Kommunikationstyp", "TLS"),
            ("Protokoll-Typ", "SML"),
            ("Protokoll-Version", "1"),
            ("Ausleseintervall", str(step.site.switches.clock.period)),
            ("Abfrageversuche", "3"),
            ("Zähleradresse", _address(meter)),
            ("Medium", "Gas" if meter.id.startswith("7") else "Strom"),
        )
    )
    values = current(step.site, meter, step.site.grid.last(step.now))
    return Deed(step, content(headed("Zählerprofil"), profile, values))


def _address(meter: Meter) -> str:
    """Return the hexadecimal spelling of a meter id: 0A 01, the maker's letters, the digits."""
    letters, digits = meter.id[1:4], meter.id[4:]
    return f"0a01{letters.upper().encode().hex()}{digits.rjust(12, '0')}"


def show_meter_values_form(step: Step) -> Deed:
    meter = step.meter("meter")
    if meter is None:
        return wrong(step)
    tkn = step.tkn()
    step.sessions.rotate(step.session, "values")
    handle = step.sessions.handle(step.session, f"values/{meter.id}", meter.values_handle)
    today = step.site.grid.local(step.site.grid.now(step.now)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    form = "%Y-%m-%d %H:%M:%S"
    shown = {
        "from": (today - timedelta(days=1)).strftime(form),
        "to": (today + timedelta(minutes=15)).strftime(form),
    }
    forms = [
        fields_form(
            name,
            {"tkn": tkn, "action": action, "mid": handle},
            shown,
            f"{name}_button_ok",
        )
        for name, action in (
            ("input_metervalues", "showMeterValues"),
            ("export_metervalues", "exportMeterValues"),
        )
    ]
    return Deed(step, "\n".join(forms))


def show_meter_values(step: Step) -> Deed:
    meter, span = step.meter("values"), step.span()
    if meter is None or span is None:
        return wrong(step)
    tkn, number = step.tkn(), step.page_number()
    sheet = values(step.site, meter, captures(step.site, *span, step.now), number)
    if sheet.empty:
        return Deed(step, _no_values(step))
    if not sheet.more:
        return Deed(step, sheet.html)
    hidden = {
        "tkn": tkn,
        "action": "showMeterValues",
        "mid": step.fields["mid"],
        "from": step.fields["from"],
        "to": step.fields["to"],
        "page": str(number + 1),
    }
    onward = fields_form("nextpage", hidden, {}, "table_metervalues_button_nextpage")
    return Deed(step, f"{sheet.html}\n{onward}")


def _no_values(step: Step) -> str:
    if step.site.switches.ppc.no_data == "plain":
        return f"<p>{text(_NO_VALUES)}</p>"
    since, until = text(step.fields["from"]), text(step.fields["to"])
    return f"<p>Von {since} bis {until}, Seite 1</p><p>Keine Daten vorhanden.</p>"


def export_meter_values(step: Step) -> Deed:
    meter, span = step.meter("values", "meter"), step.span()
    if meter is None or span is None:
        return wrong(step)
    found = captures(step.site, *span, step.now)
    if not found:
        step.tkn()
        return Deed(step, _no_values(step))
    return _sealed(step, f"{meter.id}.sm_data.xml.cms", values_xml(step.site, meter, found))


def export_meter_profile(step: Step) -> Deed:
    meter = step.meter("meter", "values")
    if meter is None:
        return wrong(step)
    return _sealed(step, f"{meter.id}.sm_profile.xml.cms", profile_xml(step.site, meter))


def _sealed(step: Step, name: str, xml: bytes) -> Deed:
    switches = step.site.switches.ppc
    signer = Signer.of(step.site.seed, step.site.persona.id)
    data = signer.sealed(xml, split=switches.cms_split, signed=switches.signed)
    return Deed(step, file=File(name, data))


def log(step: Step) -> Deed:
    """Show the log, newest first; without times the whole of the last day."""
    tkn, span = step.tkn(), _log_span(step)
    if span is None:
        return Deed(step, WRONG)
    count = step.site.log.count(*span)
    found = step.site.log.between(*span, most=count)[::-1]
    number = step.page_number()
    shown = found[(number - 1) * _LOG_ROWS : number * _LOG_ROWS]
    if not shown:
        return Deed(step, "<p>Keine Daten vorhanden.</p>")
    rows = [
        row(
            f"table_log_line{place % 2 + 1}",
            (
                ("table_logs_col_zeit", wall(entry.at)),
                ("table_logs_col_loglevel", _LEVELS[entry.level]),
                ("table_logs_col_logid", entry.event),
                ("table_logs_col_msgtext", entry.message),
                ("table_logs_col_outcome", "erfolgreich" if entry.good else "fehlgeschlagen"),
            ),
        )
        for place, entry in enumerate(shown)
    ]
    parts = [table("log", _LOG_HEADINGS, rows)]
    if len(found) > number * _LOG_ROWS:
        hidden = {"tkn": tkn, "action": "log", "page": str(number + 1)}
        asked = {name: step.fields[name] for name in ("from", "to") if name in step.fields}
        parts.append(fields_form("nextpage", hidden | asked, {}, "table_log_button_nextpage"))
    return Deed(step, "\n".join(parts))


def export_log(step: Step) -> Deed:
    span = _log_span(step)
    if span is None:
        return wrong(step)
    count, switches = step.site.log.count(*span), step.site.switches.ppc
    if count <= switches.log_most:
        found = step.site.log.between(*span, most=switches.log_most)
        name = f"{step.site.persona.id.lower()}.sm_log.xml.cms"
        return _sealed(step, name, log_xml(step.site, found))
    step.tkn()
    words = text(
        f"Die Abfrage liefert {count} Datensätze zurück. Es sind nur {switches.log_most} erlaubt. "
        "Schränken Sie die Abfrageparameter ein."
    )
    if switches.twice_escaped:
        words = words.replace("&", "&amp;")
    return Deed(step, f"<p>{words}</p>")


def _log_span(step: Step) -> tuple[datetime, datetime] | None:
    """Return what is asked for, up to now; None for times that are none."""
    clock = step.site.grid.now(step.now)
    if "from" not in step.fields and "to" not in step.fields:
        return clock - timedelta(days=1), clock
    span = step.span()
    return None if span is None else (span[0], min(span[1], clock))


def software(step: Step) -> Deed:
    step.tkn()
    bootstream, _, services = step.site.persona.firmware.partition("-")
    rows = [
        row("", (("", name), ("", version), ("", step.site.made_hex(name, 32))))
        for name, version in (("smgw-bootstream", bootstream), ("smgw-services", services))
    ]
    return Deed(step, table("swversions", ("Komponente", "Version", "Prüfsumme"), rows))


def communication(step: Step) -> Deed:
    step.tkn()
    rows = (
        ("Gateway-ID", step.site.persona.id),
        ("Benutzer", step.account.user),
        ("Anmeldung", "Digest"),
        ("Protokoll", "HTTPS"),
    )
    return Deed(step, content(headed("Kommunikationsprofil"), pairs(rows)))

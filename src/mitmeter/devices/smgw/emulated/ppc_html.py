"""A PPC gateway's pages: single-quoted attributes, entities, ids that come again in every row.

Source: fact sheet §3.4; ids and field names are real [O], how they are arranged is made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

PATH = "/cgi-bin/hanservice.cgi"
TITLE = "Smart Meter Gateway Customer Interface"
MENU = {
    "meterform": "zaehler",
    "tariffform": "vertraege",
    "commprofile": "kommunikation",
    "log": "log",
    "swversions": "versionen",
    "selftest": "selbsttest",
    "logout": "logout",
}
_UMLAUTS = {
    "ä": "auml",
    "ö": "ouml",
    "ü": "uuml",
    "Ä": "Auml",
    "Ö": "Ouml",
    "Ü": "Uuml",
    "ß": "szlig",
}
_FORM = f"method='post' action='{PATH}'"


def text(plain: str) -> str:
    """Return plain text as HTML, umlauts as entities."""
    escaped = escape(plain)
    for letter, name in _UMLAUTS.items():
        escaped = escaped.replace(letter, f"&{name};")
    return escaped


def page(content: str, footer: str, *, menu: str = "", titled: bool = False) -> str:
    """Return a whole page, lines ended by LF alone."""
    head = f"<html><head><title>{TITLE}</title></head><body>" if titled else "<html><body>"
    return "\n".join(part for part in (head, menu, content, footer, "</body></html>") if part)


def footer(firmware: str, clock: str, synchronized: str) -> str:
    return (
        f"<p id='div_fwversion'>{text(firmware)}</p>"
        f"<p id='div_timestamp'>{clock} (Letzte Synchronisation: {synchronized})</p>"
    )


def menu(tkn: str, actions: Iterable[str]) -> str:
    """Return the buttons of the menu, a form each."""
    return "".join(
        f"<form name='menu' {_FORM}>{hidden('tkn', tkn)}{hidden('action', action)}"
        f"<input type='submit' id='button_menu_{MENU[action]}' value='{MENU[action]}'></form>"
        for action in actions
    )


def hidden(name: str, value: str) -> str:
    return f"<input type='hidden' name='{name}' value='{text(value)}'>"


def selector(
    form: str, select: str, name: str, options: Mapping[str, str], tkn: str, actions: Sequence[str]
) -> str:
    """Return the form that chooses a meter or contract. options: handle → what is shown."""
    rows = [f"<option value='{each}'>{text(shown)}</option>" for each, shown in options.items()]
    buttons = "".join(
        f"<button type='submit' name='action' value='{action}' id='{form}_{action}'>"
        f"{action}</button>"
        for action in actions
    )
    return "\n".join(
        (
            f"<form id='form_{form}' {_FORM}>",
            hidden("tkn", tkn),
            f"<select name='{name}' id='{select}' size=1>",
            *rows,
            "</select>",
            buttons,
            "</form>",
        )
    )


def fields_form(name: str, hiddens: Mapping[str, str], shown: Mapping[str, str], go: str) -> str:
    """Return a form with hidden fields, fields to fill in, and a button."""
    return (
        f"<form name='{name}' {_FORM}>"
        + "".join(hidden(key, value) for key, value in hiddens.items())
        + "".join(f"<input name='{key}' value='{text(each)}'>" for key, each in shown.items())
        + f"<input type='submit' id='{go}' value='OK'></form>"
    )


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of labels and values."""
    cells = (f"<tr><td>{text(label)}</td><td>{text(value)}</td></tr>" for label, value in rows)
    return f"<table>{''.join(cells)}</table>"


def content(*parts: str) -> str:
    return "\n".join(("<div class='content'>", *parts, "</div>"))


def headed(title: str) -> str:
    return f"<table><tr><td>{text(title)}</td></tr></table>"


def table(id: str, headings: Sequence[str], rows: Sequence[str]) -> str:
    """Return a table with a row of headings; rows are HTML."""
    first = "".join(f"<th>{text(each)}</th>" for each in headings)
    return "\n".join((f"<table id='{id}'><tr>{first}</tr>", *rows, "</table>"))


def row(id: str, cells: Iterable[tuple[str, str]]) -> str:
    """Return a row of cells with ids; "" for a row without an id."""
    inner = "".join(
        f"<td id='{name}'>{text(value)}</td>" if name else f"<td>{text(value)}</td>"
        for name, value in cells
    )
    return f"<tr id='{id}'>{inner}</tr>" if id else f"<tr>{inner}</tr>"

"""A visit to a PPC gateway: log in, read each meter's page, fill history, and always log out.

One session per account: who does not log out locks the next one out, the owner's browser among
them. So a visit says `logout` once for each login, whatever went wrong between. Source: gateway
fact sheet §3.2, §3.6 [O].
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta

from mitmeter.devices.smgw.asking import Ask, Trouble, Visit, ask
from mitmeter.devices.smgw.dialects import ppc
from mitmeter.devices.smgw.dialects.ppc_export import is_export, parse_export
from mitmeter.devices.smgw.dialects.ppc_page import Page, parse_page
from mitmeter.devices.smgw.legaltime import offset_at, wall_at
from mitmeter.devices.smgw.messages import Response
from mitmeter.devices.smgw.spans import QUARTER, Span
from mitmeter.devices.smgw.visit import ENABLED, Stay, check
from mitmeter.errors import RemoteProtocolError
from mitmeter.model import printable

# Up to here pages are asked for, beyond it signed files: one request instead of many.
_MOST_BY_PAGES = timedelta(hours=36)
_DAY = timedelta(days=1)


class _Expired(Trouble):
    """The session is over before its time."""


def read(stay: Stay) -> Visit:
    try:
        yield from _Session(stay).read()
    except _Expired:
        # Once: a gateway that ends every session at once is not helped by more of them.
        stay.forget_session()
        yield from _Session(stay).read()


class _Session:
    """From one login to its logout. token: the newest one."""

    def __init__(self, stay: Stay) -> None:
        self._stay = stay
        self._page = Page()
        self._exports = True

    def read(self) -> Visit:
        try:
            yield from self._log_in()
            yield from self._meters()
        except Trouble:
            if self._stay.has_session():
                yield from self._log_out()
            raise
        yield from self._log_out()

    def _log_in(self) -> Visit:
        self._page = yield from self._ask(ppc.entry())
        if not self._stay.has_session():
            # Not an error page: some operators' gateways are set up so [O].
            raise Trouble(
                "the gateway took the login but opened no session: its operator has to put that "
                "right",
                login=True,
            )

    def _log_out(self) -> Visit:
        try:
            yield from ask(ppc.logout(self._page.token))
        except Trouble:
            return

    def _meters(self) -> Visit:
        self._page = yield from self._ask(ppc.act(self._page, "meterform"))
        choices = ppc.meters(self._page)
        if not choices:
            raise Trouble(f"the login is right, but no meter is shown to it: {ENABLED}")
        for choice in choices:
            self._stay.meet(choice.meter)
            spans = self._stay.spans(choice.meter)
            handle = choice.handle
            if choice is not choices[0]:
                handle = yield from self._handle(choice.meter)
            self._page = yield from self._ask(
                ppc.act(self._page, "showMeterProfile", {"mid": handle})
            )
            for span in spans:
                yield from self._history(choice.meter, span)

    def _handle(self, meter: str) -> Generator[Ask, Response, str]:
        """Ask for the selector again: a handle is only sure to be good on the page after it."""
        self._page = yield from self._ask(ppc.act(self._page, "meterform"))
        for choice in ppc.meters(self._page):
            if choice.meter == meter:
                return choice.handle
        raise Trouble("a meter has gone from the gateway's list while it was read")

    # history

    def _history(self, meter: str, span: Span) -> Visit:
        """Ask for a span: short ones by pages, long ones and clock changes by signed files."""
        changes = offset_at(span.after) != offset_at(span.until)
        if span.until - span.after <= _MOST_BY_PAGES and not changes:
            yield from self._pages(meter, span)
            return
        for part in span.parts(ppc.EXPORT_SPAN):
            done = False
            if self._exports:
                done = yield from self._export(meter, part)
            if not done:
                for day in part.parts(_DAY):
                    yield from self._pages(meter, day)

    def _export(self, meter: str, span: Span) -> Generator[Ask, Response, bool]:
        fields = yield from self._form(meter, span)
        answer = yield from self._answer(
            ppc.act(self._page, "exportMeterValues", fields, seconds=55.0)
        )
        if is_export(answer.body):
            try:
                parse_export(answer.body)
            except RemoteProtocolError:
                self._exports = False
            return self._exports
        # A page instead of a file: too many for one, or none at all.
        self._exports = False
        self._page = self._read(answer)
        return False

    def _pages(self, meter: str, span: Span) -> Visit:
        asked = yield from self._form(meter, span)
        self._page = yield from self._ask(
            ppc.act(self._page, "showMeterValues", asked, seconds=55.0)
        )
        for number in range(2, ppc.MOST_PAGES):
            if not ppc.has_more(self._page):
                return
            fields = ppc.next_fields(self._page, asked, number)
            self._page = yield from self._ask(
                ppc.act(self._page, "showMeterValues", fields, seconds=55.0)
            )

    def _form(self, meter: str, span: Span) -> Generator[Ask, Response, dict[str, str]]:
        """Return what to post for a span of a meter, with the handle its form renews."""
        handle = yield from self._handle(meter)
        self._page = yield from self._ask(
            ppc.act(self._page, "showMeterValuesForm", {"mid": handle})
        )
        form = self._page.form_for("showMeterValues")
        renewed = form.fields.get("mid", "") if form is not None else ""
        after, until = _walls(span, self._stay.now)
        return {"mid": renewed or handle, **ppc.span(after, until)}

    # one request

    def _ask(self, what: Ask) -> Generator[Ask, Response, Page]:
        return self._read((yield from self._answer(what)))

    def _answer(self, what: Ask) -> Generator[Ask, Response, Response]:
        return check((yield from ask(what)), "a page")

    def _read(self, answer: Response) -> Page:
        """Return a page that is no complaint. Raises Trouble in words."""
        try:
            page = parse_page(answer.body)
        except RemoteProtocolError as exc:
            raise Trouble(f"the gateway's page could not be read: {exc}") from None
        words = ppc.complaint(page)
        if ppc.is_expired(page):
            raise _Expired("the gateway ends the session as soon as it has begun")
        if words == "Login falsch":
            raise Trouble("the gateway refuses user and password (Login falsch)", login=True)
        if words and not words.startswith("Es sind nur"):
            raise Trouble(f"the gateway shows an error page: {printable(words)}")
        if not page.token:
            page.token = self._page.token
        return page


def _walls(span: Span, now: datetime) -> tuple[datetime, datetime]:
    """Return a span as a form wants it, with the reading that closes its last quarter hour."""
    until = min(span.until + QUARTER, max(now, span.until))
    return wall_at(span.after), wall_at(until)

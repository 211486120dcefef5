"""What a PPC gateway's pages and exports tell, page after page of one session."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mitmeter.devices.smgw import happenings
from mitmeter.devices.smgw.dialects import ppc
from mitmeter.devices.smgw.dialects.ppc_export import is_export, parse_export
from mitmeter.devices.smgw.dialects.ppc_page import Page, parse_page
from mitmeter.devices.smgw.legaltime import Descent, instant_of, parse_wall
from mitmeter.devices.smgw.messages import Request
from mitmeter.devices.smgw.metered import Value
from mitmeter.devices.smgw.telling import Said, Teller

_MOST_HANDLES = 256


class PpcReader:
    """Remembers which handle means which meter, and how far down a table goes on."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._handles: dict[str, str] = {}
        self._descent = Descent()
        self._pages: list[Value] = []  # of the span whose pages are being read

    def read(self, request: Request | None, body: bytes, at: datetime, said: list[Said]) -> None:
        """Tell what one answer says. Raises RemoteProtocolError for what cannot be read."""
        fields = {} if request is None else ppc.fields_of(request.body)
        action = fields.get("action", "")
        meter = self._handles.get(fields.get("mid", ""), "")
        if is_export(body):
            self._export(action, fields, meter, body, at, said)
            return
        page = parse_page(body)
        self._page(action, fields, meter, page, at, said)

    def _page(
        self,
        action: str,
        fields: dict[str, str],
        meter: str,
        page: Page,
        at: datetime,
        said: list[Said],
    ) -> None:
        if (words := ppc.complaint(page)) and (count := self._teller.count(f"says {words}")):
            said.append(happenings.complaint(words, at, count))
        for choice in ppc.meters(page):
            self._remember(choice.handle, choice.meter)
        meter = ppc.profile_meter(page) or meter
        if meter:
            # Forms for the history of a meter carry a new handle of it.
            for form in page.forms:
                if form.fields.get("mid"):
                    self._remember(form.fields["mid"], meter)
        history = action == "showMeterValues"
        if not history or fields.get("page", "1") in ("", "0", "1"):
            self._descent = Descent()
            self._pages.clear()
        found = ppc.values(page, meter, self._descent, at)
        if not found.values and found.odd and self._teller.count("left out") == 1:
            said.append(happenings.left_out(found.odd, self._teller.any_meter(), at))
        self._teller.values(found.values, at, said, current=action == "showMeterProfile")
        if history and not words:
            # Kept in brief: the newest of each page is enough.
            self._pages += sorted(found.values, key=lambda each: each.at)[-1:]
            if not found.more:
                self._reached(meter, self._pages, fields, at, said)
        self._teller.gateway(ppc.gateway(page), at, said)

    def _export(
        self,
        action: str,
        fields: dict[str, str],
        meter: str,
        body: bytes,
        at: datetime,
        said: list[Said],
    ) -> None:
        if action not in ("", "exportMeterValues"):
            return  # a log, or a profile
        found = parse_export(body)
        self._teller.values(found.values, at, said, current=False)
        if found.odd and self._teller.count("left out") == 1:
            said.append(happenings.left_out(found.odd, self._teller.any_meter(), at))
        self._reached(meter, found.values, fields, at, said)

    def _reached(
        self,
        meter: str,
        values: Iterable[Value],
        fields: dict[str, str],
        at: datetime,
        said: list[Said],
    ) -> None:
        """Tell of history that was asked for, once its last page is there."""
        after, until = parse_wall(fields.get("from", "")), parse_wall(fields.get("to", ""))
        if until is None:
            return
        since = None if after is None else instant_of(after)
        for each, newest in reached(values, meter, min(instant_of(until), at)).items():
            self._teller.history(each, since, newest, at, said)

    def _remember(self, handle: str, meter: str) -> None:
        if len(self._handles) >= _MOST_HANDLES:
            del self._handles[next(iter(self._handles))]
        self._handles[handle] = meter


def reached(values: Iterable[Value], meter: str, until: datetime) -> dict[str, datetime]:
    """Return by meter up to when an answer tells its history.

    That is its newest value: what is not there yet may come. Where there is none at all it is the
    end of what was asked for, and the meter is the one given.
    """
    newest: dict[str, datetime] = {}
    for value in values:
        name = value.meter or meter
        newest[name] = max(value.at, newest.get(name, value.at))
    return newest or ({meter: until} if meter else {})

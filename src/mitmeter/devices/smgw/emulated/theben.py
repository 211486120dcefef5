"""A Theben Conexa 3.0 at its HAN port: JSON by POST to one path that a 307 names.

Source: fact sheet §2 [D/O]. Unknown and so assumed [A]: login comes before paths; a parameter that
is wrong in itself is 400 whatever it is; the browser's pages are of our own making.
"""

from __future__ import annotations

import json
from datetime import datetime
from html import escape
from typing import Any

from mitmeter.devices.smgw.emulated.login import Verdict, header
from mitmeter.devices.smgw.emulated.make import JSON, Outcome, Site, json_reply, refusal, reply
from mitmeter.devices.smgw.emulated.meter import obis_text, raw_value, scaled_text
from mitmeter.devices.smgw.emulated.persona import Account
from mitmeter.devices.smgw.emulated.theben_methods import METHODS, BadParameter, Busy, Call
from mitmeter.devices.smgw.messages import Request

_ROOTS = ("/smgw/m2m", "/smgw/m2m/")
_HTML = "text/html; charset=utf-8"


class Theben:
    """One gateway. See `ThebenSwitches` for what can be different."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def answer(self, request: Request, now: datetime) -> Outcome:
        misframed = self._site.misframed(request)
        if misframed is not None:
            return misframed
        visit = self._site.door.judge(request, now)
        if visit.verdict is not Verdict.ADMITTED or visit.account is None:
            return refusal(self._site, visit.verdict, now)
        path = request.target.partition("?")[0]
        if path in _ROOTS:
            return self._root(request, visit.account)
        parts = path.split("/")
        if path == "/" or (len(parts) == 5 and parts[1:3] == ["smgw", "cust"]):
            return self._page(request, visit.account, parts, now)
        if len(parts) == 5 and parts[1:3] == ["smgw", "m2m"] and parts[4] == "json":
            return self._call(request, visit.account, parts[3], now)
        return reply(404)

    def userid(self, account: Account) -> str:
        """Return the opaque part of an account's paths. Source: fact sheet §2.1 [O]."""
        if account.userid:
            return account.userid
        meters = self._site.meters_of(account)
        names = {
            "meter": f"0001{meters[0].id if meters else ''}",
            "login": account.user.lower(),
            "gateway": self._site.persona.id.lower(),
        }
        return f"{names[self._site.switches.theben.userid]}.sm"

    def _root(self, request: Request, account: Account) -> Outcome:
        if request.method not in ("GET", "POST"):
            return reply(405)
        return reply(307, (("Location", f"/smgw/m2m/{self.userid(account)}/json"),))

    def _call(self, request: Request, account: Account, userid: str, now: datetime) -> Outcome:
        if request.method != "POST":
            return reply(405)
        if userid != self.userid(account):
            return reply(int(self._site.switches.theben.wrong_userid))
        if self._site.mistyped(request, JSON):
            return reply(400)
        try:
            asked = json.loads(request.body)
        except (ValueError, RecursionError):
            return reply(400)
        name = asked.get("method") if isinstance(asked, dict) else None
        method = METHODS.get(name) if isinstance(name, str) else None
        if not isinstance(name, str) or method is None:
            return reply(400)
        try:
            payload = method(Call(self._site, account, asked, now))
        except BadParameter:
            return reply(400)
        except Busy:
            return reply(403)
        return json_reply(self._envelope(name, payload, request))

    def _envelope(self, method: str, payload: dict[str, Any], request: Request) -> dict[str, Any]:
        elapsed = self._site.switches.theben.elapsed
        if elapsed < 0:
            digits = self._site.made_hex(f"elapsed/{request.body.hex()}", 2)
            elapsed = 50 + int(digits, 16) % 1_451  # 50 to 1500 ms [O]
        return {
            "elapsed-time": f"{elapsed} miliseconds",
            "method": method,
            "version": self._site.switches.theben.interface,
            method: payload,
        }

    # --- the browser's pages: `start` shows the last readings

    def _page(self, request: Request, account: Account, parts: list[str], now: datetime) -> Outcome:
        ours = f"/smgw/cust/{self.userid(account)}/start"
        if request.method not in ("GET", "POST"):
            return reply(405)
        if len(parts) != 5:
            absolute = self._site.switches.theben.location == "absolute"
            origin = f"https://{header(request, 'Host')}" if absolute else ""
            return reply(302, (("Location", origin + ours),))
        if parts[3] != self.userid(account) or parts[4] not in ("start", "selftest"):
            return reply(404)
        if parts[4] == "start":
            return _html(self._readings(account, now))
        if request.method == "GET":
            return _html("<form method='post'><button>Selbsttest starten</button></form>")
        try:
            METHODS["self-test"](Call(self._site, account, {}, now))
        except Busy:
            return reply(403)
        return _html("<p>Selbsttest gestartet</p>")

    def _readings(self, account: Account, now: datetime) -> str:
        site = self._site
        capture = site.grid.last(now)
        at = site.grid.local(capture.at).strftime("%Y-%m-%d %H:%M:%S")
        rows = [
            f"<tr><td>{escape(meter.id)}</td><td>{obis_text(register)}</td>"
            f"<td>{scaled_text(raw_value(meter, register, site.house, capture.valued), register)}"
            f"</td><td>kWh</td><td>{at}</td></tr>"
            for meter in site.meters_of(account)
            for register in meter.registers
            if register.unit == 30
        ]
        return f"<h1>Letzte Messwerte</h1><table id='readings'>{''.join(rows)}</table>"


def _html(inner: str) -> Outcome:
    page = (
        "<!DOCTYPE html><html lang='de'><head><title>Conexa</title></head>"
        f"<body>{inner}</body></html>"
    )
    return reply(200, (("Content-Type", _HTML),), page.encode())

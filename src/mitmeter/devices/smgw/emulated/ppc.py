"""A PPC gateway at its HAN port: one CGI, Digest and a session's cookie and token, German pages.

Source: fact sheet §3 [O]. Errors are pages of status 200. Unknown and so assumed [A]: the words of
a refused second login, and that a token which is not the newest is a wrong parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl

from mitmeter.devices.smgw.emulated.login import Verdict, Visit, header
from mitmeter.devices.smgw.emulated.make import Outcome, Site, words
from mitmeter.devices.smgw.emulated.persona import Account
from mitmeter.devices.smgw.emulated.ppc_actions import Deed, File, Step
from mitmeter.devices.smgw.emulated.ppc_html import MENU, PATH, footer, menu, page, text
from mitmeter.devices.smgw.emulated.ppc_menu import ACTIONS
from mitmeter.devices.smgw.emulated.ppc_session import Sessions
from mitmeter.devices.smgw.emulated.ppc_values import wall
from mitmeter.devices.smgw.manners import session_of
from mitmeter.devices.smgw.messages import Request, Response
from mitmeter.wire.http_message import Headers

_FORM_TYPE = "application/x-www-form-urlencoded"
_HTML_TYPE = "text/html; charset=utf-8"
_CONTENT_TYPE = "Content-type"
_WELCOME = "<h1 id='headline_willkommen'>Willkommen</h1>"
EXPIRED, INVALID, WRONG = "Sitzung abgelaufen", "Invalide Session", "Parameterfehler"
BUSY = "Fehler: Es besteht bereits eine Sitzung"


class Ppc:
    """One gateway. See `PpcSwitches` for what can be different."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._switches = site.switches.ppc
        self._sessions = Sessions(site)

    def answer(self, request: Request, now: datetime) -> Outcome:
        if request.target.partition("?")[0] != PATH:
            return self._error(now, "404 Not Found", status=404)
        misframed = self._site.misframed(request)
        if misframed is not None:
            return misframed
        visit = self._site.door.judge(request, now)
        if visit.verdict is not Verdict.ADMITTED or visit.account is None:
            return self._refused(visit, now)
        if request.method == "GET":
            return self._enter(request, visit.account, now)
        if request.method != "POST":
            return self._error(now, "405 Method Not Allowed", status=405)
        if self._site.mistyped(request, _FORM_TYPE):
            return self._error(now, "400 Bad Request", status=400)
        return self._act(request, visit.account, now)

    # --- coming in

    def _refused(self, visit: Visit, now: datetime) -> Outcome:
        switches = self._site.switches.digest
        if visit.verdict is Verdict.MISQUOTED:
            return self._error(now, "Login falsch")
        refused = visit.verdict in (Verdict.REFUSED, Verdict.LOCKED)
        if refused and switches.refusal == "page":
            return self._error(now, "Login falsch")
        if refused and switches.refusal == "empty":
            return self._say(200, "", now)
        if visit.verdict is Verdict.STALE and switches.stale == "page":
            return self._error(now, EXPIRED)
        stale = visit.verdict is Verdict.STALE and switches.stale == "flag"
        first = (self._challenge(now, stale),)
        return self._error(now, "401 Unauthorized", status=401, first=first)

    def _challenge(self, now: datetime, stale: bool) -> tuple[str, str]:
        """Return the challenge as this make writes it: no blanks, the nonce after the algorithm."""
        switches, door = self._site.switches.digest, self._site.door
        parts = [
            f'realm="{switches.realm}"',
            'qop="auth"',
            f'algorithm="{switches.algorithm}"',
            f'nonce="{door.new_nonce(now)}"',
        ]
        if door.opaque:
            parts.append(f'opaque="{door.opaque}"')
        if stale:
            parts.append("stale=true")
        return "WWW-Authenticate", f"Digest {','.join(parts)}"

    def _enter(self, request: Request, account: Account, now: datetime) -> Outcome:
        session = self._sessions.of(account.user, now)
        ours = session is not None and session_of(header(request, "Cookie")) == session.value
        if session is not None and not ours and self._switches.second_login == "refused":
            return self._error(now, BUSY)
        first: Headers = ()
        if session is None or not ours:
            session = self._sessions.begin(account.user, now)
            if self._switches.cookie:
                first = (("Set-Cookie", f"session={session.value};secure;HttpOnly"),)
        tkn = self._sessions.new_token(session)
        if self._switches.cookie:
            self._sessions.keep(account.user, session)
        else:
            self._sessions.end(account.user)  # nobody could ever use it
        return self._page(_WELCOME, tkn, now, titled=True, first=first)

    # --- acting within a session

    def _act(self, request: Request, account: Account, now: datetime) -> Outcome:
        cookie, session = session_of(header(request, "Cookie")), self._sessions.any_of(account.user)
        if session is None or not cookie or cookie != session.value:
            return self._error(now, INVALID)
        if self._sessions.is_old(session, now):
            self._sessions.end(account.user)
            return self._error(now, EXPIRED)
        fields = _fields(request.body)
        if self._switches.tkn == "strict" and fields.get("tkn") != session.tkn:
            return self._error(now, WRONG)
        name = fields.get("action", "")
        if name == "logout":
            self._sessions.end(account.user)
            return self._error(now, "Sie wurden abgemeldet")
        if name == "selftest":
            return self._selftest(now)
        action = ACTIONS.get(name)
        if action is None:
            return self._error(now, WRONG)
        return self._done(action(Step(self._site, account, self._sessions, session, fields, now)))

    def _done(self, deed: Deed) -> Outcome:
        step = deed.step
        self._sessions.keep(step.account.user, step.session)
        if deed.file is not None:
            return self._file(deed.file, step.now)
        return self._page(deed.html, step.session.tkn, step.now)

    def _selftest(self, now: datetime) -> Outcome:
        shown, log = self._site.grid.now(now), self._site.log
        log.happened(shown, "Selbsttest gestartet")
        log.happened(shown + timedelta(seconds=30), "Selbsttest erfolgreich")
        self._sessions.end_all()
        said = self._error(now, "Selbsttest gestartet")
        return Outcome(said.response, "the gateway restarts", float(self._switches.restart_seconds))

    # --- what it says

    def _page(
        self, content: str, tkn: str, now: datetime, *, titled: bool = False, first: Headers = ()
    ) -> Outcome:
        named = [each.strip() for each in self._switches.menu.split(",")]
        actions = [each for each in named if each in MENU] or list(MENU)
        html = page(content, self._footer(now), menu=menu(tkn, actions), titled=titled)
        return self._say(200, html, now, first)

    def _error(
        self, now: datetime, said: str, *, status: int = 200, first: Headers = ()
    ) -> Outcome:
        """Return a page without menu that says only this."""
        content = f"<p id='div_message'>{text(said)}</p>"
        return self._say(status, page(content, self._footer(now), titled=True), now, first)

    def _footer(self, now: datetime) -> str:
        shown = self._site.grid.now(now)
        synchronized = shown.replace(minute=0, second=0, microsecond=0)
        return footer(self._site.persona.firmware, wall(shown), wall(synchronized))

    def _file(self, file: File, now: datetime) -> Outcome:
        headers = (
            (_CONTENT_TYPE, "application/pkcs7-mime"),
            ("Content-Disposition", f'attachment; filename="{file.name}"'),
            *self._usual(now, len(file.data)),
        )
        return Outcome(Response(200, headers, file.data, words(200)))

    def _say(self, status: int, html: str, now: datetime, first: Headers = ()) -> Outcome:
        if self._switches.newline == "crlf":
            html = html.replace("\n", "\r\n")
        body = html.encode()
        headers = (*first, (_CONTENT_TYPE, _HTML_TYPE), *self._usual(now, len(body)))
        return Outcome(Response(status, headers, body, words(status)))

    def _usual(self, now: datetime, size: int) -> Headers:
        """Return what every answer carries. Source: fact sheet §3.7 [O]."""
        return (
            ("Cache-Control", "max-age=0, must-revalidate, no-cache, no-store"),
            ("Pragma", "no-cache"),
            ("Expires", "0"),
            ("X-FRAME-OPTIONS", "deny"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-XSS-Protection", "1; mode=block"),
            ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
            ("Date", format_datetime(self._site.grid.now(now), usegmt=True)),
            ("Server", "SmartMeterGateway"),
            ("Content-Length", str(size)),
        )


def _fields(body: bytes) -> Mapping[str, str]:
    """Return the fields of a form; nothing for what is none."""
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=100))
    except ValueError:
        return {}

"""InfluxDB 1, 2 and 3, and VictoriaMetrics, by their HTTP write paths.

Source: the vendors' write API references. v1 `POST /write?db=&rp=&precision=ns` with basic
authentication; v2 `POST /api/v2/write?org=&bucket=&precision=ns` with `Authorization: Token`; v3
`POST /api/v3/write_lp?db=&precision=nanosecond&accept_partial=true` with `Authorization: Bearer`;
VictoriaMetrics takes v1's path without a database [O]. 204 (v3 also 200) confirms.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import importlib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from mitmeter.errors import SinkError
from mitmeter.model import Reading, Secret
from mitmeter.sinks.influx_answers import understand
from mitmeter.sinks.lines import LineWriter
from mitmeter.sinks.sink import Accepted, Later, Look, Occurrence, Outcome

if TYPE_CHECKING:
    import aiohttp

_ANSWER_LIMIT = 256 * 1024
# Line protocol repeats itself: the quickest level makes a tenth of it, for a third of the work.
_GZIP_LEVEL = 1


class Dialect(StrEnum):
    V1 = "1"
    V2 = "2"
    V3 = "3"
    VICTORIA = "victoriametrics"


@dataclass(frozen=True, slots=True)
class InfluxPlan:
    """Where to write. url: up to the write path, which the dialect adds.

    database: of v1 and v3, the bucket of v2. ca: the file of an authority to trust instead of the
    system's. timeout: seconds for one batch, answer and all. settles: as in `Sink`: VictoriaMetrics
    confirms before its disk has the rows.
    """

    url: str
    dialect: Dialect
    site: str = ""
    database: str = ""
    org: str = ""
    retention_policy: str = ""
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    token: Secret = field(default_factory=lambda: Secret(""))
    ca: Path | None = None
    timeout: float = 30.0
    gzip: bool = True
    settles: float = 0.0


class InfluxSink:
    """Writes batches of lines; what is sent twice is one point."""

    idempotent = True

    def __init__(self, plan: InfluxPlan) -> None:
        self.kind = "victoriametrics" if plan.dialect is Dialect.VICTORIA else "influx"
        self.settles = plan.settles
        self._anew = False
        self._plan = plan
        self._lines = LineWriter(plan.site, strings=plan.dialect is not Dialect.VICTORIA)
        self._session: aiohttp.ClientSession | None = None
        path, self._query = write_path(plan)
        self._url = plan.url.rstrip("/") + path

    async def open(self, look: Look) -> None:
        try:
            # A tenth of a second of imports: in a thread it holds up nobody for long.
            aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
        except ImportError as exc:
            raise SinkError("writing to InfluxDB needs aiohttp; install mitmeter[influx]") from exc
        plan = self._plan
        trust: ssl.SSLContext | bool = True
        if plan.ca is not None:
            try:
                trust = await asyncio.to_thread(_context, str(plan.ca))
            except (OSError, ssl.SSLError) as exc:
                raise SinkError(f"{plan.ca}: {exc}") from exc
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1, ssl=trust, keepalive_timeout=90.0),
            trace_configs=[self._trace(aiohttp.TraceConfig())],
            timeout=aiohttp.ClientTimeout(total=plan.timeout),
            headers=self._headers(),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def readings(self, batch: Sequence[Reading]) -> Outcome:
        kept, body = await asyncio.to_thread(self._pack_readings, batch)
        return await self._send(body, len(batch), kept)

    async def events(self, batch: Sequence[Occurrence]) -> Outcome:
        body = await asyncio.to_thread(self._pack, self._lines.events(batch))
        return await self._send(body, len(batch), range(len(batch)))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _pack_readings(self, batch: Sequence[Reading]) -> tuple[Sequence[int], bytes]:
        lines, kept = self._lines.readings(batch)
        return kept, self._pack(lines)

    def _pack(self, lines: list[str]) -> bytes:
        body = "\n".join(lines).encode("utf-8", "replace")
        return gzip.compress(body, _GZIP_LEVEL, mtime=0) if self._plan.gzip and body else body

    async def _send(self, body: bytes, rows: int, kept: Sequence[int]) -> Outcome:
        """Send the lines of the rows in `kept`; the others have no place there."""
        import aiohttp

        skipped = rows - len(kept)
        if not body:
            return Accepted(skipped)
        if self._session is None:
            raise SinkError("is not open")
        try:
            async with self._session.post(
                self._url, data=body, params=self._query, allow_redirects=False
            ) as answer:
                said = await answer.content.read(_ANSWER_LIMIT)
                outcome = understand(answer.status, answer.headers, said, kept, skipped)
        except TimeoutError:
            return Later(f"{self._url}: no answer within {self._plan.timeout:g} s")
        except aiohttp.ClientConnectorError as exc:
            return Later(f"{self._url}: {exc.strerror or exc}")
        except aiohttp.ClientError as exc:
            return Later(f"{self._url}: {exc}")
        if isinstance(outcome, Accepted) and self._anew:
            self._anew = False
            return replace(outcome, anew=True)
        return outcome

    def _trace(self, trace: aiohttp.TraceConfig) -> aiohttp.TraceConfig:
        """Notice when a connection is made, which aiohttp does unasked."""

        async def made(*_: object) -> None:
            self._anew = True

        trace.on_connection_create_end.append(made)
        return trace

    def _headers(self) -> Mapping[str, str]:
        plan = self._plan
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if plan.gzip:
            headers["Content-Encoding"] = "gzip"
        if plan.token:
            scheme = "Token" if plan.dialect in (Dialect.V1, Dialect.V2) else "Bearer"
            headers["Authorization"] = f"{scheme} {plan.token.reveal()}"
        elif plan.user:
            pair = f"{plan.user}:{plan.password.reveal()}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return headers


def write_path(plan: InfluxPlan) -> tuple[str, dict[str, str]]:
    """Return path and query of the dialect's write request; what is "" is left out."""
    match plan.dialect:
        case Dialect.V1:
            path = "/write"
            query = {"db": plan.database, "rp": plan.retention_policy, "precision": "ns"}
        case Dialect.V2:
            path = "/api/v2/write"
            query = {"org": plan.org, "bucket": plan.database, "precision": "ns"}
        case Dialect.V3:
            path = "/api/v3/write_lp"
            query = {"db": plan.database, "precision": "nanosecond", "accept_partial": "true"}
        case Dialect.VICTORIA:
            path, query = "/write", {"precision": "ns"}
    return path, {name: value for name, value in query.items() if value}


def _context(ca: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)

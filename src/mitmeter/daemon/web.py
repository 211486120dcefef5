"""Serves the dashboard beside everything else, in the daemon's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mitmeter.daemon.plan_web import WebPlan
from mitmeter.errors import ConfigError, LinkError, MitmeterError
from mitmeter.model import Secret
from mitmeter.transport.certificates import Authority, host_name, is_address
from mitmeter.transport.original import address_towards
from mitmeter.transport.tcp import why_not
from mitmeter.transport.tls import server_context

if TYPE_CHECKING:
    from mitmeter.daemon.supervisor import Daemon

log = logging.getLogger("mitmeter")

_LAST_WORDS_SECONDS = 2
_IDLE_SECONDS = 30
_MOST_CONNECTIONS = 256
_RENEW_SECONDS = 6 * 3600.0


class Web:
    """The dashboard of a running daemon."""

    def __init__(self, daemon: Daemon, plan: WebPlan) -> None:
        self._daemon = daemon
        self._plan = plan
        self._token = Secret("")
        self._tasks: list[asyncio.Task[None]] = []
        self._server: Any = None
        self._window: Any = None
        self._context: ssl.SSLContext | None = None
        self._port = 0

    @property
    def where(self) -> str:
        """The address to open, without the token."""
        listen = self._plan.listen
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen.host, listen.host)
        shown = f"[{host}]" if ":" in host else host
        scheme = "https" if listen.scheme == "tls" else "http"
        return f"{scheme}://{shown}:{self._port}/"

    @property
    def link(self) -> str:
        """The address with the token: whoever has it may do everything."""
        return f"{self.where}?token={self._token.reveal()}"

    async def start(self) -> None:
        """Listen. Raises ConfigError, or LinkError naming who holds the port."""
        check(self._plan)
        try:
            import uvicorn

            from mitmeter.daemon.web_backend import DaemonBackend
            from mitmeter.dashboard.app import make_app
            from mitmeter.dashboard.settings import Settings
            from mitmeter.dashboard.tokens import Tokens
        except ModuleNotFoundError as exc:
            raise ConfigError(
                "web", f"{exc.name} is not installed: pip install 'mitmeter[web]'"
            ) from exc
        plan, tokens = self._plan, Tokens.of(self._daemon.data)
        if plan.listen.scheme == "tls":
            self._context = await asyncio.to_thread(self._certified)
        listener = self._bind()
        self._port = int(listener.getsockname()[1])
        self._token = tokens.read if plan.read_only else tokens.control
        settings = Settings(
            port=self._port,
            names=frozenset(self._names()),
            secure=self._context is not None,
            ingress=plan.ingress,
            only_ingress=bool(plan.ingress) and self._context is None and not plan.listen.loopback,
            read_only=plan.read_only,
        )
        self._window = make_app(DaemonBackend(self._daemon, plan), settings, tokens)
        config = uvicorn.Config(
            self._window.app,
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_LAST_WORDS_SECONDS,
            limit_concurrency=_MOST_CONNECTIONS,
        )
        config.load()
        config.ssl = self._context
        # What it has to say of requests that break off is nobody's business.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._server = _server(config)
        self._window.start()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._server.serve([listener]), name="dashboard")]
        if self._context is not None and plan.certificate is None:
            self._tasks.append(loop.create_task(self._renew(), name="dashboard certificate"))
        await self._server.listens.wait()

    async def stop(self) -> None:
        """Let go of who listens, finish what was begun, close."""
        if self._window is None:
            return
        await self._window.end_streams()
        if self._server is not None:
            self._server.should_exit = True
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await asyncio.to_thread(self._window.close)
        self._window = None

    # --- the socket

    def _bind(self) -> socket.socket:
        listen = self._plan.listen
        try:
            return _bound(listen.host, listen.port)
        except OSError as exc:
            if not self._plan.any_port:
                raise LinkError(why_not("tcp", listen.host, listen.port, exc)) from exc
        try:
            return _bound(listen.host, 0)
        except OSError as exc:
            raise LinkError(why_not("tcp", listen.host, 0, exc)) from exc

    def _names(self) -> Iterator[str]:
        """Yield the host names that lead here."""
        yield from (name.lower() for name in self._plan.names)
        yield self._plan.listen.host.lower()
        if not self._plan.listen.loopback:
            yield from _own_names()

    # --- TLS

    def _certified(self) -> ssl.SSLContext:
        plan = self._plan
        if plan.certificate is None:
            return server_context(self._own_certificate())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(plan.certificate, plan.key)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigError("web.certificate", f"{plan.certificate}: {exc}") from exc
        return context

    def _own_certificate(self) -> Any:
        found = (name if is_address(name) else host_name(name) for name in self._names())
        names = [name for name in found if name and name not in ("0.0.0.0", "::")]
        authority = Authority(self._daemon.data / "certificates")
        # By which others reach us, where there are others.
        own = address_towards("192.0.2.1")
        every = dict.fromkeys([*names, "localhost", "127.0.0.1", *([own] if own else [])])
        return authority.certificate_for(list(every), now=datetime.now(UTC)).path

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            try:
                path = await asyncio.to_thread(self._own_certificate)
                if self._context is not None:
                    self._context.load_cert_chain(path)
            except (MitmeterError, OSError) as exc:
                log.warning("the dashboard's certificate: %s", exc)


async def open_web(daemon: Daemon, plan: WebPlan) -> Web | None:
    """Serve the dashboard. Where nobody has asked for it and it cannot be served, say so and return
    None. Raises ConfigError or LinkError otherwise.
    """
    web = Web(daemon, plan)
    try:
        await web.start()
    except (ConfigError, LinkError) as exc:
        if not plan.optional:
            raise
        log.warning("no dashboard: %s", exc)
        return None
    return web


def check(plan: WebPlan) -> None:
    """Refuse to send tokens in the clear through a network. Raises ConfigError."""
    listen = plan.listen
    if listen.scheme not in ("tcp", "tls"):
        raise ConfigError("web.listen", f"write it as tcp://… or tls://…, not {listen}")
    if listen.scheme == "tcp" and not listen.loopback and not plan.ingress:
        raise ConfigError(
            "web.listen",
            f"{listen} would send the token in the clear; write tls://, or stay on 127.0.0.1",
        )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    where = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4]
    # Without the protocol's number asyncio would let small answers wait for 40 ms, as Nagle has it.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(256)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _own_names() -> Iterator[str]:
    name = socket.gethostname().lower()
    yield name
    yield name.partition(".")[0]
    yield f"{name.partition('.')[0]}.local"


def _server(config: Any) -> Any:
    import uvicorn

    class Server(uvicorn.Server):
        """A server that leaves signals to who runs the daemon, and says when it listens."""

        listens = asyncio.Event()

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self.listens.set()

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Server(config)

"""A small real HTTP server that answers writes the way a test wants, and keeps what it got."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    target: str
    headers: dict[str, str]
    body: str

    @property
    def lines(self) -> list[str]:
        return self.body.splitlines()


@dataclass(frozen=True, slots=True)
class Answer:
    """status 0 closes the connection without a word; -1 never answers."""

    status: int = 204
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


Decide = Callable[[Request], Answer]


class WriteServer:
    def __init__(self, decide: Decide) -> None:
        self.decide = decide
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self._ends: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._ends.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    pass
        finally:
            self._ends.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        for each in list(self._ends):
            each.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value
            for name, value in (line.split(": ", 1) for line in head[1:] if line)
        }
        data = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("content-encoding") == "gzip":
            data = gzip.decompress(data)
        request = Request(head[0].split(" ")[1], headers, data.decode())
        self.requests.append(request)
        answer = self.decide(request)
        if answer.status == 0:
            return False
        if answer.status < 0:
            await reader.read()
            return False
        body = answer.body.encode()
        extra = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
        writer.write(
            f"HTTP/1.1 {answer.status} X\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        return True


@contextlib.asynccontextmanager
async def write_server(decide: Decide | None = None) -> AsyncIterator[WriteServer]:
    made = WriteServer(decide or (lambda request: Answer()))
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.hang_up()
        await server.wait_closed()
        await asyncio.sleep(0)

"""The door for the command line: a Unix socket in the data directory, one JSON line each way.

Only who may read the data directory may speak here; the socket's mode is 0600.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from mitmeter.errors import LinkError

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

NAME = "control.sock"
_LINE_LIMIT = 1 << 20


@contextlib.asynccontextmanager
async def serve(folder: Path, handle: Handler) -> AsyncIterator[None]:
    """Answer requests while the block runs. A socket left behind by a killed daemon is replaced."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                reply = await _reply(reader, handle)
                writer.write(json.dumps(reply).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()

    with contextlib.suppress(FileNotFoundError):
        (folder / NAME).unlink()
    with _short_path(folder) as path:
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(answer, path, limit=_LINE_LIMIT)
        finally:
            os.umask(before)
    try:
        yield
    finally:
        server.close()
        with contextlib.suppress(FileNotFoundError):
            (folder / NAME).unlink()


async def _reply(reader: asyncio.StreamReader, handle: Handler) -> dict[str, Any]:
    try:
        request = json.loads(await reader.readline())
        if not isinstance(request, dict):
            return {"error": "a request is a JSON object on one line"}
        return await handle(request)
    except (ValueError, TypeError) as exc:
        return {"error": f"not a request: {exc}"}


async def ask(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Send one request to the daemon that uses `folder`. Raises LinkError when none is running."""
    try:
        with _short_path(folder) as path:
            reader, writer = await asyncio.open_unix_connection(path, limit=_LINE_LIMIT)
    except PermissionError as exc:
        raise LinkError(f"{folder / NAME}: {exc.strerror}; only its owner may command") from exc
    except OSError as exc:
        raise LinkError(f"no mitmeter is running on {folder}") from exc
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
    except OSError as exc:
        raise LinkError(f"the mitmeter running on {folder} went away: {exc}") from exc
    finally:
        writer.close()
    if not line:
        raise LinkError(f"the mitmeter running on {folder} did not answer")
    reply: dict[str, Any] = json.loads(line)
    return reply


@contextlib.contextmanager
def _short_path(folder: Path) -> Any:
    """Yield a path to the socket within the kernel's 107 characters, however deep it lies."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{NAME}"
    finally:
        os.close(handle)

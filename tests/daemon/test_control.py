"""The control socket."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from mitmeter.daemon.control import NAME, ask, serve
from mitmeter.errors import LinkError


async def echo(request: dict[str, Any]) -> dict[str, Any]:
    return {"heard": request}


async def raw(folder: Path, line: bytes) -> bytes:
    """Say something by hand and return the line that comes back."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        path = f"/proc/self/fd/{handle}/{NAME}"
        reader, writer = await asyncio.open_unix_connection(path)
    finally:
        os.close(handle)
    writer.write(line)
    writer.write_eof()
    answer = await reader.readline()
    writer.close()
    return answer


async def test_a_request_is_answered(tmp_path: Path) -> None:
    async with serve(tmp_path, echo):
        assert await ask(tmp_path, {"do": "status"}) == {"heard": {"do": "status"}}


async def test_several_ask_at_once(tmp_path: Path) -> None:
    async with serve(tmp_path, echo):
        answers = await asyncio.gather(*(ask(tmp_path, {"n": n}) for n in range(20)))
    assert answers == [{"heard": {"n": n}} for n in range(20)]


async def test_nobody_else_may_speak_there(tmp_path: Path) -> None:
    async with serve(tmp_path, echo):
        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


async def test_the_socket_is_gone_when_the_daemon_is(tmp_path: Path) -> None:
    async with serve(tmp_path, echo):
        pass
    assert not (tmp_path / NAME).exists()
    with pytest.raises(LinkError, match="no mitmeter is running on"):
        await ask(tmp_path, {})


async def test_a_socket_a_killed_daemon_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"")
    async with serve(tmp_path, echo):
        assert await ask(tmp_path, {}) == {"heard": {}}


async def test_a_folder_may_lie_deeper_than_a_socket_s_name_may_be_long(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30) / ("deeper" * 20)
    deep.mkdir(parents=True)
    async with serve(deep, echo):
        assert await ask(deep, {"n": 1}) == {"heard": {"n": 1}}


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b'"text"\n', b"\xff\n", b""])
async def test_what_is_no_request_is_answered_with_an_error(tmp_path: Path, line: bytes) -> None:
    async with serve(tmp_path, echo):
        assert b'"error": ' in await raw(tmp_path, line)
        assert await ask(tmp_path, {}) == {"heard": {}}


async def test_a_request_that_cannot_be_made_sense_of_is_answered_with_an_error(
    tmp_path: Path,
) -> None:
    async def fail(request: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("no such device")

    async with serve(tmp_path, fail):
        assert await ask(tmp_path, {}) == {"error": "not a request: no such device"}


async def test_a_missing_folder_is_nobody_running(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="no mitmeter is running on"):
        await ask(tmp_path / "nowhere", {})


async def test_a_socket_one_may_not_use_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(asyncio, "open_unix_connection", refuse)
    with pytest.raises(LinkError, match=r"control\.sock: Permission denied; only its owner"):
        await ask(tmp_path, {})

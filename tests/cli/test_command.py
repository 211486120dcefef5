"""`mitmeter command`, against a control socket that answers as told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mitmeter.daemon import control
from tests.cli.program import mitmeter

BATTERY = "alphaess:AL9900000000007"
CHARGE = ("charge-from-grid", "from=1", "until=5", "stop-at=80")


@contextmanager
def answering(folder: Path, reply: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Answer every request on the folder's control socket so; yields the requests."""
    folder.mkdir()
    asked: list[dict[str, Any]] = []
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def answer(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        return reply

    async def work() -> None:
        async with control.serve(folder, answer):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(work()))
    thread.start()
    assert ready.wait(10)
    try:
        yield asked
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def test_an_accepted_command_is_told_and_reaches_the_daemon_as_written(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with answering(data, {"accepted": True, "text": "charged"}) as asked:
        done = mitmeter("command", BATTERY, *CHARGE, data=data)
    assert (done.code, done.out, done.err) == (0, "charged\n", "")
    assert asked == [
        {
            "do": "command",
            "device": BATTERY,
            "name": "charge-from-grid",
            "arguments": {"from": "1", "until": "5", "stop-at": "80"},
        }
    ]


def test_a_refused_command_fails_with_the_reason(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with answering(data, {"accepted": False, "text": "it is not connected"}):
        done = mitmeter("command", BATTERY, "sync-time", data=data)
        told = mitmeter("command", BATTERY, "sync-time", "--json", data=data)
    assert (done.code, done.complaint) == (1, "refused: it is not connected")
    assert (told.code, told.err) == (1, "")
    assert told.objects == [{"accepted": False, "text": "it is not connected"}]


def test_an_answer_that_could_upset_a_terminal_is_escaped(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with answering(data, {"accepted": True, "text": "\x1b[2Jdone"}):
        done = mitmeter("command", BATTERY, "sync-time", data=data)
    assert done.out == "\\x1b[2Jdone\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((BATTERY, "sync-time"), 1, "no mitmeter is running on "),
        (("AL9900000000007", "sync-time"), 2, "is not <protocol>:<serial>"),
        (("alphaess:AL 99", "sync-time"), 2, "is not plausible"),
        (("alphaes:AL99", "sync-time"), 3, "did you mean 'alphaess'?"),
        ((BATTERY, "charge"), 2, "alphaess has no command 'charge'; there is charge-from-grid"),
        ((BATTERY, "sync-tim"), 2, "did you mean 'sync-time'?"),
        ((BATTERY, "set", "GridCharge"), 2, "'GridCharge' is not KEY=VALUE"),
        ((BATTERY, "set", "A=1", "A=2"), 2, "'A' is there twice"),
    ],
)
def test_what_cannot_be_asked_for_is_told_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = mitmeter("command", *arguments, data=tmp_path / "data")
    assert done.code == code
    assert words in done.complaint

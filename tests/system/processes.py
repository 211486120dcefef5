"""The real `mitmeter` in processes of its own: started, waited for, stopped, and listened to."""

from __future__ import annotations

import contextlib
import json
import random
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = str(Path(sys.executable).with_name("mitmeter"))
STARTED = "stop with Ctrl-C"
PATIENCE = 30.0
# What nobody who runs mitmeter should ever see.
UNSEEMLY = ("Traceback", "internal error", "never retrieved", "Exception in", "Exception ignored")


@dataclass(slots=True)
class Running:
    """A daemon at work. `port` is where it listens; what it says is in the files out and err."""

    process: subprocess.Popen[bytes]
    data: Path
    port: int
    out: Path
    err: Path

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        return self.out.read_text("utf-8", "replace")

    def complained(self) -> str:
        return self.err.read_text("utf-8", "replace")

    def resident(self) -> int:
        """Return the bytes of memory it occupies."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1]
        return int(pages) * resource.getpagesize()

    def stop(self) -> int:
        """Ask it to end, as a service manager does; return its exit code."""
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(PATIENCE)
        check_stderr(self.complained())
        return code


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(slots=True)
class Bench:
    """Starts processes in one folder and, at the end, sees that none is left and none was rude."""

    folder: Path
    started: list[Running] = field(default_factory=list)

    def trap(self, data: Path, port: int, *options: str, **more: Any) -> Running:
        """Start `mitmeter trap alphaess`, not waiting for it."""
        listen = ("--listen", f"tcp://127.0.0.1:{port}")
        return self.start(data, port, "trap", "alphaess", *listen, *options, **more)

    def start(
        self,
        data: Path,
        port: int,
        *arguments: str,
        prepare: Callable[[], None] | None = None,
    ) -> Running:
        """Start a daemon on a data directory, not waiting for it. `prepare` runs in the child."""
        number = len(self.started)
        out, err = self.folder / f"{number}.out", self.folder / f"{number}.err"
        with out.open("wb") as said, err.open("wb") as complained:
            process = subprocess.Popen(
                [PROGRAM, "--data", str(data), *arguments],
                stdout=said,
                stderr=complained,
                stdin=subprocess.DEVNULL,
                preexec_fn=prepare,
            )
        running = Running(process, data, port, out, err)
        self.started.append(running)
        return running

    def close(self) -> None:
        for running in self.started:
            if running.alive:
                running.process.terminate()
        for running in self.started:
            try:
                running.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()
                raise
        for running in self.started:
            check_stderr(running.complained())


@contextlib.contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    folder.mkdir(parents=True, exist_ok=True)
    made = Bench(folder)
    try:
        yield made
    finally:
        made.close()


def listening(running: Running) -> Running:
    """Wait until the daemon says that it is at work."""
    poll(
        lambda: STARTED in running.said() or not running.alive,
        lambda: f"mitmeter did not start: {running.complained()}",
    )
    assert running.alive, running.complained()
    return running


def mitmeter(*arguments: str, data: Path | None = None) -> Finished:
    """Run one command to its end."""
    where = () if data is None else ("--data", str(data))
    done = subprocess.run(
        [PROGRAM, *where, *arguments], capture_output=True, timeout=60, stdin=subprocess.DEVNULL
    )
    err = done.stderr.decode("utf-8", "replace")
    check_stderr(err)
    return Finished(done.returncode, done.stdout.decode(), err)


def events(data: Path, eventid: str = "") -> list[dict[str, Any]]:
    """Return what `mitmeter events` tells, oldest first."""
    told = mitmeter("events", "--json", "--all", "--id", eventid, data=data)
    assert told.code == 0, told.err
    return told.objects


def check_stderr(text: str) -> None:
    """Whatever goes wrong is said in lines for people."""
    for rude in UNSEEMLY:
        assert rude not in text, text


def free_port() -> int:
    """Return a free port below those the system gives to callers, so that none takes it later."""
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def poll(
    done: Callable[[], object], why: Callable[[], str] | str = "", seconds: float = PATIENCE
) -> None:
    """Wait until `done`; fail with `why` after so many seconds."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(why if isinstance(why, str) else why())
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)

"""Addresses for devices: the real dnsmasq, configured, watched, restarted and stopped by us."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path

from mitmeter.daemon.plan_network import DhcpPlan
from mitmeter.daemon.services import Services
from mitmeter.daemon.telling import STATION, Telling
from mitmeter.errors import ConfigError, LinkError
from mitmeter.lan.dhcp import DhcpSettings, Lease, dnsmasq_config, parse_leases, parse_log_line
from mitmeter.model import Severity, printable

# Debian keeps it where only root's PATH looks.
_ALSO_IN = "/usr/sbin:/sbin:/usr/local/sbin"
_MISSING = (
    "giving out addresses needs the program dnsmasq, which is not installed; "
    "on Debian: apt install dnsmasq-base"
)
_STARTED = "started, version"
_START_SECONDS = 10.0
_STOP_SECONDS = 3.0
# Restarting: quickly at first, then politely.
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
_SOUND_SECONDS = 60.0


class LeaseService:
    """Runs dnsmasq for one device network. Its files lie in `folder`."""

    def __init__(self, plan: DhcpPlan, services: Services, telling: Telling, folder: Path) -> None:
        self._services = services
        self._telling = telling
        self._folder = folder
        self._plan = plan
        self._config = folder / "dnsmasq.conf"
        self._leases = folder / "leases"
        self._pid = folder / "dnsmasq.pid"
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[str] | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start dnsmasq and wait until it serves.

        Raises: ConfigError where it is not installed or a setting is wrong, LinkError with its own
                words where it does not start: no such interface, port taken, no privilege.
        """
        program = shutil.which("dnsmasq", path=f"{os.environ.get('PATH', '')}:{_ALSO_IN}")
        if program is None:
            raise ConfigError("network.dhcp", _MISSING)
        self._write_config()
        self._end_left_over()
        await self._launch(program)
        self._watch = asyncio.create_task(self._keep_running(program), name="dnsmasq")

    @property
    def where(self) -> str:
        return f"udp://{self._plan.address.ip}:67"

    def leases(self) -> tuple[Lease, ...]:
        """Return the addresses given out, as dnsmasq has noted them."""
        try:
            return parse_leases(self._leases.read_text("utf-8", "replace"))
        except OSError:
            return ()

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._end()

    # one run

    def _write_config(self) -> None:
        plan = self._plan
        settings = DhcpSettings(
            interface=plan.interface,
            address=plan.address,
            first=plan.first,
            last=plan.last,
            lease_file=str(self._leases.absolute()),
            pid_file=str(self._pid.absolute()),
            lease_seconds=plan.lease_seconds,
            router=plan.router,
            dns=plan.dns,
            ntp=plan.ntp,
            user=plan.user,
        )
        text = dnsmasq_config(settings)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._config.write_text(text, "utf-8")

    async def _launch(self, program: str) -> None:
        process = await asyncio.create_subprocess_exec(
            program,
            "--keep-in-foreground",
            f"--conf-file={self._config.absolute()}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        self._process = process
        started = asyncio.Event()
        self._reader = asyncio.create_task(self._read(process, started), name="dnsmasq's log")
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait(
            [waiting, self._reader],
            timeout=_START_SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
        waiting.cancel()
        if started.is_set():
            return
        last = self._reader.result() if self._reader.done() else f"silent for {_START_SECONDS:g} s"
        await self._end()
        raise LinkError(f"dnsmasq does not start: {last}")

    async def _read(self, process: asyncio.subprocess.Process, started: asyncio.Event) -> str:
        """Follow its log to the end; return the last line, without its own name."""
        assert process.stderr is not None  # noqa: S101 - asked for in _launch()
        last = "it ended without a word"
        while line := await _line(process.stderr):
            last = printable(line.decode("utf-8", "replace").strip().removeprefix("dnsmasq: "))
            if _STARTED in last:
                started.set()
            if told := parse_log_line(line.decode("utf-8", "replace")):
                self._telling.lease(told)
        return last

    async def _keep_running(self, program: str) -> None:
        """Start it again when it ends, with more patience each time it does not last."""
        loop = asyncio.get_running_loop()
        failures, began, refused = 0, loop.time(), ""
        while True:
            last = refused or await self._ended()
            if loop.time() - began > _SOUND_SECONDS:
                failures = 0
            wait = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)]
            failures += 1
            if failures & (failures - 1) == 0:  # the first, and then every doubling
                self._tell_of_end(last, failures)
            await asyncio.sleep(wait)
            began, refused = loop.time(), ""
            try:
                await self._launch(program)
            except (LinkError, OSError) as exc:
                refused = str(exc)

    def _tell_of_end(self, last: str, failures: int) -> None:
        self._services.happened(
            "mitmeter.dhcp.ended",
            f"dnsmasq has ended, devices get no addresses until it runs again: {last}",
            severity=Severity.WARNING,
            station=STATION,
            fields={"reason": last, "failures": failures},
        )

    async def _ended(self) -> str:
        """Wait for the end of this run; return its last words."""
        assert self._process is not None  # noqa: S101 - it was launched
        assert self._reader is not None  # noqa: S101 - with it
        last = await self._reader
        code = await self._process.wait()
        return f"{last} (code {code})"

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    def _end_left_over(self) -> None:
        """End the dnsmasq of a mitmeter that was killed: it would hold the port against ours.

        It is ours only when it runs with this very configuration file.
        """
        try:
            pid = int(self._pid.read_text("ascii"))
            words = Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return
        if f"--conf-file={self._config.absolute()}".encode() in words:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


async def _line(stream: asyncio.StreamReader) -> bytes:
    """Return the next line, b"" at the end; one longer than anybody's is skipped."""
    while True:
        try:
            return await stream.readline()
        except ValueError:
            continue

"""A real broker, mosquitto, on a loopback port of its own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest

from mitmeter.transport.certificates import Authority
from tests.transport.ends import eventually

NEEDS_MOSQUITTO = pytest.mark.skipif(
    shutil.which("mosquitto") is None, reason="mosquitto is not installed"
)
USER, PASSWORD = "meter", "example-pass"


def free_port() -> int:
    with socket.socket() as wire:
        wire.bind(("127.0.0.1", 0))
        return int(wire.getsockname()[1])


class Broker:
    """One mosquitto; it can be stopped and started again on the same port, and forgets all."""

    def __init__(self, folder: Path, *, guarded: bool = False, secret: bool = False) -> None:
        self.port = free_port()
        self.scheme = "mqtts" if secret else "mqtt"
        self.host = "localhost" if secret else "127.0.0.1"
        self.tls = _Shown(folder / "broker") if secret else None
        self._login = {"username": USER, "password": PASSWORD} if guarded else {}
        self._running: subprocess.Popen[bytes] | None = None
        self._settings = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "persistence false", "user root"]
        if guarded:
            secrets = folder / "passwords"
            subprocess.run(["mosquitto_passwd", "-b", "-c", secrets, USER, PASSWORD], check=True)
            lines += ["allow_anonymous false", f"password_file {secrets}"]
        else:
            lines.append("allow_anonymous true")
        if self.tls is not None:
            lines += [f"certfile {self.tls.file}", f"keyfile {self.tls.file}"]
        self._settings.write_text("\n".join(lines) + "\n")

    async def start(self) -> None:
        self._running = subprocess.Popen(
            ["mosquitto", "-c", self._settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await eventually(self._answers)

    def stop(self) -> None:
        if self._running is not None:
            self._running.terminate()
            self._running.wait(10)
            self._running = None

    async def publish(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        async with aiomqtt.Client(
            self.host,
            self.port,
            username=self._login.get("username"),
            password=self._login.get("password"),
            tls_context=None if self.tls is None else self.tls.trusted,
        ) as client:
            await client.publish(topic, payload, qos=1, retain=retain)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class _Shown:
    """What a broker shows over TLS, and a client's trust in it."""

    def __init__(self, folder: Path) -> None:
        authority = Authority(folder)
        self.file = authority.certificate_for(("localhost",), now=datetime.now(UTC)).path
        self.root = authority.root
        self.trusted = ssl.create_default_context(cafile=self.root)


@contextlib.asynccontextmanager
async def broker(
    folder: Path, *, guarded: bool = False, secret: bool = False
) -> AsyncIterator[Broker]:
    made = Broker(folder, guarded=guarded, secret=secret)
    await made.start()
    try:
        yield made
    finally:
        made.stop()

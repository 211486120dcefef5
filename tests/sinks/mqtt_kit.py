"""Sinks to a real broker, and what a subscriber there holds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt

from mitmeter.model import DeviceId, Secret
from mitmeter.sinks.mqtt import MqttSink
from mitmeter.sinks.mqtt_link import BrokerPlan
from mitmeter.sinks.mqtt_plan import MqttPlan
from mitmeter.sinks.mqtt_topics import Topics
from tests.sinks.sinkkit import Told
from tests.transport.broker import PASSWORD, USER, Broker

TOPICS = Topics("mitmeter", "home")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(slots=True)
class HomeStub:
    """A daemon whose devices take these commands; what was commanded is noted."""

    offered: dict[str, dict[str, str]] = field(default_factory=dict)
    given: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    answer: tuple[bool, str] = (True, "done")

    def title(self, protocol: str) -> str:
        return {"alphaess": "AlphaESS battery", "glow": "Glow display"}.get(protocol, protocol)

    def offers(self, device: DeviceId) -> Mapping[str, str]:
        return self.offered.get(str(device), {})

    async def command(
        self, device: DeviceId, name: str, arguments: Mapping[str, str]
    ) -> tuple[bool, str]:
        self.given.append((str(device), name, dict(arguments)))
        return self.answer


class Hand:
    """A clock that is put forward by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def plan_for(broker: Broker, **other: Any) -> MqttPlan:
    """Return a plan that is quick to notice things."""
    guarded = bool(broker._login)
    at = BrokerPlan(
        broker.host,
        broker.port,
        "mitmeter-home-mqtt",
        USER if guarded else "",
        Secret(PASSWORD if guarded else ""),
        tls=broker.tls is not None,
        ca=None if broker.tls is None else broker.tls.root,
        timeout=5.0,
    )
    return replace(MqttPlan(at, TOPICS, spread=0.1, check=0.05), **other)


def sink_to(
    plan: MqttPlan,
    folder: Path,
    *,
    home: HomeStub | None = None,
    now: Callable[[], datetime] | None = None,
    tell: Told | None = None,
) -> MqttSink:
    return MqttSink(
        plan,
        folder / "sinks" / "mqtt.json",
        home or HomeStub(),
        now or Hand(NOON),
        tell or Told(),
    )


class Subscriber:
    """Hears everything: what came in order, and what is retained as far as it was heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.held: dict[str, bytes] = {}

    def take(self, message: aiomqtt.Message) -> None:
        topic, payload = message.topic.value, bytes(message.payload)
        self.heard.append((topic, payload))
        if payload:
            self.held[topic] = payload
        else:
            self.held.pop(topic, None)

    def json(self, topic: str) -> dict[str, Any]:
        return dict(json.loads(self.held.get(topic, b"{}")))

    def times(self, topic: str) -> int:
        return sum(each == topic for each, _ in self.heard)


def client_of(broker: Broker) -> aiomqtt.Client:
    login = broker._login
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=login.get("username"),
        password=login.get("password"),
        tls_context=None if broker.tls is None else broker.tls.trusted,
    )


@contextlib.asynccontextmanager
async def subscribed(broker: Broker, topic: str = "#") -> AsyncIterator[Subscriber]:
    found = Subscriber()

    async def hear(client: aiomqtt.Client) -> None:
        with contextlib.suppress(aiomqtt.MqttError):
            async for message in client.messages:
                found.take(message)

    async with client_of(broker) as client:
        await client.subscribe(topic, qos=1)
        hearing = asyncio.create_task(hear(client))
        try:
            yield found
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)


async def retained(broker: Broker) -> Subscriber:
    """Return what somebody who comes now is given."""
    found = Subscriber()
    async with client_of(broker) as client:
        await client.subscribe("#", qos=1)
        await client.publish("end/of/what/is/retained", b"!", qos=1)
        async for message in client.messages:
            if message.topic.value == "end/of/what/is/retained":
                return found
            found.take(message)
    return found


class StrictBroker(Broker):
    """A broker that wants to see a certificate of the authority it trusts itself."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, secret=True)
        assert self.tls is not None
        with self._settings.open("a") as file:
            file.write(f"cafile {self.tls.root}\nrequire_certificate true\n")
        self.certificate, self.key = folder / "client.pem", folder / "client.key"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
                *("ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=meter"),
                *("-keyout", str(self.key), "-out", str(self.certificate)),
            ],
            check=True,
            capture_output=True,
        )
        # It trusts this one certificate, which has signed itself.
        trusted = folder / "trusted.pem"
        trusted.write_text(self.tls.root.read_text() + self.certificate.read_text())
        text = self._settings.read_text().replace(f"cafile {self.tls.root}", f"cafile {trusted}")
        self._settings.write_text(text)
        self.tls.trusted.load_cert_chain(self.certificate, self.key)


async def until_retained(there: Broker, topic: str) -> Subscriber:
    """Wait until somebody who comes is given a topic; the broker may be away for a while."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                found = await retained(there)
                if topic in found.held:
                    return found
            await asyncio.sleep(0.05)

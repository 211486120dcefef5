"""A display's local MQTT, through a real broker, into the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from mitmeter import registry
from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon.clock import Clock
from mitmeter.daemon.plan import DaemonPlan, Patience, StationPlan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.errors import ConfigError
from mitmeter.model import DeviceId, Reading, Secret, Side
from mitmeter.roles.role import Role
from tests.daemon.plans import LONDON, heard, said, stored
from tests.transport.broker import NEEDS_MOSQUITTO, PASSWORD, USER, broker, free_port
from tests.transport.ends import eventually

pytestmark = [NEEDS_MOSQUITTO, pytest.mark.system]

DISPLAY = DeviceId("glow", "02005E302010")
PLACE = "glow/02005E302010"
# Worked examples M1 to M3 of the protocol fact sheet.
ELECTRICITY = (
    '{"electricitymeter":{"timestamp":"2024-01-15T12:00:00Z","energy":{"export":{"cumulative":'
    '54.321,"units":"kWh"},"import":{"cumulative":12345.678,"day":4.321,"week":4.321,"month":'
    '123.456,"units":"kWh","mpan":"1900000000001","supplier":"EXAMPLE POWER","price":{"unitrate":'
    '0.25000,"standingcharge":0.48000}}},"power":{"value":-1.234,"units":"kW"}}}'
)
GAS = (
    '{"gasmeter":{"timestamp":"2024-01-15T11:30:00Z","energy":{"import":{"cumulative":11054.047,'
    '"day":12.345,"week":12.345,"month":345.678,"units":"kWh","cumulativevol":987.654,'
    '"cumulativevolunits":"m3","dayvol":12.345,"weekvol":12.345,"monthvol":345.678,'
    '"dayweekmonthvolunits":"kWh","mprn":"9900000001","supplier":"---","price":{"unitrate":'
    '0.06500,"standingcharge":0.29000}}}}}'
)
STATE = (
    '{"software":"v1.8.13","timestamp":"2024-01-15T12:00:00Z","hardware":"GLOW-IHD-01-1v4-SMETS2",'
    '"wifistamac":"02005E302010","ethmac":"02005E302013","smetsversion":"SMETS2","eui":'
    '"02:00:5E:FF:FE:30:20:10","zigbee":"1.2.5","han":{"rssi":-65,"status":"joined","lqi":140}}'
)


def probe(
    data: Path,
    port: int,
    *,
    password: str = "",
    scheme: str = "mqtt",
    options: Mapping[str, str] | None = None,
    patience: Patience | None = None,
    speed: float = 1.0,
) -> Daemon:
    station = StationPlan(
        "display",
        Role.PROBE,
        registry.spec("glow"),
        to=Endpoint(scheme, "localhost" if scheme == "mqtts" else "127.0.0.1", port),
        user=USER if password else "",
        password=Secret(password),
        options=options or {},
        patience=patience or Patience(),
    )
    plan = DaemonPlan("test probe", LONDON, (station,), batch_seconds=0.02)
    return Daemon(plan, data, clock=Clock(speed=speed))


def value(readings: list[Reading], quantity: str) -> object:
    return next(each.value for each in readings if each.quantity == quantity)


async def connected(running: Daemon) -> None:
    await eventually(lambda: bool(running.stations[0].drives))


async def test_what_a_display_publishes_arrives_in_the_store(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        running = probe(tmp_path / "data", hub.port)
        async with heard(running) as seen:
            assert running.stations[0].where == f"mqtt://127.0.0.1:{hub.port}"
            await connected(running)
            await hub.publish(f"{PLACE}/SENSOR/electricitymeter", ELECTRICITY)
            await hub.publish(f"{PLACE}/SENSOR/gasmeter", GAS)
            await hub.publish(f"{PLACE}/STATE", STATE)
            await seen.until(lambda: seen.count("radio.lqi") > 0)
    readings = stored(tmp_path / "data")
    assert {each.device for each in readings} == {DISPLAY}
    assert value(readings, "grid.power") == Decimal(-1234)
    assert value(readings, "grid.import") == Decimal("12345.678")
    assert value(readings, "grid.export") == Decimal("54.321")
    assert value(readings, "gas.volume") == Decimal("987.654")
    assert value(readings, "gas.energy") == Decimal("11054.047")
    assert value(readings, "radio.rssi") == Decimal(-65)
    assert said(tmp_path / "data", Side.HEADEND) == b""


async def test_a_retained_message_is_kept_and_tells_nothing_of_the_clock(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        await hub.publish(f"{PLACE}/SENSOR/electricitymeter", ELECTRICITY, retain=True)
        running = probe(tmp_path / "data", hub.port)
        async with heard(running) as seen:
            await seen.until(lambda: seen.count("grid.power") == 1)
            retained = len(seen.readings)
            await hub.publish(f"{PLACE}/SENSOR/electricitymeter", ELECTRICITY)
            await seen.until(lambda: seen.count("grid.power") == 2)
    old, new = (
        [each for each in part if each.quantity == "grid.power"]
        for part in (seen.readings[:retained], seen.readings[retained:])
    )
    assert [each.live for each in old] == [False]
    assert [each.live for each in new] == [True]
    raw = said(tmp_path / "data", Side.DEVICE)
    assert raw[0] == 0x31
    assert raw.count(ELECTRICITY.encode()) == 2


async def test_the_topics_prefix_is_the_owners_choice(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        running = probe(tmp_path / "data", hub.port, options={"prefix": "home/meters"})
        async with heard(running) as seen:
            await connected(running)
            await hub.publish(f"{PLACE}/SENSOR/gasmeter", GAS)
            await hub.publish("home/meters/02005E302010/SENSOR/electricitymeter", ELECTRICITY)
            await seen.until(lambda: seen.count("grid.power") == 1)
    assert seen.count("gas.volume") == 0


@pytest.mark.parametrize("prefix", ["", "/", "a/#", "+"])
async def test_a_prefix_that_is_a_pattern_or_nothing_is_refused(
    tmp_path: Path, prefix: str
) -> None:
    with pytest.raises(ConfigError, match=r"options\.prefix"):
        async with probe(tmp_path, 1883, options={"prefix": prefix}).running():
            pass


async def test_a_broker_that_was_away_is_found_again(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        running = probe(tmp_path / "data", hub.port, speed=20.0)
        async with heard(running) as seen:
            await connected(running)
            hub.stop()
            await seen.until(lambda: bool(seen.happened("mitmeter.connection.failed")))
            await hub.start()
            await connected(running)
            await hub.publish(f"{PLACE}/SENSOR/electricitymeter", ELECTRICITY)
            await seen.until(lambda: seen.count("grid.power") == 1)
    (failed,) = seen.happened("mitmeter.connection.failed")
    assert "nobody listens there" in failed.message
    assert not seen.happened("mitmeter.fault")


async def test_a_broker_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    running = probe(tmp_path / "data", free_port())
    async with heard(running) as seen:
        await seen.until(lambda: bool(seen.happened("mitmeter.connection.failed")))
    assert len(seen.happened("mitmeter.connection.failed")) == 1


async def test_the_right_password_opens_a_guarded_broker(tmp_path: Path) -> None:
    async with broker(tmp_path, guarded=True) as hub:
        running = probe(tmp_path / "data", hub.port, password=PASSWORD)
        async with heard(running) as seen:
            await connected(running)
            await hub.publish(f"{PLACE}/SENSOR/electricitymeter", ELECTRICITY)
            await seen.until(lambda: seen.count("grid.power") == 1)
    journal = b"".join(path.read_bytes() for path in (tmp_path / "data/journal").iterdir())
    assert PASSWORD.encode() not in journal


async def test_a_wrong_password_is_one_clear_event(tmp_path: Path) -> None:
    async with broker(tmp_path, guarded=True) as hub:
        running = probe(tmp_path / "data", hub.port, password="wrong-pass", speed=20.0)
        async with heard(running) as seen:
            await seen.until(lambda: bool(seen.happened("mitmeter.connection.failed")))
    (failed,) = seen.happened("mitmeter.connection.failed")
    assert "the broker refuses the user name or password" in failed.message
    assert "wrong-pass" not in json.dumps([each.message for each in seen.events])
    assert not seen.happened("mitmeter.fault")


async def test_a_quiet_subscription_is_not_cut(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        # A thousand times that passes before the first message.
        impatient = Patience(idle=0.001, partial=0.001, connect=10.0)
        running = probe(tmp_path / "data", hub.port, patience=impatient, speed=100.0)
        async with heard(running) as seen:
            await connected(running)
            (drive,) = running.stations[0].drives
            opened = running.services.clock.now_ns()
            await eventually(lambda: running.services.clock.now_ns() - opened > 1e9)
            await hub.publish(f"{PLACE}/SENSOR/electricitymeter", ELECTRICITY)
            await seen.until(lambda: seen.count("grid.power") == 1)
            assert running.stations[0].drives == {drive}


async def test_a_message_too_large_is_an_event_and_the_rest_is_read(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        running = probe(tmp_path / "data", hub.port)
        async with heard(running) as seen:
            await connected(running)
            await hub.publish(f"{PLACE}/STATE", bytes(70_000))
            await hub.publish(f"{PLACE}/SENSOR/electricitymeter", ELECTRICITY)
            await seen.until(lambda: seen.count("grid.power") == 1)
    (skipped,) = seen.happened("mitmeter.mqtt.skipped")
    assert skipped.fields["topic"] == f"{PLACE}/STATE"


async def test_what_is_published_while_we_are_away_is_held_for_us(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        running = probe(tmp_path / "data", hub.port)
        async with heard(running):
            await connected(running)
        await hub.publish(f"{PLACE}/SENSOR/electricitymeter", ELECTRICITY)
        async with heard(probe(tmp_path / "data", hub.port)) as seen:
            await seen.until(lambda: seen.count("grid.power") == 1)


async def test_a_broker_is_read_over_tls_by_whom_it_is_trusted(tmp_path: Path) -> None:
    async with broker(tmp_path, secret=True) as hub:
        assert hub.tls is not None
        trusting = {"ca": str(hub.tls.root)}
        running = probe(tmp_path / "data", hub.port, scheme="mqtts", options=trusting)
        async with heard(running) as seen:
            await connected(running)
            await hub.publish(f"{PLACE}/SENSOR/electricitymeter", ELECTRICITY)
            await seen.until(lambda: seen.count("grid.power") == 1)


# The library leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_brokers_unknown_certificate_is_refused_in_words(tmp_path: Path) -> None:
    async with broker(tmp_path, secret=True) as hub:
        async with heard(probe(tmp_path / "data", hub.port, scheme="mqtts")) as seen:
            await seen.until(lambda: bool(seen.happened("mitmeter.connection.failed")))
        (failed,) = seen.happened("mitmeter.connection.failed")
        assert "its certificate is not trusted" in failed.message
        unverified = probe(
            tmp_path / "data", hub.port, scheme="mqtts", options={"upstream": "unverified"}
        )
        async with heard(unverified):
            await connected(unverified)


async def test_a_file_without_certificates_is_told_with_its_key(tmp_path: Path) -> None:
    options = {"ca": str(tmp_path / "none.pem")}
    with pytest.raises(ConfigError, match=r"options\.ca"):
        async with probe(tmp_path, 8883, scheme="mqtts", options=options).running():
            pass

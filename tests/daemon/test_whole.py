"""The parts together, over real sockets and disks: simulated hours in seconds."""

import asyncio
import contextlib
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from mitmeter.daemon.rebuild import rebuild
from mitmeter.daemon.supervisor import Daemon
from mitmeter.model import Event, Origin, Reading, Side
from mitmeter.protocol import Command
from mitmeter.store import Store
from tests.daemon.plans import (
    BATTERY,
    LONDON,
    Heard,
    battery,
    clock,
    heard,
    proxy,
    said,
    stored,
    trap,
)

pytestmark = pytest.mark.system


def times_of(readings: list[Reading]) -> list[datetime]:
    """Return when, by the battery's own clock, its state of charge is known, oldest first."""
    times = {each.reported for each in readings if each.quantity == "battery.soc"}
    return sorted(each for each in times if each is not None)


def holes(times: list[datetime]) -> list[tuple[datetime, datetime]]:
    """Return where a one-minute row is missing: the battery makes one about every 60.5 s."""
    return [(a, b) for a, b in pairwise(times) if b - a > timedelta(seconds=70)]


def held(running: Daemon) -> list[Reading]:
    assert running.store is not None
    return list(running.store.readings(quantity="battery.soc", limit=None))


def closed_a_gap_of(seen: Heard, minutes: int) -> bool:
    """Tell whether a back-fill of at least so many rows has brought them all."""
    return any(
        int(str(event.fields["asked"])) >= minutes and event.fields["closed"] is True
        for event in seen.happened("mitmeter.alphaess.backfill")
    )


def events(data: Path) -> list[Event]:
    with contextlib.closing(Store.open(data / "store.db", read_only=True)) as store:
        return [each.event for each in store.events(limit=None)]


def measured(data: Path) -> list[tuple[str, datetime | None, object]]:
    return sorted(
        (each.quantity, each.reported, str(each.value))
        for each in stored(data)
        if each.reported is not None
    )


async def test_a_battery_reports_to_a_trap_and_every_quantity_arrives(tmp_path: Path) -> None:
    time = clock(600)
    async with (
        heard(trap(tmp_path / "trap", time)) as seen,
        heard(battery(tmp_path / "battery", time, seen.where)),
    ):
        await seen.until(lambda: seen.count("battery.soc") >= 100)
    wanted = {"grid.power", "pv.power", "battery.power", "house.power", "grid.import", "pv.energy"}
    assert wanted <= {reading.quantity for reading in seen.readings}
    assert {reading.device for reading in seen.readings} == {BATTERY}
    assert {reading.origin for reading in seen.readings} == {Origin.OBSERVED}
    assert not seen.happened("mitmeter.alphaess.undecodable")
    assert {reading.origin for reading in stored(tmp_path / "battery")} == {Origin.SYNTHETIC}


async def test_after_hours_without_a_trap_no_minute_is_missing(tmp_path: Path) -> None:
    time = clock(600)
    away = timedelta(hours=2)
    async with contextlib.AsyncExitStack() as emulator:
        async with heard(trap(tmp_path / "trap", time)) as seen:
            where = seen.where
            emulated = battery(tmp_path / "battery", time, where)
            await emulator.enter_async_context(heard(emulated))
            await seen.until(lambda: seen.count("battery.soc") >= 60)
        before = times_of(stored(tmp_path / "trap"))[-1]
        await asyncio.sleep(time.real(away.total_seconds()))
        running = trap(tmp_path / "trap", time, listen=where)
        async with heard(running) as again:
            await again.until(lambda: closed_a_gap_of(again, minutes=110))
            # Whatever else this machine's own pauses tore open is asked for as well.
            await again.until(lambda: not holes(times_of(held(running))))
            times = times_of(held(running))
    assert times[-1] - before > away
    assert holes(times) == []


async def test_through_our_proxy_for_a_day_the_three_journals_agree(tmp_path: Path) -> None:
    time = clock(3600)
    async with contextlib.AsyncExitStack() as running:
        last = await running.enter_async_context(heard(trap(tmp_path / "trap", time)))
        middle = await running.enter_async_context(
            heard(proxy(tmp_path / "proxy", time, last.where))
        )
        await running.enter_async_context(heard(battery(tmp_path / "battery", time, middle.where)))
        end = time.now() + timedelta(days=1)
        await last.until(lambda: time.now() >= end)
    # The battery was switched off in the middle of its talk: last words may have been lost on the
    # way, each way; everything before them is the same, byte for byte, in all three journals.
    reported = [said(tmp_path / name, Side.DEVICE) for name in ("battery", "proxy", "trap")]
    answered = [said(tmp_path / name, Side.HEADEND) for name in ("trap", "proxy", "battery")]
    for spoken, passed, heard_of in (reported, answered):
        assert spoken.startswith(passed)
        assert passed.startswith(heard_of)
        assert len(spoken) - len(heard_of) < 10_000
    # A busy machine is late with its timers, so that a day has fewer reports than it should.
    assert len(reported[-1]) > 1_000_000
    assert len(answered[-1]) > 100_000
    for name in ("battery", "proxy", "trap"):
        told = [each.eventid for each in events(tmp_path / name)]
        assert "mitmeter.alphaess.login" in told
        assert "mitmeter.alphaess.undecodable" not in told
        assert "mitmeter.fault" not in told
    at_trap, at_proxy = measured(tmp_path / "trap"), measured(tmp_path / "proxy")
    assert len(at_trap) > 50_000
    assert len(set(at_proxy) ^ set(at_trap)) < 200


async def test_decoding_the_journal_again_gives_the_same_readings_bit_for_bit(
    tmp_path: Path,
) -> None:
    time = clock(1200)
    async with (
        heard(trap(tmp_path / "trap", time)) as seen,
        heard(
            battery(
                tmp_path / "battery",
                time,
                seen.where,
                {"misbehave": "duplicates,batches,splits,bad_checksums,reconnects"},
            )
        ),
    ):
        await seen.until(lambda: seen.count("battery.soc") >= 1_000)
    live = stored(tmp_path / "trap")
    happened = [each.message for each in events(tmp_path / "trap")]
    assert any("could not be decoded" in message for message in happened)
    difference = rebuild(tmp_path / "trap", LONDON, lambda count: None)
    assert (difference.added, difference.removed, difference.changed) == (0, 0, 0)
    assert difference.same == len(live)
    assert stored(tmp_path / "trap") == live
    assert [each.message for each in events(tmp_path / "trap")] == happened


async def test_a_command_changes_what_the_battery_does_and_each_step_is_an_event(
    tmp_path: Path,
) -> None:
    time = clock(600)
    running = trap(tmp_path / "trap", time, control=True)
    async with (
        heard(running) as seen,
        heard(battery(tmp_path / "battery", time, seen.where)),
    ):
        await seen.until(lambda: bool(seen.happened("mitmeter.alphaess.configuration")))
        wish = {"from": "0", "until": "24", "stop-at": "100"}
        answer = await running.services.command(Command("1", BATTERY, "charge-from-grid", wish))
        assert answer.accepted, answer.text
        charging = len(seen.readings)
        await seen.until(lambda: charges(seen.readings[charging:]))
    told = [each.eventid for each in events(tmp_path / "trap")]
    steps = ["mitmeter.command.requested", "mitmeter.command.sent", "mitmeter.command.done"]
    assert [each for each in told if each in steps] == steps


def charges(readings: list[Reading]) -> bool:
    """Tell whether the battery is charged with more than the sun could give, from the grid."""
    return any(
        reading.quantity == "grid.power"
        and isinstance(reading.value, Decimal)
        and reading.value > 2_500
        for reading in readings
    )


async def test_a_command_for_who_is_not_connected_or_not_ours_to_control_is_refused(
    tmp_path: Path,
) -> None:
    time = clock(600)
    running = trap(tmp_path / "trap", time)
    async with heard(running) as seen:
        answer = await running.services.command(Command("1", BATTERY, "sync-time", {}))
        assert not answer.accepted
        assert "is not connected" in answer.text
        async with heard(battery(tmp_path / "battery", time, seen.where)):
            await seen.until(lambda: seen.count("battery.soc") >= 1)
            answer = await running.services.command(Command("2", BATTERY, "sync-time", {}))
        assert not answer.accepted
        assert "control" in answer.text
        await seen.until(lambda: len(seen.happened("mitmeter.command.refused")) == 2)


async def test_the_rule_redact_keeps_credentials_from_the_cloud_and_nothing_else(
    tmp_path: Path,
) -> None:
    time = clock(1200)
    async with contextlib.AsyncExitStack() as running:
        cloud = await running.enter_async_context(heard(trap(tmp_path / "cloud", time)))
        middle = await running.enter_async_context(
            heard(proxy(tmp_path / "proxy", time, cloud.where, "redact"))
        )
        await running.enter_async_context(heard(battery(tmp_path / "battery", time, middle.where)))
        await cloud.until(lambda: cloud.count("battery.soc") >= 100)
        await cloud.until(lambda: bool(cloud.happened("mitmeter.alphaess.configuration")))
    spoken = said(tmp_path / "battery", Side.DEVICE)
    arrived = said(tmp_path / "cloud", Side.DEVICE)
    assert b"example-pass" in spoken
    assert b"example-pass" not in arrived
    assert b"1 Sample Street" not in arrived
    assert len(arrived) == len(spoken[: len(arrived)])
    assert not [each for each in events(tmp_path / "cloud") if "undecodable" in each.eventid]
    assert said(tmp_path / "proxy", Side.DEVICE, ours=False) == spoken


async def test_the_rule_inject_lets_our_command_work_while_the_cloud_goes_on(
    tmp_path: Path,
) -> None:
    time = clock(600)
    between = None
    async with contextlib.AsyncExitStack() as running:
        cloud = await running.enter_async_context(heard(trap(tmp_path / "cloud", time)))
        between = proxy(tmp_path / "proxy", time, cloud.where, "inject")
        middle = await running.enter_async_context(heard(between))
        await running.enter_async_context(heard(battery(tmp_path / "battery", time, middle.where)))
        await middle.until(lambda: bool(middle.happened("mitmeter.alphaess.configuration")))
        wish = {"from": "0", "until": "24", "stop-at": "100"}
        answer = await between.services.command(Command("1", BATTERY, "charge-from-grid", wish))
        assert answer.accepted, answer.text
        held = len(cloud.readings)
        await cloud.until(lambda: charges(cloud.readings[held:]))
    assert b"SetConfig" in said(tmp_path / "proxy", Side.HEADEND, ours=True)
    assert b"SetConfig" not in said(tmp_path / "cloud", Side.DEVICE)


async def test_the_rule_deny_writes_stops_the_clouds_commands_and_says_so(tmp_path: Path) -> None:
    time = clock(600)
    upstream = trap(tmp_path / "cloud", time, control=True)
    async with contextlib.AsyncExitStack() as running:
        cloud = await running.enter_async_context(heard(upstream))
        middle = await running.enter_async_context(
            heard(proxy(tmp_path / "proxy", time, cloud.where, "deny-writes"))
        )
        await running.enter_async_context(heard(battery(tmp_path / "battery", time, middle.where)))
        await cloud.until(lambda: bool(cloud.happened("mitmeter.alphaess.configuration")))
        wish = {"from": "0", "until": "24", "stop-at": "100"}
        answer = await upstream.services.command(Command("1", BATTERY, "charge-from-grid", wish))
        assert not answer.accepted
        await middle.until(lambda: bool(middle.happened("mitmeter.alphaess.write.refused")))
    assert b"SetConfig" not in said(tmp_path / "battery", Side.HEADEND)

"""A running daemon's sinks: started, isolated, told of, stopped."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from mitmeter.config.load import examine
from mitmeter.daemon import control
from mitmeter.daemon.build import daemon_plan
from mitmeter.daemon.supervisor import Daemon
from mitmeter.errors import ConfigError
from mitmeter.sinks.resume import Since
from mitmeter.sinks.state import SinkState, Stream
from mitmeter.store import Store
from tests.sinks.sinkkit import until


def plan_of(text: str, folder: Path) -> object:
    text = '[site]\ntimezone = "Europe/London"\n[web]\nenabled = false\n' + text
    examined = examine(text, {}, folder)
    assert examined.config is not None, examined.errors
    return daemon_plan(examined.config, "test")


STATION = """
[[station]]
name = "battery"
role = "trap"
protocol = "alphaess"
listen = "tcp://127.0.0.1:0"
"""


async def connect(daemon: Daemon) -> None:
    """Make something happen that is an event: a connection, opened and closed."""
    where = daemon.stations[0].where
    port = int(where.rsplit(":", 1)[1])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    await writer.wait_closed()


async def test_events_of_a_running_daemon_reach_its_file_though_another_sink_is_down(
    tmp_path: Path,
) -> None:
    text = STATION + (
        '[sink.file]\npath = "events.jsonl"\nevery = "50ms"\nsensor = "attic-pi"\n'
        '[sink.victoriametrics]\nurl = "http://127.0.0.1:1"\nevery = "50ms"\nevents = true\n'
        '[sink.idle]\nkind = "syslog"\nto = "udp://192.0.2.1:514"\nenabled = false\n'
    )
    plan = plan_of(text, tmp_path)
    daemon = Daemon(plan, tmp_path / "data")  # type: ignore[arg-type]  # made by daemon_plan
    path = tmp_path / "events.jsonl"
    async with daemon.running():
        await connect(daemon)
        await until(lambda: path.exists() and "closed" in path.read_text())
        assert await control.ask(tmp_path / "data", {"do": "nudge sinks"}) == {
            "sinks": ["file", "victoriametrics"]
        }
        feeds = daemon.feeds
        assert feeds is not None
        with Store.open(tmp_path / "data" / "store.db", read_only=True) as store:
            await until(lambda: feeds.statuses(store)[1].state == "waiting")
            await until(lambda: feeds.statuses(store)[0].behind == 0)
            file, down = feeds.statuses(store)
        assert (file.name, file.kind, file.state, file.behind) == ("file", "file", "live", 0)
        assert (down.kind, down.sent) == ("victoriametrics", 0)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    opened = next(each for each in lines if each["eventid"] == "mitmeter.conversation.opened")
    assert opened["src_ip"] == "127.0.0.1"
    assert (opened["sensor"], opened["protocol"]) == ("attic-pi", "alphaess")
    state = SinkState.open(tmp_path / "data" / "sinks" / "file.db", read_only=True)
    mark = state.mark(Stream.EVENTS)
    state.close()
    assert mark is not None
    assert mark.passed >= 2


def test_a_date_without_a_zone_is_the_sites(tmp_path: Path) -> None:
    plan = plan_of('[sink.file]\npath = "x"\nsince = "2026-07-01"', tmp_path)
    (sink,) = plan.sinks  # type: ignore[attr-defined]
    assert isinstance(sink.choice.start, Since)
    assert sink.choice.start.at.isoformat() == "2026-07-01T00:00:00+01:00"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (
            '[sink.hpfeeds]\nto = "tcp://192.0.2.6:1"\nident = "me"\nsecret_file = "none"',
            "sink.hpfeeds.secret_file",
        ),
        ('[sink.file]\npath = "x"\ngeoip_files = ["none.mmdb"]', "sink.file.geoip_files"),
    ],
)
def test_a_file_that_is_missing_is_told_with_its_key(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_of(text, tmp_path)
    assert caught.value.key == key

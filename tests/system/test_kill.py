"""Killed at any moment, the trap keeps what it has answered, and keeps it once."""

from __future__ import annotations

import random
import sqlite3
import threading
from pathlib import Path

import pytest

from tests.system.batteries import Fleet, device_time, soc
from tests.system.processes import Bench, bench, events, free_port, listening, mitmeter

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]

ROUNDS = 50
BATTERIES = 16
# From the moment the batteries are connected, in seconds; every seventh round ends while mitmeter
# is still starting, counted from its first instruction.
LONGEST_LOAD = 0.5
LONGEST_START = 0.35


class Story:
    """Fifty lives and violent deaths of a trap, and what is known of them afterwards."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self.fleet = Fleet(BATTERIES, self.port)
        self.torn: list[bytes] = []
        self._chance = random.Random(seed)

    def live_and_die(self, benches: Bench, number: int) -> None:
        trap = benches.trap(self.data, self.port, "-q")
        starting = number % 7 == 6
        moment = self._chance.uniform(0.0, LONGEST_START if starting else LONGEST_LOAD)
        timer = threading.Timer(moment, trap.process.kill)
        if starting:
            timer.start()
        if self.fleet.connect(lambda: trap.alive) and not starting:
            timer.start()
        self.fleet.talk()
        timer.join()
        trap.process.wait()
        self.fleet.disconnect()
        assert trap.process.returncode == -9, trap.complained()
        self._look_at_the_end(tear=number % 5 == 4)

    def _look_at_the_end(self, tear: bool) -> None:
        """Remember a torn end, which a kill leaves now and then, and where asked leave one.

        tear: leave half a record behind the last, as when the power fails in the middle of it.
        """
        last = max((self.data / "journal").glob("*.jsonl"), default=None)
        if last is None:
            return
        content = last.read_bytes()
        if tear:
            line = content.rsplit(b"\n", 2)[-2]
            half = line[: self._chance.randrange(1, len(line))]
            with last.open("ab") as file:
                file.write(half)
            content += half
        if end := content.rpartition(b"\n")[2]:
            self.torn.append(end)


def test_fifty_kills_under_load_lose_no_answered_frame_and_double_no_reading(
    tmp_path: Path,
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    story = Story(tmp_path, seed)
    with bench(tmp_path / "processes") as benches:
        for number in range(ROUNDS):
            story.live_and_die(benches, number)
        # One that may live: it sets aside what the last kill left, and ends as asked.
        trap = listening(benches.trap(story.data, story.port))
        assert trap.stop() == 0
    told = f"seed {seed}, {story.fleet.total} frames answered"

    answered = {
        (f"alphaess:{name}", _reported(tick)): soc(tick)
        for name, ticks in story.fleet.answered.items()
        for tick in range(ticks)
    }
    assert len(answered) > 50 * ROUNDS, told  # the test was one
    held = _charges(story.data)
    missing = [key for key in answered if key not in held]
    assert not missing, f"{told}: {len(missing)} answered frames are missing, first {missing[0]}"
    doubled = [key for key, values in held.items() if len(values) > 1]
    assert not doubled, f"{told}: {len(doubled)} readings are doubled, first {doubled[0]}"
    wrong = [key for key, value in answered.items() if held[key] != [float(value)]]
    assert not wrong, f"{told}: other values than were sent, first {wrong[0]}"
    # What was sent last by each battery may be there unanswered, and nothing else.
    assert len(held) <= len(answered) + BATTERIES, told
    assert _rows(story.data) == len(held), told

    verified = mitmeter("journal", "verify", data=story.data)
    assert (verified.code, verified.err) == (0, ""), told
    assert verified.out.rstrip().endswith("sound"), told
    kept = [path.read_bytes() for path in (story.data / "journal" / "torn").iterdir()]
    for end in story.torn:
        assert any(each.startswith(end) for each in kept), f"{told}: torn end lost: {end!r}"
    recovered = events(story.data, "mitmeter.recovered")
    assert recovered, told
    assert "had been cut off" in recovered[-1]["message"], told

    rebuilt = mitmeter("rebuild", "--json", data=story.data)
    assert rebuilt.code == 0, f"{told}: {rebuilt.err}"
    changes = rebuilt.objects[0]
    assert {name: changes[name] for name in ("added", "removed", "changed")} == {
        "added": 0,
        "removed": 0,
        "changed": 0,
    }, told


def _reported(tick: int) -> str:
    return device_time(tick).replace("/", "-").replace(" ", "T")


def _charges(data: Path) -> dict[tuple[str, str], list[float]]:
    """Return every reading of the state of charge, by device and device time."""
    told = mitmeter("readings", "--json", "--all", "--quantity", "battery.soc", data=data)
    assert told.code == 0, told.err
    held: dict[tuple[str, str], list[float]] = {}
    for each in told.objects:
        held.setdefault((each["device"], each["reported"]), []).append(each["value"])
    return held


def _rows(data: Path) -> int:
    """Return how many readings of the state of charge the store's own tables hold."""
    store = sqlite3.connect(f"file:{data / 'store.db'}?mode=ro", uri=True)
    try:
        (count,) = store.execute(
            "SELECT count(*) FROM readings WHERE (id & 1048575) ="
            " (SELECT id FROM quantities WHERE name = 'battery.soc')"
        ).fetchone()
    finally:
        store.close()
    return int(count)

"""The demo in a process of its own: the real daemon, its devices, and the window on them."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.system.processes import Running, bench, poll

_LINK = re.compile(r"(http://127\.0\.0\.1:\d+)/\?token=([\w-]+)")


@dataclass(frozen=True, slots=True)
class DemoHouse:
    """A demo at work. `root` has no slash at its end."""

    running: Running
    root: str
    token: str

    @property
    def link(self) -> str:
        return f"{self.root}/?token={self.token}"

    def get(self, path: str) -> Any:
        """Return what the API answers, asked beside the browser."""
        asked = urllib.request.Request(
            f"{self.root}/api/v1/{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)

    def station(self, name: str) -> tuple[str, int]:
        """Return where a station listens."""
        where = next(one["where"] for one in self.get("site")["stations"] if one["name"] == name)
        host, _, port = where.rpartition("//")[2].rpartition(":")
        return host, int(port)


@contextlib.contextmanager
def demo_house(folder: Path, *options: str) -> Iterator[DemoHouse]:
    """Run the demo until the block ends; it has heard all its devices when the block begins."""
    with bench(folder) as processes:
        running = processes.start(folder / "data", 0, "demo", "--port", "0", *options)
        poll(
            lambda: _LINK.search(running.said()) is not None or not running.alive,
            lambda: f"the demo printed no link: {running.said()} {running.complained()}",
        )
        found = _LINK.search(running.said())
        assert found is not None, running.complained()
        house = DemoHouse(running, found[1], found[2])
        poll(
            lambda: _at_work(house.get("overview")),
            lambda: f"the devices were not heard: {running.complained()}",
        )
        yield house


def _at_work(overview: dict[str, Any]) -> bool:
    flow = overview["flow"]
    powers = (flow["grid_w"], flow["pv_w"], flow["battery_w"], flow["house_w"])
    return None not in powers and len(overview["devices"]) >= 3

"""What the API says of itself is what it does: schemathesis, with a real dashboard to ask."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from mitmeter.dashboard.app import PREFIX
from tests.daemon.plans import BATTERY
from tests.dashboard.served_window import served, served_with_battery

# A stream has no end to wait for: tests of its own listen to it.
ENDLESS = f"{PREFIX}/live"
# Wrong tokens make an address wait, and what a device is called is not to be guessed.
BESIDE_THE_POINT = "ignored_auth,positive_data_acceptance"


@pytest.mark.slow
async def test_nothing_fails_and_nothing_is_answered_that_is_not_described(tmp_path: Path) -> None:
    async with served_with_battery(tmp_path, speed=60, readings=2) as window:
        (talk,) = (await window.control.ask(f"{PREFIX}/conversations")).json["items"]
        # What there is, so that not everything is answered with 404.
        (tmp_path / "schemathesis.toml").write_text(
            f'[parameters]\ndevice = "{BATTERY}"\nconversation = "{talk["id"]}"\n'
        )
        run = await asyncio.create_subprocess_exec(
            *(str(Path(sys.executable).parent / "schemathesis"), "run"),
            f"{window.control.where}{PREFIX}/openapi.json",
            *("--header", f"Authorization: Bearer {window.token}", "--header", "X-Mitmeter: 1"),
            *("--phases", "coverage,fuzzing", "--max-examples", "3"),
            *("--generation-deterministic", "--no-color"),
            *("--exclude-path", ENDLESS, "--exclude-checks", BESIDE_THE_POINT),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
        )
        said, _ = await run.communicate()
    assert run.returncode == 0, said.decode()
    assert b"Tested: 19" in said, said.decode()


async def test_every_route_is_described_and_takes_what_it_is_described_to(tmp_path: Path) -> None:
    async with served(tmp_path) as window:
        described = (await window.control.ask(f"{PREFIX}/openapi.json")).json
        assert described["openapi"].startswith("3.1")
        assert described["security"] == [{"token": []}, {"session": []}]
        assert {path.partition("{")[0] for path in described["paths"]} >= {
            "/healthz",
            "/metrics",
            *(
                f"{PREFIX}/{name}"
                for name in ("site", "overview", "devices", "readings", "history", "intervals")
            ),
            *(
                f"{PREFIX}/{name}"
                for name in ("conversations", "events", "sessions", "health", "live")
            ),
        }
        for path, methods in described["paths"].items():
            assert set(methods) <= {"get", "post"}, path
            for operation in methods.values():
                if path != "/healthz":
                    assert {"401", "421", "429", "500", "503"} <= set(operation["responses"]), path
        everything = str(described)
        assert "http://" not in everything
        assert "HTTPValidationError" not in everything

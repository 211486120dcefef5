"""What the tests of the command line share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.program import mitmeter
from tests.cli.recording import record


@pytest.fixture(autouse=True)
def _quiet_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own mitmeter is found: no configuration, no data, no zone."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TZ", "UTC")
    for name in (
        "MITMETER_DATA",
        "MITMETER_CONFIG",
        "MITMETER_USER",
        "MITMETER_PASSWORD",
        "XDG_DATA_HOME",
        "XDG_CONFIG_HOME",
        "COLUMNS",
        "NO_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with an hour and a half of a battery; to look at, not to change."""
    data = record(tmp_path_factory.mktemp("recorded") / "data")
    assert mitmeter("devices", data=data).code == 0  # the first look fills the store
    return data


@pytest.fixture
def copied(recorded: Path, tmp_path: Path) -> Path:
    """The same, to change."""
    return Path(shutil.copytree(recorded, tmp_path / "copied"))

"""The rule files shipped are valid, and ask for metrics that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mitmeter.sinks import prometheus

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.system
@pytest.mark.skipif(shutil.which("vmalert") is None, reason="vmalert is not installed")
@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name))
def test_a_rule_file_is_valid(file: Path) -> None:
    done = subprocess.run(
        ["vmalert", "-dryRun", f"-rule={file}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name))
def test_a_rule_file_asks_for_metrics_that_are_served(file: Path) -> None:
    source = Path(prometheus.__file__).read_text("utf-8")
    asked = set(re.findall(r"(?:expr: .*?)\b(mitmeter_[a-z_]+)", file.read_text("utf-8")))
    assert asked
    assert {name for name in asked if name.removesuffix("_total") not in source} == set()

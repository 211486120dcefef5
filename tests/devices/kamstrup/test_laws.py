from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from mitmeter.devices.kamstrup import SPEC
from mitmeter.devices.kamstrup.framing import MAX_FRAME
from mitmeter.devices.kamstrup.strategies import messages
from mitmeter.testing.dialogue import Dialogue, dialogue
from mitmeter.testing.laws import NOON, Conformance


class TestKamstrupKeepsTheLaws(Conformance):
    """Every law a protocol inherits by naming its SPEC. A codec holds back one frame at most."""

    spec = SPEC
    messages = messages()
    most_held = MAX_FRAME

    def dialogue(self) -> Dialogue[Any]:
        persona = files(SPEC.package).joinpath("personas", "382.toml").read_text("utf-8")
        return dialogue(SPEC, start=NOON, persona=tomllib.loads(persona))

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from mitmeter.devices.smgw import SPEC
from mitmeter.devices.smgw.headend import Headend
from mitmeter.devices.smgw.strategies import messages
from mitmeter.model import Secret
from mitmeter.protocol import HeadendContext
from mitmeter.testing.dialogue import Dialogue, dialogue
from mitmeter.testing.laws import Conformance


class TestSmgwKeepsTheLaws(Conformance):
    """Every law a protocol inherits by naming its SPEC.

    most_held: an answer's largest head and body. The dialogue is with a Theben Conexa; those with
    the other makes are in `test_dialogue.py`.
    """

    spec = SPEC
    messages = messages()
    most_held = 16_384 + (16 << 20)

    def dialogue(self) -> Dialogue[Any]:
        persona = tomllib.loads(
            files("mitmeter.devices.smgw").joinpath("personas/theben.toml").read_text()
        )
        account = persona["account"][0]

        def headend(context: HeadendContext) -> Headend:
            secret = Secret(account["password"])
            return Headend(replace(context, user=account["user"], password=secret))

        start = datetime(2026, 3, 1, 11, 32, tzinfo=UTC)
        return dialogue(replace(SPEC, headend=headend), start=start, persona=persona)

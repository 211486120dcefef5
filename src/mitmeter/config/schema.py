"""The configuration's JSON Schema, for editors that complete and check TOML."""

from __future__ import annotations

from typing import Any

from mitmeter.config.values import TABLES, Config


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of mitmeter.toml."""
    described = Config.model_json_schema(by_alias=True)
    written = Config().model_dump(mode="json", by_alias=True)
    for name, table in TABLES.items():
        for key, described_key in described["$defs"][table.__name__]["properties"].items():
            # pydantic gives a default as Python holds it; the file holds text such as "10m".
            held = written.get(name)
            if "default" in described_key and isinstance(held, dict) and key in held:
                described_key["default"] = held[key]
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    described["title"] = "mitmeter.toml"
    return described

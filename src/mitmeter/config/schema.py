"""The configuration's JSON Schema, for editors that complete and check TOML."""

from __future__ import annotations

from typing import Any

from mitmeter.config.dump import written
from mitmeter.config.values import TABLES, Config, keys


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of mitmeter.toml."""
    described = Config.model_json_schema(by_alias=True)
    defaults = Config().model_dump(mode="json", by_alias=True)
    for name, table in TABLES.items():
        for key, described_key in described["$defs"][table.__name__]["properties"].items():
            # pydantic gives a default as Python holds it; the file holds text such as "10m".
            held = defaults.get(name)
            if "default" in described_key and isinstance(held, dict) and key in held:
                described_key["default"] = held[key]
            elif described_key.get("default") is not None:
                field = keys(table)[key]
                default = field.get_default(call_default_factory=True)
                described_key["default"] = written(default, field)
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    described["title"] = "mitmeter.toml"
    return described

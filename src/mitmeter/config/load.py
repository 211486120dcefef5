"""Read mitmeter.toml: text → checked Config, or errors that name the key."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from mitmeter.config.checks import check
from mitmeter.config.overrides import PREFIX, overrides
from mitmeter.config.sink_tables import rooted_sink
from mitmeter.config.translate import path_of, translate
from mitmeter.config.values import Config
from mitmeter.errors import ConfigError

_LARGEST_FILE = 4_000_000


@dataclass(frozen=True, slots=True)
class Examined:
    """What a configuration text comes to: a Config when there is no error."""

    config: Config | None
    errors: tuple[ConfigError, ...]


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Return the configuration of a file; without one, the defaults and what the environment sets.

    Relative files named in it (password_file, persona) are taken from its folder.
    Raises ConfigError: the first of what `problems` lists.
    """
    examined = _examine_file(path, environ)
    if examined.config is None:
        raise examined.errors[0]
    return examined.config


def problems(
    path: Path | None = None, environ: Mapping[str, str] | None = None
) -> tuple[ConfigError, ...]:
    """Return everything that is wrong with a configuration file; nothing when it is fine."""
    return _examine_file(path, environ).errors


def examine(
    text: str,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    source: str = "",
) -> Examined:
    """Return what a configuration text comes to. `source` is named in errors of TOML itself."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        return Examined(None, (ConfigError(source, f"is not TOML: {exc}"),))
    except RecursionError:
        return Examined(None, (ConfigError(source, "is nested too deeply"),))
    try:
        outside = overrides(os.environ if environ is None else environ)
    except ConfigError as exc:
        return Examined(None, (exc,))
    tables = _with_tuples(raw)
    errors = _apply(tables, outside)
    if errors:
        return Examined(None, errors)
    try:
        config = Config.model_validate(tables)
    except ValidationError as exc:
        # A misspelled key explains why another is missing, so it comes first.
        found = sorted(exc.errors(), key=lambda error: error["type"] != "extra_forbidden")
        return Examined(None, tuple(_renamed(translate(error), outside) for error in found))
    filled, clashes = check(_rooted(config, folder) if folder is not None else config)
    return Examined(None if clashes else filled, tuple(clashes))


def _examine_file(path: Path | None, environ: Mapping[str, str] | None) -> Examined:
    if path is None:
        return examine("", environ)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        text = content.decode()
    except OSError as exc:
        return Examined(None, (ConfigError(str(path), exc.strerror or str(exc)),))
    except UnicodeDecodeError as exc:
        return Examined(None, (ConfigError(str(path), f"is not UTF-8 at byte {exc.start}"),))
    if len(content) > _LARGEST_FILE:
        return Examined(None, (ConfigError(str(path), "is larger than 4 MB"),))
    return examine(text, environ, path.parent, str(path))


def _with_tuples(raw: dict[str, object]) -> dict[str, object]:
    return {key: _frozen(value) for key, value in raw.items()}


def _frozen(value: object) -> object:
    """Return TOML's lists as tuples, which is what the frozen models hold."""
    if isinstance(value, dict):
        return _with_tuples(value)
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value


def _apply(
    tables: dict[str, object], outside: Mapping[tuple[str, str], object]
) -> tuple[ConfigError, ...]:
    """Put the environment's settings over the file's."""
    for (section, key), value in outside.items():
        table = tables.setdefault(section, {})
        if not isinstance(table, dict):
            return (ConfigError(section, f"expected a table [{section}]"),)
        table[key] = value
    return ()


def _renamed(error: ConfigError, outside: Mapping[tuple[str, str], object]) -> ConfigError:
    """Name the variable, not the key, when the wrong value came from the environment."""
    for section, key in outside:
        if error.key == path_of((section, key)):
            return ConfigError(f"{PREFIX}{section}__{key}".upper(), error.problem)
    return error


def _rooted(config: Config, folder: Path) -> Config:
    """Take relative files from the folder of the file that names them."""
    stations = []
    for station in config.stations:
        changes: dict[str, object] = {}
        if station.password_file is not None:
            changes["password_file"] = folder / station.password_file.expanduser()
        if station.persona.endswith(".toml"):
            changes["persona"] = str(folder / Path(station.persona).expanduser())
        stations.append(station.model_copy(update=changes))
    files = {name: getattr(config.web, name) for name in ("certificate", "key")}
    found = {name: folder / path.expanduser() for name, path in files.items() if path is not None}
    rooted: dict[str, object] = {"stations": tuple(stations)}
    rooted["tariffs"] = tuple(each.rooted(folder) for each in config.tariffs)
    rooted["sinks"] = {name: rooted_sink(sink, folder) for name, sink in config.sinks.items()}
    if found:
        rooted["web"] = config.web.model_copy(update=found)
    return config.model_copy(update=rooted)

"""Where things lie: the configuration file, the data directory, secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mitmeter.errors import ConfigError
from mitmeter.model import Secret

_LARGEST_SECRET = 65_536


def find_config(
    given: Path | None = None,
    environ: Mapping[str, str] | None = None,
    here: Path | None = None,
    system: Path = Path("/etc/mitmeter/config.toml"),
) -> Path | None:
    """Return the configuration file to read, or None when there is none.

    Order: `given` (from --config), $MITMETER_CONFIG, ./mitmeter.toml,
    $XDG_CONFIG_HOME/mitmeter/config.toml, /etc/mitmeter/config.toml. Raises ConfigError when one of
    the first two is named and not there.
    """
    env = os.environ if environ is None else environ
    if given is not None:
        return _existing(given, "--config")
    if named := env.get("MITMETER_CONFIG"):
        return _existing(Path(named).expanduser(), "MITMETER_CONFIG")
    local = (Path.cwd() if here is None else here) / "mitmeter.toml"
    home = _xdg(env, "XDG_CONFIG_HOME", ".config") / "mitmeter" / "config.toml"
    return next((path for path in (local, home, system) if path.is_file()), None)


def data_dir(given: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Return the data directory: `given` (--data), $MITMETER_DATA, else below $XDG_DATA_HOME."""
    env = os.environ if environ is None else environ
    if given is not None:
        return given.expanduser()
    if named := env.get("MITMETER_DATA"):
        return Path(named).expanduser()
    return _xdg(env, "XDG_DATA_HOME", ".local/share") / "mitmeter"


def read_secret(path: Path, key: str = "") -> Secret:
    """Return a file's first line as a Secret. Raises ConfigError under `key` when there is none."""
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(_LARGEST_SECRET + 1)
        text = content.decode()
    except OSError as exc:
        raise ConfigError(key, f"{path}: {exc.strerror or exc}") from exc
    except UnicodeDecodeError:
        raise ConfigError(key, f"{path} is not UTF-8 text") from None
    line = text.split("\n", 1)[0].removesuffix("\r")
    if not line or len(content) > _LARGEST_SECRET:
        raise ConfigError(key, f"{path} does not hold a secret on its first line")
    return Secret(line)


def _existing(path: Path, key: str) -> Path:
    if not path.is_file():
        raise ConfigError(
            key, f"{path} is not there" if not path.exists() else f"{path} is not a file"
        )
    return path


def _xdg(environ: Mapping[str, str], name: str, default: str) -> Path:
    # The XDG specification wants relative values ignored.
    named = Path(environ.get(name, ""))
    if named.is_absolute():
        return named
    home = environ.get("HOME")
    return (Path(home) if home else Path.home()) / default

"""Where the configuration, the data and secrets lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from mitmeter.config.places import data_dir, find_config, read_secret
from mitmeter.errors import ConfigError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_the_first_configuration_in_order_is_found(tmp_path: Path) -> None:
    here, home, etc = tmp_path / "here", tmp_path / "xdg", tmp_path / "etc.toml"
    given, named = touch(tmp_path / "given.toml"), touch(tmp_path / "named.toml")
    local = touch(here / "mitmeter.toml")
    own = touch(home / "mitmeter" / "config.toml")
    touch(etc)
    environ = {"XDG_CONFIG_HOME": str(home)}
    named_too = {**environ, "MITMETER_CONFIG": str(named)}
    assert find_config(given, named_too, here, etc) == given
    assert find_config(None, named_too, here, etc) == named
    assert find_config(None, environ, here, etc) == local
    local.unlink()
    assert find_config(None, environ, here, etc) == own
    own.unlink()
    assert find_config(None, environ, here, etc) == etc
    etc.unlink()
    assert find_config(None, environ, here, etc) is None


def test_a_relative_xdg_folder_is_ignored(tmp_path: Path) -> None:
    own = touch(tmp_path / ".config" / "mitmeter" / "config.toml")
    environ = {"XDG_CONFIG_HOME": "relative", "HOME": str(tmp_path)}
    assert find_config(None, environ, tmp_path / "none", tmp_path / "none") == own


def test_a_configuration_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--config: .*gone\.toml is not there"):
        find_config(tmp_path / "gone.toml", {})
    with pytest.raises(ConfigError, match=r"MITMETER_CONFIG: .* is not a file"):
        find_config(None, {"MITMETER_CONFIG": str(tmp_path)})


def test_the_data_directory_is_given_or_named_or_below_the_users_own(tmp_path: Path) -> None:
    environ = {"MITMETER_DATA": "/srv/mitmeter", "XDG_DATA_HOME": "/xdg", "HOME": "/home/me"}
    assert data_dir(tmp_path, environ) == tmp_path
    assert data_dir(None, environ) == Path("/srv/mitmeter")
    del environ["MITMETER_DATA"]
    assert data_dir(None, environ) == Path("/xdg/mitmeter")
    del environ["XDG_DATA_HOME"]
    assert data_dir(None, environ) == Path("/home/me/.local/share/mitmeter")


@pytest.mark.parametrize("content", ["s3cret", "s3cret\n", "s3cret\r\n", "s3cret\na remark\n"])
def test_a_secret_is_the_first_line_of_its_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content.encode())
    assert read_secret(file).reveal() == "s3cret"


def test_a_secret_keeps_its_spaces(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" two words \n")
    assert read_secret(tmp_path / "secret").reveal() == " two words "


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\n", b"x" * 70_000])
def test_a_file_that_holds_no_secret_is_refused_without_showing_it(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        read_secret(tmp_path / "secret", "station[0].password_file")
    assert raised.value.key == "station[0].password_file"
    assert "xx" not in raised.value.problem


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gone: No such file"):
        read_secret(tmp_path / "gone")

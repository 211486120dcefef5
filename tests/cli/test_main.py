"""The command itself: help, errors in one line, exit codes, streams, signals."""

import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mitmeter import __version__
from mitmeter.cli import devices
from mitmeter.cli.main import COMMANDS
from tests.cli.program import ended, mitmeter, process

BELOW = [
    *(("journal", name) for name in ("list", "show", "verify", "export", "cut", "replay")),
    *(("config", name) for name in ("check", "dump", "schema")),
]
# Heavy, or needing the disk: nothing of it is wanted for a word of help.
HEAVY = ("asyncio", "mitmeter.model", "mitmeter.registry", "pydantic", "rich", "sqlite3", "logging")
READY = b"01 01 00 00000000 110A\n"


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_import_nothing_heavy(option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mitmeter", option],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "mitmeter.cli.main" in imported
    assert not imported & set(HEAVY)


def test_the_version_is_printed() -> None:
    done = mitmeter("--version")
    assert (done.code, done.out) == (0, f"mitmeter, version {__version__}\n")


@pytest.mark.parametrize("path", [*((name,) for name in COMMANDS), *BELOW], ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    done = mitmeter(*path, "-h")
    assert (done.code, done.err) == (0, "")
    assert done.lines[0].startswith(f"Usage: mitmeter {' '.join(path)} ")
    assert len(done.lines) > 5
    assert max(map(len, done.lines)) <= 100
    assert mitmeter(*path, "--help") == done


def test_the_list_of_commands_names_them_all_in_their_order() -> None:
    lines = mitmeter("-h").lines
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 :] if line[2] != " "]
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("path", [(), ("journal",), ("config",)])
def test_a_group_without_a_command_shows_its_help_and_fails(path: tuple[str, ...]) -> None:
    done = mitmeter(*path)
    assert (done.code, done.out) == (2, "")
    assert "Commands:" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trapp",), "no command 'trapp'; did you mean 'trap'? (see 'mitmeter --help')"),
        (("journal", "lst"), "no command 'lst'; did you mean 'list'?"),
        (("readings", "--jsn"), "no such option '--jsn'"),
        (("trap",), "missing argument 'PROTOCOL' (see 'mitmeter trap --help')"),
        (("trap", "alphaess", "more"), "unexpected extra argument"),
        (("proxy", "alphaess"), "missing option '--to'"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    done = mitmeter(*arguments)
    assert done.code == 2
    assert words in done.complaint


@pytest.mark.parametrize(
    "arguments",
    [
        ("devices",),
        ("readings", "--json"),
        ("events",),
        ("journal", "list"),
        ("journal", "show"),
        ("journal", "verify", "--json"),
        ("journal", "export", "--jsonl", "-"),
        ("journal", "cut", "--into", "new"),
        ("journal", "replay", "01", "--to", "tcp://127.0.0.1:9"),
        ("rebuild",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("made", [True, False], ids=["empty", "missing"])
def test_where_nothing_was_recorded_that_is_said_and_nothing_is_made(
    tmp_path: Path, arguments: tuple[str, ...], made: bool
) -> None:
    data = tmp_path / "data"
    if made:
        data.mkdir()
    done = mitmeter(*arguments, data=data)
    assert done.code == 1
    assert f"nothing has been recorded in {data} yet" in done.complaint
    assert data.exists() == made
    assert not made or not list(data.iterdir())


def test_a_journal_without_a_record_is_empty_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "data" / "journal").mkdir(parents=True)
    done = mitmeter("readings", data=tmp_path / "data")
    assert (done.code, done.out, done.err) == (0, "", "no device has been heard yet\n")


def test_a_file_in_place_of_the_data_directory_is_named_with_where_it_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    done = mitmeter("devices", data=file)
    assert (done.code, done.complaint) == (3, f"--data: {file} is not a directory")
    monkeypatch.setenv("MITMETER_DATA", str(file))
    done = mitmeter("devices")
    assert (done.code, done.complaint) == (3, f"MITMETER_DATA: {file} is not a directory")


def test_global_options_may_stand_behind_the_command(recorded: Path) -> None:
    assert mitmeter("devices", "--data", recorded) == mitmeter("devices", data=recorded)


def test_the_environment_names_the_data_directory(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MITMETER_DATA", str(recorded))
    assert mitmeter("devices").code == 0


class TestOurOwnFault:
    @pytest.fixture(autouse=True)
    def _broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("two\nlines")

        broken = click.Command("devices", callback=fail)
        monkeypatch.setattr(devices, "devices_command", broken)

    def test_is_one_line_without_a_trace(self, capsys: pytest.CaptureFixture[str]) -> None:
        from mitmeter.cli.main import main

        with pytest.raises(SystemExit, match="1"):
            main(["devices"])
        (line,) = capsys.readouterr().err.splitlines()
        assert line == (
            "mitmeter: internal error, RuntimeError: two lines (run again with -v for the trace)"
        )

    def test_shows_its_trace_to_who_asks(self, capsys: pytest.CaptureFixture[str]) -> None:
        from mitmeter.cli.main import main

        with pytest.raises(SystemExit, match="1"):
            main(["-v", "devices"])
        assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_ends_a_waiting_command_in_one_line() -> None:
    running = process("decode", "alphaess", "--hex")
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(READY)
    running.stdin.flush()
    assert running.stdout.readline() == b"Ready (9 bytes)\n"  # it is at work, and decodes live
    running.send_signal(signal.SIGINT)
    done = ended(running)
    assert done.code == 130
    assert done.err.strip() == "mitmeter: stopped"


def test_a_terminal_that_knows_no_arrows_gets_escapes(recorded: Path) -> None:
    running = process("journal", "show", data=recorded, environ={"PYTHONIOENCODING": "ascii"})
    done = ended(running)
    assert done.code == 0
    assert b"device \\u25b6" in done.raw


def test_without_any_stdout_a_command_runs_all_the_same(recorded: Path) -> None:
    shell = 'exec "$0" --data "$1" devices >&-'
    done = subprocess.run(
        ["sh", "-c", shell, str(Path(sys.executable).with_name("mitmeter")), str(recorded)],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_folder_nobody_may_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = tmp_path / "locked"

    def refuse(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_dir", refuse)
    done = mitmeter("devices", data=locked)
    assert (done.code, done.complaint) == (1, f"{locked / 'journal'}: Permission denied")

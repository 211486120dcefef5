"""The documentation is run: what it shows works."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent

import click
import pytest

from mitmeter.cli.main import cli
from mitmeter.cli.main import main as mitmeter
from mitmeter.registry import names

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/README.md")]
_FILE = re.compile(r"^```(?:python|toml) (\S+\.(?:py|toml))\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!http)([^)#]+)(?:#([^)]*))?\)")
_PICTURE = re.compile(r'(?:src|srcset)="([^"]+)"')
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_FENCED = re.compile(r"^( *)```(\S*)([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:sudo )?mitmeter [^`]+)`")
# What stands before the program's name when it is called.
_CALL = re.compile(r"^\s*(?:sudo )?(?:\.venv/bin/)?mitmeter (.*)$|\| mitmeter (.*)$")
_LOWER = re.compile(r"[a-z][a-z-]*\Z")
# Their first argument is a protocol.
_PROTOCOL_FIRST = {"trap", "proxy", "probe", "emulate", "decode"}
# The device that docs/add-a-device.md adds.
_EXAMPLE = "thermo"
# What Home Assistant calls the device behind all others, in running text.
_NO_CALLS = {"home"}


def test_the_device_of_the_developers_guide_keeps_all_laws(tmp_path: Path) -> None:
    files = _FILE.findall((ROOT / "docs/add-a-device.md").read_text("utf-8"))
    assert {name for name, _ in files} >= {"messages.py", "codec.py", "headend.py", "test_laws.py"}
    for name, text in files:
        where = tmp_path / "test_laws.py" if name == "test_laws.py" else tmp_path / "thermo" / name
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_laws.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b1\d passed", done.stdout), done.stdout


def test_every_page_and_heading_linked_to_exists() -> None:
    dead = [
        f"{_name(page)}: {target}#{heading}"
        for page in PAGES
        for target, heading in _LINK.findall(page.read_text("utf-8"))
        if not _leads_somewhere(page.parent / target, heading)
    ]
    assert dead == []


def test_every_picture_shown_exists() -> None:
    missing = [
        f"{_name(page)}: {target}"
        for page in PAGES
        for target in _PICTURE.findall(page.read_text("utf-8"))
        if not (page.parent / target).is_file()
    ]
    assert missing == []


def test_every_configuration_shown_is_fine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MITMETER_DATA", str(tmp_path))
    wrong, count = [], 0
    for page in PAGES:
        for place, text in enumerate(_blocks(page, "toml")):
            if text.startswith("[project"):
                continue  # of a package's own pyproject.toml
            file = tmp_path / "mitmeter.toml"
            file.write_text(text, "utf-8")
            count += 1
            if _exit_code(["-c", str(file), "config", "check"]) != 0:
                wrong.append(f"{_name(page)}, {place + 1}. toml: {capsys.readouterr().err}")
    assert wrong == []
    assert count > 20


def test_every_command_line_shown_names_commands_options_and_protocols_there_are() -> None:
    calls = [(page, call) for page in PAGES for call in _calls(page)]
    wrong = [
        f"{_name(page)}: mitmeter {call}: {problem}"
        for page, call in calls
        if (problem := _problem(shlex.split(call, comments=True)))
    ]
    assert wrong == []
    assert len(calls) > 150


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("readings --since 1h --quantity 'grid.*'", ""),
        ("--data old readings --all", ""),
        ("journal show 01M7 --hex", ""),
        ("COMMAND --help", ""),
        ("raedings", "no command 'raedings'"),
        ("journal shwo", "no command 'shwo'"),
        ("readings --evry 1h", "no option --evry"),
        ("trap alphaes", "no protocol 'alphaes'"),
    ],
)
def test_a_command_line_that_is_wrong_would_be_noticed(call: str, problem: str) -> None:
    assert _problem(shlex.split(call)) == problem


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _leads_somewhere(target: Path, heading: str) -> bool:
    if not target.exists():
        return False
    return not heading or heading in {
        re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-")
        for each in _HEADING.findall(target.read_text("utf-8"))
    }


def _blocks(page: Path, *languages: str) -> Iterator[str]:
    """Yield the fenced blocks of these languages, but those that name the file they are of."""
    for _, language, more, text in _FENCED.findall(page.read_text("utf-8")):
        if language in languages and not more.strip():
            yield dedent(text)


def _calls(page: Path) -> Iterator[str]:
    """Yield what is said to mitmeter in blocks of commands and in running text."""
    for text in _blocks(page, "", "sh"):
        for line in text.replace("\\\n", " ").splitlines():
            if found := _CALL.match(line) or re.search(r"\| mitmeter (.*)$", line):
                # Columns of a listing explain what stands before them.
                yield re.split(r" {2,}| [|>·&] |; ", next(filter(None, found.groups())))[0]
    for said in _INLINE.findall(page.read_text("utf-8")):
        call = re.split(r" [|>] ", said.partition("mitmeter ")[2].replace("\n", " "))[0]
        if call not in _NO_CALLS:
            yield call


def _problem(words: Sequence[str]) -> str:
    """Return what is wrong with a command line, as far as its words tell; "" for nothing."""
    command: click.Command = cli
    context = click.Context(command)
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("-") and word != "-":
            option = _option(command, word.partition("=")[0])
            if option is None:
                return f"no option {word.partition('=')[0]}"
            if not option.is_flag and "=" not in word:
                rest = rest[1:]
        elif isinstance(command, click.Group):
            if not _LOWER.match(word):
                return ""  # a placeholder, such as COMMAND
            found = command.commands.get(word) or (
                command.get_command(context, word)
                if word in command.list_commands(context)
                else None
            )
            if found is None:
                return f"no command {word!r}"
            command, takes_protocol = found, word in _PROTOCOL_FIRST
            if (
                takes_protocol
                and rest
                and _LOWER.match(rest[0])
                and rest[0] not in (*names(), _EXAMPLE)
            ):
                return f"no protocol {rest[0]!r}"
    return ""


def _option(command: click.Command, name: str) -> click.Option | None:
    if name in ("--help", "-h"):
        return click.Option(["--help"], is_flag=True)
    for each in command.params:
        if isinstance(each, click.Option) and name in (*each.opts, *each.secondary_opts):
            return each
    return None


def _exit_code(words: Sequence[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(mitmeter(words))
    return int(ended.value.code or 0)

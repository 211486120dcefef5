"""The documentation is run: what it shows works."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_FILE = re.compile(r"^```(?:python|toml) (\S+\.(?:py|toml))\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)")


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


def test_every_page_linked_to_exists() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/README.md")]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in _LINK.findall(page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert dead == []

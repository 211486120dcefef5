from __future__ import annotations

import stat
from pathlib import Path

import pytest
import zstandard

from mitmeter.errors import JournalError
from mitmeter.journal import seal as seal_module
from mitmeter.journal.seal import seal, seal_rolled
from mitmeter.journal.segments import every_file, segments
from mitmeter.journal.verify import verify
from tests.journal.journal_makers import conversation, talk, writer


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    with writer(tmp_path, segment_bytes=2000) as to:
        talk(to, conversation(), 60)
    assert len(segments(tmp_path)) >= 3
    return tmp_path


def test_every_segment_but_the_last_is_sealed_and_unpacks_to_its_bytes(journal: Path) -> None:
    before = {path.name: path.read_bytes() for path in journal.glob("*.jsonl")}
    done = seal_rolled(journal)
    assert [one.segment.path.name for one in done] == [f"{name}.zst" for name in sorted(before)][
        :-1
    ]
    assert [path.name for path in journal.glob("*.jsonl")] == [max(before)]
    for one in done:
        packed = one.segment.path.read_bytes()
        text = zstandard.ZstdDecompressor().decompress(packed)
        assert text == before[one.segment.path.name.removesuffix(".zst")]
        assert zstandard.get_frame_parameters(packed).has_checksum
        assert (one.before, one.after) == (len(text), len(packed))
    assert verify(journal).problems == []


def test_sealing_again_does_nothing(journal: Path) -> None:
    seal_rolled(journal)
    assert seal_rolled(journal) == []


def test_a_crash_before_the_original_was_removed_is_made_up_for(journal: Path) -> None:
    first = segments(journal)[0]
    text = first.path.read_bytes()
    seal(first)
    first.path.write_bytes(text)
    assert len(every_file(journal)) == len(segments(journal)) + 1
    seal_rolled(journal)
    assert len(every_file(journal)) == len(segments(journal))
    assert verify(journal).problems == []


def test_a_copy_that_does_not_read_back_the_same_is_thrown_away(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compress_wrongly(_: object, __: int, target: Path, ___: int) -> None:
        target.write_bytes(zstandard.ZstdCompressor().compress(b"something else"))

    monkeypatch.setattr(seal_module, "_compress", compress_wrongly)
    before = sorted(journal.iterdir())
    with pytest.raises(JournalError, match="does not read back the same"):
        seal_rolled(journal)
    assert sorted(journal.iterdir()) == before


def test_a_failure_names_the_file_and_leaves_it(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object, __: int, target: Path, ___: int) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(seal_module, "_compress", full)
    before = sorted(journal.iterdir())
    with pytest.raises(JournalError, match=r"00000001-.* cannot be sealed: No space left"):
        seal_rolled(journal)
    assert sorted(journal.iterdir()) == before


def test_a_sealed_segment_keeps_its_time_and_its_privacy(journal: Path) -> None:
    first = segments(journal)[0]
    changed = first.path.stat().st_mtime_ns
    done = seal(first)
    status = done.segment.path.stat()
    assert status.st_mtime_ns == changed
    assert stat.S_IMODE(status.st_mode) == 0o600

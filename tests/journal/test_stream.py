from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import zstandard

from mitmeter.errors import JournalError
from mitmeter.journal.segments import Segment
from mitmeter.journal.stream import SegmentStream

TEXT = b"".join(b"line %d\n" % number for number in range(60_000))


def sealed(path: Path, data: bytes) -> Segment:
    path.write_bytes(data)
    return Segment(1, date(2025, 11, 20), path, True)


def read(segment: Segment) -> bytes:
    found = b""
    with SegmentStream(segment) as stream:
        while data := stream.read():
            found += data
            assert stream.offset == len(found)
    return found


def test_an_open_and_a_sealed_segment_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "open").write_bytes(TEXT)
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(TEXT)
    assert read(Segment(1, date(2025, 11, 20), tmp_path / "open", False)) == TEXT
    assert read(sealed(tmp_path / "sealed", packed)) == TEXT


def test_a_sealed_file_that_stops_early_says_so(tmp_path: Path) -> None:
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(TEXT)
    segment = sealed(tmp_path / "sealed", packed[: len(packed) // 2])
    with pytest.raises(JournalError, match=rf"ends at byte \d+ of the {len(TEXT)} it announces"):
        read(segment)


def test_a_file_that_is_not_zstd_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="sealed behind byte 0"):
        read(sealed(tmp_path / "sealed", b"this is no zstd file at all"))


def test_an_empty_sealed_file_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="sealed"):
        read(sealed(tmp_path / "sealed", b""))


def test_a_changed_byte_in_a_sealed_file_is_noticed(tmp_path: Path) -> None:
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(TEXT))
    packed[-1] ^= 1
    with pytest.raises(JournalError, match="checksum"):
        read(sealed(tmp_path / "sealed", bytes(packed)))

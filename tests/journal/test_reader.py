from __future__ import annotations

from pathlib import Path

from mitmeter.journal.position import Position
from mitmeter.journal.reader import ConversationSummary, JournalReader
from mitmeter.journal.records import Damaged
from mitmeter.journal.seal import seal_rolled
from mitmeter.model import Side
from tests.journal.journal_makers import NOON, conversation, only_file, records, say, talk, writer


def test_sealed_and_open_segments_read_as_one_journal(tmp_path: Path) -> None:
    with writer(tmp_path, segment_bytes=1200) as to:
        talk(to, conversation(1), 40)
    before = list(JournalReader(tmp_path).read())
    assert len(seal_rolled(tmp_path)) > 2
    assert list(JournalReader(tmp_path).read()) == before


def test_a_torn_tail_comes_last_with_the_place_before_it(tmp_path: Path) -> None:
    with writer(tmp_path) as to:
        talk(to, conversation(), 3)
        size = to.end.offset
    path = only_file(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"k":"d","c":"01')
    place, last = list(JournalReader(tmp_path).read())[-1]
    assert isinstance(last, Damaged)
    assert last.torn
    assert last.raw == b'{"k":"d","c":"01'
    assert place == Position(1, size)


def test_a_torn_end_before_another_segment_is_told_and_passed(tmp_path: Path) -> None:
    with writer(tmp_path, segment_bytes=600) as to:
        talk(to, conversation(), 3)
    first = min(tmp_path.glob("*.jsonl"))
    first.write_bytes(first.read_bytes()[:-3])
    found = records(tmp_path)
    torn = [record for record in found if isinstance(record, Damaged)]
    assert [one.torn for one in torn] == [True]
    assert found.index(torn[0]) < len(found) - 1


def test_conversations_are_listed_with_what_they_carried(tmp_path: Path) -> None:
    first, second = conversation(1), conversation(2)
    with writer(tmp_path, segment_bytes=900) as to:
        to.open(first)
        to.open(second)
        say(to, first, 0, b"login")
        say(to, second, 0, b"status")
        say(to, first, 1, b"ok")
        say(to, first, 2, b"more")
        to.close(first.id, "peer closed", NOON + 9000)
    assert list(JournalReader(tmp_path).conversations()) == [
        ConversationSummary(first, NOON + 9000, "peer closed", 3, 9, 2, 0, NOON + 9000),
        ConversationSummary(second, None, "", 1, 6, 0, 0, NOON),
    ]


def test_what_a_proxy_changed_is_counted_apart(tmp_path: Path) -> None:
    who = conversation(role="proxy")
    with writer(tmp_path) as to:
        to.open(who)
        to.data(who.id, 0, Side.DEVICE, NOON, b"serial", False)
        to.data(who.id, 1, Side.DEVICE, NOON, b"******", True)
        to.data(who.id, 2, Side.HEADEND, NOON, b"ok", False)
    (summary,) = JournalReader(tmp_path).conversations()
    assert (summary.device_bytes, summary.headend_bytes, summary.changed_bytes) == (6, 2, 6)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitmeter.lan.dns import DnsStream, framed
from mitmeter.testing.chunkings import chunkings
from mitmeter.testing.cutting import Chunking
from tests.lan.lan_questions import question


def test_a_message_over_tcp_comes_with_its_length() -> None:
    assert framed(b"abc") == b"\0\3abc"


@given(count=st.integers(0, 4), cut=chunkings())
def test_messages_come_out_whole_however_the_stream_is_cut(count: int, cut: Chunking) -> None:
    messages = [question(identity=number) for number in range(count)]
    sent = b"".join(len(each).to_bytes(2) + each for each in messages)
    stream = DnsStream()
    assert [each for part in cut(sent) for each in stream.feed(part)] == messages
    assert stream.problem == ""


@pytest.mark.parametrize("size", [0, 11, 4097, 65_535])
def test_a_length_no_question_has_ends_the_stream_after_the_good_ones(size: int) -> None:
    stream = DnsStream()
    good = framed(question())
    assert stream.feed(good + size.to_bytes(2) + bytes(100)) == [question()]
    assert stream.problem == f"a message of {size} bytes, expected 12 to 4096"
    assert stream.feed(good) == []


@given(parts=st.lists(st.binary(max_size=200), max_size=30))
def test_any_bytes_are_cut_alike_in_any_chunking(parts: list[bytes]) -> None:
    piecewise, whole = DnsStream(), DnsStream()
    found = [each for part in parts for each in piecewise.feed(part)]
    assert found == whole.feed(b"".join(parts))
    assert piecewise.problem == whole.problem

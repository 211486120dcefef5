from mitmeter.transport.memory import memory_pair


class Recorder:
    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.endings: list[str] = []

    def received(self, data: bytes) -> None:
        self.chunks.append(data)

    def ended(self) -> None:
        self.endings.append("ended")

    def lost(self, reason: str) -> None:
        self.endings.append(reason)

    def congested(self, full: bool) -> None:
        raise AssertionError("memory is never full")


def test_what_one_end_writes_the_other_end_is_given_in_pieces_of_the_size_asked() -> None:
    one, two = memory_pair()
    two.owner = owner = Recorder()
    one.write(b"abcde")
    assert two.deliver(chunk=2)
    assert owner.chunks == [b"ab", b"cd", b"e"]
    assert not two.deliver()


def test_a_close_arrives_after_the_last_byte_and_only_once() -> None:
    one, two = memory_pair()
    two.owner = owner = Recorder()
    one.write(b"last")
    one.close()
    two.deliver()
    two.deliver()
    assert owner.chunks == [b"last"]
    assert owner.endings == ["ended", "closed by peer"]


def test_a_paused_end_is_given_nothing() -> None:
    one, two = memory_pair()
    two.owner = owner = Recorder()
    two.pause()
    one.write(b"x")
    assert not two.deliver()
    two.resume()
    assert two.deliver()
    assert owner.chunks == [b"x"]

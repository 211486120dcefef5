import pytest

from mitmeter.devices.kamstrup.management.codec import ManagementCodec
from mitmeter.devices.kamstrup.management.redact import redact
from mitmeter.model import Side


class Stars:
    """Pseudonyms whose digits are 9 and whose letters are x."""

    def text(self, value: str) -> str:
        return "".join("9" if c.isdigit() else "x" if c.isalpha() else c for c in value)


def shared(sender: Side, data: bytes) -> bytes:
    codec = ManagementCodec()
    items = [*codec.feed(sender, data), *codec.end(sender)]
    return b"".join(redact(sender, item, Stars()) for item in items)


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (b"Connected to [00:13:EA:12:34:56]\r\n", b"Connected to [99:99:xx:99:99:99]\r\n"),
        (b"IP addr.            : 10.0.0.1\r\n", b"IP addr.            : 99.9.9.9\r\n"),
        (b" [3] 10.0.0.7\r\n", b" [3] 99.9.9.9\r\n"),
        (b"Welcome...\r\nOK", b"Welcome...\r\nOK"),
        (b"Device Name         : \r\n", b"Device Name         : \r\n"),
        (b"Device Name         : a\xe9\r\n", b"xxxxxxxxxxxxxxxxxxxxxxxx\r\n"),
    ],
)
def test_what_the_module_tells_keeps_its_labels(said: bytes, becomes: bytes) -> None:
    assert shared(Side.DEVICE, said) == becomes


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (b"!SI 10.0.0.1\r\n", b"!SI 99.9.9.9\r\n"),
        (b"!SD Cellar 3\r", b"!SD xxxxxx 9\r"),
        (b"H !SC\r", b"H !SC\r"),
        (b"!GC\r", b"!GC\r"),
        (b"\xff\xfd\x03!GC\r", b"\xff\xfd\x03!GC\r"),
        (b"A" * 1_100, bytes(1_024) + bytes(76)),
    ],
)
def test_what_a_client_says_keeps_its_commands(said: bytes, becomes: bytes) -> None:
    assert shared(Side.HEADEND, said) == becomes

from mitmeter.devices.smgw.codec import SmgwCodec
from mitmeter.devices.smgw.redact import redact
from mitmeter.model import Side
from mitmeter.protocol import Decoded, Undecodable
from mitmeter.testing.vectors import load_vectors

_VECTORS = load_vectors("mitmeter.devices.smgw")


class _Crosses:
    """Stand-ins that no private value can be taken for: 7 for digits, x for letters."""

    def text(self, value: str) -> str:
        return "".join("7" if c.isdigit() else "x" if c.isalpha() else c for c in value)


def redacted(name: str) -> bytes:
    vector = next(each for each in _VECTORS if each.name == name)
    (item,) = SmgwCodec().feed(vector.sender, vector.data)
    return redact(vector.sender, item, _Crosses())


def test_nothing_of_any_example_that_names_anybody_is_left() -> None:
    private = (
        *(b"1tst00000000", b"1TST00000000", b"ethe0399", b"tst-0042", b"TST-0042", b"DE009999"),
        *(b"consumer-0047", b"tst-user", b"8842170015", b"t0ken0", b"11112222", b"0badc0de"),
        *(b"fc0916c0", b"0bac89c4", b"5f0c1e77", b"a1b2c3d4", b"c0ffee", b"fedcba98", b"abababab"),
        *(b"3082024a", b"2d2d2d2d", b"54535400", b"00471tst"),
    )
    for vector in _VECTORS:
        raw = redacted(vector.name)
        assert len(raw) == len(vector.data)
        left = [word for word in private if word in raw]
        assert not left, f"{vector.name}: {left}"


def test_what_was_measured_stays() -> None:
    raw = redacted("Theben: newest values")
    assert b'"value":"24681012"' in raw
    assert b'"obis":"0100010800ff"' in raw
    assert b"2026-03-01T11:30:00Z" in raw
    assert b"a000000020003800" in raw


def test_realms_names_of_cookies_and_actions_stay() -> None:
    raw = redacted("PPC: the meters are asked for")
    assert b'realm="SmartMeterGateway"' in raw
    assert b"Cookie: session=7777777777" in raw
    assert b"action=meterform" in raw


def test_bytes_that_are_no_message_are_redacted_too() -> None:
    item = Undecodable(b"\x00 1tst0000000042 \xff Cookie: session=8842170015", "garbage")
    assert b"1tst0000000042" not in redact(Side.DEVICE, item, _Crosses())


def test_a_redacted_export_still_decodes() -> None:
    raw = redacted("PPC: a signed export, its content whole")
    (item,) = SmgwCodec().feed(Side.DEVICE, raw)
    assert isinstance(item, Decoded)

"""A subscription as a link, at a real broker."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from mitmeter.errors import LinkError
from mitmeter.transport import Link
from mitmeter.transport.mqtt import publish_packet, subscribe
from tests.transport.broker import NEEDS_MOSQUITTO, PASSWORD, USER, broker, free_port
from tests.transport.ends import End

pytestmark = [NEEDS_MOSQUITTO, pytest.mark.system]

HERE = "127.0.0.1"


async def gone(end: End, link: Link) -> None:
    link.close()
    await end.gone.wait()


def test_a_packet_has_the_standards_form() -> None:
    # Lengths from the examples of MQTT 3.1.1 §2.2.3: 127 and 128 content bytes.
    assert publish_packet("a/b", b"xyz", retained=False) == b"\x30\x08\x00\x03a/bxyz"
    assert publish_packet("a/b", b"", retained=True) == b"\x31\x05\x00\x03a/b"
    assert publish_packet("t", bytes(124), retained=False)[:2] == b"\x30\x7f"
    assert publish_packet("t", bytes(125), retained=False)[:3] == b"\x30\x80\x01"
    assert publish_packet("t", bytes(16_384 - 3), retained=False)[:4] == b"\x30\x80\x80\x01"


async def test_what_is_published_arrives_as_packets_and_other_topics_do_not(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        end = End()
        link = await subscribe(HERE, hub.port, ("a/+", "b"), end.accept)
        assert link.peer == f"{HERE}:{hub.port}"
        await hub.publish("c", "not for us")
        await hub.publish("a/1", "one")
        await hub.publish("b", b"\x00\xff")
        expected = b"\x30\x08\x00\x03a/1one\x30\x05\x00\x01b\x00\xff"
        assert await end.until(len(expected)) == expected
        await gone(end, link)
    assert end.endings == ["closed"]


async def test_a_retained_message_is_marked_as_such(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        await hub.publish("a", "old", retain=True)
        end = End()
        link = await subscribe(HERE, hub.port, ("a",), end.accept)
        assert await end.until(8) == b"\x31\x06\x00\x01aold"
        await gone(end, link)


async def test_what_is_written_goes_nowhere(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        end = End()
        link = await subscribe(HERE, hub.port, ("#",), end.accept)
        link.write(b"\x30\x05\x00\x01ano")
        link.finish()
        await hub.publish("a", "yes")
        assert await end.until(8) == b"\x30\x06\x00\x01ayes"
        await gone(end, link)


async def test_while_paused_nothing_is_handed_on_and_afterwards_everything(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        end, other = End(), End()
        link = await subscribe(HERE, hub.port, ("#",), end.accept)
        beside = await subscribe(HERE, hub.port, ("#",), other.accept)
        link.pause()
        for payload in ("1", "2"):
            await hub.publish("a", payload)
        await other.until(12)
        await gone(other, beside)
        assert end.chunks == 0
        link.resume()
        assert await end.until(12) == b"\x30\x04\x00\x01a1\x30\x04\x00\x01a2"
        await gone(end, link)


async def test_a_message_too_large_is_told_of_and_the_next_one_arrives(tmp_path: Path) -> None:
    skipped: list[tuple[str, int]] = []
    async with broker(tmp_path) as hub:
        end = End()
        link = await subscribe(
            HERE,
            hub.port,
            ("#",),
            end.accept,
            largest=100,
            skipped=lambda topic, size: skipped.append((topic, size)),
        )
        await hub.publish("a", bytes(96))
        await hub.publish("a", "next")
        assert await end.until(9) == b"\x30\x07\x00\x01anext"
        await gone(end, link)
    assert skipped == [("a", 101)]


async def test_user_and_password_open_a_guarded_broker(tmp_path: Path) -> None:
    async with broker(tmp_path, guarded=True) as hub:
        end = End()
        link = await subscribe(HERE, hub.port, ("#",), end.accept, username=USER, password=PASSWORD)
        await hub.publish("a", "x")
        assert await end.until(6) == b"\x30\x04\x00\x01ax"
        await gone(end, link)


@pytest.mark.parametrize("login", [("", ""), (USER, "wrong-pass"), ("nobody", PASSWORD)])
async def test_a_refused_login_is_told_in_words_without_the_password(
    tmp_path: Path, login: tuple[str, str]
) -> None:
    async with broker(tmp_path, guarded=True) as hub:
        with pytest.raises(LinkError, match="refuses the user name or password") as refused:
            await subscribe(
                HERE, hub.port, ("#",), End().accept, username=login[0], password=login[1]
            )
    assert f"mqtt://{HERE}:{hub.port}: " in str(refused.value)
    assert PASSWORD not in str(refused.value)
    assert "wrong-pass" not in str(refused.value)


async def test_where_nobody_listens_is_told_in_words() -> None:
    port = free_port()
    with pytest.raises(LinkError, match="nobody listens there") as refused:
        await subscribe(HERE, port, ("#",), End().accept)
    assert str(refused.value) == f"mqtt://{HERE}:{port}: nobody listens there (connection refused)"


async def test_a_broker_that_goes_away_is_the_end_of_the_link(tmp_path: Path) -> None:
    async with broker(tmp_path) as hub:
        end = End()
        await subscribe(HERE, hub.port, ("#",), end.accept)
        hub.stop()
        await end.gone.wait()
    assert end.endings == [f"mqtt://{HERE}:{hub.port}: the broker ended the connection"]


async def test_who_waits_no_longer_for_a_silent_server_leaves_no_task_behind() -> None:
    heard = asyncio.Event()
    done = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        heard.set()
        await done.wait()
        writer.close()

    server = await asyncio.start_server(silent, HERE, 0)
    port = server.sockets[0].getsockname()[1]
    trying = asyncio.create_task(subscribe(HERE, port, ("#",), End().accept))
    await heard.wait()
    trying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trying
    done.set()
    server.close()


async def test_without_the_library_it_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "aiomqtt", None)
    with pytest.raises(LinkError, match=r"install mitmeter\[mqtt\]"):
        await subscribe(HERE, 1883, ("#",), End().accept)

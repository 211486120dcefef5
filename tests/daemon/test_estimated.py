"""Energy integrated from power: the same live, in pieces, and decoded again."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mitmeter import registry
from mitmeter.daemon.ingest import Ingest
from mitmeter.daemon.persona import load_persona
from mitmeter.daemon.rebuild import rebuild
from mitmeter.daemon.supervisor import JOURNAL, STORE
from mitmeter.daemon.view import heal
from mitmeter.journal.writer import JournalWriter
from mitmeter.model import Reading, nanoseconds
from mitmeter.simulate import House, Site
from mitmeter.store import Store
from mitmeter.testing.dialogue import dialogue

START = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
SPEC = registry.spec("efergy")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data directory with an hour of a hub in its journal, and an outage in the hour."""
    house = House(1, START.replace(month=1, day=1), Site())
    made = dialogue(SPEC, start=START, house=house, zone=UTC, persona=load_persona(SPEC, "h3"))
    said = made.run(minutes=20).disconnect(600).run(minutes=30)
    with JournalWriter(tmp_path / JOURNAL, clock_ns=lambda: nanoseconds(START)) as writer:
        known: set[str] = set()
        for chunk in said.chunks:
            if chunk.conversation.id not in known:
                known.add(chunk.conversation.id)
                writer.open(chunk.conversation)
            writer.data(
                chunk.conversation.id,
                chunk.seq,
                chunk.sender,
                chunk.received_ns,
                chunk.data,
                chunk.ours,
            )
    return tmp_path


def estimated(data: Path) -> list[Reading]:
    with Store.open(data / STORE, read_only=True) as store:
        found = list(store.readings(limit=None))
    return [each for each in found if each.quantity.endswith(".energy.estimated")]


def test_energy_is_the_same_live_in_pieces_and_decoded_again(data: Path) -> None:
    for size in (1, 3, 7) * 1000:
        with Store.open(data / STORE) as store:
            ingest = Ingest(data / JOURNAL, store, UTC)
            count = ingest.step(None, size) + ingest.step(None, size)
            ingest.close()
        if not count:
            break
    pieces = estimated(data)
    assert len(pieces) > 50
    assert max(each.value for each in pieces if not isinstance(each.value, str)) > 0
    found = rebuild(data, UTC, lambda count: None)
    assert (found.added, found.removed, found.changed) == (0, 0, 0)
    assert estimated(data) == pieces
    (data / STORE).unlink()
    heal(data, UTC)
    assert estimated(data) == pieces

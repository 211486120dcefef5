from collections.abc import Sequence
from pathlib import Path

import pytest

from mitmeter.errors import StoreError
from mitmeter.model import Event, Fact
from mitmeter.store import (
    Batch,
    Carried,
    Closed,
    Difference,
    Known,
    Moment,
    Noted,
    Progress,
    Store,
    carry_over,
    diff,
    swap,
)
from tests.store.storekit import (
    BATTERY,
    HUB,
    NOON,
    SAYS_NOON,
    conversation,
    live,
    moment,
    seconds,
    status,
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "store.db.new"


def fill(path: Path, *batches: Batch) -> None:
    with Store.open(path) as store:
        for batch in batches:
            store.apply(batch)


def talk(name: str, first: int, numbers: Sequence[int], value: str = "93.6") -> Batch:
    """Return a conversation of one status per chunk; `first` is the first chunk the journal has."""
    return Batch(
        "1:1",
        opened=[conversation(name)],
        progress=[Progress(name, first, len(numbers), 100, 10)],
        moments=[status(number, value, f"{name}/{number}") for number in numbers],
    )


def held(path: Path) -> list[tuple[str, str]]:
    with Store.open(path) as store:
        return [(each.source, str(each.value)) for each in store.readings()]


def test_two_decodings_of_the_same_journal_do_not_differ(old: Path, new: Path) -> None:
    for path in (old, new):
        fill(path, talk("a", 0, range(5)))
    assert diff(old, new) == Difference(added=0, removed=0, changed=0, same=5, kept=0)


def test_a_difference_counts_by_identity_whatever_the_numbers_within(old: Path, new: Path) -> None:
    other = moment(live(None, NOON, "7", "grid.power", HUB))
    fill(old, talk("a", 0, range(5)))
    fill(
        new,
        Batch("1:0", moments=[other]),
        talk("a", 0, [0, 1]),
        talk("a", 0, [2], "93.60"),
        Batch("1:2", moments=[moment(*status(3).readings, at=NOON)]),
    )
    assert diff(old, new) == Difference(added=1, removed=1, changed=2, same=2, kept=0)


def test_a_quantity_of_a_later_part_of_a_moment_is_found(old: Path, new: Path) -> None:
    telemetry = moment(live(SAYS_NOON, NOON, "50", "grid.frequency"))
    fill(old, Batch("1", moments=[status(0), telemetry]))
    fill(new, Batch("1", moments=[telemetry, status(0)]))
    assert diff(old, new) == Difference(0, 0, 0, same=2, kept=0)


def test_a_conversation_the_journal_forgot_is_kept(old: Path, new: Path) -> None:
    fill(old, talk("a", 0, range(3)), talk("b", 0, range(3, 5)))
    fill(old, Batch("1:2", closed=[Closed("a", "the peer closed", 99)]))
    fill(new, talk("b", 0, range(3, 5)))
    assert carry_over(old, new) == Carried(readings=3, events=0, conversations=1, facts=0)
    assert held(new) == held(old)
    assert diff(old, new) == Difference(0, 0, 0, same=2, kept=3)
    with Store.open(old) as was, Store.open(new) as now:
        assert now.conversations() == was.conversations()
        assert now.series() == was.series()
        assert now.devices() == was.devices()


def test_of_a_conversation_whose_beginning_was_pruned_the_beginning_is_kept(
    old: Path, new: Path
) -> None:
    # The journal begins with chunk 2, which holds the end of a message that began in chunk 1.
    fill(old, talk("a", 0, range(6)))
    fill(new, talk("a", 2, range(3, 6)))
    assert carry_over(old, new).readings == 3
    assert diff(old, new) == Difference(0, 0, 0, same=3, kept=3)


def test_a_conversation_that_goes_on_keeps_its_opening(old: Path, new: Path) -> None:
    opening = Noted(Event("mitmeter.conversation.opened", NOON - seconds(1), "from"), "", "a")
    fill(old, talk("a", 0, range(6)), Batch("1", events=[opening]))
    rest = talk("a", 2, range(3, 6))
    fill(new, Batch("1", moments=rest.moments, progress=rest.progress))
    assert carry_over(old, new) == Carried(readings=3, events=1, conversations=1, facts=0)
    with Store.open(new) as store:
        (kept,) = store.conversations()
        assert (kept.conversation, kept.chunks) == (conversation("a"), 3)


def test_what_todays_decoder_no_longer_makes_is_not_kept(old: Path, new: Path) -> None:
    fill(old, talk("a", 0, range(6)))
    fill(new, talk("a", 0, range(3)))
    assert carry_over(old, new) == Carried(0, 0, 0, 0)
    assert diff(old, new) == Difference(added=0, removed=3, changed=0, same=3, kept=0)


def test_what_is_kept_is_kept_again(old: Path, new: Path, tmp_path: Path) -> None:
    third = tmp_path / "third.db"
    fill(old, talk("a", 0, range(3)), talk("b", 0, range(3, 5)))
    fill(new, talk("b", 0, range(3, 5)))
    carry_over(old, new)
    fill(third, talk("b", 0, range(3, 5)))
    assert carry_over(new, third).readings == 3
    assert diff(old, third) == Difference(0, 0, 0, same=2, kept=3)


def test_what_both_hold_is_as_it_was_decoded_anew(old: Path, new: Path) -> None:
    fill(old, talk("a", 0, [0]), talk("b", 0, [1]))
    fill(new, talk("b", 0, [0, 1], "1.0"))
    assert carry_over(old, new).readings == 0
    assert held(new) == [("b/0", "1.0"), ("b/1", "1.0")]


def test_folds_and_clocks_are_kept_as_they_were(old: Path, new: Path) -> None:
    twice = [status(0, source="a/0"), Moment(status(0).readings, NOON, status(0).clock, 1, "a/1")]
    without = moment(live(None, NOON), source="a/2")
    fill(old, Batch("1", opened=[conversation("a")], moments=[*twice, without]))
    fill(new, Batch("1"))
    assert carry_over(old, new).readings == 3
    assert diff(old, new).kept == 3


def test_events_and_facts_from_before_the_journal_are_kept(old: Path, new: Path) -> None:
    def noted(number: int, talk: str = "") -> Noted:
        event = Event("mitmeter.x", NOON + seconds(number), str(number))
        return Noted(event, "battery", talk, f"{talk}/{number}" if talk else "")

    facts = [
        Known(Fact(BATTERY, "firmware", "1"), NOON, "a/1"),
        Known(Fact(BATTERY, "model", "Smile", private=True), NOON, "a/1"),
    ]
    fill(
        old,
        Batch(
            "1",
            opened=[conversation("a"), conversation("b")],
            progress=[Progress("a", 0, 9), Progress("b", 0, 9)],
            events=[noted(0), noted(1, "a"), noted(2, "b"), noted(3)],
            facts=facts,
            clocks={BATTERY: "old", HUB: "old"},
        ),
    )
    later = Known(Fact(BATTERY, "firmware", "2"), NOON)
    fill(
        new,
        Batch(
            "9",
            opened=[conversation("b")],
            progress=[Progress("b", 0, 9)],
            events=[noted(2, "b"), noted(3)],
            facts=[later],
            clocks={BATTERY: "new"},
        ),
    )
    assert carry_over(old, new) == Carried(readings=0, events=2, conversations=1, facts=1)
    with Store.open(new) as store:
        assert [each.event.message for each in store.events()] == ["0", "1", "2", "3"]
        assert store.facts(BATTERY) == {"firmware": "2", "model": "Smile"}
        assert store.devices()[0].facts == {"firmware": "2"}
        assert store.clocks() == {BATTERY: "new", HUB: "old"}
        assert store.position == "9"


def test_an_old_entry_in_a_new_event_log_does_not_make_the_journal_older(
    old: Path, new: Path
) -> None:
    entry = Noted(Event("mitmeter.alphaess.log", NOON - seconds(9_000), "41"), "", "b", "b/0")
    refused = Noted(Event("mitmeter.command.refused", NOON - seconds(100), "no"))
    fill(old, Batch("1", events=[refused, entry]))
    fill(new, talk("b", 0, [0]), Batch("1", events=[entry]))
    assert carry_over(old, new).events == 1


def test_the_new_store_takes_the_place_of_the_old(old: Path, new: Path) -> None:
    fill(old, talk("a", 0, [0]))
    fill(new, talk("a", 0, [0, 1]))
    swap(old, new)
    assert [each.name for each in old.parent.iterdir()] == [old.name]
    assert len(held(old)) == 2


def test_a_swap_leaves_both_while_someone_reads_the_old(old: Path, new: Path) -> None:
    fill(old, talk("a", 0, [0]))
    fill(new, talk("a", 0, [0, 1]))
    with Store.open(old, read_only=True) as reader:
        assert len(list(reader.readings())) == 1
        with pytest.raises(StoreError, match="in use by another process"):
            swap(old, new)
    assert (len(held(old)), len(held(new))) == (1, 2)


def test_a_first_store_needs_no_old_one_to_swap_with(old: Path, new: Path) -> None:
    fill(new, talk("a", 0, [0]))
    swap(old, new)
    assert len(held(old)) == 1

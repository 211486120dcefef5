from hypothesis import given
from hypothesis import strategies as st

from mitmeter.lan.tally import OTHERS, Tally, Tell

SECOND = 10**9
ASKED = ("cad.sensornet.info", "A", "answered 192.168.101.2", "udp")


def test_the_first_time_is_told_at_once() -> None:
    assert Tally().note("a", ASKED, 0) == Tell("a", ASKED, 1)


def test_repeats_are_told_with_their_number_when_the_time_has_passed() -> None:
    tally = Tally(every_seconds=600)
    tally.note("a", ASKED, 0)
    for second in range(6, 600, 6):
        assert tally.note("a", ASKED, second * SECOND) is None
    assert tally.note("a", ASKED, 600 * SECOND) == Tell("a", ASKED, 100)
    assert tally.note("a", ASKED, 606 * SECOND) is None


def test_another_host_or_another_verdict_is_another_thing() -> None:
    tally = Tally()
    told = [
        tally.note(who, what, 0)
        for who, what in (("a", ASKED), ("b", ASKED), ("a", ("other",)), ("a", ASKED))
    ]
    assert [each is not None for each in told] == [True, True, True, False]


def test_what_has_ceased_is_told_to_the_end_and_then_is_new_again() -> None:
    tally = Tally(every_seconds=600)
    for second in range(3):
        tally.note("a", ASKED, second * SECOND)
    assert tally.due(599 * SECOND) == []
    assert tally.due(600 * SECOND) == [Tell("a", ASKED, 2)]
    assert tally.due(1200 * SECOND) == []
    assert tally.note("a", ASKED, 1201 * SECOND) == Tell("a", ASKED, 1)


def test_at_the_end_the_rest_is_told() -> None:
    tally = Tally()
    for _ in range(4):
        tally.note("a", ASKED, 0)
    assert tally.rest(SECOND) == [Tell("a", ASKED, 3)]
    assert tally.rest(SECOND) == []


def test_a_host_that_asks_for_ever_new_things_is_told_of_in_few_words() -> None:
    tally = Tally(every_seconds=600, kinds=10)
    told = [tally.note("a", (str(number),), 0) for number in range(1000)]
    assert [each for each in told if each is not None][10:] == [Tell("a", OTHERS, 1)]
    assert tally.due(600 * SECOND) == [Tell("a", OTHERS, 989)]


def test_hosts_without_number_are_told_of_together() -> None:
    tally = Tally(hosts=3)
    told = [tally.note(str(number), ASKED, 0) for number in range(100)]
    assert [each.who for each in told if each is not None] == ["0", "1", "2", ""]


@given(
    steps=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 100))),
)
def test_every_happening_is_counted_exactly_once(steps: list[tuple[str, int, int]]) -> None:
    tally = Tally(every_seconds=60, kinds=4, hosts=2)
    now, told = 0, 0
    for who, what, pause in steps:
        now += pause * SECOND
        told += sum(each.count for each in tally.due(now))
        each = tally.note(who, (str(what),), now)
        told += each.count if each else 0
    assert told + sum(each.count for each in tally.rest(now)) == len(steps)

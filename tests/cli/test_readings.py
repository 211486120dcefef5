"""`mitmeter readings`."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.program import ended, mitmeter, process

SOC = ("readings", "--quantity", "battery.soc")


def test_a_reading_has_exactly_the_members_of_the_contract_and_the_device_s_own_time(
    recorded: Path,
) -> None:
    (told,) = mitmeter(*SOC, "--limit", "1", "--json", data=recorded).objects
    assert list(told) == [
        "device",
        "quantity",
        "value",
        "unit",
        "at",
        "received",
        "origin",
        "source",
        "reported",
    ]
    assert told["device"] == "alphaess:AL9900000000007"
    assert (told["quantity"], told["unit"], told["origin"]) == ("battery.soc", "%", "synthetic")
    assert told["at"].endswith("Z")
    assert told["received"].endswith("Z")
    assert told["source"].startswith("01KV600001BBBBBB/")


def test_values_keep_the_digits_the_device_sent(recorded: Path) -> None:
    power = ("--quantity", "battery.power", "--limit", "1", "--json")
    (line,) = mitmeter("readings", *power, data=recorded).lines
    told = json.loads(line)
    chunks = mitmeter("journal", "show", "--json", data=recorded).objects
    (chunk,) = (each for each in chunks if each["chunk"] == told["source"])
    sent = re.search(rb'"Pbat":"([^"]+)"', bytes.fromhex(chunk["hex"]))
    assert sent is not None
    assert f'"value":{sent[1].decode()},' in line


def test_the_newest_thousand_are_printed_newest_last_and_the_rest_is_hinted_at(
    recorded: Path,
) -> None:
    done = mitmeter("readings", data=recorded)
    rows = done.lines[1:]
    assert len(rows) == 1000
    assert rows == sorted(rows, key=lambda row: row[:20])
    assert done.err == "the newest 1,000; --all shows every one\n"


def test_json_is_limited_as_well_and_says_nothing_of_it(recorded: Path) -> None:
    done = mitmeter("readings", "--json", data=recorded)
    assert len(done.lines) == 1000
    assert not done.err


def test_who_chose_a_limit_is_not_told_of_it(recorded: Path) -> None:
    done = mitmeter("readings", "--limit", "3", data=recorded)
    assert len(done.lines) == 4
    assert not done.err


def test_all_shows_more_than_the_limit(recorded: Path) -> None:
    everything = mitmeter("readings", "--all", "--json", data=recorded).lines
    assert len(everything) > 1000
    assert everything[-1000:] == mitmeter("readings", "--json", data=recorded).lines


def test_since_and_until_bound_the_time(recorded: Path) -> None:
    span = ("--since", "2026-06-15T10:00", "--until", "2026-06-15T10:10")
    told = mitmeter(*SOC, *span, "--json", data=recorded).objects
    times = [datetime.fromisoformat(each["at"]) for each in told]
    assert len(times) > 50
    assert all(time.hour == 10 and time.minute < 10 for time in times)


def test_a_star_asks_for_all_quantities_that_begin_so(recorded: Path) -> None:
    told = mitmeter("readings", "--quantity", "grid.*", "--json", data=recorded).objects
    names = {each["quantity"] for each in told}
    assert {"grid.power", "grid.import"} <= names
    assert all(name.startswith("grid.") for name in names)


def test_a_device_may_be_named_by_its_serial_number_alone(recorded: Path) -> None:
    told = mitmeter(*SOC, "--device", "AL9900000000007", "--limit", "1", "--json", data=recorded)
    assert told.objects[0]["device"] == "alphaess:AL9900000000007"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--device", "alphaess:AL9900000000008"), 1, "did you mean 'alphaess:AL9900000000007'?"),
        (("--device", "foo"), 1, "'foo' was never heard; there is alphaess:AL9900000000007"),
        (("--quantity", "batery.soc"), 1, "did you mean 'battery.soc'?"),
        (("--quantity", "foo.*"), 1, "--quantity: 'foo.*' is not known"),
        (("--since", "yesterday"), 2, "--since: 'yesterday' is neither a time"),
        (("--until", "2026-02-30"), 2, "--until: '2026-02-30' is neither a time"),
        (("--since", "12:00", "--until", "11:00"), 2, "--until: '11:00' is not after --since"),
        (("--limit", "0"), 2, "--limit"),
        (("--limit", "many"), 2, "--limit"),
    ],
)
def test_what_is_not_known_is_named_in_one_line(
    recorded: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = mitmeter("readings", *arguments, data=recorded)
    assert done.code == code
    assert words in done.complaint


def test_a_known_quantity_that_was_never_measured_is_no_error(recorded: Path) -> None:
    done = mitmeter("readings", "--quantity", "gas.volume", data=recorded)
    assert (done.code, done.out, done.err) == (0, "", "no such readings\n")


def test_a_reader_that_leaves_early_is_no_reason_to_complain(recorded: Path) -> None:
    running = process("readings", "--all", "--json", data=recorded)
    assert running.stdout is not None
    assert running.stdout.readline()
    running.stdout.close()
    assert running.wait(30) == 0
    assert running.stderr is not None
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.stdin is not None
    running.stdin.close()


def test_a_full_disk_behind_stdout_is_told(recorded: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = ended(process("readings", data=recorded, stdout=full))
    assert done.code == 1
    assert done.complaint == "output: No space left on device"

"""Times as people type them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
import pytest

from mitmeter.cli.moments import parse_moment, parse_span

LONDON = ZoneInfo("Europe/London")
# Summer time: London is an hour ahead of UTC.
NOW = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-06-15", datetime(2026, 6, 14, 23, 0, tzinfo=UTC)),
        ("2026-06-15T08:00", datetime(2026, 6, 15, 7, 0, tzinfo=UTC)),
        ("2026-06-15 08:00:30", datetime(2026, 6, 15, 7, 0, 30, tzinfo=UTC)),
        ("2026-06-15T08:00Z", datetime(2026, 6, 15, 8, 0, tzinfo=UTC)),
        ("2026-06-15T08:00+05:30", datetime(2026, 6, 15, 2, 30, tzinfo=UTC)),
        ("2026-01-15T08:00", datetime(2026, 1, 15, 8, 0, tzinfo=UTC)),
        ("08:00", datetime(2026, 6, 15, 7, 0, tzinfo=UTC)),
        ("90m", datetime(2026, 6, 15, 11, 0, tzinfo=UTC)),
        ("1h30m", datetime(2026, 6, 15, 11, 0, tzinfo=UTC)),
        ("2d", datetime(2026, 6, 13, 12, 30, tzinfo=UTC)),
        (" 2d ", datetime(2026, 6, 13, 12, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_the_site_s(text: str, at: datetime) -> None:
    assert parse_moment(text, "--since", LONDON, NOW) == at


def test_a_time_of_day_is_one_of_the_site_s_today() -> None:
    late = datetime(2026, 6, 15, 23, 30, tzinfo=UTC)  # the 16th in London
    assert parse_moment("00:10", "--since", LONDON, late) == datetime(
        2026, 6, 15, 23, 10, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-01", "25:00", "08:60", "5", "-3d", "10y", "0001-01-01T00:00+14:00"],
)
def test_what_is_no_time_is_quoted_with_the_option_s_name(text: str) -> None:
    with pytest.raises(click.UsageError, match="--until") as caught:
        parse_moment(text, "--until", LONDON, NOW)
    assert repr(text) in caught.value.message


def test_nothing_is_no_bound() -> None:
    span = parse_span(None, None, LONDON, NOW)
    assert NOW in span
    assert span.since is None
    assert span.until is None


def test_a_span_holds_its_beginning_and_not_its_end() -> None:
    span = parse_span("2026-06-15T08:00Z", "2026-06-15T09:00Z", LONDON, NOW)
    assert datetime(2026, 6, 15, 8, tzinfo=UTC) in span
    assert datetime(2026, 6, 15, 9, tzinfo=UTC) not in span


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(click.UsageError, match="'2d' is not after --since '1d'"):
        parse_span("1d", "2d", LONDON, NOW)

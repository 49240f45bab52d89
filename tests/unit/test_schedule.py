"""A schedule says when by the time it is given and nothing else, through every change of clocks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.interval import IntervalTrigger

from qfluxd.model import DAY, HOUR, MINUTE, SECOND, Millis
from qfluxd.trading.schedule import CANDLE, Due, Schedule, parse_schedule

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
NOON = "2026-11-25T12:00:00+00:00"
"""A Wednesday."""


def ms(iso: str) -> Millis:
    """A moment with its offset as milliseconds."""
    return (datetime.fromisoformat(iso) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def local(at: Millis, zone: str = "UTC") -> str:
    """A moment as the wall clock of a place shows it, with its offset."""
    return datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).isoformat(timespec="minutes")


def moments(spec: Any, since: str, count: int, zone: str = "UTC") -> list[str]:
    """The first moments of a schedule."""
    schedule, now, found = parse_schedule(spec), ms(since), list[str]()
    while len(found) < count and (following := schedule.next_after(now)) is not None:
        assert following > now
        now = following
        found.append(local(now, zone))
    return found


def code(schedule: Schedule, at: str, asset: str | None = None) -> str | None:
    """The code with which a moment is refused, None where it is not."""
    refusal = schedule.allows(ms(at), asset)
    return None if refusal is None else refusal.code


# ------------------------------------------------------------------------------------------------------- when


def test_on_candle_it_is_never_due_by_time() -> None:
    """ "candle", and a table that says nothing of when."""
    for spec in ("candle", {}, {"days": "mon-fri"}):
        schedule = parse_schedule(spec)
        assert schedule.on_candle
        assert schedule.next_after(ms(NOON)) is None
        assert schedule.allows(ms(NOON)) is None
    assert parse_schedule("candle") == CANDLE


def test_an_interval_is_aligned_to_1970() -> None:
    """So it does not matter when somebody began to count; the library agrees."""
    for text, step in (("30s", 30), ("7s", 7), ("15m", 900), ("1d", 86_400)):
        schedule = parse_schedule(f"every {text}")
        trigger = IntervalTrigger(seconds=step, start_date=datetime(1970, 1, 1, tzinfo=UTC), timezone=UTC)
        for now in range(ms(NOON) - 5_000, ms(NOON) + 90_000, 7_001):
            following = schedule.next_after(now)
            assert following is not None
            assert following % (step * 1000) == 0
            after = datetime.fromtimestamp((now + 1) / 1000, UTC)
            assert trigger.get_next_fire_time(None, after).timestamp() * 1000 == following


def test_at_a_time_of_day_it_is_due_daily() -> None:
    """On the wall clock of its place, with seconds where they are named."""
    assert moments("at 09:30", NOON, 2) == ["2026-11-26T09:30+00:00", "2026-11-27T09:30+00:00"]
    assert moments({"when": "at 9:30", "timezone": BERLIN}, NOON, 1) == ["2026-11-26T08:30+00:00"]
    assert parse_schedule("at 12:00:07").next_after(ms(NOON)) == ms(NOON) + 7 * SECOND


def test_at_a_moment_it_is_due_once() -> None:
    """With an offset, or on the clock of its place; afterwards never again."""
    assert moments("at 2026-12-01T09:30:00", NOON, 3) == ["2026-12-01T09:30+00:00"]
    assert moments("at 2026-12-01T09:30:00-05:00", NOON, 3) == ["2026-12-01T14:30+00:00"]
    assert moments({"when": "at 2026-12-01T09:30", "timezone": BERLIN}, NOON, 3) == ["2026-12-01T08:30+00:00"]
    assert parse_schedule("at 2026-11-25T12:00:00").next_after(ms(NOON)) is None


def test_a_cron_line_has_five_fields_or_six_with_seconds() -> None:
    """Days of the week are as in cron: Sunday is 0 and 7."""
    assert moments("*/30 8-9 * * 1-5", NOON, 3) == [f"2026-11-26T{at}+00:00" for at in ("08:00", "08:30", "09:00")]
    assert moments("0 12 * * 0", NOON, 1) == moments("0 12 * * 7", NOON, 1) == ["2026-11-29T12:00+00:00"]
    assert parse_schedule("*/15 * * * * *").next_after(ms(NOON)) == ms(NOON) + 15 * SECOND


def test_a_rare_day_is_found_years_ahead() -> None:
    """29 February, on a wall clock that changes many times until then."""
    assert moments({"when": "0 12 29 2 *", "timezone": BERLIN}, NOON, 1, BERLIN) == ["2028-02-29T12:00+01:00"]


# ------------------------------------------------------------------------------------------- changes of clocks


@pytest.mark.parametrize(
    ("zone", "day", "missing"), [(BERLIN, "2026-03-28", "2026-03-29"), (NEW_YORK, "2026-03-07", "2026-03-08")]
)
def test_a_time_that_does_not_exist_is_not_due_that_day(zone: str, day: str, missing: str) -> None:
    """Clocks go forward from 02:00 to 03:00: 02:30 is left out, and the day after it is there again."""
    found = moments({"when": "at 02:30", "timezone": zone}, f"{day}T12:00+00:00", 3, zone)
    assert [at[11:16] for at in found] == ["02:30"] * 3
    assert missing not in [at[:10] for at in found]
    every_hour = moments({"when": "30 * * * *", "timezone": zone}, f"{day}T22:00+00:00", 12, zone)
    assert f"{missing}T03:30" in [at[:16] for at in every_hour]
    assert f"{missing}T02:30" not in [at[:16] for at in every_hour]


@pytest.mark.parametrize(
    ("zone", "day", "hour", "offsets"),
    [(BERLIN, "2026-10-25", "02", ("+02:00", "+01:00")), (NEW_YORK, "2026-11-01", "01", ("-04:00", "-05:00"))],
)
def test_a_time_that_comes_twice_is_due_once(zone: str, day: str, hour: str, offsets: tuple[str, str]) -> None:
    """Clocks go back: an hour that is named is due the first time, "every hour" is due in both."""
    before = f"{day}T00:00{offsets[0]}"
    daily = moments({"when": f"at {hour}:30", "timezone": zone}, before, 2, zone)
    assert [at[:10] for at in daily] == [day, local(ms(before) + DAY + 2 * HOUR, zone)[:10]]
    assert daily[0].endswith(offsets[0])
    hours = moments({"when": "30 * * * *", "timezone": zone}, before, 4, zone)
    assert [at for at in hours if f"T{hour}:30" in at] == [f"{day}T{hour}:30{offset}" for offset in offsets]


def test_every_other_hour_keeps_to_the_clock_on_the_wall() -> None:
    """02:00 comes twice in Berlin, and a line that names it is due at the first."""
    found = moments({"when": "0 */2 * * *", "timezone": BERLIN}, "2026-10-25T00:00+02:00", 2, BERLIN)
    assert found == ["2026-10-25T02:00+02:00", "2026-10-25T04:00+01:00"]


def test_between_the_two_it_goes_on() -> None:
    """Asked in the second of the two hours, the first is over."""
    schedule = parse_schedule({"when": "at 02:30", "timezone": BERLIN})
    following = schedule.next_after(ms("2026-10-25T02:10+01:00"))
    assert following == ms("2026-10-26T02:30+01:00")


def test_an_interval_does_not_know_of_clock_changes() -> None:
    """An hour is an hour."""
    found = moments({"when": "every 1h", "timezone": BERLIN}, "2026-10-25T00:00+02:00", 4, BERLIN)
    assert [at[11:] for at in found] == ["01:00+02:00", "02:00+02:00", "02:00+01:00", "03:00+01:00"]


# ----------------------------------------------------------------------------------------------- hours and days


def test_hours_hold_their_first_minute_and_not_their_last() -> None:
    """Several spans, on some days, in a place."""
    schedule = parse_schedule({"hours": "08:00-12:00,13:00-17:00", "days": "mon-fri", "timezone": BERLIN})
    awake = ("2026-11-25T08:00+01:00", "2026-11-25T11:59:59+01:00", "2026-11-27T16:59+01:00")
    asleep = ("2026-11-25T07:59+01:00", "2026-11-25T12:00+01:00", "2026-11-25T17:00+01:00", "2026-11-28T09:00+01:00")
    assert [code(schedule, at) for at in awake] == [None] * 3
    assert [code(schedule, at) for at in asleep] == ["outside_hours"] * 4
    refusal = schedule.allows(ms("2026-11-28T09:00+01:00"))
    assert refusal is not None
    assert refusal.detail == ("it is sat 09:00 in Europe/Berlin; the schedule says mon-fri 08:00-12:00,13:00-17:00")


def test_a_span_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    """Friday's night reaches into Saturday, and Sunday's into the week."""
    schedule = parse_schedule({"hours": "22:00-02:00", "days": "fri,sun"})
    assert code(schedule, "2026-11-27T23:00+00:00") is None
    assert code(schedule, "2026-11-28T01:59+00:00") is None
    assert code(schedule, "2026-11-28T22:00+00:00") == "outside_hours"
    assert code(schedule, "2026-11-30T01:00+00:00") is None
    assert code(schedule, "2026-11-30T23:00+00:00") == "outside_hours"


def test_days_alone_are_whole_days_and_hours_alone_are_daily() -> None:
    """Each can be left out."""
    assert code(parse_schedule({"days": "wed"}), "2026-11-25T23:59+00:00") is None
    assert code(parse_schedule({"days": "wed"}), "2026-11-26T00:00+00:00") == "outside_hours"
    assert code(parse_schedule({"hours": "00:00-24:00"}), "2026-11-26T23:59+00:00") is None
    assert code(parse_schedule({"hours": "09:00-10:00"}), "2026-11-29T09:30+00:00") is None


def test_hours_follow_the_clock_on_the_wall() -> None:
    """08:00 in Berlin is 07:00 UTC in winter and 06:00 in summer."""
    schedule = parse_schedule({"hours": "08:00-09:00", "timezone": BERLIN})
    assert code(schedule, "2026-01-15T07:00+00:00") is None
    assert code(schedule, "2026-07-15T06:00+00:00") is None
    assert code(schedule, "2026-07-15T07:00+00:00") == "outside_hours"


# -------------------------------------------------------------------------------------------------- news times


def news(folder: Path, text: str, **more: Any) -> Schedule:
    """A schedule that is quiet around this news."""
    (folder / "news.csv").write_text(text)
    return parse_schedule({"quiet": "news.csv", **more}, folder)


def test_it_is_quiet_around_news(tmp_path: Path) -> None:
    """From so long before, including, until so long after, excluding."""
    schedule = news(tmp_path, "at,name\n2026-11-25T13:30:00Z,Payrolls\n", quiet_before="5m", quiet_after="10m")
    assert code(schedule, "2026-11-25T13:24:59+00:00") is None
    assert code(schedule, "2026-11-25T13:25:00+00:00") == "quiet_window"
    assert code(schedule, "2026-11-25T13:39:59.999+00:00") == "quiet_window"
    assert code(schedule, "2026-11-25T13:40:00+00:00") is None
    refusal = schedule.allows(ms("2026-11-25T13:30+00:00"))
    assert refusal is not None
    assert refusal.detail == "Payrolls at 2026-11-25 13:30 UTC: quiet from 5m before until 10m after it"


def test_news_of_a_currency_concerns_assets_with_it(tmp_path: Path) -> None:
    """Without a currency all; and where the asset is not known, every piece of news counts."""
    schedule = news(tmp_path, "at,name,currency\n2026-11-25T13:30Z,CPI,usd\n2026-11-25T18:00Z,War,\n")
    at, later = "2026-11-25T13:30+00:00", "2026-11-25T18:00+00:00"
    assert code(schedule, at, "EURUSD_otc") == "quiet_window"
    assert code(schedule, at, "EURGBP_otc") is None
    assert code(schedule, later, "EURGBP_otc") == "quiet_window"
    assert code(schedule, at) == "quiet_window"


def test_times_without_an_offset_are_in_the_place_of_the_table(tmp_path: Path) -> None:
    """Order in the file does not matter, spaces and a mark at its beginning neither."""
    text = "\ufeffAt, Name \n2026-11-26T09:00, Late\n2026-11-25T14:30,Early\n"
    schedule = news(tmp_path, text, timezone=BERLIN, quiet_before="0s", quiet_after="1m")
    assert code(schedule, "2026-11-25T13:30+00:00") == "quiet_window"
    assert code(schedule, "2026-11-26T08:00+00:00") == "quiet_window"
    assert code(schedule, "2026-11-25T13:29:59+00:00") is None


def test_news_may_be_json_lines(tmp_path: Path) -> None:
    """The same three keys."""
    rows = '{"at": "2026-11-25T13:30:00+01:00", "name": "CPI", "currency": "EUR"}\n\n'
    assert code(news(tmp_path, rows), "2026-11-25T12:30+00:00", "EURUSD") == "quiet_window"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "news.csv:1: the first line names the columns"),
        ("when,what\n", "news.csv:1: the first line names the columns"),
        ("at,name\n2026-11-25T13:30Z,CPI\nsoon,GDP\n", "news.csv:3: 'soon' is no time; write one such as"),
        ("at,name\n2026-11-25T13:30Z\n", "news.csv:2: a line needs a time"),
        ("at,name\n2026-11-25T13:30Z, \n", "news.csv:2: a line needs a time"),
        ('at,name\n2026-11-25T13:30Z,"CPI\n', "news.csv:2: a line needs a time"),
        ('{"at": "2026-11-25T13:30Z", "name": "CPI"}\n{"at": 5, "name": "GDP"}\n', "news.csv:2: a line needs a time"),
        ('{"at": "2026-11-25T13:30Z", "name": "CPI"}\n[]\n', "news.csv:2: a line needs a time"),
        ('{"at"\n', "news.csv:1: a line needs a time"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, why: str) -> None:
    """The file, the line and what it should hold."""
    with pytest.raises(ValueError, match=why.replace("(", r"\(")):
        news(tmp_path, text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Not there, or no text."""
    with pytest.raises(ValueError, match=r"nix.csv cannot be read: No such file"):
        parse_schedule({"quiet": "nix.csv"}, tmp_path)
    (tmp_path / "raw.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"raw.csv cannot be read: it is not UTF-8"):
        parse_schedule({"quiet": "raw.csv"}, tmp_path)


# ---------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("soon", "'soon' is no schedule .* write 'candle', 'every 30s'"),
        ("", "is no schedule"),
        ("candle now", "is no schedule"),
        ("every", "is no schedule"),
        ("every 2d", "longer than one day"),
        ("at noon", "'noon' is no time"),
        ("at 25:00", "'25:00' is no time"),
        ("* * * *", "five fields, or six"),
        ("61 * * * *", "61"),
        ("0 0 31 2 *", "a day that never comes"),
        ("0 0 1 * 1", "name one of them"),
        ({"when": "at 2026-03-29T02:30", "timezone": BERLIN}, "does not exist there: clocks go forward"),
        ({"wen": "candle"}, "unknown key 'wen'; did you mean 'when'"),
        ({"when": 5}, "when must be a valid string"),
        ({"hours": "8-17"}, "write hours and minutes, such as 08:00"),
        ({"hours": "08:00-08:00"}, "names no hours"),
        ({"days": "mon-fry"}, "'mon-fry' names no days"),
        ({"timezone": "Europe/Berln"}, "is no time zone"),
        ({"quiet_after": "5m"}, "quiet_before and quiet_after need quiet"),
        (5, "write text such as 'candle', or a table"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused_in_words(spec: Any, why: str) -> None:
    """What is wrong, and what to write instead."""
    with pytest.raises(ValueError, match=why):
        parse_schedule(spec)


def test_a_schedule_stays_one_and_is_equal_to_its_like(tmp_path: Path) -> None:
    """Reading it again changes nothing; another place, rhythm or news is another schedule."""
    spec = {"when": "0 9 * * *", "hours": "08:00-17:00", "timezone": BERLIN}
    schedule = parse_schedule(spec)
    assert parse_schedule(schedule) is schedule
    assert parse_schedule(spec) == schedule
    assert parse_schedule({**spec, "timezone": NEW_YORK}) != schedule
    assert parse_schedule({**spec, "when": "0 8 * * *"}) != schedule
    one = news(tmp_path, "at,name\n2026-11-25T13:30Z,CPI\n")
    assert news(tmp_path, "at,name\n2026-11-25T13:30Z,CPI\n") == one
    assert news(tmp_path, "at,name\n2026-11-25T13:31Z,CPI\n") != one


# --------------------------------------------------------------------------------------------------- what is due


def test_what_is_due_is_run_once() -> None:
    """The first call only tells the time; a moment is run by the first call at or after it."""
    due, at = Due(parse_schedule("every 30s"), late_after=2 * SECOND), ms(NOON)
    assert due.take(at) is None
    assert due.next == at + 30 * SECOND
    assert [due.take(at + passed) for passed in (100, 29_999, 30_000, 30_001, 59_000, 60_500)] == [
        None, None, at + 30_000, None, None, at + 60_000
    ]  # fmt: skip
    assert due.skipped == 0


def test_what_is_late_is_counted_and_not_run() -> None:
    """A moment up to `late_after` ago is run, an older one never."""
    due, at = Due(parse_schedule("every 30s"), late_after=2 * SECOND), ms(NOON)
    due.take(at)
    assert due.take(at + 32_000) == at + 30_000
    assert due.take(at + 62_001) is None
    assert due.skipped == 1
    assert due.take(at + 5 * MINUTE) == at + 5 * MINUTE
    assert due.skipped == 1 + 7


def test_of_several_that_are_due_only_the_newest_is_run() -> None:
    """A stake is not placed twice because time made a jump."""
    due, at = Due(parse_schedule("every 1s"), late_after=10 * SECOND), ms(NOON)
    due.take(at)
    assert due.take(at + 4_500) == at + 4_000
    assert due.skipped == 3


def test_time_that_goes_back_runs_nothing_again() -> None:
    """It waits until it is as late as it was, and goes on then."""
    due, at = Due(parse_schedule("every 30s"), late_after=2 * SECOND), ms(NOON)
    due.take(at)
    assert due.take(at + 30_000) == at + 30_000
    assert [due.take(at + passed) for passed in (-HOUR, 0, 29_999, 30_000, 31_000, 59_999)] == [None] * 6
    assert due.take(at + 60_000) == at + 60_000
    assert due.skipped == 0


def test_a_clock_that_is_set_back_for_winter_runs_a_named_time_once() -> None:
    """Through the hour that comes twice, second by second."""
    due = Due(parse_schedule({"when": "at 02:30", "timezone": BERLIN}), late_after=2 * SECOND)
    start = ms("2026-10-25T01:30+02:00")
    runs = [run for at in range(start, start + 4 * HOUR, SECOND) if (run := due.take(at)) is not None]
    assert runs == [ms("2026-10-25T02:30+02:00")]


def test_a_machine_that_slept_for_months_counts_no_further_than_a_thousand() -> None:
    """What went by is counted up to a thousand, and the next moment is right."""
    due, at = Due(parse_schedule("* * * * * *"), late_after=2 * SECOND), ms(NOON)
    due.take(at)
    assert due.take(at + 90 * DAY) == at + 90 * DAY
    assert 1_000 <= due.skipped < 1_010
    assert due.take(at + 90 * DAY + SECOND) == at + 90 * DAY + SECOND


def test_by_candles_or_over_nothing_is_ever_due() -> None:
    """Neither is late."""
    for spec in ("candle", "at 2020-01-01T00:00"):
        due = Due(parse_schedule(spec), late_after=SECOND)
        assert [due.take(ms(NOON) + passed) for passed in (0, DAY)] == [None, None]
        assert (due.next, due.skipped) == (None, 0)

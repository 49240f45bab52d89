"""How many orders were let through: in a minute, an hour and a day, by part of trading, on each candle."""

import pytest

from qfluxd.model import DAY, HOUR, MINUTE, SECOND
from qfluxd.trading.pace import ALL, Pace, Passed, scopes_of

NOON = 20_000 * DAY + DAY // 2
TODAY = NOON - NOON % DAY


def passed(order: str, now: int = NOON, asset: str = "X", plan: str | None = None, candle: int | None = None) -> Passed:
    """An order let through when the broker's clock showed `now`."""
    return Passed(order, asset, plan, candle, now)


def test_the_minute_counts_by_a_clock_that_nobody_sets() -> None:
    """Orders of the last minute count, those before a start by their age; the order itself does not."""
    seconds = 100.0
    pace = Pace(lambda: seconds)
    for order, since in (("a", 60_000), ("b", 59_999), ("c", 0), ("d", -3_600_000)):
        pace.add(passed(order, NOON - 2 * DAY), since)
    later = NOON + 10 * MINUTE
    assert pace.count(ALL, later, TODAY, "c")[0] == 2
    seconds = 159.9
    assert pace.count(ALL, later, TODAY, "")[0] == 2
    seconds = 160.0
    assert pace.count(ALL, later, TODAY, "")[0] == 0


def test_the_broker_s_clock_counts_too_where_this_machine_s_was_set() -> None:
    """A start that takes orders for two hours old, since the clock was set forward, makes no room for more."""
    pace = Pace(lambda: 0.0)
    pace.add(passed("a", NOON - 30 * SECOND), since=2 * HOUR)
    assert pace.count(ALL, NOON, TODAY, "") == (1, 1, 1)
    assert pace.count(ALL, NOON + 30 * SECOND, TODAY, "") == (0, 1, 1)
    assert pace.count(ALL, NOON + HOUR - 30 * SECOND, TODAY, "") == (0, 0, 1)


def test_a_clock_that_shows_less_than_it_did_makes_no_room_either() -> None:
    """What seems to lie in the future counts."""
    pace = Pace()
    pace.add(passed("a"))
    assert pace.count(ALL, NOON - DAY, TODAY - DAY, "") == (1, 1, 1)


def test_a_day_is_counted_from_its_beginning_by_the_broker_s_clock() -> None:
    """An order at the very beginning is today's, one a millisecond before is yesterday's."""
    pace = Pace()
    for order, now in (("a", TODAY - 1), ("b", TODAY), ("c", NOON)):
        pace.add(passed(order, now))
    assert pace.count(ALL, NOON + 2 * HOUR, TODAY, "") == (0, 0, 2)
    assert pace.count(ALL, NOON + 2 * HOUR, TODAY, "b") == (0, 0, 1)
    assert pace.count(ALL, NOON + DAY, TODAY + DAY, "") == (0, 0, 0)


def test_each_part_of_trading_counts_its_own() -> None:
    """An order belongs to everything, to its asset, and to its plan where it has one."""
    pace = Pace()
    pace.add(passed("a", asset="X", plan="p"))
    pace.add(passed("b", asset="X"))
    pace.add(passed("c", asset="Y", plan="p"))
    counts = {scope: pace.count(scope, NOON, TODAY, "")[0] for scope in (ALL, ("asset", "X"), ("plan", "p"))}
    assert counts == {ALL: 3, ("asset", "X"): 2, ("plan", "p"): 2}
    assert pace.count(("plan", "q"), NOON, TODAY, "") == (0, 0, 0)
    assert scopes_of("X", None) == (ALL, ("asset", "X"))


def test_an_order_counts_once() -> None:
    """Also where it is told of twice, as by a journal and by what followed."""
    pace = Pace()
    pace.add(passed("a"))
    pace.add(passed("a", NOON + 1))
    assert pace.count(ALL, NOON, TODAY, "") == (1, 1, 1)
    assert pace.count(ALL, NOON, TODAY, "a") == (0, 0, 0)


def test_a_candle_is_taken_by_another_order_of_the_same_plan_on_the_same_asset() -> None:
    """Not by the order itself, nor by another plan's, asset's, or candle's."""
    pace = Pace()
    pace.add(passed("a", asset="X", plan="p", candle=5))
    assert pace.taken("p", "X", 5, "b")
    assert not pace.taken("p", "X", 5, "a")
    assert not any(pace.taken(*other, "b") for other in (("q", "X", 5), ("p", "Y", 5), ("p", "X", 6)))


@pytest.mark.parametrize("timed", [True, False])
def test_it_remembers_two_days_and_no_more(timed: bool) -> None:
    """Whatever is older is let go, in every count and on every candle; what is younger stays."""
    seconds = 0.0
    pace = Pace((lambda: seconds) if timed else None)
    for number in range(500):
        seconds = number * 1800.0
        pace.add(passed(str(number), NOON + number * HOUR // 2, plan="p", candle=number))
    now = NOON + 499 * HOUR // 2
    assert pace.count(("plan", "p"), now, now - DAY, "") == (1, 2, 49)
    assert pace.taken("p", "X", 499 - 96, "")
    assert not pace.taken("p", "X", 499 - 97, "")
    sizes = {len(times.run) for times in pace._times.values()} | {len(pace._log), len(pace._run), len(pace._candles)}
    assert sizes == {97}

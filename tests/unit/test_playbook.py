"""The plans at work: what is looked at, when, in which order, and what is left alone."""

from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from qfluxd.model import SECOND, Alert, Candle, Gap, PlanState, Series, Verdict
from qfluxd.plans.playbook import Rules
from qfluxd.strategy import View
from tests.support.stand import ASSET, BEGIN, OTHER, Stand, Tell, answering, plan, raising

FIFTEEN = 15 * SECOND


def test_a_plan_looks_at_each_candle_that_closes() -> None:
    """One signal a candle, from that candle, told with the broker's time."""
    stand = Stand(plan()).run(20_500)
    assert stand.signals == [("a", ASSET, at) for at in (0, 5_000, 10_000, 15_000)]
    first = stand.verdicts[0]
    assert (first.outcome, first.code, first.stake, first.trade) == ("told", "told", None, None)
    signal = first.signal
    assert (signal.id, signal.strategy) == (f"a/{ASSET}/{BEGIN}", "tell")
    assert (signal.side, signal.confidence, signal.expiry, signal.mode) == ("call", 0.5, 5_000, "signal")
    assert BEGIN + 5_000 <= signal.at < BEGIN + 5_600


def test_the_clock_closes_a_candle_too() -> None:
    """Without another tick it is looked at when its grace is over."""
    stand = Stand(plan()).run(4_500)
    stand.beat(5_500 + 39)
    assert stand.signals == []
    stand.beat(5_600 + 40)
    assert stand.signals == [("a", ASSET, 0)]


def test_the_longer_candle_that_closes_at_the_same_moment_is_seen() -> None:
    """Whoever reads both timeframes has at 15 s the candle of 15 s, also where the clock closes both."""
    by_tick, by_clock = Tell(longer=(FIFTEEN,)), Tell(longer=(FIFTEEN,))
    Stand(plan(strategy=by_tick)).run(30_500)
    stand = Stand(plan(strategy=by_clock)).run(14_500)
    stand.beat(15_700)
    for strategy, looks in ((by_tick, 6), (by_clock, 3)):
        seen = [(view.height, view.higher[FIFTEEN].height) for view in strategy.views]
        assert seen == [(count, count // 3) for count in range(1, looks + 1)]


def test_plans_are_asked_in_the_order_of_the_configuration() -> None:
    """For every candle the same order, and within a plan assets in the order in which they close."""
    stand = Stand(plan("b"), plan("a"), plan("c")).run(10_500, OTHER, ASSET)
    names = [name for name, _, at in stand.signals if at == 0]
    assert names[:3] == ["b", "a", "c"]
    assert [name for name, _, at in stand.signals if at == 5_000][:3] == ["b", "a", "c"]
    stand = Stand(plan("b"), plan("a")).run(4_500, OTHER, ASSET)
    stand.beat(5_700)
    assert stand.signals == [("b", ASSET, 0), ("b", OTHER, 0), ("a", ASSET, 0), ("a", OTHER, 0)]


def test_only_its_own_assets_and_timeframe_concern_a_plan() -> None:
    """Patterns are of symbols; candles of another length are none of its business."""
    stand = Stand(plan("gbp", assets=("GBP*",)), plan("slow", timeframe=FIFTEEN)).run(15_500, ASSET, OTHER)
    assert {(name, asset) for name, asset, _ in stand.signals} == {("gbp", OTHER), ("slow", ASSET), ("slow", OTHER)}
    assert [at for name, _, at in stand.signals if name == "slow"] == [0, 0]


def test_nothing_is_said_or_asked_before_it_is_warm() -> None:
    """Three candles are needed: the strategy is asked at the third first, and the state says what is missing."""
    strategy = Tell(needs=3)
    stand = Stand(plan(strategy=strategy))
    assert stand.state().phase == "warming"
    assert stand.state().detail == "it has not looked at any candle yet"
    stand.run(10_500)
    assert not strategy.views
    assert (stand.state().phase, stand.state().detail) == (
        "warming",
        f"needs 3 closed candles; of {ASSET} there are 2",
    )
    stand.run(15_500)
    assert stand.signals == [("a", ASSET, 10_000)]
    assert (stand.state().phase, stand.state().detail) == ("running", "")


def test_history_warms_a_plan_at_once() -> None:
    """What the page tells of the past counts: the first candle that closes is looked at."""
    strategy = Tell(needs=20)
    stand = Stand(plan(strategy=strategy))
    stand.history(ASSET, 40, 5_000)
    assert stand.signals == []
    stand.run(5_500)
    assert stand.signals == [("a", ASSET, 0)]
    assert strategy.views[0].height == 41


def test_several_candles_that_close_at_once_are_one_look() -> None:
    """After a silence an asset's candles come in a row: the plan looks once, at the newest, and says one thing."""
    strategy = Tell()
    stand = Stand(plan(strategy=strategy)).run(3_000)
    stand.beat(5_600)
    stand.tick(21_000)
    assert len([candle for candle in stand.facts(Candle) if candle.series.timeframe == 5_000]) == 4
    assert stand.signals == [("a", ASSET, 0), ("a", ASSET, 15_000)]
    assert len(strategy.views) == 2
    assert stand.state().skipped == 0


def test_a_candle_that_closes_too_late_is_not_looked_at() -> None:
    """A silence too long to be filled leaves one old candle: that run is skipped and counted, never made."""
    strategy = Tell()
    stand = Stand(plan(strategy=strategy)).run(3_000)
    stand.beat(5_600)
    stand.tick(6_000_000)
    assert stand.facts(Gap)
    assert len(strategy.views) == 1
    assert (stand.signals, stand.state().skipped) == ([("a", ASSET, 0)], 1)


def test_a_candle_that_only_a_late_beat_closes_is_not_looked_at() -> None:
    """A program that stood still finds a candle that is whole and old: nothing is placed on it."""
    stand = Stand(plan(mode="live")).run(9_500)
    before = list(stand.orders)
    stand.beat(20_000)
    assert [candle.quality for candle in stand.facts(Candle)] == ["partial", "whole"]
    assert (stand.orders, stand.state().skipped) == (before, 1)


def test_candles_of_ticks_that_come_late_in_a_heap_are_not_looked_at() -> None:
    """Frames that waited are read at once: what closed in them seconds ago is skipped, what closes last is looked at.

    The broker's clock stands still meanwhile, so the stamps alone would not show it.
    """
    stand = Stand(plan(mode="live")).run(4_000)
    for at in range(4_000, 30_500, 500):
        stand.tick(at, late=30_500 - at)
    assert [at for _, _, at in stand.signals] == [25_000]
    assert stand.state().skipped == 5
    assert len(stand.orders) == 1


def test_a_long_grace_is_not_lateness() -> None:
    """Where the clock is told to wait ten seconds for ticks, a candle that it closes then is in time."""
    rules = Rules(budget_us=None, grace=10_000)
    stand = Stand(plan(), rules=rules).run(4_500)
    stand.tick(14_000, OTHER)
    assert stand.signals == [("a", ASSET, 0)]


@pytest.mark.parametrize(
    ("schedule", "moments"),
    [
        ("every 10s", [10_000, 20_000, 30_000]),
        ("*/20 * * * * *", [20_000]),
        ("at 2025-11-22T00:00:25", [25_000]),
    ],
)
def test_a_plan_may_go_by_the_time(schedule: str, moments: list[int]) -> None:
    """It looks at the newest candle of each asset that has one, at its moments and at no other."""
    stand = Stand(plan(schedule=schedule)).run(32_000, beats=True)
    said = [verdict.signal.at - BEGIN for verdict in stand.verdicts]
    assert all(0 <= at - moment < 100 for at, moment in zip(said, moments, strict=True))
    assert {verdict.signal.series.asset for verdict in stand.verdicts} == {ASSET}
    candles = [verdict.signal.candle - BEGIN for verdict in stand.verdicts]
    assert all(at - 10_600 <= candle <= at - 5_000 for at, candle in zip(said, candles, strict=True))


def test_a_moment_that_comes_late_is_counted_and_not_run() -> None:
    """Nothing was heard for ten seconds: three runs are skipped and said so, the next one is made."""
    stand = Stand(plan(schedule="every 5s", assets=("EUR*",))).run(7_000)
    before = len(stand.signals)
    stand.tick(22_600, OTHER)
    assert (len(stand.signals), stand.state().skipped) == (before, 3)
    assert stand.facts(PlanState)[-1].skipped == 3
    stand.at = 22_600
    stand.run(26_000)
    assert len(stand.signals) == before + 1


def test_a_plan_by_time_leaves_a_silent_asset_alone() -> None:
    """Its newest candle should have been followed by another: it says nothing of now, and the run is counted."""
    stand = Stand(plan(schedule="every 5s", assets=("EUR*",))).run(11_000, ASSET, OTHER)
    stand.run(41_000, OTHER)
    late = [verdict.signal.at - BEGIN for verdict in stand.verdicts]
    assert late
    assert max(late) < 25_000
    assert stand.state().skipped > 2


def test_a_plan_by_time_knows_what_the_past_has_told() -> None:
    """With history it need not wait for the next candle to close, and the candle's quality is the one that was told."""
    stand = Stand(plan(schedule="every 1s", timeframe=15_000, mode="live"))
    stand.history(ASSET, 10, 15_000)
    stand.run(3_000)
    assert stand.signals
    assert {at for _, _, at in stand.signals} == {-15_000}
    assert {intent.quality for _, _, intent in stand.orders} == {"backfilled"}


def test_outside_its_hours_a_plan_is_not_asked() -> None:
    """They begin at 00:01."""
    strategy = Tell()
    schedule = {"when": "candle", "hours": "00:01-23:59"}
    stand = Stand(plan(strategy=strategy, schedule=schedule)).run(70_500)
    assert [at for _, _, at in stand.signals] == [55_000, 60_000, 65_000]
    assert len(strategy.views) == 3


def test_around_news_a_plan_is_not_asked(tmp_path: Path) -> None:
    """From ten seconds before until five after, and only of the assets that the news concern."""
    news = tmp_path / "news.csv"
    news.write_text("at,name,currency\n2025-11-22T00:00:30Z,Rates,GBP\n")
    schedule = {"when": "candle", "quiet": str(news), "quiet_before": "10s", "quiet_after": "5s"}
    stand = Stand(plan(schedule=schedule)).run(45_500, ASSET, OTHER)
    assert [at for _, asset, at in stand.signals if asset == ASSET] == list(range(0, 45_000, 5_000))
    assert [at for _, asset, at in stand.signals if asset == OTHER] == [0, 5_000, 10_000, 30_000, 35_000, 40_000]


def test_a_plan_that_raises_is_benched_and_the_others_go_on() -> None:
    """It is told with the reason; `strategy/enable` tries again; nobody else notices."""
    bad = Tell(label="bad").does(raising(ZeroDivisionError("by nothing")))
    stand = Stand(plan("bad", bad), plan("good", Tell())).run(15_500)
    assert stand.benched == ["bad: ZeroDivisionError: by nothing; strategy/enable tries again"]
    assert (stand.state("bad").phase, stand.state("bad").signals) == ("benched", 0)
    assert "by nothing" in stand.state("bad").detail
    assert [name for name, _, _ in stand.signals] == ["good"] * 3
    assert len(bad.views) == 1
    bad.does(answering())
    stand.switch("bad")
    stand.run(20_500)
    assert stand.state("bad").phase == "running"
    assert [name for name, _, at in stand.signals if at == 15_000] == ["bad", "good"]


@pytest.mark.parametrize(
    "problem",
    [
        SystemExit(3),
        MemoryError(),
        RecursionError("deep"),
        type("PanicException", (BaseException,), {})("rust gave up"),
        type("Mute", (Exception,), {"__str__": lambda self: 1 / 0})(),
        ValueError("line\n" * 10_000),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_whatever_a_strategy_raises_ends_nothing(problem: BaseException) -> None:
    """Not even what ends a program, what cannot say itself, or what says it on many pages."""
    stand = Stand(plan("bad", Tell().does(raising(problem))), plan("good", Tell())).run(10_500)
    assert len(stand.benched) == 1
    assert type(problem).__name__ in stand.benched[0]
    assert len(stand.benched[0]) < 500
    assert "\n" not in stand.benched[0]
    assert [name for name, _, _ in stand.signals] == ["good", "good"]


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({"side": ...}, "without the column side"),
        ({"confidence": ...}, "without the column confidence"),
        ({"expiry": ...}, "without the column expiry"),
        ({"side": 2}, "the side 2"),
        ({"side": 0.5}, "0.5 for side"),
        ({"confidence": 2.0}, "a confidence of 2.0"),
        ({"confidence": float("nan")}, "a confidence of None"),
        ({"confidence": None}, "a confidence of None"),
        ({"expiry": None}, "an expiry of 0"),
        ({"expiry": -5}, "an expiry of -5"),
        ({"expiry": 5_000.0}, "5000.0 for expiry"),
        ({"probability": 1.5}, "a probability of 1.5"),
        ({"reason": "up"}, "'up' for reason"),
    ],
)
def test_nonsense_benches_a_plan(columns: dict[str, object], word: str) -> None:
    """Every answer that cannot be meant is named; nothing comes of it."""
    stand = Stand(plan(strategy=Tell().does(answering(**columns)), mode="live")).run(5_500)
    assert word in stand.benched[0]
    assert stand.orders == []
    assert stand.verdicts == []


def test_an_answer_of_the_wrong_height_benches_a_plan() -> None:
    """A row per candle, no more and no less; nothing at all is no answer either."""
    short = Tell().does(lambda view: answering()(view).head(0))
    nothing = Tell().does(lambda _view: None)  # type: ignore[arg-type,return-value]
    stand = Stand(plan("short", short), plan("nothing", nothing)).run(5_500)
    assert [word for said in stand.benched for word in ("a row for each of the 1 candles",) if word in said] == [
        "a row for each of the 1 candles"
    ] * 2


def test_a_reason_that_is_no_number_is_told_as_nothing() -> None:
    """NaN and infinity have no JSON."""
    strategy = Tell().does(answering(rsi=float("nan"), far=float("inf"), near=1))
    stand = Stand(plan(strategy=strategy)).run(5_500)
    assert stand.verdicts[0].signal.reasons == {"rsi": None, "far": None, "near": 1.0}


def test_three_slow_looks_in_a_row_bench_a_plan() -> None:
    """Each is within its rights alone; the signal of the third still counts, and the others go on."""
    rules = Rules(budget_us=-1)
    stand = Stand(plan(), rules=rules).run(25_500)
    assert [at for _, _, at in stand.signals] == [0, 5_000, 10_000]
    assert stand.benched == ["a: its last 3 looks took more than -0.001 ms each; strategy/enable tries again"]
    stand.switch("a")
    stand.run(45_500)
    assert len(stand.signals) == 6


def test_a_plan_that_is_off_is_not_asked() -> None:
    """Off in the file or by command, it looks at nothing and says so."""
    strategy = Tell()
    stand = Stand(plan(strategy=strategy, enabled=False)).run(10_500)
    assert (stand.state().phase, stand.state().detail) == ("off", "strategy/enable turns it on")
    assert not strategy.views
    stand.switch("a")
    stand.run(15_500)
    stand.switch("a", enabled=False)
    stand.run(25_500)
    assert stand.signals == [("a", ASSET, 10_000)]


def test_each_series_is_read_once_a_candle(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many plans look, and also where one of them changes its frame in place."""
    third = Tell(label="3")
    stand = Stand(
        plan("one", Tell(label="1", longer=(FIFTEEN,))),
        plan("two", Tell(label="2").does(spoiling)),
        plan("three", third),
    )
    read: list[Series] = []
    frame = stand.desk.frame

    def reading(series: Series, count: int) -> pl.DataFrame:
        read.append(series)
        return frame(series, count)

    monkeypatch.setattr(stand.desk, "frame", reading)
    stand.run(30_500)
    assert read.count(Series(ASSET, 5_000)) == 6
    assert read.count(Series(ASSET, FIFTEEN)) == 3
    assert [view.height for view in third.views] == list(range(1, 7))
    assert all("close" in view.candles.columns for view in third.views)
    assert not stand.benched


def spoiling(view: View) -> pl.DataFrame:
    """A strategy that takes what it was shown apart."""
    answer = answering()(view)
    view.candles.drop_in_place("close")
    return answer


def test_a_look_on_demand_is_never_old() -> None:
    """Also where no plan is there to be told that a candle has closed; and it is no signal."""
    stand = Stand().run(5_500)
    look = stand.desk.plans.look(Tell(), Series(ASSET, 5_000))
    stand.run(10_500)
    again = stand.desk.plans.look(Tell(), Series(ASSET, 5_000))
    assert look is not None
    assert again is not None
    assert (look.candle, again.candle) == (BEGIN, BEGIN + 5_000)
    assert stand.verdicts == []


def test_asking_for_the_time_closes_nothing() -> None:
    """Whoever looks at the desk's clock from outside, also far ahead, changes nothing of what comes after."""
    asked, left_alone = Stand(plan()), Stand(plan())
    for stand in (asked, left_alone):
        stand.run(9_500)
        if stand is asked:
            stand.desk.now(BEGIN + 60_000)
        stand.run(20_500, beats=True)
    assert asked.said == left_alone.said


def test_an_asset_that_begins_anew_says_nothing_twice() -> None:
    """A stamp far ahead turns out wrong, and the same candles come again: a signal's id never does."""
    stand = Stand(plan()).run(10_500)
    stand.tick(21_000, late=-10_500)
    for at in range(10_500, 60_500, 500):
        stand.tick(at)
    ids = [verdict.signal.id for verdict in stand.verdicts]
    assert len(ids) == len(set(ids))
    assert ("a", ASSET, 15_000) in stand.signals
    assert ("a", ASSET, 50_000) in stand.signals


def test_after_the_end_nothing_is_looked_at() -> None:
    """A daemon that stops decides nothing more."""
    stand = Stand(plan(), plan("timed", schedule="every 5s")).run(10_500)
    before = stand.fingerprint
    stand.desk.plans.end()
    stand.run(30_500)
    assert stand.fingerprint == before


def test_the_state_is_told_when_it_changes() -> None:
    """Each state once: warming, running with its first signal, and so on."""
    stand = Stand(plan()).run(15_500)
    told = stand.facts(PlanState)
    assert [state.signals for state in told] == [0, 1, 2, 3]
    assert all(one != other for one, other in pairwise(told))
    assert told[-1].last_signal == stand.verdicts[-1].signal.at


def test_a_signal_comes_before_the_tick_that_closed_its_candle() -> None:
    """Candle, verdict, then the tick: whoever listens hears causes before effects."""
    stand = Stand(plan()).run(5_500)
    kinds = [type(fact) for fact in stand.said if isinstance(fact, Candle | Verdict)]
    assert kinds == [Candle, Verdict]
    assert not stand.facts(Alert)

"""The check finds each broken promise under its own name, and finds nothing where nothing is broken."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from qfluxd.loading import load_strategy_file
from qfluxd.market.past import FRAME_SCHEMA
from qfluxd.model import HOUR, MINUTE
from qfluxd.strategy import View
from qfluxd.testing import CHECKS, KINDS, Finding, Kind, check_strategy, market
from qfluxd.testing.answers import Answer, difference
from tests.support.bad_strategies import BROKEN, ShortWarmup, Sound
from tests.support.leaky_strategies import HASHES, KEEPING, kept
from tests.support.rounding_strategies import OnTheEdge, SinglePrecision


def bad(findings: list[Finding]) -> dict[str, str]:
    """What was found to be bad."""
    return {each.check: each.detail for each in findings if each.verdict == "bad"}


@pytest.mark.parametrize(("broken", "check", "words"), BROKEN, ids=[each[0].__name__ for each in BROKEN])
def test_each_broken_promise_is_found(broken: type[Sound], check: str, words: str) -> None:
    """The one fault is found, in words that say what it is, and no other."""
    found = bad(check_strategy(broken()))
    assert list(found) == [check]
    assert words in found[check]


def test_nothing_is_found_where_nothing_is_broken() -> None:
    """A sound strategy passes every check, each told once, with what it said and how long a look takes."""
    findings = check_strategy(Sound())
    assert [each.check for each in findings] == list(CHECKS)
    assert {each.verdict for each in findings} == {"good"}
    told = {each.check: each.detail for each in findings}
    assert "times and put" in told["speaks"]
    assert "µs at 300 candles and" in told["speed"]


@pytest.mark.parametrize("what", KEEPING)
def test_what_a_module_keeps_is_found(what: str, tmp_path: Path) -> None:
    """What was learnt at the first look outlives every copy; a fresh interpreter has not learnt it, and tells."""
    found = bad(check_strategy(load_strategy_file(kept(tmp_path, what))()))
    assert list(found) == ["memory"]
    assert "it keeps what it was shown before, and so may know what comes later" in found["memory"]


def test_the_hash_of_a_text_is_found(tmp_path: Path) -> None:
    """It is another one in each interpreter, and no memory."""
    file = tmp_path / "hashes.py"
    file.write_text(HASHES, encoding="utf-8")
    found = bad(check_strategy(load_strategy_file(file)()))
    assert list(found) == ["chance"]
    assert "a fresh interpreter answers otherwise (the order of a set, a clock" in found["chance"]


def test_who_is_in_no_module_is_not_asked_afresh() -> None:
    """A class inside a function cannot be found by another interpreter, which is noted with the remedy."""

    class Inside(Sound):
        """Sound, but where nobody else finds it."""

    (told,) = [each for each in check_strategy(Inside()) if each.verdict != "good"]
    assert (told.check, told.verdict) == ("memory", "note")
    assert "a fresh interpreter could not be asked: Inside stands where nobody else finds it; put it" in told.detail


@pytest.mark.parametrize("seed", range(3))
def test_a_rounding_is_no_look_ahead(seed: int) -> None:
    """What differs in the last digits of single precision is the same."""
    assert bad(check_strategy(SinglePrecision(), seed=seed)) == {}


def test_a_side_that_a_rounding_turns_is_told_as_that() -> None:
    """At many places it is bad, at a few a note; both say that a rounding decides."""
    found = {each.check: each for each in check_strategy(OnTheEdge())}
    assert found["look_ahead"].verdict == "bad"
    assert "stayed the same but for the last digits: a rounding decides" in found["look_ahead"].detail
    found = {each.check: each for each in check_strategy(OnTheEdge(every=97))}
    assert found["look_ahead"].verdict == "note"
    assert "a rounding decides" in found["look_ahead"].detail


class Lasting(Sound):
    """Lasts as long as the share of rises since the beginning says."""

    def signals(self, view: View) -> pl.DataFrame:
        """Sides are sound, and a confidence is always the same."""
        ups = np.cumsum(self.moves(view) > 0) / np.arange(1, view.height + 1)
        return self.told(view, self.moves(view)).with_columns(expiry=pl.Series(np.where(ups > 0.5, 2, 1) * MINUTE))


def test_how_long_a_trade_lasts_is_looked_at() -> None:
    """Where only that rests on older candles it is found, also where the candles beside have the same side."""
    found = bad(check_strategy(Lasting()))
    assert list(found) == ["history"]
    assert "an expiry of" in found["history"]


def said(*sides: int, confidence: float = 0.5, expiry: int = MINUTE, level: float = 1.1) -> Answer:
    """An answer whose reason rises by a point each candle."""
    count = len(sides)
    levels = level + 1e-5 * np.arange(count, dtype=np.float64)
    return Answer(np.array(sides, np.int8), np.full(count, confidence), np.full(count, expiry), {"level": levels})


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (said(1, 1, -1, 0), None),
        (said(1, 1, -1, 0, confidence=0.5 + 4e-7), None),
        (said(1, 1, -1, 0, confidence=0.5 + 4e-6), "at candle 1, a confidence of 0.5 became 0.500004"),
        (said(1, 1, -1, 0, level=1.1 + 5e-7), None),
        (said(1, 1, -1, 0, level=1.100004), "at candle 1, the reason level of 1.1 became 1.100004"),
        (said(1, 1, -1, 0, expiry=MINUTE + 1), "at candle 1, an expiry of 60000 ms became 60001 ms"),
        (said(1, 0, -1, 0), "at candle 2, call became nothing"),
        (said(1, 1, -1, 0, level=1.1 + 1e-15), None),
        (
            said(1, 1, 1, 0, level=1.1 + 4e-16),
            "at candle 3, put became call, while what it rests on stayed the same but for the last digits: "
            "a rounding decides",
        ),
    ],
)
def test_how_answers_differ(other: Answer, words: str | None) -> None:
    """By more than rounding, told with as many digits as it takes to see it; a length of trade is never rounded."""
    found = difference(said(1, 1, -1, 0), other, 4)
    assert (None if found is None else str(found)) == words


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_on_other_markets_too(seed: int) -> None:
    """Neither what is found nor that nothing is found hangs on the seed."""
    assert bad(check_strategy(Sound(), seed=seed)) == {}
    assert list(bad(check_strategy(ShortWarmup(), seed=seed))) == ["history"]


def test_the_same_seed_finds_the_same() -> None:
    """A check can be repeated: but for the time that it takes, it finds the same in the same words."""
    first, second = (
        [each for each in check_strategy(ShortWarmup(), seed=4) if each.check != "speed"] for _ in range(2)
    )
    assert first == second


def test_a_budget() -> None:
    """With a budget of less than it takes, its speed is bad."""
    assert list(bad(check_strategy(Sound(), budget_us=0.1))) == ["speed"]
    assert bad(check_strategy(Sound(), budget_us=1e6)) == {}


class Silent(Sound):
    """Says nothing."""

    bare: int = 3

    def signals(self, view: View) -> pl.DataFrame:
        """Warns, as numpy does, and keeps quiet."""
        return self.told(view, np.sqrt(-np.ones(view.height)))


def test_notes() -> None:
    """What is odd and no fault is noted: silence, a warning, an option without a description."""
    notes = {each.check: each.detail for each in check_strategy(Silent()) if each.verdict == "note"}
    assert notes == {
        "described": "without a description: bare",
        "runs": "it answers, but warns: invalid value encountered in sqrt",
        "speaks": "it says nothing on any of the markets",
    }


# ------------------------------------------------------------------------------------------------- markets


@pytest.mark.parametrize("kind", KINDS)
def test_candles_are_candles(kind: Kind) -> None:
    """Every market has the columns of the book, prices over nothing, highs highest, lows lowest, times that ascend."""
    frame = market(kind, rows=500).candles
    assert frame.schema == FRAME_SCHEMA
    assert frame.height == 500
    assert frame.null_count().sum_horizontal()[0] == 0
    top, bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    assert frame.select(((pl.col("high") >= top) & (pl.col("low") <= bottom) & (bottom > 0)).all()).item()
    assert frame["at"].is_sorted()
    assert frame["at"].is_unique().all()


@pytest.mark.parametrize("kind", KINDS)
def test_longer_candles_are_made_of_the_shorter(kind: Kind) -> None:
    """A longer candle is what polars' own `group_by_dynamic` makes of the shorter, and has closed with the last."""
    shown = market(kind, rows=600, higher=(5 * MINUTE, HOUR))
    for length in (5 * MINUTE, HOUR):
        wanted = shown.candles.group_by_dynamic("at", every=f"{length}ms").agg(
            pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("ticks")
        )
        ends = wanted["at"].dt.timestamp("ms") + length
        wanted = wanted.filter(ends <= int(shown.times[-1]) + MINUTE)
        got = shown.higher[length].select(wanted.columns)
        if kind != "gaps":
            assert got.tail(wanted.height).equals(wanted)
        else:
            assert got.tail(wanted.height - 1).equals(wanted.tail(wanted.height - 1))  # the first may begin earlier


def test_markets_are_seeded() -> None:
    """The same arguments bring the same market, another seed another, on the same times."""
    one, same, other = market(seed=5), market(seed=5), market(seed=6)
    assert one.candles.equals(same.candles)
    assert not one.candles.equals(other.candles)
    assert one.times.tolist() == other.times.tolist()


def test_longer_timeframes_reach_back() -> None:
    """Of each longer timeframe there are as many closed candles as were asked for."""
    assert market(rows=50, higher=(HOUR,), depth=300).higher[HOUR].height >= 300


def test_what_is_wanted_is_there_and_nothing_else() -> None:
    """Sentiment and payout in percent, at times not known; no such column for those who do not want it."""
    frame = market(rows=400, wants=("sentiment", "payout")).candles
    for name in ("sentiment", "payout"):
        assert frame[name].dtype == pl.Int16
        assert 0 < frame[name].null_count() < 200
        assert frame[name].is_between(0, 100).all()
    assert "payout" not in market(rows=10, wants=("sentiment",)).candles.columns


def test_markets_are_what_they_are_called() -> None:
    """One never moves, one rests at times, one rises on every candle at first, one has holes, one jumps."""
    assert market("flat").candles["close"].n_unique() == 1
    assert 100 < (market("rests", rows=600).candles["ticks"] == 0).sum() < 400
    assert (np.diff(market("rise", rows=290).floats("close")) > 0).all()
    assert (np.diff(market("gaps", rows=600).times) > MINUTE).sum() > 20
    assert np.abs(np.diff(np.log(market("jumps", rows=2000).floats("close")))).max() > 0.005
    assert market("tiny").floats("close").max() < 1e-5
    assert market("huge").floats("close").min() > 1e8

"""Audits of what a strategy sees: leaks are caught and named, and nobody else is accused."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.errors import DataError
from qfluxd.loading import load_strategy, load_strategy_file, strategy_names
from qfluxd.model import MINUTE
from qfluxd.plans.looking import MOST_ROWS, rows_shown
from qfluxd.research.audits import AUDITS, Finding, Step, audit, read_findings, write_findings
from qfluxd.research.audits.ahead import Ahead
from qfluxd.research.audits.determinism import Determinism
from qfluxd.research.audits.futures import other_future
from qfluxd.research.audits.subject import WINDOW
from qfluxd.research.audits.warmup import WarmUp
from qfluxd.research.audits.words import moment
from qfluxd.research.backtest import Backtest
from qfluxd.strategy import View
from qfluxd.testing import Kind, market
from qfluxd.testing.views import up_to
from tests.support.audited import in_memory, plan_of, recorded, stored, subject_of, ticks_of, walk
from tests.support.bad_strategies import (
    Chance,
    Clock,
    Counts,
    DividesByNothing,
    Remembers,
    ShortWarmup,
    Sound,
    SpeaksEarly,
)
from tests.support.leaky_strategies import HASHES, KEEPING, LEAKY, NextClose, PaidLater, WholeScore, kept
from tests.support.rounding_strategies import OnTheEdge, SinglePrecision

BUILT_IN = [name for name in strategy_names() if name != "model"]
OF_ANSWERS = ("determinism", "look_ahead", "warm_up", "training")
"""The audits that need no trades."""


# ---------------------------------------------------------------------------------------------- look-ahead


@pytest.mark.parametrize(("leaky", "sees"), LEAKY, ids=[each[0].__name__ for each in LEAKY])
@pytest.mark.parametrize("seed", [0, 1])
def test_each_leak_is_caught_and_named(leaky: type[Sound], sees: tuple[str, ...], seed: int) -> None:
    """Each of ten leaks is bad, with the candle whose answer changed and what of the future it rests on."""
    subject = subject_of(leaky(), seed=seed)
    found = Ahead([subject], seed).finding()
    assert (found.name, found.level) == ("look_ahead", "bad")
    assert found.figures["sees"] == list(sees)
    row = found.figures["row"]
    assert isinstance(row, int)
    assert found.figures["at"] == subject.view.times[row]
    assert f"at the candle of {moment(int(subject.view.times[row]))}" in found.meaning


def test_there_are_ten_leaks() -> None:
    """Ten different ones."""
    assert len({leaky for leaky, _ in LEAKY}) == 10


def test_how_far_a_leak_reaches() -> None:
    """A look at the next candle reaches one candle ahead; a scale by all candles reaches over all that were cut."""
    near = Ahead([subject_of(NextClose())], 0).finding().figures
    assert (near["nearest"], near["furthest"]) == (1, 1)
    far = Ahead([subject_of(WholeScore())], 0).finding().figures["furthest"]
    assert isinstance(far, int)
    assert far > 100


def test_a_leak_is_caught_in_long_data() -> None:
    """Of more candles than a window seeded windows are looked at, and three cuts of all of them."""
    found = Ahead([subject_of(NextClose(), rows=3 * WINDOW)], 0).finding()
    assert found.level == "bad"
    sound = Ahead([subject_of(Sound(), rows=3 * WINDOW)], 0).finding()
    assert sound.level == "ok"
    assert sound.figures["candles"] == 6 * WINDOW + 3 * WINDOW


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("kind", ["rests", "gaps"])
def test_no_built_in_strategy_is_accused(name: str, kind: Kind) -> None:
    """None looks ahead or needs more candles than it declares, with rests and holes in the market too."""
    subject = subject_of(load_strategy(name)(), kind, rows=700)
    found = [Ahead([subject], 3).finding(), WarmUp([subject], 3).finding()]
    assert [each.level for each in found] == ["ok", "ok"], found


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_built_in_strategy_is_accused_on_real_data(name: str) -> None:
    """The same on recorded ticks, through the view of the backtest."""
    plan = plan_of(load_strategy(name)(), timeframe=15_000)
    found = audit(Backtest(plans=(plan,)), recorded(), ("look_ahead", "warm_up", "training"), seed=1)
    assert "bad" not in [each.level for each in found], found


def test_a_rounding_is_no_look_ahead() -> None:
    """What differs in the last digits of single precision, as where fewer rows are computed at once, is the same."""
    shown = subject_of(SinglePrecision())
    assert shown.answer is not None
    told = shown.asker.ask(up_to(shown.view, 1_000), shown.asset)
    assert told is not None
    assert not np.array_equal(shown.answer.confidence[:1_001], told.confidence)
    found = [Ahead([shown], 0).finding(), WarmUp([shown], 0).finding()]
    assert [each.level for each in found] == ["ok", "ok"], found


def test_a_side_that_a_rounding_turns_is_told_as_that() -> None:
    """At few places it is a note, at many it is bad, and nowhere is it said to see anything of the future."""
    few = Ahead([subject_of(OnTheEdge(every=97), "rests")], 0).finding()
    assert (few.level, few.figures["differing"]) == ("note", 3)
    assert few.meaning.startswith("a rounding decides: on EURUSD_otc, at the candle of ")
    assert "what it rests on stayed the same but for the last digits" in few.meaning
    many = Ahead([subject_of(OnTheEdge(), "rests")], 0).finding()
    assert many.level == "bad"
    assert many.meaning.startswith("it looks ahead or hangs by a rounding: ")
    assert "sees" not in few.figures | many.figures


def test_a_rounding_hides_no_leak() -> None:
    """A side that also becomes another one where no number stayed the same is a look ahead as ever."""

    class Both(OnTheEdge):
        def signals(self, view: View) -> pl.DataFrame:
            """Knows the next close, and tells it."""
            told = super().signals(view)
            moves = np.append(np.diff(view.floats("close")), 0.0)
            side = np.where(told["moved"].abs() < 1e-9, told["side"], np.sign(moves)).astype(np.int8)
            return told.with_columns(side=pl.Series(side), moved=pl.Series(moves))

    found = Ahead([subject_of(Both(), "rests")], 0).finding()
    assert (found.level, found.figures["sees"]) == ("bad", ["prices"])
    assert found.meaning.startswith("it looks ahead: ")


@settings(max_examples=30)
@given(row=st.integers(0, 298), seed=st.integers(0, 50))
def test_another_future_leaves_the_past(row: int, seed: int) -> None:
    """Up to the cut nothing is changed; after it every price is, and candles stay candles."""
    view = market("walk", rows=300, higher=(300_000,), wants=("payout", "sentiment"), seed=seed)
    other = other_future(view, row, candles=True, longer=True)
    assert other.candles.head(row + 1).equals(view.candles.head(row + 1))
    assert other.candles.schema == view.candles.schema
    after = other.candles.slice(row + 1)
    assert after.select((pl.col("high") >= pl.max_horizontal("open", "close")).all()).item()
    assert not after["payout"].equals(view.candles.slice(row + 1)["payout"])
    closed = int((view.higher[300_000]["at"].to_physical() + 300_000 <= view.times[row] + 60_000).sum())
    assert other.higher[300_000].head(closed).equals(view.higher[300_000].head(closed))


# ------------------------------------------------------------------------------------------------- warm-up


def test_too_short_a_warm_up_is_found_and_mended() -> None:
    """It recommends a warm-up with which, declared, nothing is bad any more."""
    found = WarmUp([subject_of(ShortWarmup())], 0).finding()
    assert found.level == "bad"
    wanted = found.figures["recommended"]
    assert isinstance(wanted, int)
    assert f"declare {wanted}" in found.meaning

    class Longer(ShortWarmup):
        @property
        def warmup(self) -> int:
            """As recommended."""
            return int(str(wanted))

    assert WarmUp([subject_of(Longer(), seed=1)], 1).finding().level == "ok"


def test_who_never_forgets_is_found() -> None:
    """A mean of all since the beginning: what it says hangs on where data start, and live sees no such beginning."""

    class EverMean(Sound):
        def signals(self, view: View) -> pl.DataFrame:
            """Over or under the mean of all so far."""
            close = view.floats("close")
            return self.told(view, close - np.cumsum(close) / np.arange(1, close.size + 1))

    found = WarmUp([subject_of(EverMean(), rows=3_000)], 0).finding()
    assert found.level == "bad"
    assert f"the {MOST_ROWS:,} candles that live sees" in found.meaning
    live, others = found.figures["live_candles"], found.figures["others_live"]
    assert live == rows_shown(EverMean().warmup) < MOST_ROWS
    assert isinstance(others, int)
    assert 0 < others <= int(str(found.figures["compared"]))


class ByItsPast(Sound):
    """Says by the last candles whether, and by all that there ever were how: how long, and how likely."""

    lasting: bool = True

    def signals(self, view: View) -> pl.DataFrame:
        """Sides are sound, and a confidence is always the same."""
        told = self.told(view, self.moves(view), probability=np.full(view.height, 0.5))
        ups = np.cumsum(self.moves(view) > 0) / np.arange(1, view.height + 1)
        if self.lasting:
            return told.with_columns(expiry=pl.Series(np.where(ups > 0.5, 2, 1) * MINUTE))
        return told.with_columns(probability=pl.Series(ups))


@pytest.mark.parametrize(
    ("lasting", "words"), [(True, "an expiry of 60000 ms became 120000 ms"), (False, "the reason probability of 0.")]
)
def test_how_long_and_how_likely_are_looked_at(lasting: bool, words: str) -> None:
    """Where sides are the same with fewer candles, but another length or another probability is told, that is found."""
    found = WarmUp([subject_of(ByItsPast(lasting=lasting), rows=2_000)], 0).finding()
    assert found.level == "bad"
    assert words in found.meaning


def test_who_speaks_early_is_found() -> None:
    """Said before it is warm by its own word."""
    found = WarmUp([subject_of(SpeaksEarly())], 0).finding()
    assert found.level == "bad"
    assert "at candle 1 of" in found.meaning


def test_a_warm_up_longer_than_live_sees() -> None:
    """Live it would never speak."""

    class Endless(Sound):
        @property
        def warmup(self) -> int:
            """One more than there are."""
            return MOST_ROWS + 1

    assert "it never speaks" in WarmUp([subject_of(Endless())], 0).finding().meaning


# --------------------------------------------------------------------------------------------- determinism


@pytest.mark.parametrize(
    ("broken", "words"),
    [(Chance, "a chance without a seed"), (Clock, "a clock"), (Counts, "kept outside"), (Remembers, "asked before")],
)
def test_what_is_not_determined_is_found_and_nothing_else(broken: type[Sound], words: str) -> None:
    """It is bad, says why, and is not taken for a look ahead or a short warm-up."""
    found = audit(Backtest(plans=(plan_of(broken()),)), in_memory(walk(3)), OF_ANSWERS)
    assert [each.level for each in found] == ["bad", "note", "note", "ok"]
    assert words in found[0].meaning


NEEDS = '''
from qfluxd.strategies.rule import Rule

_KEPT = {}


class Needs(Rule):
    """Learns from many candles, and goes by that ever after."""

    @property
    def warmup(self):
        return 1

    def signals(self, view):
        if view.height >= 500:
            _KEPT["learnt"] = 1.1
        close = view.floats("close")
        return self.say(view, call=close < _KEPT["learnt"], put=close > _KEPT["learnt"], confidence=0.5)
'''


def test_a_fresh_interpreter_is_asked(tmp_path: Path) -> None:
    """What hangs on the hash of a text is the same when asked again, and another in an interpreter of its own."""
    file = tmp_path / "hashes.py"
    file.write_text(HASHES, encoding="utf-8")
    strategy = load_strategy_file(file)()
    found = Determinism([subject_of(strategy)], tmp_path).finding()
    assert found.level == "bad"
    assert "a fresh interpreter answers otherwise" in found.meaning


def test_a_built_in_strategy_is_the_same_afresh() -> None:
    """Asked five times, three of them in another interpreter."""
    subject = subject_of(load_strategy("sma_cross")())
    found = Determinism([subject], None).finding()
    assert (found.level, found.figures["asked"], found.figures["fresh"]) == ("ok", 5, "same")


@pytest.mark.parametrize(("what", "rows"), [*((what, 900) for what in KEEPING), ("a scale", 3 * WINDOW)])
def test_what_a_module_keeps_is_found(what: str, rows: int, tmp_path: Path) -> None:
    """What was learnt at the first look outlives every copy; who sees a part only has not learnt it, and tells."""
    strategy = load_strategy_file(kept(tmp_path, what))()
    found = Determinism([subject_of(strategy, rows=rows)], tmp_path).finding()
    assert (found.level, found.figures["fresh"]) == ("bad", "remembers")
    assert "it keeps what it was shown before, and so may know what comes later" in found.meaning


def test_a_leak_that_is_kept_stops_the_audits_that_it_blinds(tmp_path: Path) -> None:
    """Candles that are taken away do not take away what was learnt from them, so nothing is said of what that shows."""
    strategy = load_strategy_file(kept(tmp_path, "a table of all candles"))()
    found = audit(Backtest(plans=(plan_of(strategy),)), in_memory(walk(6)), OF_ANSWERS, folder=tmp_path)
    assert [each.level for each in found] == ["bad", "note", "note", "ok"]


def test_who_cannot_answer_afresh_is_found(tmp_path: Path) -> None:
    """What it raises there, and not here, is said."""
    file = tmp_path / "needs.py"
    file.write_text(NEEDS, encoding="utf-8")
    found = Determinism([subject_of(load_strategy_file(file)())], tmp_path).finding()
    assert (found.level, found.figures["fresh"]) == ("bad", "remembers")
    assert "it raises KeyError: 'learnt' there" in found.meaning


def test_who_is_not_found_again_cannot_be_asked_afresh() -> None:
    """A class inside a function is in no module, and so in no other interpreter: a note, with the remedy."""

    class Inside(Sound):
        pass

    found = Determinism([subject_of(Inside())], None).finding()
    assert found.level == "note"
    assert "a fresh interpreter could not be asked: Inside stands where nobody else finds it" in found.meaning


def test_what_raises_is_told() -> None:
    """A strategy that raises on this data is found, and the audits that need answers say that they have none."""
    flat = in_memory(np.full(3 * 7_200, 1.1))
    found = audit(Backtest(plans=(plan_of(DividesByNothing()),)), flat, OF_ANSWERS)
    assert found[0].level == "bad"
    assert "ZeroDivisionError" in found[0].meaning
    (found_alone,) = audit(Backtest(plans=(plan_of(DividesByNothing()),)), flat, ("look_ahead",))
    assert found_alone.level == "note"
    assert "ZeroDivisionError" in found_alone.meaning


def test_next_to_no_data() -> None:
    """Where no candle has closed, or only one, there is nothing to look at, and that is said."""
    for ticks in (1, 200):
        found = audit(Backtest(plans=(plan_of(Sound()),), payout=85), in_memory(walk(1)[:ticks]))
        assert "bad" not in [each.level for each in found]
        assert "not looked at" in found[1].meaning


# ------------------------------------------------------------------------------------------------ as a whole


def test_payouts_of_a_data_set_are_seen(tmp_path: Path) -> None:
    """A leak through the payouts on disk is caught by way of the data set."""
    at = ticks_of(walk(3))["at"].gather_every(480)
    payouts = pl.DataFrame({"at": at, "payout": [70 + number * 7 % 23 for number in range(len(at))], "open": True})
    dataset = stored(tmp_path, walk(3), payouts)
    (found,) = audit(Backtest(plans=(plan_of(PaidLater()),)), dataset, ("look_ahead",))
    assert (found.level, found.figures["sees"]) == ("bad", ["payouts"])


def test_the_same_seed_finds_the_same() -> None:
    """Findings can be repeated; each audit is told once per plan, in the order of `AUDITS`."""
    tried = Backtest(plans=(plan_of(WholeScore()),))
    first, second = (audit(tried, in_memory(walk(4)), ("warm_up", "look_ahead"), seed=5) for _ in range(2))
    assert first == second
    assert [each.name for each in first] == ["look_ahead", "warm_up"]


def test_progress_is_told() -> None:
    """From nothing to all, never backwards."""
    steps: list[Step] = []
    audit(Backtest(plans=(plan_of(Sound()),)), in_memory(walk(3)), ("look_ahead", "training"), tell=steps.append)
    done = [step.done / step.total for step in steps]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0.0, 1.0)


def test_an_audit_that_there_is_not() -> None:
    """Its name is refused with those that there are."""
    with pytest.raises(DataError, match="there is no audit 'luck'; there are determinism, look_ahead"):
        audit(Backtest(plans=(plan_of(Sound()),)), in_memory(walk(1)), ("luck",))


def test_findings_are_written_and_read(tmp_path: Path) -> None:
    """What is written is read again; nothing is there before, and a damaged file is named."""
    found = (Finding("look_ahead", "bad", "it looks ahead", {"row": 3, "sees": ["prices"], "share": 0.5}),)
    assert read_findings(tmp_path) == ()
    file = write_findings(tmp_path / "result", found)
    assert read_findings(file.parent) == found
    file.write_text("[{]", encoding="utf-8")
    with pytest.raises(DataError, match="holds no findings"):
        read_findings(file.parent)


def test_every_audit_is_told_what_it_says_when_ok() -> None:
    """Nine of them, in words."""
    assert len(AUDITS) == 9
    assert all(AUDITS.values())

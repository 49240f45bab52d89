"""Training says what it has found, and no more."""

import json
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.cli import main
from qfluxd.errors import DataError
from qfluxd.model import MINUTE, Candle, Series, Tick
from qfluxd.research.backtest import Backtest, planned, views
from qfluxd.research.curves import Broken, Logistic, fit_curve
from qfluxd.research.dataset import open_dataset
from qfluxd.research.prices import NO_TICKS, Prices, from_file, from_store
from qfluxd.research.recipe import Recipe, read_recipe
from qfluxd.research.samples import Samples, gather
from qfluxd.research.scores import decided, earned, one_at_a_time, traded
from qfluxd.research.train import Step, Trained, Training
from qfluxd.strategies.card import Card, read_card
from qfluxd.strategies.features import DEFAULT_FEATURES
from tests.support.planted import ASSET, MONDAY, planted
from tests.unit.test_data import bars, filled
from tests.unit.test_data import walk as walk_of

FEATURES = {
    "turned": "sign(close - open)",
    "move": "log(close / close[1])",
    "place": "(close - mean(close, 20)) / max(std(close, 20), close * 1e-7)",
}


def recipe(**options: Any) -> Recipe:
    return Recipe.model_validate(
        {"assets": (ASSET,), "features": FEATURES, "models": ("logistic",), "folds": 3} | options
    )


def train(prices: Prices, **options: Any) -> Trained:
    return Training(recipe(**options), [prices], "here").run("model", MONDAY)


@pytest.fixture(scope="module")
def edge() -> Trained:
    """A model of a market that turns three times in five."""
    return train(planted(4000))


@pytest.fixture(scope="module")
def walk() -> Trained:
    """Models of a random walk, traded at the slightest sign."""
    return train(planted(4000, turns=0.5), models=("logistic", "boosting"), margin=0.0, features=dict(DEFAULT_FEATURES))


# ---------------------------------------------------------------------------------------------- the verdict


def test_a_random_walk_is_not_proven(walk: Trained) -> None:
    """Nothing can be learnt from a random walk, and the card says so, for all kinds together."""
    card = walk.card
    assert (card.verdict, card.is_proven) == ("not proven", False)
    assert card.needed == 40
    assert max(each.trades.e_value for each in card.candidates) == card.e_value < card.needed
    assert card.reason


def test_baselines_of_a_random_walk_earn_what_a_coin_does(walk: Trained) -> None:
    """Each wins about half of its trades, and so loses 0.075 of a stake at a payout of 85 percent; no evidence."""
    assert set(walk.card.baselines) == {"random", "majority", "last_direction"}
    for trades in walk.card.baselines.values():
        assert trades.rate == pytest.approx(0.5, abs=0.03)
        assert trades.profit == pytest.approx(0.5 * 0.85 - 0.5, abs=0.06)
        assert trades.break_even == pytest.approx(100 / 185)
        assert trades.e_value < 1


def test_a_planted_edge_is_found(edge: Trained) -> None:
    """A market that turns with probability 0.6 is found out: about 60 percent won, and evidence far beyond enough."""
    card = edge.card
    (found,) = card.candidates
    assert card.is_proven
    assert card.e_value > card.needed == 20
    assert found.trades.rate == pytest.approx(0.6, abs=0.03)
    assert found.trades.low > (found.trades.break_even or 1) > 0.54
    assert found.trades.profit == pytest.approx(0.6 * 0.85 - 0.4, abs=0.05)
    assert found.forecast.calibration_error < 0.05
    assert card.baselines["last_direction"].e_value < 1


def test_more_kinds_make_the_proof_harder(walk: Trained, edge: Trained) -> None:
    """The evidence that is asked for grows with the number of kinds tried, and the sentence says so."""
    assert "it takes 20" in edge.card.reason
    assert "20 for each" not in edge.card.reason
    assert walk.card.needed == 2 * edge.card.needed


def test_the_same_data_and_seed_make_the_same_card(edge: Trained) -> None:
    """Everything but the time is the same again, the model's bytes too."""
    again = Training(recipe(), [planted(4000)], "here").run("model", MONDAY + 1)
    assert again.model == edge.model
    assert msgspec.structs.replace(again.card, created=edge.card.created) == edge.card


@pytest.mark.parametrize("kind", ["logistic", "boosting", "forest", "mlp"])
@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic"])
def test_every_kind_says_the_same_as_its_file(kind: str, calibration: str) -> None:
    """The ONNX file gives the probabilities of the model that was fitted, on all rows of the test."""
    card = train(planted(700), models=(kind,), calibration=calibration, folds=2).card
    assert card.parity.rows == sum(fold.test for fold in card.folds)
    assert card.parity.largest < 1e-4
    assert card.parity.other_decisions <= 1


def test_the_card_tells_what_the_model_rests_on(edge: Trained) -> None:
    """Data, folds, rule and versions stand on the card; what was purged is what the trades and the embargo ask for."""
    card = edge.card
    assert (card.timeframe, card.expiry, card.payout, card.margin) == ("1m", "1m", 85, 0.02)
    assert card.source.assets == (ASSET,)
    assert card.source.candles == 4000
    assert card.source.samples == 4000 - 19 - 1
    assert card.source.settled == {"ticks": 0, "candles": card.source.samples}
    assert len(card.folds) == 3
    for fold in card.folds:
        assert fold.train_until + 11 * MINUTE <= fold.test_from
        assert fold.purged == 10
    assert {"python", "qfluxd", "scikit-learn", "onnxruntime"} <= set(card.versions)


def test_steps_are_told() -> None:
    """Whoever waits hears of each step, counted up to the last."""
    steps: list[Step] = []
    Training(recipe(folds=2), [planted(700)], "here", steps.append).run("model", MONDAY)
    assert [step.done for step in steps] == [0, 1, 2, 3, 4]
    assert {step.total for step in steps} == {4}
    assert steps[0].what == "logistic: step 1 of 2"


def test_too_little_data_is_said() -> None:
    """A few hundred candles prove nothing."""
    with pytest.raises(DataError, match="are too few; it takes 500"):
        train(planted(300))


def test_several_assets_make_one_model() -> None:
    """Assets are pooled, in the order of time; a moment's trades count together."""
    two = [planted(800, seed=1), planted(800, seed=2, asset="GBPUSD_otc")]
    card = Training(recipe(assets=(ASSET, "GBPUSD_otc"), folds=2), two, "here").run("model", MONDAY).card
    assert card.source.assets == (ASSET, "GBPUSD_otc")
    assert card.source.samples == 2 * (800 - 20)


def test_longer_timeframes_are_folded_from_the_candles() -> None:
    """A feature on five-minute candles needs no data of its own; one that does not fit is told."""
    features = {"trend": "m5.close / m5.close[1] - 1", "turned": "sign(close - open)"}
    assert train(planted(800), features=features, folds=2).card.source.samples > 700
    with pytest.raises(DataError, match="no multiple of"):
        train(planted(800), features={"x": "s90.close / close"})


# ------------------------------------------------------------------------------------------------ the scores


def samples(move: Sequence[int], ahead: int = 1, payout: int = 85) -> Samples:
    count = len(move)
    signalled = MONDAY + MINUTE * np.arange(count)
    return Samples(
        asset=np.zeros(count, np.int16),
        signalled=signalled,
        opened=signalled,
        closes=signalled + ahead * MINUTE,
        rows=np.zeros((count, 1), np.float32),
        move=np.array(move, np.int8),
        last=np.zeros(count, np.int8),
        payout=np.full(count, payout),
    )


def test_ties_are_refunded() -> None:
    """A tie costs nothing, earns nothing, and is no part of the rate."""
    trades = traded(samples([1, 1, -1, 0]), np.ones(4, np.int8))
    assert (trades.won, trades.lost, trades.tie, trades.rate) == (2, 1, 1, 2 / 3)
    assert trades.profit == pytest.approx((2 * 0.85 - 1) / 4)


def test_ties_teach_nothing() -> None:
    """Training data in which a third of the candles ends in ties still give a balanced model, and they are counted."""
    flat = planted(1500).candles.with_columns(
        close=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.col("open")).otherwise(pl.col("close"))
    )
    card = train(Prices(ASSET, flat, NO_TICKS), folds=2).card
    assert card.source.ties == pytest.approx(1480 / 3, abs=2)
    assert card.candidates[0].forecast.rows < sum(fold.test for fold in card.folds)


@given(
    st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=60),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_one_trade_at_a_time(sides: list[int], ahead: int, random: Any) -> None:
    """No trade opens before the one before it has ended; only trades that are wanted are taken, the first always."""
    wanted = np.array(sides, np.int8)
    one, other = (samples([random.choice([-1, 1]) for _ in sides], ahead) for _ in range(2))
    taken = one_at_a_time(one, wanted)
    assert (np.diff(taken) >= ahead).all()
    assert wanted[taken].all()
    assert taken.size == 0 or taken[0] == np.flatnonzero(wanted)[0]
    assert (taken == one_at_a_time(other, wanted)).all()


def test_decisions() -> None:
    """A side is taken where its probability is above what it needs; one in the middle never is."""
    up = np.array([0.57, 0.56, 0.5, 0.43, 0.44, 0.9])
    assert decided(up, np.full(6, 0.56)).tolist() == [1, 0, 0, -1, 0, 1]
    assert decided(up, np.full(6, 0.4)).tolist() == [1, 1, 0, -1, -1, 1]


def test_payouts_of_the_data_count() -> None:
    """Where the data say what a win adds, that is what it adds and what the break-even is."""
    rows = samples([1, -1], payout=50)
    assert earned(rows, np.array([1, 1], np.int8)).tolist() == [0.5, -1.0]
    assert traded(rows, np.array([1, 1], np.int8)).break_even == pytest.approx(100 / 150)
    paid = planted(800).candles.with_columns(payout=pl.lit(92, pl.Int64))
    gathered, _ = gather([Prices(ASSET, paid, NO_TICKS)], recipe(), "here")
    assert set(gathered.payout.tolist()) == {92}


def test_curves_do_not_turn_a_model_around() -> None:
    """Where high scores came out worse than low ones, every score is given the share of rises."""
    scores, rose = np.linspace(0.4, 0.6, 1000), (np.arange(1000) < 500).astype(np.int8)
    curve = fit_curve("sigmoid", scores, rose, np.ones(1000))
    assert isinstance(curve, Logistic)
    np.testing.assert_allclose(curve.of(scores), 0.5)


@given(st.integers(0, 2**31), st.integers(50, 3000))
def test_isotonic_curves_rise_and_promise_no_certainty(seed: int, count: int) -> None:
    """The curve never falls, and its ends rest on many rows, so that chance alone does not make them certain."""
    rng = np.random.default_rng(seed)
    scores, rose = rng.random(count), rng.integers(0, 2, count).astype(np.int8)
    curve = fit_curve("isotonic", scores, rose, np.ones(count))
    assert isinstance(curve, Broken)
    said = curve.of(np.linspace(0, 1, 200))
    assert (np.diff(said) >= 0).all()
    assert 0.05 < said.min() <= said.max() < 0.95


# --------------------------------------------------------------------------------------- data and the command


def exported(folder: Path, prices: Prices) -> Path:
    """The candles as `qfluxd data export` writes them."""
    file = folder / "candles.csv"
    stamp = pl.col("at").dt.to_string("%Y-%m-%dT%H:%M:%SZ").alias("timestamp")
    prices.candles.select(stamp, "open", "high", "low", "close").write_csv(file)
    return file


def test_files_and_store_give_the_same_prices(tmp_path: Path) -> None:
    """Candles from CSV, from Parquet and from the store are the same."""
    prices = planted(50)
    csv = from_file(exported(tmp_path, prices), None, ASSET, 0, 2**50)
    prices.candles.write_parquet(tmp_path / "candles.parquet")
    parquet = from_file(tmp_path / "candles.parquet", None, ASSET, 0, 2**50)
    columns = ["at", "open", "high", "low", "close"]
    assert csv.candles.select(columns).equals(prices.candles.select(columns))
    assert parquet.candles.equals(prices.candles)
    with pytest.raises(DataError, match="holds no ticks or candles of that time"):
        from_store(tmp_path, ASSET, MINUTE, 0, 2**50)


def test_ticks_of_the_store_settle_trades(tmp_path: Path) -> None:
    """Where the store holds ticks of the time, trades are settled by them."""
    rows = planted(700).candles.iter_rows(named=True)
    candles = [
        Candle(Series(ASSET, MINUTE), MONDAY + n * MINUTE, r["open"], r["high"], r["low"], r["close"], 9, "whole")
        for n, r in enumerate(rows)
    ]
    ticks = [Tick(ASSET, MONDAY + s * 1000, 1.08 + (s % 7) * 1e-5) for s in range(0, 600 * 60, 2)]
    filled(tmp_path, [*candles, *ticks])
    found = from_store(tmp_path, ASSET, MINUTE, 0, 2**50)
    assert found.ticks.at.size == len(ticks)
    _, source = gather([found], recipe(), "here")
    assert source.settled["ticks"] > 550
    assert source.settled["candles"] > 80


def test_candles_that_are_not_stored_are_those_of_a_backtest(tmp_path: Path) -> None:
    """Folded from ticks where there are any, else from shorter candles; those that are stored are taken as they are."""
    ticks = [Tick(ASSET, MONDAY + s * 1000, 1.08 + (s * 7 % 11) * 1e-5) for s in range(0, 7_000, 2)]
    filled(tmp_path / "ticks", ticks)
    (_, view), *_ = views(Backtest((planned("sma_cross", timeframe="5m"),)), open_dataset(tmp_path / "ticks"))
    found = from_store(tmp_path / "ticks", ASSET, 5 * MINUTE, 0, 2**50)
    columns = ["at", "open", "high", "low", "close", "ticks"]
    assert found.candles.select(columns).equals(view.candles.select(columns))
    assert (found.candles.height, found.ticks.at.size) == (23, len(ticks))
    filled(tmp_path / "bars", bars(walk_of(30)))
    folded, stored = (from_store(tmp_path / "bars", ASSET, n * MINUTE, 0, 2**50).candles for n in (5, 1))
    assert (folded.height, stored.height) == (5, 30)
    assert folded["open"][1] == stored["open"][5]
    with pytest.raises(DataError, match=r"30s candles cannot be put together from those that are stored \(1m\)"):
        from_store(tmp_path / "bars", ASSET, MINUTE // 2, 0, 2**50)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [("time,open,high,low,close", "has no column 'at'"), ("timestamp,open,high,low", "has no column 'close'")],
)
def test_a_file_without_a_column_is_told(tmp_path: Path, header: str, sentence: str) -> None:
    """A missing column is named, and those that are there."""
    file = tmp_path / "candles.csv"
    file.write_text(f"{header}\n{','.join(['2025-11-24T12:00:00Z', '1', '1', '1', '1'][: header.count(',') + 1])}\n")
    with pytest.raises(DataError, match=sentence):
        from_file(file, None, ASSET, 0, 2**50)


def test_a_recipe_is_read_whole(tmp_path: Path) -> None:
    """Every mistake is told with its place; what the command line gives wins over the file."""
    file = tmp_path / "recipe.toml"
    file.write_text('assets = ["A"]\npayout = 0\nmodels = ["forrest"]\n[features]\nx = "closs"\n')
    with pytest.raises(DataError) as told:
        read_recipe(file, {})
    lines = str(told.value).splitlines()
    assert len(lines) >= 3
    assert any("features: feature 'x': 'closs' is not known; did you mean 'close'?" in line for line in lines)
    file.write_text('assets = ["A"]\npayout = 80\n')
    assert read_recipe(file, {"payout": 92}).payout == 92
    with pytest.raises(DataError, match="assets: is missing"):
        read_recipe(None, {})


def test_a_kind_that_is_none_is_told_once(tmp_path: Path) -> None:
    """And not as a list that is too short besides; one that is empty is told to be."""
    with pytest.raises(DataError) as told:
        read_recipe(None, {"assets": ["A"], "models": ["foo"]})
    assert str(told.value).startswith("recipe: models.0: Input should be 'logistic'")
    assert "\n" not in str(told.value)
    with pytest.raises(DataError, match="models: Tuple should have at least 1 item"):
        read_recipe(None, {"assets": ["A"], "models": []})


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`qfluxd train` tells each step in a line, then the table and the verdict, and writes the model with its card."""
    file, out = exported(tmp_path, planted(800, turns=0.5)), tmp_path / "models" / "eurusd.onnx"
    words = ["train", ASSET, "--candles", str(file), "--models", "logistic", "--folds", "2", "--out", str(out)]
    assert main(words) == 0
    told = capsys.readouterr()
    assert told.err.splitlines()[0] == "0/4  logistic: step 1 of 2"
    assert "Not proven: " in told.out
    assert "last_direction" in told.out
    assert main([*words, "--json"]) == 0
    printed = msgspec.convert(json.loads(capsys.readouterr().out), Card)
    assert printed == read_card(out, printed.model_sha256)
    assert printed.name == "eurusd"


def test_the_command_refuses_in_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name or time, no asset, no data: a sentence each; exit 2 where what was typed makes no sense."""
    for words, sentence, code in (
        ([ASSET, "--out", "model.bin"], "the name must end in .onnx", 2),
        ([ASSET, "--out", "model.onnx", "--from", "lately"], "lately", 2),
        (["--out", "model.onnx"], "assets: is missing", 1),
        ([ASSET, "--out", "model.onnx", "--folder", str(tmp_path)], "holds no ticks or candles", 1),
        ([ASSET, "--out", "model.onnx", "--candles", "none.csv"], "there is no such file", 1),
    ):
        assert main(["train", *words]) == code
        assert sentence in capsys.readouterr().err


class Hidden(MetaPathFinder):
    """Finds everything but some packages."""

    def __init__(self, finders: Sequence[Any], *names: str) -> None:
        self._finders = finders
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The first that another finder knows."""
        if fullname.partition(".")[0] in self._names:
            return None
        found = (finder.find_spec(fullname, path, target) for finder in self._finders)
        return next((spec for spec in found if spec is not None), None)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without scikit-learn training ends with exit 69 and the line that installs it."""
    monkeypatch.setattr(sys, "meta_path", [Hidden(list(sys.meta_path), "sklearn")])
    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["train", ASSET, "--out", "model.onnx"]) == 69
    assert "training needs sklearn; run: pip install 'qfluxd[train]'" in capsys.readouterr().err

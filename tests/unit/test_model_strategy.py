"""A trained model trades by its card, and by nothing that does not fit it."""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from qfluxd.model import MINUTE, Series
from qfluxd.research.audits import training
from qfluxd.research.audits.subject import Subject
from qfluxd.research.recipe import Recipe
from qfluxd.research.samples import view_of
from qfluxd.research.train import Trained, Training
from qfluxd.strategies.card import Card, card_file, digest, features_digest, write_card
from qfluxd.strategies.confluence import Confluence
from qfluxd.strategies.model import Model
from qfluxd.strategies.onnx import runner
from qfluxd.strategy import CALL, NOTHING, PUT, View
from qfluxd.testing import check_strategy
from tests.support.audited import plan_of
from tests.support.planted import ASSET, planted
from tests.unit.test_train import Hidden

FEATURES = {"turned": "sign(close - open)", "steady": "mean(close - open, 5) / close", "far": "m5.close / close - 1"}


@pytest.fixture(scope="module")
def trained() -> Trained:
    """A model of a market that turns three times in five."""
    recipe = Recipe(assets=(ASSET,), features=FEATURES, models=("logistic",), folds=3)
    return Training(recipe, [planted(3000)], "here").run("turner", 0)


@pytest.fixture
def file(trained: Trained, tmp_path: Path) -> Path:
    """Where it lies, its card beside it."""
    place = tmp_path / "turner.onnx"
    trained.write(place)
    return place


def view(count: int = 1000, payout: int | None = 85, seed: int = 9, timeframe: int = MINUTE) -> View:
    """Candles that the model has not seen."""
    candles = planted(count, seed=seed).candles.with_columns(payout=pl.lit(payout, dtype=pl.Int16))
    return View(Series(ASSET, timeframe), candles, view_of(candles, Series(ASSET, MINUTE), (5 * MINUTE,)).higher)


def spoken(answer: pl.DataFrame) -> int:
    """How many rows say something."""
    return answer.filter(pl.col("side") != NOTHING).height


def change(file: Path, **changes: object) -> None:
    """Write other words on the card."""
    card = msgspec.json.decode(card_file(file).read_bytes(), type=Card)
    card_file(file).write_bytes(write_card(msgspec.structs.replace(card, **changes)))


# ----------------------------------------------------------------------------------------------- its answers


def test_it_trades_the_edge_that_it_was_trained_on(file: Path) -> None:
    """It bets that a candle's direction turns, which wins three times in five on candles it has never seen."""
    shown = view()
    answer = Model(file=file).signals(shown)
    side = answer["side"].to_numpy()
    came = np.sign(np.diff(shown.candles["close"].to_numpy()))
    spoke = np.flatnonzero(side[:-1])
    assert spoke.size > 300
    assert {CALL, PUT, NOTHING} >= set(side.tolist())
    body = shown.floats("close") - shown.floats("open")
    assert (side[spoke] == -np.sign(body[spoke])).mean() > 0.9
    assert (side[spoke] == came[spoke]).mean() == pytest.approx(0.6, abs=0.06)
    assert set(answer["expiry"]) == {MINUTE}


def test_reasons_are_the_probabilities_the_card_and_the_features(file: Path) -> None:
    """Each signal tells the probability of a win and of a rise, what it had to beat, the card, and every feature."""
    model = Model(file=file)
    answer = model.signals(view())
    assert answer.columns[3:] == ["probability", "up", "break_even", "card", *FEATURES]
    said = answer.filter(pl.col("side") != NOTHING)
    assert (said["confidence"] == said["probability"]).all()
    assert (said["probability"] > 100 / 185 + 0.02).all()
    assert ((said["up"] > 0.5) == (said["side"] == CALL)).all()
    assert set(said["card"]) == {float(model.card.id)}
    assert set(said["turned"]) == {-1.0, 1.0}


def test_it_keeps_the_promises_of_a_strategy(file: Path) -> None:
    """No look ahead, no memory, no chance, an honest warm-up, options that can be written down."""
    found = check_strategy(Model(file=file))
    assert [str(each) for each in found if each.verdict == "bad"] == []
    assert "speaks" in [each.check for each in found if each.verdict == "good"]


def test_the_payout_in_force_counts(file: Path) -> None:
    """The lower the payout, the fewer signals; where nobody has told it, there are none."""
    model = Model(file=file)
    counts = [spoken(model.signals(view(payout=payout))) for payout in (92, 70, 40)]
    assert counts[0] > counts[2]
    assert counts == sorted(counts, reverse=True)
    assert spoken(model.signals(view(payout=None))) == 0
    assert spoken(Model(file=file, threshold=0.55).signals(view(payout=None))) > 0


def test_a_threshold_only_takes_away(file: Path) -> None:
    """A threshold above what break-even asks for leaves the signals that exceed it; one below changes nothing."""
    usual, strict, lax = (Model(file=file, threshold=each).signals(view()) for each in (None, 0.6, 0.51))
    assert usual["side"].equals(lax["side"])
    assert strict.filter(pl.col("side") != 0)["probability"].min() > 0.6  # type: ignore[operator]
    assert spoken(Model(file=file, margin=0.45).signals(view())) == 0


def test_live_says_what_a_backtest_says(file: Path) -> None:
    """The last row of a view of its own says what the row of a long view did."""
    model, whole = Model(file=file), view()
    answers = model.signals(whole)
    for end in (model.warmup, 200, 999):
        one = model.signals(View(whole.series, whole.candles[:end], whole.higher)).row(-1)
        assert one == pytest.approx(answers.row(end - 1), rel=1e-6, nan_ok=True)


def test_few_candles_say_nothing(file: Path) -> None:
    """Without features there is no probability, and no signal."""
    model = Model(file=file)
    for count in (0, 1, model.warmup - 1):
        answer = model.signals(view(count))
        assert answer.height == count
        assert spoken(answer) == 0


def test_other_candles_are_refused(file: Path) -> None:
    """A model of minutes says in a sentence that it cannot look at quarters of an hour."""
    with pytest.raises(ValueError, match="the model turner was trained on 1m candles"):
        Model(file=file).signals(view(timeframe=15 * MINUTE))


def test_options_and_needs(file: Path) -> None:
    """It needs what its features need, wants the payout, and is the same object after being written down and read."""
    model = Model(file=file)
    assert (model.warmup, model.timeframes, model.wants) == (5, (5 * MINUTE,), ("payout",))
    assert Model.model_validate(model.model_dump(mode="json")) == model
    again = pickle.loads(pickle.dumps(model))
    assert again == model
    assert again.signals(view(50)).equals(model.signals(view(50)))


# ------------------------------------------------------------------------------------------------- its card


def test_a_proven_model_may_trade_live_by_the_rule_that_was_proven(file: Path) -> None:
    """Proven holds for its own margin or a larger one, its own length of trades, and its own assets."""
    assert Model(file=file).is_proven
    assert Model(file=file, margin=0.1, threshold=0.6).is_proven
    assert Model(file=file).live_refusal(ASSET) is None
    assert "on EURUSD_otc, not on GBPUSD" in (Model(file=file).live_refusal("GBPUSD") or "")
    assert "with a margin of 0.02, not 0" in (Model(file=file, margin=0.0).live_refusal() or "")
    assert "for trades of 1m, not 5m" in (Model(file=file, expiry="5m").live_refusal() or "")


def test_an_unproven_model_says_so(file: Path) -> None:
    """What its card does not prove is refused for live trading, with the reason; signals it gives nevertheless."""
    change(file, verdict="not proven", reason="it was luck")
    model = Model(file=file)
    assert not model.is_proven
    assert model.live_refusal() == "the model turner is not proven: it was luck"
    assert not Model(file=file, allow_unproven=True).is_proven
    assert spoken(model.signals(view())) > 0


def no_model(file: Path) -> None:
    file.write_bytes(b"no model")
    change(file, model_sha256=digest(b"no model"))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda file: file.unlink(), "there is no such file; `qfluxd train` makes one"),
        (lambda file: card_file(file).unlink(), "a model needs its card beside it"),
        (lambda file: card_file(file).write_bytes(b"{}"), "cannot be read as a model's card"),
        (lambda file: change(file, model_sha256="0" * 64), "is the card of another model than turner.onnx"),
        (lambda file: change(file, form=2), "is a card of form 2"),
        (lambda file: change(file, features={"turned": "close"}), "its features are not those"),
        (
            lambda file: change(file, features={"a": "close"}, features_sha256=features_digest({"a": "close"})),
            "takes 3 features, and its card names 1",
        ),
        (no_model, "cannot be opened as an ONNX model"),
    ],
)
def test_what_does_not_fit_is_refused(file: Path, spoil: Callable[[Path], object], sentence: str) -> None:
    """A model without its own card, a card with other features, a file that is none: a sentence each."""
    spoil(file)
    with pytest.raises(ValidationError) as told:
        Model(file=file)
    assert sentence in str(told.value)


def test_a_file_that_changes_under_a_strategy_changes_nothing(file: Path) -> None:
    """A strategy goes on with the model that it was made with; another one needs a reload."""
    model = Model(file=file)
    before = model.signals(view())
    file.write_bytes(b"other")
    assert model.signals(view()).equals(before)
    with pytest.raises(ValueError, match="has changed since it was read; reload"):
        runner(file, "0" * 64)


def test_without_onnxruntime_the_extra_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who uses a model needs onnxruntime, and is told how to get it."""
    monkeypatch.setattr(sys, "meta_path", [Hidden(list(sys.meta_path), "onnxruntime")])
    for name in [name for name in sys.modules if name.partition(".")[0] == "onnxruntime"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ValidationError, match=r"pip install 'qfluxd\[ml\]'"):
        Model(file=file)


def test_an_audit_finds_a_model_on_what_it_learnt_from(file: Path) -> None:
    """On the candles that it learnt from it is bad, by itself and as one of several votes; on later ones it is not."""
    prices = planted(3000)
    later = prices.candles.with_columns(pl.col("at") + pl.duration(days=30))
    votes = [{"use": "macd"}, {"use": "model", "options": {"file": str(file)}}]
    for strategy in (Model(file=file), Confluence.model_validate({"votes": votes})):
        seen, unseen = (
            training.finding([Subject(plan_of(strategy), view_of(candles, Series(ASSET, MINUTE), ()), None)])
            for candles in (prices.candles, later)
        )
        assert seen.level == "bad"
        assert "what it earns on them is memory" in seen.meaning
        assert (unseen.level, unseen.figures["seen"]) == ("ok", 0)

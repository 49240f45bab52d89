"""Training: try kinds of models forward through time, tell what the best is worth, and write it down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from qfluxd.market.parquet import write_whole
from qfluxd.model import Millis
from qfluxd.research.card import Findings, make_card
from qfluxd.research.export import as_onnx, parity
from qfluxd.research.folds import Split, walk_forward
from qfluxd.research.learners import PARAMETERS, check_installed, learn, one_thread
from qfluxd.research.prices import Prices
from qfluxd.research.recipe import Kind, Recipe
from qfluxd.research.samples import gather
from qfluxd.research.scores import baselines, decided, forecast, needed, traded
from qfluxd.strategies.card import Candidate, Card, card_file, write_card
from qfluxd.strategy import Floats


class Step(msgspec.Struct, frozen=True):
    """How far training has come: `done` of `total` steps, and what is done now."""

    done: int
    total: int
    what: str


type Tell = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model as the bytes of its ONNX file, and its card."""

    model: bytes
    card: Card

    def write(self, file: Path) -> None:
        """Write the model and its card beside it, each whole or not at all. Raises `OSError` where that fails."""
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(card_file(file), write_card(self.card))
        write_whole(file, self.model)


class Training:
    """One training. The promise: what it says of a model rests on rows that the model had not seen.

    The same prices and the same recipe make the same card, apart from the time that stands on it.
    """

    def __init__(self, recipe: Recipe, prices: Sequence[Prices], place: str, tell: Tell = lambda step: None) -> None:
        """`place` says where the prices come from; `tell` hears of each step.

        Raises:
            DataError: there are too few samples, or they cannot be settled or split.
            Unavailable: scikit-learn, skl2onnx or onnxruntime is not installed.
        """
        check_installed()
        self._recipe = recipe
        self._tell = tell
        self._done = 0
        self._embargo = recipe.embargo * recipe.candle
        self._samples, self._source = gather(prices, recipe, place)
        self._splits = walk_forward(self._samples.signalled, self._samples.closes, recipe.folds, self._embargo)
        self._unseen = self._samples.at(np.concatenate([split.test for split in self._splits]))
        self._needed = needed(self._unseen, recipe.margin)

    def run(self, name: str, now: Millis) -> Trained:
        """Try every kind, choose the one with the most evidence, fit it on all rows. `now` is written on the card.

        Raises:
            DataError: the rows are too few or too uniform, or the file would not say what the model does.
        """
        with one_thread():
            return self._run(name, now)

    def _run(self, name: str, now: Millis) -> Trained:
        candidates = [self._try(kind) for kind in self._recipe.models]
        chosen = max(zip(self._recipe.models, candidates, strict=True), key=lambda each: each[1].trades.e_value)[0]
        self._step(f"{chosen}: all rows")
        learnt = learn(chosen, self._samples, self._recipe.calibration, self._embargo, self._recipe.seed)
        self._step(f"{chosen}: ONNX")
        model = as_onnx(learnt, self._samples.rows.shape[1])
        same = parity(model, learnt, self._unseen.rows, self._needed)
        found = Findings(
            recipe=self._recipe,
            source=self._source,
            samples=self._samples,
            splits=self._splits,
            candidates=candidates,
            chosen=chosen,
            baselines=baselines(self._samples, self._splits, self._recipe.seed),
            parity=same,
        )
        self._tell(Step(self._total, self._total, "done"))
        return Trained(model, make_card(found, model, name, now))

    def _try(self, kind: Kind) -> Candidate:
        up = np.concatenate([self._forward(kind, number, split) for number, split in enumerate(self._splits)])
        return Candidate(
            name=kind,
            parameters=dict(PARAMETERS[kind]),
            forecast=forecast(self._unseen, up),
            trades=traded(self._unseen, decided(up, self._needed)),
        )

    def _forward(self, kind: Kind, number: int, split: Split) -> Floats:
        self._step(f"{kind}: step {number + 1} of {len(self._splits)}")
        known = self._samples.at(split.train)
        learnt = learn(kind, known, self._recipe.calibration, self._embargo, self._recipe.seed)
        return learnt.probabilities(self._samples.rows[split.test])

    @property
    def _total(self) -> int:
        return len(self._recipe.models) * len(self._splits) + 2

    def _step(self, what: str) -> None:
        self._tell(Step(self._done, self._total, what))
        self._done += 1

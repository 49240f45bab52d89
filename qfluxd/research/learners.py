"""Kinds of models, and how one is fitted: on training rows only, its calibration too."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qfluxd.errors import DataError, Unavailable
from qfluxd.model import Millis
from qfluxd.research.curves import Curve, fit_curve
from qfluxd.research.folds import purged_parts
from qfluxd.research.recipe import Calibration, Kind
from qfluxd.research.samples import Samples
from qfluxd.strategies.features import Rows
from qfluxd.strategy import Floats

type Parameters = Mapping[str, float | str | bool | None]

_PARTS: Final = 4
"""Parts of the training rows on which a calibration is fitted, each scored by a model that has not seen it."""

PARAMETERS: Final[Mapping[Kind, Parameters]] = {
    "logistic": {"C": 0.1, "max_iter": 1000},
    "boosting": {
        "max_iter": 100,
        "learning_rate": 0.05,
        "max_depth": 3,
        "min_samples_leaf": 100,
        "l2_regularization": 1.0,
        "early_stopping": False,
    },
    "forest": {"n_estimators": 100, "max_depth": 5, "min_samples_leaf": 100},
    "mlp": {"hidden_layer_sizes": 16, "alpha": 0.01, "max_iter": 200, "early_stopping": True},
}
"""Fixed on purpose: searching among many would find the luckiest, and each trial counts against the proof."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """A fitted model: a scikit-learn pipeline that scores, and the curve that makes a score a probability."""

    pipeline: Any
    curve: Curve

    def probabilities(self, rows: Rows) -> Floats:
        """The calibrated probability of a rise for each row."""
        return self.curve.of(_scores(self.pipeline, rows))


def learn(kind: Kind, samples: Samples, calibration: Calibration, embargo: Millis, seed: int) -> Learnt:
    """Fit a model of this kind, then its curve on scores of rows that the scoring models had not seen.

    Ties teach nothing and are left out. Each row weighs 1 + b, which is what winning instead of losing is worth at its
    payout.

    Raises:
        DataError: all prices rise or all fall.
        Unavailable: scikit-learn is not installed.
    """
    decisive = samples.at(samples.move != 0)
    rose = (decisive.move > 0).astype(np.int8)
    weights = 1 + decisive.payout / 100
    weights = np.asarray(weights / weights.mean())
    unseen = np.empty(len(decisive))
    for split in purged_parts(decisive.signalled, decisive.closes, _PARTS, embargo):
        part = _fitted(kind, decisive.rows[split.train], rose[split.train], weights[split.train], seed)
        unseen[split.test] = _scores(part, decisive.rows[split.test])
    pipeline = _fitted(kind, decisive.rows, rose, weights, seed)
    return Learnt(pipeline, fit_curve(calibration, unseen, rose, weights))


def _fitted(kind: Kind, rows: Rows, rose: Any, weights: Floats, seed: int) -> Any:
    if rose.min(initial=1) == rose.max(initial=0):
        raise DataError("all prices of a stretch to learn from move the same way; take fewer folds or more data")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that has not quite converged is judged by what comes of it
        if np.ptp(weights) == 0:  # told nevertheless, equal weights make boosting take many times as long
            return _MAKERS[kind](seed).fit(rows, rose)
        return _MAKERS[kind](seed).fit(rows, rose, model__sample_weight=weights)


def _scores(pipeline: Any, rows: Rows) -> Floats:
    return np.asarray(pipeline.predict_proba(rows)[:, 1], dtype=np.float64)


def _pipeline(model: Any, *, scaled: bool) -> Any:
    from sklearn.pipeline import Pipeline  # type: ignore[import-untyped]
    from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

    before = [("scale", StandardScaler())] if scaled else []
    return Pipeline([*before, ("model", model)])


def _logistic(_seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    return _pipeline(LogisticRegression(**PARAMETERS["logistic"]), scaled=True)


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]

    return _pipeline(HistGradientBoostingClassifier(**PARAMETERS["boosting"], random_state=seed), scaled=False)


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return _pipeline(RandomForestClassifier(**PARAMETERS["forest"], random_state=seed), scaled=False)


def _mlp(seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier  # type: ignore[import-untyped]

    return _pipeline(MLPClassifier(**PARAMETERS["mlp"], random_state=seed), scaled=True)


_MAKERS: Final[Mapping[Kind, Callable[[int], Any]]] = {
    "logistic": _logistic,
    "boosting": _boosting,
    "forest": _forest,
    "mlp": _mlp,
}


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep the libraries to one thread: sums come out the same, and a daemon on the same machine is left in peace.

    It is also faster where the machine is busy, because their threads wait for each other by spinning.
    """
    import sklearn  # type: ignore[import-untyped]  # noqa: F401 (only what has been loaded can be limited)
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        yield


def check_installed() -> None:
    """Raises `Unavailable` where what training needs is not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("sklearn", "skl2onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise Unavailable(f"training needs {', '.join(missing)}; run: pip install 'qfluxd[train]'")

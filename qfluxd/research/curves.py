"""From a score to a probability: curves that are fitted to what came of scores given before the outcome was seen."""

import math
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np

from qfluxd.research.outcomes import Sides
from qfluxd.research.recipe import Calibration
from qfluxd.strategy import Floats

EDGE: Final = 1e-6
"""Scores are kept this far from 0 and 1, where their logit would have no end."""

_MOST_STEPS: Final = 20
_FEWEST_IN_A_STEP: Final = 100


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic curve over the score's logit (Platt 1999): 1 / (1 + exp(-(slope · logit(score) + shift)))."""

    slope: float
    shift: float

    def of(self, scores: Floats) -> Floats:
        """The probability for each score."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * logit(scores) + self.shift))))


@dataclass(frozen=True, slots=True)
class Broken:
    """Straight lines between knots, that never fall; level outside of them."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def of(self, scores: Floats) -> Floats:
        """The probability for each score."""
        return np.interp(scores, self.scores, self.probabilities)


type Curve = Logistic | Broken


def logit(scores: Floats) -> Floats:
    """The logarithm of the odds."""
    inside = np.clip(scores, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def fit_curve(kind: Calibration, scores: Floats, rose: Sides, weights: Floats) -> Curve:
    """The curve that fits scores to what came of them; `rose` is 1 where the price did and 0 where it fell.

    Scores must come from models that had not seen these rows, else they are too sure of themselves.
    """
    return _logistic(scores, rose, weights) if kind == "sigmoid" else _isotonic(scores, rose, weights)


def _logistic(scores: Floats, rose: Sides, weights: Floats) -> Logistic:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that has not quite converged is judged by what comes of it
        fitted = LogisticRegression(C=1e6).fit(logit(scores)[:, None], rose, sample_weight=weights)
    slope, shift = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope > 0:
        return Logistic(slope, shift)
    # High scores came out worse than low ones: that is chance, and no reason to turn the model around.
    share = float(np.average(rose, weights=weights))
    return Logistic(0.0, math.log(share / (1 - share)))


def _isotonic(scores: Floats, rose: Sides, weights: Floats) -> Broken:
    """Centred isotonic regression (Oron and Flournoy 2017) over groups of equal size.

    Plain isotonic regression is a stair, whose outermost steps hold a handful of rows and promise certainty. Groups
    keep each step wide, and a knot in the middle of each level makes the stair a line.
    """
    from sklearn.isotonic import IsotonicRegression  # type: ignore[import-untyped]

    count = max(1, min(_MOST_STEPS, scores.size // _FEWEST_IN_A_STEP))
    groups = np.array_split(np.argsort(scores, kind="stable"), count)
    middles = np.array([np.average(scores[group], weights=weights[group]) for group in groups])
    shares = np.array([np.average(rose[group], weights=weights[group]) for group in groups])
    sizes = np.array([weights[group].sum() for group in groups])
    level = IsotonicRegression().fit(middles, shares, sample_weight=sizes).predict(middles)
    knots = [_knot(middles[level == each], sizes[level == each], each) for each in np.unique(level)]
    return Broken(tuple(score for score, _ in knots), tuple(probability for _, probability in knots))


def _knot(middles: Floats, sizes: Floats, level: float) -> tuple[float, float]:
    return float(np.average(middles, weights=sizes)), float(level)

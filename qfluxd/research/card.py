"""A model's card, written from what training has found; the one place where a model is called proven."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from qfluxd import __version__
from qfluxd.evidence import DOUBT
from qfluxd.model import Millis, timeframe_name
from qfluxd.research.folds import Split
from qfluxd.research.recipe import Kind, Recipe
from qfluxd.research.samples import Samples
from qfluxd.strategies.card import (
    FORM,
    Candidate,
    Card,
    Fold,
    Parity,
    Source,
    Trades,
    digest,
    features_digest,
    model_id,
)

_LIBRARIES: Final = ("numpy", "onnxruntime", "polars", "scikit-learn", "skl2onnx", "ta-lib")


@dataclass(frozen=True, slots=True)
class Findings:
    """What a training has found; `candidates` are in the order in which they were tried."""

    recipe: Recipe
    source: Source
    samples: Samples
    splits: Sequence[Split]
    candidates: Sequence[Candidate]
    chosen: Kind
    baselines: Mapping[str, Trades]
    parity: Parity


def make_card(found: Findings, model: bytes, name: str, now: Millis) -> Card:
    """The card of a model's bytes; proven where the evidence of an edge is enough for as many kinds as were tried.

    Of several kinds the luckiest is chosen, so each has to be as sure as if the doubt were shared out among them
    (Bonferroni): 20 times their number.
    """
    recipe, sha256 = found.recipe, digest(model)
    best = next(each for each in found.candidates if each.name == found.chosen).trades
    level = len(found.candidates) / DOUBT
    return Card(
        form=FORM,
        name=name,
        created=now,
        id=model_id(sha256),
        model_sha256=sha256,
        features=dict(recipe.features),
        features_sha256=features_digest(recipe.features),
        timeframe=recipe.timeframe,
        expiry=timeframe_name(recipe.length),
        latency_ms=round(recipe.latency * 1000),
        payout=recipe.payout,
        margin=recipe.margin,
        calibration=recipe.calibration,
        source=found.source,
        embargo_ms=recipe.embargo * recipe.candle,
        folds=tuple(_fold(found.samples, split) for split in found.splits),
        candidates=tuple(found.candidates),
        chosen=found.chosen,
        baselines=dict(found.baselines),
        parity=found.parity,
        seed=recipe.seed,
        versions=_versions(),
        e_value=best.e_value,
        needed=level,
        verdict="proven" if best.e_value >= level else "not proven",
        reason=_reason(found, best, level),
    )


def _fold(samples: Samples, split: Split) -> Fold:
    return Fold(
        train=split.train.size,
        purged=split.purged,
        test=split.test.size,
        train_until=int(samples.signalled[split.train[-1]]),
        test_from=int(samples.signalled[split.test[0]]),
        test_until=int(samples.signalled[split.test[-1]]),
    )


def _versions() -> dict[str, str]:
    return {
        "qfluxd": __version__,
        "python": platform.python_version(),
        **{library: version(library) for library in _LIBRARIES},
    }


def _reason(found: Findings, best: Trades, level: float) -> str:
    if best.rate is None or best.break_even is None or best.profit is None:
        return "no probability was so far above break-even that it would have traded on data it had not seen"
    measured = (
        f"on data it had not seen {best.won:,} won of {best.won + best.lost:,} decisive trades is "
        f"{100 * best.rate:.1f} % ({100 * best.low:.1f} … {100 * best.high:.1f} %), break-even is "
        f"{100 * best.break_even:.1f} %; the evidence of an edge is {_short(best.e_value)}, and it takes {level:g}"
    )
    tried = len(found.candidates)
    counted = f" (20 for each of the {tried} kinds tried)" if tried > 1 else ""
    earned = {name: trades.profit for name, trades in found.baselines.items() if trades.profit is not None}
    simpler = [name for name, profit in earned.items() if profit >= best.profit]
    return measured + counted + (f"; without a model {', '.join(simpler)} earned no less" if simpler else "")


def _short(evidence: float) -> str:
    return f"{evidence:.2g}" if evidence < 10 else f"{min(evidence, 1e9):,.0f}"

"""Training: whether a model is tried on the very data that it has learnt from."""

from collections.abc import Iterator, Sequence
from typing import Final

from qfluxd.research.audits.finding import Figure, Finding
from qfluxd.research.audits.subject import Subject
from qfluxd.research.audits.words import moment, share
from qfluxd.strategies.card import Card, Source
from qfluxd.strategies.confluence import Confluence
from qfluxd.strategies.model import Model

NAME: Final = "training"


def finding(subjects: Sequence[Subject]) -> Finding:
    """How much of the data a trained model had seen before."""
    plan = subjects[0].plan
    cards = list(_cards(plan.strategy))
    if not cards:
        return Finding(NAME, "ok", "it was not trained on anything", {"plan": plan.name})
    total = sum(subject.view.height for subject in subjects)
    seen, source = max(((_seen(subjects, card.source), card.source) for card in cards), key=lambda each: each[0])
    figures: dict[str, Figure] = {
        "plan": plan.name,
        "first": source.first,
        "last": source.last,
        "seen": seen,
        "candles": total,
    }
    when = f"the model learnt from {moment(source.first)} to {moment(source.last)}"
    if not seen:
        return Finding(NAME, "ok", f"{when}, and none of that is among these data", figures)
    what = f"{when}, and {share(seen, total)} of these candles are of that time: what it earns on them is memory"
    return Finding(NAME, "bad", what, figures)


def _cards(strategy: object) -> Iterator[Card]:
    """Those of a model, or of each model among those that vote."""
    if isinstance(strategy, Model):
        yield strategy.card
    if isinstance(strategy, Confluence):
        for vote in strategy.votes:
            yield from _cards(vote.strategy)


def _seen(subjects: Sequence[Subject], source: Source) -> int:
    """How many candles are of the time and the assets that a model learnt from."""
    count = 0
    for subject in subjects:
        if subject.asset in source.assets:
            closes = subject.view.times + subject.view.series.timeframe
            count += int(((closes >= source.first) & (closes <= source.last)).sum())
    return count

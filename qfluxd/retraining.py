"""Models that are trained again by schedule, and take over only when they have shown themselves better on paper."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from qfluxd.config import Loaded, Retrained
from qfluxd.errors import DataError
from qfluxd.housekeeping import Chore
from qfluxd.model import Millis
from qfluxd.plans.plan import CANDIDATE, CURRENT
from qfluxd.research.promotion import Shadowed, Verdict, promote, shadowed
from qfluxd.research.retrain import RetrainingFailed, retrain
from qfluxd.research.succession import adopt, candidate_file, finish, reject
from qfluxd.trading.shadow import ShadowDeal

log = structlog.get_logger()

type Tell = Callable[[str, str], None]
"""Tells a person something: a stable word and a sentence."""

_MOST: Final = 20_000
"""Trades of a model that a comparison looks back on."""
_EVERY: Final = 10
"""Trades between two comparisons, each of which goes through all of them."""


@dataclass(slots=True)
class _Contest:
    """What the model in use and its candidate have done on paper since the candidate is there."""

    model: Path
    since: Millis
    current: list[Shadowed]
    candidate: list[Shadowed]

    def add(self, deal: ShadowDeal, *, is_candidate: bool) -> bool:
        """Take a deal that is over; whether it tells anything."""
        found = shadowed(deal)
        if found is None or found.opened < self.since:
            return False
        trades = self.candidate if is_candidate else self.current
        trades.append(found)
        del trades[:-_MOST]
        return True

    def compare(self) -> Verdict:
        """Compare what both have done so far, but for the newest candle: of that one may be told and the other not."""
        newest = max(trade.candle for trade in (*self.current, *self.candidate))
        current, candidate = (
            [trade for trade in trades if trade.candle < newest] for trades in (self.current, self.candidate)
        )
        return promote(current, candidate)


class Retraining:
    """Looks after the models that a configuration wants trained again.

    The promise: the model in use stays until a candidate has run beside it in shadow and the comparison says that it is
    better; a training that fails changes nothing, and is told.
    """

    def __init__(self, tell: Tell, reload: Callable[[], object], config: Path | None) -> None:
        """`reload` reads the configuration again, which finds the files that have changed."""
        self._tell = tell
        self._reload = reload
        self._config = config
        self._contests: dict[str, _Contest] = {}
        self._wanted: tuple[Retrained, ...] = ()

    def begin(self, loaded: Loaded, deals: Iterable[ShadowDeal]) -> None:
        """Take over what a configuration wants, and what earlier shadow deals told of candidates that still wait."""
        self._wanted = loaded.retrained
        before, self._contests = self._contests, {}
        for wanted in self._wanted:
            waiting = candidate_file(wanted.model)
            if not waiting.exists():
                continue
            since = round(waiting.stat().st_mtime * 1000)
            kept = before.get(wanted.plan)
            same = kept is not None and kept.since == since
            self._contests[wanted.plan] = kept if same and kept else _Contest(wanted.model, since, [], [])
        if not before:
            for deal in deals:
                self._take(deal)

    def chores(self) -> Iterator[Chore]:
        """What is due by schedule."""
        for wanted in self._wanted:
            yield Chore(f"retrain {wanted.plan}", wanted.schedule, self._work(wanted))

    def on_deal(self, deal: ShadowDeal) -> tuple[str, Verdict] | None:
        """Hear of a shadow deal that is over; gives the plan and the comparison where it is one of a contest."""
        plan = self._take(deal)
        if plan is None:
            return None
        contest = self._contests[plan]
        if (len(contest.current) + len(contest.candidate)) % _EVERY:
            return None
        return plan, contest.compare()

    async def conclude(self, plan: str, verdict: Verdict) -> None:
        """Do what a comparison says."""
        contest = self._contests.get(plan)
        if contest is None or verdict.decision == "wait":
            return
        del self._contests[plan]
        try:
            if verdict.decision == "promote":
                card = await asyncio.to_thread(adopt, contest.model)
                self._tell("model_promoted", f"{plan} trades on the model {card.name} from now on: {verdict.reason}")
            else:
                await asyncio.to_thread(reject, contest.model)
                self._tell("model_kept", f"{plan} keeps its model: {verdict.reason}")
        except DataError as problem:
            self._tell("model_failed", str(problem))
        self._reload()

    def _take(self, deal: ShadowDeal) -> str | None:
        """The plan whose contest a deal belongs to."""
        for suffix, is_candidate in ((CANDIDATE, True), (CURRENT, False)):
            plan = deal.plan.removesuffix(suffix)
            if plan != deal.plan and (contest := self._contests.get(plan)) is not None:
                return plan if contest.add(deal, is_candidate=is_candidate) else None
        return None

    def _work(self, wanted: Retrained) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            await asyncio.to_thread(finish, wanted.model)
            given = [] if self._config is None else ["--config", str(self._config)]
            try:
                card = await retrain(wanted.model, wanted.recipe, given, limit=wanted.limit)
            except RetrainingFailed as problem:
                self._tell("retraining_failed", str(problem))
                return
            log.info("model trained", strategy=wanted.plan, model=card.name, proven=card.is_proven)
            self._tell("model_candidate", f"{wanted.plan}: the model {card.name} waits and is followed in shadow")
            self._reload()

        return work

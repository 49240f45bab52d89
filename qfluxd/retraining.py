"""Models that are trained again by schedule, and take over only when they have shown themselves better on paper."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import time_ns
from typing import Final

import msgspec
import structlog

from qfluxd.config import Loaded, Retrained
from qfluxd.errors import DataError
from qfluxd.housekeeping import Chore
from qfluxd.market.parquet import write_whole
from qfluxd.model import Millis
from qfluxd.plans.plan import CANDIDATE, CURRENT, Plan
from qfluxd.research.promotion import Shadowed, Verdict, candle_of, promote, shadowed
from qfluxd.research.retrain import RetrainingFailed, retrain
from qfluxd.research.succession import ModelReplaced, Rivals, adopt, reject
from qfluxd.trading.shadow import ShadowDeal

log = structlog.get_logger()

type Tell = Callable[[str, str], None]
"""Tells a person something: a stable word and a sentence."""

FILE: Final = "contests.json"
_MOST: Final = 20_000
"""Trades of a model that a comparison looks back on."""
_EVERY: Final = 10
"""Trades between two comparisons, each of which goes through all of them."""


class Begun(msgspec.Struct, frozen=True):
    """Which two models are compared, and since when (this machine's ms UTC)."""

    rivals: Rivals
    since: Millis


@dataclass(slots=True)
class _Contest:
    """What the model in use and its candidate have done on paper since both run beside each other.

    Of `others` it takes nothing: those deals were on their way before it began. With a `verdict` it is decided.
    """

    model: Path
    begun: Begun
    others: frozenset[str]
    current: list[Shadowed] = field(default_factory=list)
    candidate: list[Shadowed] = field(default_factory=list)
    verdict: Verdict | None = None

    def add(self, deal: ShadowDeal, *, is_candidate: bool) -> bool:
        """Take a deal that is over; whether it tells anything."""
        found = shadowed(deal)
        if self.verdict is not None or found is None or found.opened < self.begun.since or deal.id in self.others:
            return False
        trades = self.candidate if is_candidate else self.current
        trades.append(found)
        del trades[:-_MOST]
        return True

    def compare(self, on_their_way: Iterable[ShadowDeal]) -> Verdict:
        """Compare what both have done before the oldest candle of which a deal is `on_their_way`, or else the newest.

        Of those one may be told and the other not: which comes first has to do with how they end.
        """
        newest = max(trade.candle for trade in (*self.current, *self.candidate))
        until = min([newest, *(candle_of(deal) for deal in on_their_way)])
        current, candidate = (
            [trade for trade in trades if trade.candle < until] for trades in (self.current, self.candidate)
        )
        verdict = promote(current, candidate)
        if verdict.decision != "wait":
            self.verdict = verdict
        return verdict


class Retraining:
    """Looks after the models that a configuration wants trained again.

    The promise: the model in use stays until a candidate has run beside it in shadow and the comparison says that it is
    better, and only that very candidate takes its place; a training that fails changes nothing, and is told.
    """

    def __init__(self, tell: Tell, reload: Callable[[], object], config: Path | None) -> None:
        """`reload` reads the configuration again, which finds the files that have changed."""
        self._tell = tell
        self._reload = reload
        self._config = config
        self._file: Path | None = None
        self._contests: dict[str, _Contest] = {}
        self._on_their_way: dict[str, ShadowDeal] = {}
        """Deals on paper that are not over, by their ids."""
        self._wanted: tuple[Retrained, ...] = ()

    def begin(self, loaded: Loaded, deals: Iterable[ShadowDeal]) -> None:
        """Take over what a configuration wants, and what earlier shadow deals told of candidates that still wait.

        A contest goes on, also after a restart, for as long as both models are those with which it began.
        """
        self._wanted = loaded.retrained
        self._file = self._file or loaded.settings.daemon.state_dir / FILE
        known = tuple(deals)
        for deal in known:
            self._follow(deal)
        noted = _read(self._file)
        plans = {plan.name: plan for plan in loaded.plans}
        before, self._contests = self._contests, {}
        for wanted in self._wanted:
            if (rivals := _rivals(plans, wanted.plan)) is None:
                continue
            contest = before.get(wanted.plan)
            if contest is None or contest.begun.rivals != rivals:
                contest = self._contest(wanted.model, rivals, noted.get(wanted.plan))
            self._contests[wanted.plan] = contest
        begun = {plan: contest.begun for plan, contest in self._contests.items()}
        if begun != noted:
            _write(self._file, begun)
        if not before:
            for deal in known:
                self._take(deal)

    def _contest(self, model: Path, rivals: Rivals, note: Begun | None) -> _Contest:
        """One that an earlier run has begun, or a new one."""
        if note is not None and note.rivals == rivals:
            return _Contest(model, note, frozenset())
        return _Contest(model, Begun(rivals, time_ns() // 1_000_000), frozenset(self._on_their_way))

    def chores(self) -> Iterator[Chore]:
        """What is due by schedule."""
        for wanted in self._wanted:
            yield Chore(f"retrain {wanted.plan}", wanted.schedule, self._work(wanted))

    def on_deal(self, deal: ShadowDeal) -> tuple[str, Verdict] | None:
        """Hear of a shadow deal that is over; gives the plan and the comparison where it is one of a contest."""
        self._follow(deal)
        plan = self._take(deal)
        if plan is None:
            return None
        contest = self._contests[plan]
        if (len(contest.current) + len(contest.candidate)) % _EVERY:
            return None
        twins = {plan + suffix for suffix in (CURRENT, CANDIDATE)}
        return plan, contest.compare(deal for deal in self._on_their_way.values() if deal.plan in twins)

    async def conclude(self, plan: str, verdict: Verdict) -> None:
        """Do what a comparison says, where it is of the very models that are there."""
        if verdict.decision == "wait":
            return
        contest = self._contests.get(plan)
        if contest is None or contest.verdict is not verdict:
            self._tell("model_replaced", f"{plan} keeps its model: those that were compared are not there any more")
            return
        del self._contests[plan]
        try:
            if verdict.decision == "promote":
                card = await asyncio.to_thread(adopt, contest.model, contest.begun.rivals)
                self._tell("model_promoted", f"{plan} trades on the model {card.name} from now on: {verdict.reason}")
            else:
                await asyncio.to_thread(reject, contest.model, contest.begun.rivals)
                self._tell("model_kept", f"{plan} keeps its model: {verdict.reason}")
        except ModelReplaced as problem:
            self._tell("model_replaced", f"{plan} keeps its model: {problem}; what is there now is compared anew")
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

    def _follow(self, deal: ShadowDeal) -> None:
        if deal.is_over:
            self._on_their_way.pop(deal.id, None)
        else:
            self._on_their_way[deal.id] = deal

    def _work(self, wanted: Retrained) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
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


def _rivals(plans: Mapping[str, Plan], name: str) -> Rivals | None:
    """The models that run on paper for a plan, as they were read; None while no candidate waits."""
    twins = [plans[name + suffix].strategy for suffix in (CURRENT, CANDIDATE) if name + suffix in plans]
    if not twins:
        return None
    from qfluxd.strategies.model import Model  # a library of indicators is not loaded for those who have no model

    current, candidate = (strategy.card.model_sha256 for strategy in twins if isinstance(strategy, Model))
    return Rivals(current, candidate)


def _read(file: Path) -> dict[str, Begun]:
    """The contests that were going on, by plan; one that nobody knows of any more begins anew."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Begun])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as problem:
        log.warning("contests of models cannot be read", file=str(file), problem=str(problem))
        return {}


def _write(file: Path, begun: Mapping[str, Begun]) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(file, msgspec.json.encode(begun))
    except OSError as problem:
        log.warning("contests of models cannot be written", file=str(file), problem=str(problem))

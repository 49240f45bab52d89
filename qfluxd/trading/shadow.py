"""The shadow book: deals that nobody places, settled on paper by the very ticks that a placed one would be."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import msgspec

from qfluxd.model import SECOND, Assets, Millis, Side, Tick
from qfluxd.trading.settlement import Course, compare, profit

type ShadowOutcome = Literal["pending", "open", "won", "lost", "tie", "unknown", "not_filled"]

PAYOUT_UNKNOWN: Final = "payout_unknown"
"""The code of a deal that came out, and of which nobody knows what it would have paid."""
_NEVER: Final[Millis] = 2**63


class ShadowRequest(msgspec.Struct, frozen=True):
    """A deal that a plan wants on paper.

    `id` is never used again. `candle` is the opening time of the candle that it rests on, None where it rests on none.
    `signalled` is the broker's time of the signal, and `latency` how long an order would have taken from there to the
    broker. `payout` is in percent as it is now, None where nobody has told; `digits` are the decimals of a price as the
    broker shows it, None for prices as they come.
    """

    id: str
    plan: str
    asset: str
    side: Side
    stake: Decimal
    expiry: Millis
    candle: Millis | None
    signalled: Millis
    latency: Millis
    payout: int | None
    digits: int | None = None


class ShadowDeal(msgspec.Struct, frozen=True):
    """A deal on paper, as it stands since `at`.

    It is ``pending`` until its entry, then ``open``, and ends as ``won``, ``lost`` or ``tie``. It ends as
    ``not_filled`` where there was no price to enter at, as ``unknown`` where there was none to end at: neither counts
    as anything. `code` says why: ``quiet`` (the asset was silent), ``feed_lost``, ``restarted``; it is
    ``payout_unknown`` where the deal came out and its profit is not known, and else the outcome again. All stamps are
    the broker's time in ms UTC; `payout` is the one in force at the entry, `profit` is None while it is not known, 0
    for a tie.
    """

    id: str
    plan: str
    asset: str
    side: Side
    stake: Decimal
    expiry: Millis
    candle: Millis | None
    signalled: Millis
    opened: Millis | None
    closes: Millis | None
    open_price: float | None
    close_price: float | None
    payout: int | None
    profit: Decimal | None
    outcome: ShadowOutcome
    code: str
    at: Millis
    digits: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.outcome not in ("pending", "open")


@dataclass(slots=True)
class _Run:
    """A deal that is not over, and its way through the ticks."""

    deal: ShadowDeal
    course: Course


class Shadow:
    """The deals on paper that are not over.

    The promise: what becomes of them rests on requests, ticks, times and losses of the feed alone, in the order in
    which they came (`Course`); each step is written before anybody else is told. Nothing in here waits.
    """

    def __init__(self, quiet_after: Millis, write: Callable[[ShadowDeal], None] = lambda deal: None) -> None:
        """`quiet_after` is the silence of an asset in which no price is known; `write` keeps every step of a deal."""
        self._quiet_after = quiet_after
        self._write = write
        self._runs: dict[str, dict[str, _Run]] = {}
        self.due: Millis = _NEVER
        """Time that passes up to here ends no deal."""

    @property
    def deals(self) -> tuple[ShadowDeal, ...]:
        """Those that are not over, oldest first within each asset."""
        return tuple(run.deal for runs in self._runs.values() for run in runs.values())

    def open(self, request: ShadowRequest) -> ShadowDeal:
        """Begin a deal; only ticks that are heard from now on are its own.

        Raises:
            ValueError: its length is not at least a second, its latency negative, or its id is in use.
        """
        if request.expiry < SECOND or request.latency < 0:
            raise ValueError(f"a deal of {request.expiry} ms with a latency of {request.latency} ms cannot be")
        if request.id in self._runs.get(request.asset, ()):
            raise ValueError(f"there is a shadow deal {request.id} already")
        deal = ShadowDeal(
            id=request.id,
            plan=request.plan,
            asset=request.asset,
            side=request.side,
            stake=request.stake,
            expiry=request.expiry,
            candle=request.candle,
            signalled=request.signalled,
            opened=None,
            closes=None,
            open_price=None,
            close_price=None,
            payout=request.payout,
            profit=None,
            outcome="pending",
            code="pending",
            at=request.signalled,
            digits=request.digits,
        )
        self._keep(_Run(deal, Course(request.signalled + request.latency, request.expiry, self._quiet_after)))
        self._write(deal)
        return deal

    def restore(self, deals: Iterable[ShadowDeal]) -> list[ShadowDeal]:
        """Take up deals that were not over when the program ended; gives those that are over by that.

        An open one goes on: if the first tick that is heard is behind its closing time it becomes unknown. Nobody knows
        at what price a pending one would have been entered.
        """
        over = []
        for deal in deals:
            if deal.outcome == "pending":
                over.append(_changed(deal, deal.at, "not_filled", "restarted"))
                self._write(over[-1])
            elif deal.opened is not None and deal.closes is not None and deal.open_price is not None:
                self._keep(_Run(deal, Course.resumed(deal.opened, deal.closes, deal.open_price, self._quiet_after)))
        return over

    def on_assets(self, listed: Assets) -> None:
        """The broker tells its payouts: what has not been entered yet is entered at the new one."""
        if not self._runs:
            return
        payouts = {asset.symbol: asset.payout for asset in listed.assets}
        for asset, runs in self._runs.items():
            for run in runs.values():
                if run.course.fate == "pending":
                    run.deal = msgspec.structs.replace(run.deal, payout=payouts.get(asset))

    def on_tick(self, tick: Tick) -> list[ShadowDeal]:
        """Take a tick; gives the deals that were entered or ended by it, oldest first."""
        runs = self._runs.get(tick.asset)
        if runs is None:
            return []
        at, price = tick.at, tick.price
        return self._take([run for run in runs.values() if run.course.hear(at, price)], at)

    def on_time(self, now: Millis) -> list[ShadowDeal]:
        """Let the broker's time pass; gives the deals that ended by it, since no price of theirs will be known."""
        if now <= self.due:
            return []
        changed = self._take([run for run in self._all() if run.course.pass_time(now)], now)
        self.due = min((run.course.deadline for run in self._all()), default=_NEVER)
        return changed

    def interrupt(self, now: Millis) -> list[ShadowDeal]:
        """The feed was lost at `now`, until the next tick; gives the deals that ended by it: those not entered yet."""
        return self._take([run for run in self._all() if run.course.lose()], now)

    # ---------------------------------------------------------------------------------------------------- inside

    def _all(self) -> list[_Run]:
        return [run for runs in self._runs.values() for run in runs.values()]

    def _keep(self, run: _Run) -> None:
        self._runs.setdefault(run.deal.asset, {})[run.deal.id] = run
        self.due = min(self.due, run.course.deadline)

    def _take(self, changed: list[_Run], at: Millis) -> list[ShadowDeal]:
        """Note what has become of these."""
        for run in changed:
            run.deal = _come_to(run.deal, run.course, at)
            if run.deal.is_over:
                self._forget(run.deal)
            else:
                self.due = min(self.due, run.course.deadline)
            self._write(run.deal)
        return [run.deal for run in changed]

    def _forget(self, deal: ShadowDeal) -> None:
        runs = self._runs[deal.asset]
        del runs[deal.id]
        if not runs:
            del self._runs[deal.asset]


def _come_to(deal: ShadowDeal, course: Course, at: Millis) -> ShadowDeal:
    """The deal, as far as its course has come."""
    match course.fate:
        case "open":
            entry = {"opened": course.opened, "closes": course.closes, "open_price": course.price}
            return _changed(deal, at, "open", "open", **entry)
        case "closed":
            return _settled(deal, course.close_price, at)
        case "unknown":
            return _changed(deal, at, "unknown", course.why)
        case _:
            return _changed(deal, at, "not_filled", course.why)


def _settled(deal: ShadowDeal, price: float | None, at: Millis) -> ShadowDeal:
    assert deal.open_price is not None
    assert price is not None
    result = compare(deal.side, deal.open_price, price, deal.digits)
    if deal.payout is None:
        return _changed(deal, at, result, PAYOUT_UNKNOWN, close_price=price)
    return _changed(deal, at, result, result, close_price=price, profit=profit(result, deal.stake, deal.payout))


def _changed(deal: ShadowDeal, at: Millis, outcome: ShadowOutcome, code: str, **more: object) -> ShadowDeal:
    return msgspec.structs.replace(deal, outcome=outcome, code=code, at=at, **more)

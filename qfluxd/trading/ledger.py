"""What one account has let through, has at stake and has earned: everything that its limits are held against."""

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import chain
from typing import Final, Literal

import msgspec

from qfluxd.hours import Calendar, week
from qfluxd.model import DAY, MINUTE, Account, Millis
from qfluxd.trading.currencies import currencies
from qfluxd.trading.pace import ALL, Pace, Passed, Scope, scopes_of
from qfluxd.trading.returns import Closing, Returns
from qfluxd.trading.risk.picture import Exposure, Exposures

GRACE: Final[Millis] = MINUTE
"""A deal of which nobody knows counts as open for so long after it would have closed, and then as lost."""
_KEPT: Final[Millis] = 9 * DAY
_NOTHING: Final = Decimal(0)


class Held(msgspec.Struct, frozen=True, gc=False):
    """A stake that is out. `closes` is when its deal closes at the latest, by the broker's clock.

    ``open`` it counts as at risk however late, since its end will be told; in ``doubt`` as at risk until `GRACE` after
    that, and then as lost; ``over`` as lost already. `on_its_way` is whether no deal of it is known. `account` is None
    where it may be any.
    """

    account: Account | None
    asset: str
    plan: str | None
    stake: Decimal
    closes: Millis
    kind: Literal["open", "doubt", "over"] = "open"
    on_its_way: bool = False


class Ledger:
    """One account's orders, stakes and results, for each part of trading that has limits.

    The promise: what it says rests on what it was told and on the moment that is asked about alone; what is in doubt
    counts as lost in full. It remembers about nine days, and running results for as long as it lives.
    """

    def __init__(self, calendar: Calendar, timer: Callable[[], float] | None = None) -> None:
        """`calendar` says when days begin; `timer` counts seconds and never goes back, see `Pace`."""
        self._calendar = calendar
        self._pace = Pace(timer)
        self._returns: dict[tuple[Account | None, Scope], Returns] = {}
        self._closed: deque[Closing] = deque()
        self._held: dict[str, Held] = {}
        self.resumed: Millis = 0
        """When trading was last resumed, by the broker's clock."""

    def reconfigure(self, calendar: Calendar) -> None:
        """Days may begin at another time from now on: what is remembered is counted anew."""
        if calendar == self._calendar:
            return
        self._calendar = calendar
        for returns in self._returns.values():
            returns.clear_days()
        for closing in self._closed:
            for returns in self._concerned(closing):
                returns.put(calendar.day(closing.closes), closing.profit)

    # ------------------------------------------------------------------------------------------------ being told

    def let_through(self, passed: Passed, since: Millis = 0) -> None:
        """An order was let through, `since` milliseconds ago."""
        self._pace.add(passed, since)

    def hold(self, ident: str, held: Held) -> None:
        """A stake is out, until it is released."""
        self._held[ident] = held

    def release(self, ident: str) -> None:
        """A stake is not out any more."""
        self._held.pop(ident, None)

    def settle(self, closing: Closing, *, lately: bool = True) -> None:
        """A deal is over, for good; `lately` where it was settled after trading was last resumed."""
        day = self._calendar.day(closing.closes)
        for returns in self._concerned(closing):
            returns.add(closing, day, lately=lately)
        self._closed.append(closing)
        while self._closed[0].closes < closing.closes - _KEPT:
            self._closed.popleft()

    def lose(self, held: Held) -> None:
        """Nobody will ever learn what became of a stake: it was lost in full when its deal would have closed."""
        closing = Closing(held.account, held.asset, held.plan, -held.stake, held.closes)
        self.settle(closing, lately=held.closes + GRACE >= self.resumed)

    def resume(self, now: Millis) -> None:
        """A person has resumed trading, with a reason: drawdowns are counted from here on."""
        self.resumed = now
        for returns in self._returns.values():
            returns.resume()

    def _concerned(self, closing: Closing) -> Iterable[Returns]:
        for scope in scopes_of(closing.asset, closing.plan):
            yield self._returns.setdefault((closing.account, scope), Returns())

    # ------------------------------------------------------------------------------------------------- answering

    def fallen(self, now: Millis, held: Iterable[Held] = ()) -> Decimal:
        """How far any account is or was below its best since trading was last resumed."""
        out = list(held)
        accounts = self._accounts | {each.account for each in out}
        found = (self.exposures(now, account, asset="", held=out).account for account in accounts)
        return max((max(each.drawdown, each.deepest) for each in found), default=_NOTHING)

    def exposures(
        self,
        now: Millis,
        account: Account | None,
        *,
        asset: str,
        plan: str | None = None,
        candle: Millis | None = None,
        besides: str = "",
        held: Iterable[Held] = (),
    ) -> Exposures:
        """What is at stake when the broker's clock shows `now`, beside one order, which is on this asset.

        `account` is the one in front; all of them together where nobody knows which it is. `held` are stakes that are
        out beside those that this ledger was told to hold.
        """
        moment = _Moment(now, self._calendar, self.resumed)
        shared = currencies(asset)
        sums = {scope: _Sum() for scope in scopes_of(asset, plan)}
        own = (other for ident, other in self._held.items() if ident != besides)
        for each in chain(own, held):
            if account is None or each.account in (None, account):
                for scope in sums:
                    if _is_within(each, scope):
                        sums[scope].add(each, moment, shared)
        parts = {scope: self._exposure(account, scope, found, moment, besides) for scope, found in sums.items()}
        taken = plan is not None and candle is not None and self._pace.taken(plan, asset, candle, besides)
        return Exposures(parts[ALL], parts["asset", asset], None if plan is None else parts["plan", plan], taken)

    @property
    def _accounts(self) -> set[Account | None]:
        """Those of which anything was ever settled."""
        return {account for account, _ in self._returns}

    def _exposure(
        self, account: Account | None, scope: Scope, held: "_Sum", moment: "_Moment", besides: str
    ) -> Exposure:
        whose = self._accounts if account is None else (account, None)
        returns = [self._returns[each, scope] for each in whose if (each, scope) in self._returns]
        today = this_week = drawdown = deepest = _NOTHING
        for each in returns:
            today += each.since(moment.today)
            this_week += each.since(moment.monday)
            drawdown, deepest = max(drawdown, each.drawdown), max(deepest, each.deepest)
        losses, lost_at = held.streak(max(returns, key=_by_streak, default=_NONE))
        minute, hour, day = self._pace.count(scope, moment.now, moment.begins, besides)
        return Exposure(
            open=held.open,
            at_risk=held.at_risk,
            lost=max(_NOTHING, -today) + held.lost,
            let_through=minute,
            on_its_way=held.on_its_way,
            alike=max(held.shared.values(), default=0),
            lost_in_week=max(_NOTHING, -this_week) + held.lost_in_week,
            result=today - held.lost,
            result_in_week=this_week - held.lost_in_week,
            drawdown=drawdown + held.fallen,
            deepest=deepest,
            losses=losses,
            lost_at=lost_at,
            in_hour=hour,
            in_day=day,
        )


def _by_streak(returns: Returns) -> tuple[int, Millis]:
    return returns.losses, returns.lost_at


_NONE: Final = Returns()


class _Moment:
    """The moment that is asked about, with the day and the week that it belongs to."""

    __slots__ = ("begins", "calendar", "monday", "now", "resumed", "today")

    def __init__(self, now: Millis, calendar: Calendar, resumed: Millis) -> None:
        self.now = now
        self.calendar = calendar
        self.resumed = resumed
        self.today = calendar.day(now)
        self.monday = week(self.today)
        self.begins = calendar.begins(self.today)


class _Sum:
    """What the stakes that are out come to within one part of trading."""

    __slots__ = ("at_risk", "fallen", "lost", "lost_in_week", "moments", "on_its_way", "open", "shared")

    def __init__(self) -> None:
        self.open = 0
        self.at_risk = self.on_its_way = self.lost = self.lost_in_week = self.fallen = _NOTHING
        self.shared: dict[str, int] = {}
        self.moments: list[Millis] = []

    def add(self, held: Held, moment: _Moment, shared: frozenset[str]) -> None:
        """Count one of them; `shared` are the currencies of the asset in question."""
        if held.kind == "open" or (held.kind == "doubt" and moment.now < held.closes + GRACE):
            self._add_open(held, shared)
        elif held.stake:
            self._add_lost(held, moment)

    def _add_open(self, held: Held, shared: frozenset[str]) -> None:
        self.open += 1
        self.at_risk += held.stake
        if held.on_its_way:
            self.on_its_way += held.stake
        for currency in shared & currencies(held.asset):
            self.shared[currency] = self.shared.get(currency, 0) + 1

    def _add_lost(self, held: Held, moment: _Moment) -> None:
        day, known = moment.calendar.day(held.closes), held.closes + (GRACE if held.kind == "doubt" else 0)
        if day >= moment.today:
            self.lost += held.stake
        if day >= moment.monday:
            self.lost_in_week += held.stake
        if known >= moment.resumed:
            self.fallen += held.stake
        self.moments.append(known)

    def streak(self, returns: Returns) -> tuple[int, Millis]:
        """How many deals in a row were lost, and when the last loss was known: those in doubt are lost too."""
        if not self.moments:
            return returns.losses, returns.lost_at
        later = [known for known in self.moments if known > returns.won_at]
        return returns.losses + len(later), max([returns.lost_at, *later])


def _is_within(held: Held, scope: Scope) -> bool:
    kind, name = scope
    return not kind or name == (held.asset if kind == "asset" else held.plan)

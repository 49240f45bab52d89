"""Trading by request: an order goes to the page once every guard has let it, and its asker learns what became of it."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from time import time_ns
from typing import Any, Final, Never

import msgspec

from qfluxd.acts import Acts
from qfluxd.api.commands import Later, Repeat, Request, TradeOpen, Unsure
from qfluxd.api.payloads import encode_json
from qfluxd.api.shapes import trade_payload
from qfluxd.errors import Disconnected, PageError
from qfluxd.guards import LEAVING, Guards
from qfluxd.model import Millis, Order, Refusal, Signal, Stage, Trade, TradingState, TradingSwitch
from qfluxd.permit import OrderPermit
from qfluxd.ports import Driver, Hands
from qfluxd.trading.orders import Orders
from qfluxd.trading.records import Kind, Told, canonical
from qfluxd.trading.relisting import Relisting
from qfluxd.trading.risk import Intent

type Outcome = dict[str, Any] | Refusal | Unsure
"""What an asker is told in the end: the trade, why there is none, or that nobody can tell."""

_PLACE_WITHIN: Final = 120.0
"""Seconds in which a page that can be worked at all has been: a hand that hangs must not hold up the next order."""
_TICK: Final = 0.5
_DECIDED: Final[frozenset[Stage]] = frozenset({"accepted", "refused", "settled", "unknown"})


class Trading:
    """Places orders by request, one at a time, and keeps the switch that stops them.

    The promise: a request acts at most once and is answered as often as it is asked; what became of its order is kept
    before it is told. Cancelled at any point it leaves the journal as it is, for the next start to take up; who waits
    then is told nothing of the order, and may ask again.
    """

    def __init__(
        self,
        orders: Orders,
        driver: Driver,
        guards: Guards,
        acts: Acts,
        now: Callable[[], Millis] = lambda: time_ns() // 1_000_000,
        rival: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`now` is this machine's clock, the one by which the desk is told the time.

        `rival` is a sentence about another daemon that does the same, None where there is none.
        """
        self._rival = rival
        self._orders = orders
        self._driver = driver
        self._guards = guards
        self._acts = acts
        self._now = now
        self._turn = asyncio.Lock()
        self._group: asyncio.TaskGroup | None = None
        self._ways: dict[str, asyncio.Future[Outcome]] = {}
        self._waits: dict[str, asyncio.Event] = {}
        orders.watchers.append(self._on_trade)

    async def run(self) -> Never:
        """Carry orders out until cancelled; before it runs, and after, none is taken."""
        relisting = Relisting(self._orders, lambda: self._driver.hands, self._turn, self._now)
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(relisting.run(), name="relisting")
                while True:
                    await asyncio.sleep(_TICK)
                    if (rival := self._rival() or "") != self._guards.rival:
                        self._acts.meet(rival)
                    self._orders.pass_time(self._now())  # the desk's time stands still while the driver is away
        finally:
            self._group = None
        raise AssertionError("trading runs until cancelled")

    async def leave(self, seconds: float) -> None:
        """Let no order through any more, and wait at most so long for those that are on their way."""
        self._guards.leaving = True
        if self._ways:
            await asyncio.wait(list(self._ways.values()), timeout=seconds)

    # ---------------------------------------------------------------------------------------------------- asking

    async def open(self, request: Request) -> Outcome | Later | Repeat:
        """Place a trade, at most once for the request's id; a repeat is told what became of the first.

        Raises `DataError` or `Unavailable` where the journal cannot be read; then nothing was done.
        """
        if request.id is None:
            return Refusal("id_required", "trade/open needs an id of your own, so that it is never done twice")
        order = self._order(request, request.id)
        hands, group = self._driver.hands, self._group
        if request.dry_run:
            return self._guards.before(order, self._now()) or _rehearsed(request)
        if (known := self._orders.asked(order.request)) is not None:
            return self._again(order, known)
        if self._guards.leaving:
            return LEAVING
        if hands is None or group is None:
            return Refusal("no_page", "there is no page to trade on")
        refusal = self._acts.ask(order)
        if refusal is not None:
            trade = self._orders.trade(order.id)
            return refusal if trade is None else self._answer(trade, refusal)
        return Later(self._told(order.id), asyncio.shield(self._begin(order, hands, group)))

    def follow(self, order: Order, intent: Intent, signal: Signal, at: Millis) -> Refusal | None:
        """A plan wants an order (`qfluxd.plans.playbook.Act`): take it to the page, or say why not."""
        hands, group = self._driver.hands, self._group
        if hands is None or group is None:
            return Refusal("no_page", "there is no page to trade on")
        refusal = self._acts.follow(order, intent, signal, at)
        if refusal is None:
            self._begin(order, hands, group)
        return refusal

    def _begin(self, order: Order, hands: Hands, group: asyncio.TaskGroup) -> asyncio.Future[Outcome]:
        way = self._ways[order.request] = asyncio.get_running_loop().create_future()
        group.create_task(self._carry_out(order, hands, way), name=f"order {order.id}")
        return way

    def stored(self, request: Request) -> Refusal | Later | Repeat | None:
        """The answer to a request whose id is known, also while its order is on its way; None for a new one.

        Raises `DataError` or `Unavailable` where the journal cannot be read; then the request must not be performed.
        """
        if request.id is None or not isinstance(request.command, TradeOpen):
            return None
        order = self._order(request, request.id)
        known = self._orders.asked(order.request)
        return None if known is None else self._again(order, known)

    def _again(self, order: Order, known: Trade) -> Refusal | Later | Repeat:
        """The answer to an id that has been used."""
        if not _is_same(order, known):
            return Refusal("id_reused", f"this id asked for another trade before, {known.id}; take a new one")
        way = self._ways.get(order.request)
        return Repeat(self._before(known)) if way is None else Later(self._told(known.id), _joined(way))

    def _before(self, known: Trade) -> Outcome:
        """What was answered, or what has come to be known since where that was that nobody knew, or was wrong."""
        assert known.request is not None
        told = self._orders.told(known.request)
        if told is None or told.kind not in ("ok", _KINDS.get(known.stage)):
            return self._answer(known)
        return _outcome(told.kind, told.code, told.detail, _DECODER.decode(told.data))

    def status(self, ident: str) -> Trade | None:
        """A trade by the id of its request, its own, or its deal's."""
        return self._orders.asked(canonical(ident)) or self._orders.trade(ident)

    def trades(self, count: int) -> list[Trade]:
        """The newest trades, newest first."""
        return self._orders.trades(count)

    # ------------------------------------------------------------------------------------------------ the switch

    @property
    def switch(self) -> TradingSwitch:
        """Whether orders are let through."""
        return self._orders.switch

    def pause(self, reason: str) -> TradingSwitch | Refusal:
        """Let no new order through until resumed; a kill is not made milder by it."""
        if self.switch.state == "killed":
            return Refusal("killed", "trading is killed already; trading/resume with a reason lets orders through")
        return self._turned("paused", reason)

    def resume(self, reason: str) -> TradingSwitch | Refusal:
        """Let orders through again; after a kill only with a reason."""
        if self.switch.state == "killed" and not reason.strip():
            return Refusal("reason_required", "trading was killed; say why it may go on, such as reason=checked")
        return self.switch if self.switch.state == "active" else self._turned("active", reason)

    def kill(self, reason: str) -> TradingSwitch | Refusal:
        """Permit nothing more from now on, not even for an order on its way, also after a restart.

        What has been permitted already, such as the click that is being made, is not called back.
        """
        return self._turned("killed", reason)

    def _turned(self, state: TradingState, reason: str) -> TradingSwitch | Refusal:
        return self._acts.turn(state, reason.strip()) or self.switch

    # ------------------------------------------------------------------------------------------------- one order

    async def _carry_out(self, order: Order, hands: Hands, way: asyncio.Future[Outcome]) -> None:
        """Take an order to the page, wait for what becomes of it, and answer."""
        decided = self._waits[order.id] = asyncio.Event()
        try:
            async with self._turn:
                refusal = self._guards.before(order, self._now()) or await self._place(order, hands)
                self._acts.give_up(order.id, refusal)
                trade = self._orders.trade(order.id)
                if trade is not None and trade.stage not in _DECIDED:
                    await decided.wait()
            trade = self._orders.trade(order.id)
            assert trade is not None
            way.set_result(self._answer(trade, refusal))
        finally:
            way.cancel()
            del self._waits[order.id], self._ways[order.request]

    async def _place(self, order: Order, hands: Hands) -> Refusal:
        """Work the page; gives why the order is given up if it was not clicked."""
        try:
            async with asyncio.timeout(_PLACE_WITHIN):
                placed = await hands.place(order, OrderPermit(self._guards, self._acts, order, self._now))
        except PageError as problem:
            return Refusal(problem.code, problem.detail, {"tried": problem.tried, "artifact": problem.artifact})
        except Disconnected as problem:
            return Refusal("page_gone", str(problem))
        except TimeoutError:
            return Refusal("control_stuck", f"the page did not let itself be worked within {_PLACE_WITHIN:g} s")
        finally:
            self._acts.worked(order.id)
        if placed.artifacts is not None:
            self._orders.attach(order.id, placed.artifacts, self._now())
        return placed.refusal or Refusal("control_stuck", "the page was worked, and nothing was clicked")

    def _on_trade(self, trade: Trade) -> None:
        if trade.stage in _DECIDED and (wait := self._waits.get(trade.id)) is not None:
            wait.set()

    def _order(self, request: Request, ident: str | int) -> Order:
        command, at = request.command, self._now()
        assert isinstance(command, TradeOpen)
        return Order(
            id=_new_id(at),
            request=canonical(ident),
            asset=command.asset,
            side=command.side,
            stake=command.stake,
            expiry=command.length,
            received=at,
            expires_at=request.expires_at,
        )

    # ------------------------------------------------------------------------------------------------- answering

    def _told(self, ident: str) -> dict[str, Any]:
        trade = self._orders.trade(ident)
        assert trade is not None
        return {"trade": trade_payload(trade)}

    def _answer(self, trade: Trade, refusal: Refusal | None = None) -> Outcome:
        """What an asker is told of a trade that is decided, written down before it is told."""
        assert trade.request is not None
        data: dict[str, Any] = {"trade": trade_payload(trade)}
        if refusal is not None and refusal.code == trade.code and isinstance(refusal.data, dict):
            data |= refusal.data
        kind: Kind = _KINDS.get(trade.stage, "ok")
        self._orders.answered(Told(trade.request, kind, trade.code, trade.detail, encode_json(data), self._now()))
        return _outcome(kind, trade.code, trade.detail, data)


_KINDS: Final[dict[Stage, Kind]] = {"refused": "refused", "unknown": "unsure"}
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
"""Money in a stored answer keeps its digits."""


def _outcome(kind: Kind, code: str, detail: str, data: dict[str, Any]) -> Outcome:
    match kind:
        case "refused":
            return Refusal(code, detail, data)
        case "unsure":
            return Unsure(code, detail, data)
        case _:
            return data


async def _joined(way: asyncio.Future[Outcome]) -> Repeat:
    """The outcome of an order that another asker waits for too."""
    return Repeat(await asyncio.shield(way))


def _rehearsed(request: Request) -> dict[str, Any]:
    return {"dry_run": True, "command": request.command.name, "arguments": request.command}


def _is_same(order: Order, known: Trade) -> bool:
    wanted = (order.asset, order.side, order.stake, order.expiry)
    return wanted == (known.asset, known.side, known.stake, known.expiry)


def _new_id(at: Millis) -> str:
    """An order's own id: sorts by time, and is fit for the name of a folder."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"{moment:%Y%m%dT%H%M%S}{at % 1000:03}Z-{secrets.token_hex(3)}"

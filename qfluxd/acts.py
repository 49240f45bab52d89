"""What is done to orders and plans beside what the broker says: asked, permitted, clicked, given up, switched.

Each is noted, so that a recording can be told the same again.
"""

from collections.abc import Callable

import msgspec

from qfluxd.desk import Desk
from qfluxd.guards import LEAVING, Guards
from qfluxd.model import (
    Account,
    Compared,
    FeedLost,
    Leaving,
    Millis,
    Note,
    Order,
    OrderAsked,
    OrderClicked,
    OrderClicking,
    OrderGivenUp,
    OrderWorked,
    PlanState,
    PlanSwitched,
    Refusal,
    Rival,
    Signal,
    Switched,
    TradingState,
)
from qfluxd.trading.orders import Orders
from qfluxd.trading.risk import Intent


def _unnoted(_note: Note) -> None:
    """Nobody records."""


class Acts:
    """The one door through which orders and plans are acted on from outside the desk.

    The promise: the desk's time has come up to an act before it is done, and every act is noted before anything else
    is heard; so a replay of frames and notes goes through the very same steps.
    """

    def __init__(
        self,
        desk: Desk,
        orders: Orders,
        guards: Guards,
        now: Callable[[], Millis],
        note: Callable[[Note], None] = _unnoted,
    ) -> None:
        """`now` is this machine's clock."""
        self._desk = desk
        self._orders = orders
        self._guards = guards
        self._now = now
        self._note = note
        self.on_resumed: Callable[[Millis], None] = lambda now: None
        """Told by the broker's clock when a person has resumed trading, with a reason."""
        self.on_compared: Callable[[Compared], None] = lambda note: None
        """Told when a comparison of plans begins, and when it is over."""

    # -------------------------------------------------------------------------------------------------- an order

    def ask(self, order: Order) -> Refusal | None:
        """Somebody asks for an order that nobody has asked for before; None where it may be worked on."""
        self._desk.come_to(order.received)
        self._note(OrderAsked(order))
        return self._admit(order)

    def _admit(self, order: Order) -> Refusal | None:
        """Whatever is asked is written down first, so that its id has acted even where it is refused."""
        if self._guards.leaving:
            return LEAVING
        if (refusal := self._orders.receive(order)) is not None:
            return refusal
        refusal = self._guards.before(order, order.received) or self._orders.intend(order.id, order.received)
        if refusal is not None:
            self._orders.refuse(order.id, refusal, order.received)
        return refusal

    def follow(self, order: Order, intent: Intent, _signal: Signal, at: Millis) -> Refusal | None:
        """A plan wants an order; that follows from what the desk heard, and needs no note.

        Only one that is let through is written down: its signal tells what became of the others.
        """
        self._guards.intents[order.id] = intent
        refusal = self._guards.before(order, at) or self._orders.receive(order, intent.candle)
        if refusal is None and (refusal := self._orders.intend(order.id, at)) is not None:
            self._orders.refuse(order.id, refusal, at)
        if refusal is not None:
            del self._guards.intents[order.id]
        return refusal

    def clicking(
        self,
        ident: str,
        account: Account | None,
        attempt: int,
        refused: Callable[[Millis], Refusal | None] = lambda at: None,
    ) -> Refusal | None:
        """A click is about to be made. Only where this gives None it may be; then the journal has it.

        `refused` is asked once time has come up to the click: what that brings may bench the very plan that wants it.
        """
        at = self._come()
        refusal = refused(at) or self._orders.clicking(ident, at, account, attempt)
        if refusal is None:
            self._note(OrderClicking(ident, at, account, attempt))
        return refusal

    def clicked(self, ident: str, attempt: int, landed: bool | None) -> None:
        """The click was made."""
        at = self._come()
        self._note(OrderClicked(ident, at, attempt, landed))
        self._orders.clicked(ident, at, attempt, landed)

    def worked(self, ident: str) -> None:
        """The page is not worked for this order any more."""
        at = self._come()
        self._note(OrderWorked(ident, at))
        self._orders.worked(ident, at)

    def give_up(self, ident: str, refusal: Refusal) -> None:
        """No hand works for this order any more; it is refused where nothing of it can have been placed."""
        at = self._come()
        self._note(OrderGivenUp(ident, at, refusal.code, refusal.detail))
        self._give_up(ident, refusal, at)

    def _give_up(self, ident: str, refusal: Refusal, at: Millis) -> None:
        self._orders.refuse(ident, refusal, at)
        self._guards.intents.pop(ident, None)

    # -------------------------------------------------------------------------------------------------- switches

    def turn(self, state: TradingState, reason: str) -> Refusal | None:
        """Turn the trading switch."""
        at = self._come()
        self._note(Switched(state, reason, at))
        return self._turn(state, reason, at)

    def _turn(self, state: TradingState, reason: str, at: Millis) -> Refusal | None:
        refusal = self._orders.turn(state, reason, at)
        if refusal is None and state == "active" and reason:
            self.on_resumed(self._desk.now(at))
        return refusal

    def switch(self, switch: PlanSwitched, *, written: bool = False) -> PlanState | Refusal:
        """Turn a plan; it stays so across restarts. With `written` the journal has it already.

        To trade live it is turned only once that is written; to do less at once, and a refusal tells where it is not.
        """
        self._desk.come_to(switch.at)
        if self._desk.plans.plan(switch.name) is not None and not written and switch.enabled and switch.mode == "live":
            if (refusal := self._orders.keep_first(switch.at, switch)) is not None:
                return refusal
            written = True
        self._note(switch)
        turned = self._desk.plans.switch(switch)
        if written or isinstance(turned, Refusal):
            return turned
        self._orders.keep(switch, switch.at)
        if self._orders.trouble is None:
            return turned
        is_now = f"in mode {turned.mode}" if turned.enabled else "off"
        return Refusal(
            "journal_failed", f"{switch.name} is {is_now}, but not yet across a restart: {self._orders.trouble}"
        )

    def bench(self, switch: PlanSwitched) -> None:
        """Bench a plan for the time that it takes; it is tried again after a restart."""
        at = self._come()
        switch = msgspec.structs.replace(switch, at=at)
        self._note(switch)
        self._desk.plans.bench(switch)

    def compare(self, note: Compared) -> None:
        """A comparison of plans begins, or is over."""
        self._desk.come_to(note.at)
        self._note(note)
        self._compare(note)

    def resume_comparison(self, note: Compared) -> None:
        """A comparison goes on that an earlier run began; nothing has been heard yet."""
        self._note(note)
        self._compare(note)

    def _compare(self, note: Compared) -> None:
        self._desk.plans.turns.take(note)
        self.on_compared(note)

    def meet(self, rival: str) -> None:
        """Another daemon of our name is there, in a sentence; none any more where that is empty."""
        self._note(Rival(rival, self._come()))
        self._guards.rival = rival

    def leave(self) -> None:
        """Begin to stop: no plan looks at anything any more, and no new order is let through."""
        self._note(Leaving(self._come()))
        self._leave()

    def _leave(self) -> None:
        self._guards.leaving = True
        self._desk.plans.end()

    # -------------------------------------------------------------------------------------------------- once more

    def repeat(self, note: Note) -> None:
        """Do what a recording has noted."""
        orders = self._orders
        match note:
            case OrderAsked():
                self._admit(note.order)
            case OrderClicking():
                orders.clicking(note.order, note.at, note.account, note.attempt)
            case OrderClicked():
                orders.clicked(note.order, note.at, note.attempt, note.landed)
            case OrderWorked():
                orders.worked(note.order, note.at)
            case OrderGivenUp():
                self._give_up(note.order, Refusal(note.code, note.detail), note.at)
            case Switched():
                self._turn(note.state, note.reason, note.at)
            case PlanSwitched(by="bench"):
                self._desk.plans.bench(note)
            case PlanSwitched():
                self._desk.plans.switch(note)
            case Compared():
                self._compare(note)
            case Rival():
                self._guards.rival = note.detail
            case Leaving():
                self._leave()
            case FeedLost():
                pass  # the desk's own business

    def _come(self) -> Millis:
        at = self._now()
        self._desk.come_to(at)
        return at

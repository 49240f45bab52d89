"""A whole session without a browser: a made-up market, a desk with plans, hands that click, and a recording of it all.

Everything that the page would have received or sent is a frame through the real codec, so what is recorded here is what
a live session records, and an hour of it takes seconds.
"""

import random
from collections.abc import Iterator
from decimal import Decimal
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import msgspec

from qfluxd.api.payloads import encode_json
from qfluxd.beats import Beats
from qfluxd.config import Loaded, latency_of, rules_of
from qfluxd.deskside import Deskside
from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.follower import Follower
from qfluxd.market.capture import CaptureWriter
from qfluxd.model import (
    Asset,
    Bar,
    Deal,
    Fact,
    Frame,
    History,
    Millis,
    Note,
    Order,
    PlanSwitched,
    Refusal,
    Series,
    Signal,
    Tick,
    Verdict,
)
from qfluxd.trading.journal import Journal
from qfluxd.trading.risk import Intent
from qfluxd.trading.settlement import compare, profit
from tests.support.wire import OFFSET, asset_row, deal, in_one_step, in_two_steps, recent_history, tick_rows

BEGIN: Millis = 1_763_769_600_000
CONN = "market"
STEP: Millis = 500
"""Between two ticks of an asset."""


class Hour:
    """One recorded session. The promise: chance comes from `seed` alone."""

    account = "demo"

    def __init__(self, folder: Path, loaded: Loaded, assets: list[str], seed: int = 1) -> None:
        self.file = folder / "hour.jsonl"
        self.verdicts: list[Verdict] = []
        self.orders_placed = 0
        self._dice = random.Random(seed)
        self._assets = [Asset(name, name, "currency", 5, 92, True, True, (5_000, 60_000), 5_000) for name in assets]
        self._prices = {name: 1.1 + number / 10 for number, name in enumerate(assets)}
        self._at = BEGIN
        self._coming: list[tuple[Millis, int, Any]] = []
        self._count = 0
        self._balance = Decimal(10_000)
        self._writer = CaptureWriter(self.file)
        settings = loaded.settings
        self.journal = Journal(folder, BEGIN, durable=False)
        side = Deskside(
            settings.market,
            settings.risk,
            msgspec.structs.replace(rules_of(settings), budget_us=None),
            self.journal,
            self._say,
            server_offset=7200,
            latency=latency_of(settings),
            account="demo",
            clock=lambda: self._at,
            note=self._note,
            keep_shadow=False,
        )
        self.desk, self.orders, self.acts = side.desk, side.orders, side.acts
        self.desk.plans.live = self._follow
        self.orders.begin(BEGIN)
        self.desk.plans.replace(loaded.plans)
        self._follower = Follower(Codec(7200), self.desk)
        self._beats = Beats(self.desk)

    # ------------------------------------------------------------------------------------------------- the session

    def run(self, seconds: int) -> None:
        """Log in, be told of the past, and trade for so long; then close the recording."""
        self._log_in()
        end = BEGIN + seconds * 1000
        for at in range(BEGIN + STEP, end, STEP):
            self._until(at)
            self._tick(at)
        self._until(end)
        self._writer.close()
        self.journal.close()

    def later(self, at: Millis, act: Any) -> None:
        """Do something at a moment to come."""
        self._count += 1
        heappush(self._coming, (at, self._count, act))

    def switch(self, name: str, *, enabled: bool) -> None:
        """A person turns a plan."""
        mode = next(state.mode for state in self.desk.plans.states if state.name == name)
        self.acts.switch(PlanSwitched(name, enabled, mode, "command", "test", self._at))

    @property
    def at(self) -> Millis:
        """This machine's clock."""
        return self._at

    def _until(self, at: Millis) -> None:
        while self._coming and self._coming[0][0] <= at:
            self._at, _, act = heappop(self._coming)
            act()
        self._at = at

    def _log_in(self) -> None:
        rows = [asset_row(asset) for asset in self._assets]
        self._hear(*in_two_steps(CONN, "updateAssets", rows, at=self._at))
        self._hear(*in_two_steps(CONN, "successauth", {"id": "x"}, at=self._at))
        self._hear(*in_two_steps(CONN, "updateOpenedDeals", [], at=self._at))
        self._tell_balance()
        self._hear(*in_two_steps(CONN, "updateClosedDeals", [], at=self._at))
        for asset in self._assets:
            past = recent_history(self._past(asset.symbol))
            self._hear(*in_two_steps(CONN, "updateHistoryNewFast", past, at=self._at))

    def _past(self, asset: str) -> History:
        prices = list(self._walk(asset, 100))
        bars = []
        for number in range(99):
            open_, close = prices[number], prices[number + 1]
            at = BEGIN - (100 - number) * 60_000
            bars.append(Bar(at, open_, max(open_, close), min(open_, close), close))
        return History(Series(asset, 60_000), tuple(bars), (Tick(asset, BEGIN - 100, prices[-1]),))

    def _walk(self, asset: str, count: int) -> Iterator[float]:
        for _ in range(count):
            self._prices[asset] = round(self._prices[asset] + self._dice.gauss(0, 2e-5), 5)
            yield self._prices[asset]

    def _tick(self, at: Millis) -> None:
        for number, asset in enumerate(self._assets):
            (price,) = self._walk(asset.symbol, 1)
            stamp = at - 40 - number
            self._hear(*in_two_steps(CONN, "updateStream", tick_rows([Tick(asset.symbol, stamp, price)]), at=at))

    def _tell_balance(self) -> None:
        self._hear(*in_two_steps(CONN, "successupdateBalance", {"isDemo": 1, "balance": self._balance}, at=self._at))

    # ------------------------------------------------------------------------------------------------- the page

    def _follow(self, order: Order, intent: Intent, signal: Signal, at: Millis) -> Refusal | None:
        refusal = self.acts.follow(order, intent, signal, at)
        if refusal is None:
            self.later(self._at + self._dice.randrange(50, 900), lambda: self._work(order))
        return refusal

    def _work(self, order: Order) -> None:
        """The hands: now and then the page does not let itself be worked, else the order is clicked and taken."""
        if self._dice.random() < 0.2:
            self.acts.worked(order.id)
            self.acts.give_up(order.id, Refusal("control_stuck", "the page did not let itself be worked"))
            return
        if self.acts.clicking(order.id, "demo", 1) is not None:
            return
        self.acts.clicked(order.id, 1, True)
        self.acts.worked(order.id)
        self.orders_placed += 1
        number = self.orders_placed
        sent = {
            "asset": order.asset,
            "amount": order.stake,
            "action": order.side,
            "isDemo": 1,
            "requestId": number,
            "optionType": 100,
            "time": order.expiry // 1000,
        }
        self._hear(*in_one_step(CONN, "openOrder", sent, at=self._at, sent=True))
        self.later(self._at + 80, lambda: self._open(order, number))

    def _open(self, order: Order, number: int) -> None:
        at, price = self._at, self._prices[order.asset]
        ends = at // 1000 * 1000 + order.expiry
        opened = Deal(f"deal-{number}", order.asset, order.side, order.stake, 92, at, ends, price, "demo", "USD")
        self._balance -= order.stake
        self._hear(*in_two_steps(CONN, "successopenOrder", deal(opened) | {"requestId": number}, at=at))
        self._tell_balance()
        self.later(ends + 150, lambda: self._close(opened))

    def _close(self, opened: Deal) -> None:
        price = self._prices[opened.asset]
        result = compare(opened.side, opened.open_price, price, 5)
        earned = profit(result, opened.stake, opened.payout)
        closed = msgspec.structs.replace(opened, close_price=price, profit=earned)
        self._balance += opened.stake + earned
        told = {"profit": earned, "deals": [deal(closed)]}
        self._hear(*in_two_steps(CONN, "successcloseOrder", told, at=self._at))
        self._tell_balance()

    # ------------------------------------------------------------------------------------------------- the recording

    def _hear(self, *frames: Frame) -> None:
        for frame in frames:
            self._beats.up_to(frame.at)
            self._writer.see(frame)
            self._follower.see(frame)

    def _note(self, note: Note) -> None:
        self._writer.see(Frame(self._at, "qfluxd", encode_json(note), sent=True, note=True))

    def _say(self, fact: Fact) -> None:
        if isinstance(fact, Verdict):
            self.verdicts.append(fact)


__all__ = ["BEGIN", "OFFSET", "Hour"]

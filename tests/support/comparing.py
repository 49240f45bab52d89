"""A desk on which strategies are compared: what a daemon does about it, without a daemon, and through restarts."""

from pathlib import Path
from typing import Any

import msgspec

from qfluxd.api import commands as ask
from qfluxd.api.payloads import ComparisonPayload
from qfluxd.api.wire import Message
from qfluxd.comparing import Comparing
from qfluxd.comparing.answering import CompareAnswers
from qfluxd.model import Compared, Deal, DealOpened, DealsSettled, Millis, Order, Refusal, Signal
from qfluxd.plans.plan import Plan
from qfluxd.settings import CompareSettings
from qfluxd.trading.risk import Intent
from qfluxd.trading.settlement import compare, profit
from qfluxd.trading.shadow import ShadowDeal
from tests.support.deskside import Deskside
from tests.support.stand import ASSET, BEGIN, Tell, plan

LATE: Millis = 3_500
UP, DOWN = Tell(side=1, expiry="5s", label="up"), Tell(side=-1, expiry="5s", label="down")


def rising(at: Millis) -> float:
    """A price that rises: call always wins."""
    return 1.1 + at / 1e7


def arms(mode: Any = "shadow", **more: Any) -> tuple[Plan, Plan]:
    """One that always loses while prices rise, and one that always wins."""
    return plan("a", DOWN, mode=mode, assets=(ASSET,), **more), plan("b", UP, mode=mode, assets=(ASSET,), **more)


class Room(Deskside):
    """A desk, and comparisons on it. `put` holds what was told, `topics` the newest of each comparison."""

    keeps_shadow = True

    def __init__(
        self, folder: Path, *plans: Plan, settings: CompareSettings | None = None, at: Millis = BEGIN, **risk: Any
    ) -> None:
        """A daemon that begins `at` this machine's time, with what an earlier one has left in the folder."""
        super().__init__(folder, *plans, orders_per_minute=600, **risk)
        self.at = at
        self.put: list[Message] = []
        rule = settings or CompareSettings()
        self.comparing = Comparing(
            self.desk, self.orders, self.journal, self.acts, rule, self.put.append, lambda: self.at, LATE
        )
        self._answers = CompareAnswers(self.comparing, self.desk, lambda: self.at)
        self.hearers.append(self.comparing.on_fact)
        for switch in self.journal.plan_switches().values():
            self.desk.plans.switch(switch)
        deals = self.journal.shadow_deals(0)
        self.comparing.resume()
        for deal in deals:
            self.shadowing.on_deal(deal)
        self.comparing.restore(deals)
        self.desk.shadow.restore(deal for deal in deals if not deal.is_over)

    def _on_deal(self, deal: ShadowDeal) -> None:
        super()._on_deal(deal)
        self.comparing.on_deal(deal)

    def go(self, seconds: float) -> "Room":
        """The market goes on for so long, prices rising; comparisons are looked at once a second."""
        begin = (self.at - BEGIN) // 500 * 500 + 500
        for at in range(begin, begin + round(seconds * 1000), 1_000):
            self.run(at + 1_000, price=rising)
            self.comparing.look()
        return self

    def start(self, **more: Any) -> ComparisonPayload:
        """Begin a comparison of a and b; the answer."""
        answer = self.send(ask.CompareStart, **({"a": "a", "b": "b", "name": "duel"} | more))
        assert not isinstance(answer, Refusal), answer
        return self.shown(answer)

    def send(self, command: type[ask.CompareWork], /, **arguments: Any) -> Any:
        """The data of a command's answer, or the refusal."""
        return self._answers.perform(msgspec.convert(arguments, command))

    def refused(self, command: type[ask.CompareWork], /, **arguments: Any) -> str:
        """The code of a refusal."""
        answer = self.send(command, **arguments)
        assert isinstance(answer, Refusal), answer
        assert answer.detail
        return answer.code

    @staticmethod
    def shown(answer: Any) -> ComparisonPayload:
        """The comparison in an answer."""
        found = answer["comparison"]
        assert isinstance(found, ComparisonPayload)
        return found

    def report(self, name: str = "duel") -> ComparisonPayload:
        """How a comparison stands."""
        return self.shown(self.send(ask.CompareReport, name=name))

    def topic(self, name: str = "duel") -> dict[str, Any]:
        """The newest message about a comparison."""
        newest = next(message for message in reversed(self.put) if message.topic == f"compare/{name}")
        assert (newest.retain, newest.qos) == (True, 1)
        decoded: dict[str, Any] = msgspec.json.decode(newest.payload)
        return decoded

    @property
    def events(self) -> list[str]:
        """What happened to comparisons, in order."""
        told = (msgspec.json.decode(message.payload) for message in self.put if message.topic == "event/compare")
        return [event["event_type"] for event in told]

    @property
    def notes(self) -> list[bool]:
        """Whether comparisons were noted as begun or over, in order."""
        return [note.running for note in self.noted if isinstance(note, Compared)]

    def mode(self, name: str) -> str:
        """The mode of a plan."""
        return next(state.mode for state in self.desk.plans.states if state.name == name)


class LiveRoom(Room):
    """The same, where orders are placed at once, and their deals are told by the broker as they end."""

    def __init__(self, folder: Path, *plans: Plan, **more: Any) -> None:
        self._open: list[Deal] = []
        self._wanted: list[Order] = []
        self._count = 0
        super().__init__(folder, *plans, **more)
        self.desk.plans.live = self._follow

    def _follow(self, order: Order, intent: Intent, signal: Signal, at: Millis) -> Refusal | None:
        refusal = self.acts.follow(order, intent, signal, at)
        if refusal is None:
            self._wanted.append(order)
        return refusal

    def go(self, seconds: float) -> "LiveRoom":
        """The market goes on; what was ordered is clicked within the second, and deals end when they are over."""
        for _ in range(round(seconds)):
            self._work()
            super().go(1)
        return self

    def _work(self) -> None:
        price = rising(self.at - BEGIN)
        wanted, self._wanted = self._wanted, []
        for order in wanted:
            if self.acts.clicking(order.id, "demo", 1) is not None:
                continue
            self.acts.clicked(order.id, 1, True)
            self.acts.worked(order.id)
            self._count += 1
            ends = self.at // 1000 * 1000 + order.expiry
            ident = f"{self.journal.file.parent.name}-{self.at}-{self._count}"
            opened = Deal(ident, order.asset, order.side, order.stake, 92, self.at, ends, price, "demo", "USD")
            self._open.append(opened)
            self.hear(DealOpened(opened, None))
        for deal in [deal for deal in self._open if deal.closes + 150 <= self.at]:
            self._open.remove(deal)
            result = compare(deal.side, deal.open_price, price, 5)
            over = msgspec.structs.replace(deal, close_price=price, profit=profit(result, deal.stake, deal.payout))
            self.hear(DealsSettled((over,)))

"""The leave to go on with an order whose click is out, while the page asks whether it is meant."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.model import Order, Placed, Refusal
from qfluxd.ports import Permit
from tests.support.floor import Floor, ModelHands, request


class Asked(ModelHands):
    """Hands on a page that asks after the click; `meanwhile` happens before it is answered."""

    def __init__(self, floor: Floor, meanwhile: Callable[[], object], **shown: Any) -> None:
        super().__init__(floor)
        self.meanwhile = meanwhile
        self.changes = shown
        self.answers: list[Refusal | None] = []
        self.written: list[int] = []

    def click(self, order: Order, permit: Permit) -> Placed:
        """Click, be asked, and go on only with leave."""
        seen = self.sighting(order)
        assert permit.ask(seen, 1) is None
        self.meanwhile()
        before = len(self.floor.said)
        self.answers.append(permit.still(msgspec.structs.replace(seen, **self.changes)))
        self.written.append(len(self.floor.said) - before)
        refusal = self.answers[-1]
        if refusal is None:
            self._land(order)
        permit.clicked(1, refusal is None)
        return Placed(1, refusal is None, refusal, None, {})


async def asked(floor: Floor, hands: Asked, **wanted: Any) -> Refusal | None:
    """What the permit said to the yes of an order."""
    floor.hands = hands
    async with floor.running():
        await floor.ask(request(**wanted))
    (answer,) = hands.answers
    assert hands.written == [0]
    return answer


async def test_an_order_that_may_be_clicked_may_be_gone_on_with(tmp_path: Path) -> None:
    """Nothing is said or written for it, and a button that rests while the page asks is no hindrance."""
    floor = Floor(tmp_path)
    assert await asked(floor, Asked(floor, lambda: None, available=False)) is None


async def test_trading_that_is_stopped_meanwhile_stops_the_yes(tmp_path: Path) -> None:
    """Killed and paused alike."""
    floor = Floor(tmp_path)
    refusal = await asked(floor, Asked(floor, lambda: floor.trading.kill("enough")))
    assert refusal is not None
    assert refusal.code == "killed"


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ({"account_label": "real"}, "real_not_allowed"),
        ({"account_address": None}, "account_unclear"),
        ({"stake": Decimal(11)}, "stake_mismatch"),
    ],
)
async def test_a_page_that_shows_something_else_meanwhile_stops_the_yes(
    tmp_path: Path, shown: dict[str, Any], code: str
) -> None:
    """The account by all its witnesses, and the panel."""
    floor = Floor(tmp_path)
    refusal = await asked(floor, Asked(floor, lambda: None, **shown))
    assert refusal is not None
    assert refusal.code == code


async def test_a_request_that_expires_meanwhile_stops_the_yes(tmp_path: Path) -> None:
    """Its time is that of the yes, not of the click."""
    floor = Floor(tmp_path)

    def late() -> None:
        floor.at += 2_000

    refusal = await asked(floor, Asked(floor, late), expires_at=floor.at + 1_500)
    assert refusal is not None
    assert refusal.code == "expired"


async def test_an_order_that_is_not_waited_for_any_more_is_not_gone_on_with(tmp_path: Path) -> None:
    """Its click has been decided otherwise meanwhile."""
    floor = Floor(tmp_path)

    def decided() -> None:
        assert floor.hands.shown is not None
        floor.orders.clicked(floor.hands.shown.id, floor.at, 1, None)

    refusal = await asked(floor, Asked(floor, decided))
    assert refusal is not None
    assert refusal.code == "busy"


def test_an_order_that_nobody_could_read_breaks_the_silence(tmp_path: Path) -> None:
    """After it, that no order was heard ends no doubt."""
    ends = []
    for unclear in (False, True):
        floor = Floor(tmp_path / str(unclear))
        floor.folder.mkdir()
        floor.start()
        order = Order("o1", '"o1"', "EURUSD_otc", "call", Decimal(10), 60_000, floor.at)
        floor.orders.receive(order)
        floor.orders.intend("o1", floor.at)
        floor.orders.clicking("o1", floor.at, "demo", 1)
        floor.orders.clicked("o1", floor.at, 1, None)
        if unclear:
            floor.desk.on_order_unclear(floor.at)
        floor.wait(75_000)
        trade = floor.orders.trade("o1")
        assert trade is not None
        ends.append(trade.stage)
        floor.die()
    assert ends == ["refused", "unknown"]

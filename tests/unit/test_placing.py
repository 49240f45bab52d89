"""A placed order and what is kept of it: neither can be harmed by the other."""

from pathlib import Path
from typing import Any

import msgspec

from qfluxd.chrome.page import Box
from qfluxd.drivers.pocketoption.controls import inpage
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble
from qfluxd.drivers.pocketoption.orders.placing import Placing
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.witness import Witness
from qfluxd.model import Asset, Assets
from qfluxd.ports import pass_on
from tests.support.trading_page import NotedPermit
from tests.unit.test_clicking import FREE, ORDER, SENT, TOOK, Closing, Scripted
from tests.unit.test_panel import view


class Broken(Scripted):
    """A page that is as the order wants it, and whose pictures fail in a way that nobody has thought of."""

    async def evaluate(self, script: str, argument: object = None, *, seconds: float = 5) -> Any:
        """The panel at rest; all else as it is scripted."""
        if script == inpage.LOOK:
            return msgspec.to_builtins(view())
        return await super().evaluate(script, argument, seconds=seconds)

    async def screenshot(self, clip: Box | None = None, *, jpeg_quality: int | None = None) -> bytes:
        """No picture."""
        raise ZeroDivisionError("no picture")


def placing(folder: Path, witness: Witness) -> Placing:
    """All that placing needs beside the page."""
    told = Told()
    told.hear(Assets((Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 92, True, True, (60_000,), 5_000),)))

    async def caught_up(_: str) -> None:
        """Nothing is on its way."""

    return Placing(told, witness, Trouble(folder, lambda *_: None), caught_up, lambda _: True, pass_on, folder)


async def test_a_picture_that_fails_cuts_no_click_off(tmp_path: Path) -> None:
    """The order is clicked, its permit told what became of the click, and its asker too, without any picture."""
    witness, permit, hand = Witness(), NotedPermit(), Broken(TOOK)
    hand.on_press = lambda: witness.see(SENT)
    placed = await placing(tmp_path, witness).place(hand, Closing(), ORDER, permit)
    assert permit.clicks == [(1, True)]
    assert (placed.landed, placed.refusal, placed.artifacts) == (True, None, None)


async def test_a_panel_of_a_shape_that_nobody_knows_is_a_refusal(tmp_path: Path) -> None:
    """What stands in the field's place is no field: nothing is clicked, and nothing else comes out."""
    hand = Broken(TOOK, aims=(FREE | {"view": {"stake": 10}},))
    placed = await placing(tmp_path, Witness()).place(hand, Closing(), ORDER, permit := NotedPermit())
    assert placed.refusal is not None
    assert (placed.landed, placed.refusal.code, permit.asked) == (False, "control_missing", [])

"""What is known of orders that may have left the page."""

import asyncio
from decimal import Decimal

import pytest

from qfluxd.drivers.pocketoption.witness import Witness
from qfluxd.model import DealOpened, Frame, OrderRefused, OrderSent, Tick

ORDER = OrderSent("EURUSD_otc", "call", Decimal(1), 60_000, "demo", "7")


def sent(text: str, *, sent: bool = True) -> Frame:
    """A text frame."""
    return Frame(1, "a", text.encode(), sent=sent)


def test_orders_are_told_in_the_order_they_were_heard() -> None:
    """Only those after the mark, and nothing that is about something else."""
    witness = Witness()
    witness.hear(OrderRefused("before"))
    mark = witness.mark()
    witness.hear(ORDER)
    witness.hear(Tick("EURUSD_otc", 1, 1.1))
    witness.hear(OrderRefused("too late"))
    assert witness.since(mark) == (ORDER, OrderRefused("too late"))


@pytest.mark.parametrize(
    "frame",
    [
        '42["openOrder",{"asset":"EURUSD_otc"}]',
        '42["openOrder",??',
        '42["copySignalOrder",{}]',
        '42["deals/double-up",{}]',
    ],
)
def test_a_frame_that_asks_for_a_deal_counts_whatever_is_in_it(frame: str) -> None:
    """Also one that nobody can read; the same words from the broker do not."""
    witness = Witness()
    mark = witness.mark()
    witness.see(sent(frame, sent=False))
    assert witness.clear_since(mark)
    witness.see(sent(frame))
    assert witness.asked_since(mark)
    assert not witness.clear_since(mark)
    assert witness.clear_since(witness.mark())


@pytest.mark.parametrize("frame", ['42["changeSymbol",{}]', '42["updateOpenedDeals"]', '42["saveCharts",{}]', "3"])
def test_other_frames_are_no_orders(frame: str) -> None:
    """The page talks of much else."""
    witness = Witness()
    mark = witness.mark()
    witness.see(sent(frame))
    assert witness.clear_since(mark)


def test_what_was_missed_leaves_nothing_clear() -> None:
    """An order may have been among it; after it things are clear again."""
    witness = Witness()
    mark = witness.mark()
    witness.lose()
    assert not witness.clear_since(mark)
    assert not witness.asked_since(mark)
    assert witness.clear_since(witness.mark())


def test_frames_that_nobody_was_shown_leave_nothing_clear() -> None:
    """One that was held back because it authenticates could have been an order."""
    unseen = [0]
    witness = Witness(lambda: unseen[0])
    mark = witness.mark()
    assert witness.clear_since(mark)
    unseen[0] += 1
    assert not witness.clear_since(mark)


async def test_waiting_ends_with_the_order_or_in_time() -> None:
    """It is woken by the frame; without one it says so."""
    witness = Witness()
    mark = witness.mark()
    assert not await witness.wait_asked(mark, 0.001)
    asyncio.get_running_loop().call_soon(witness.see, sent('42["openOrder",{}]'))
    assert await witness.wait_asked(mark, 5)


async def test_waiting_for_the_answer() -> None:
    """Only the kinds that are waited for count."""
    witness = Witness()
    mark = witness.mark()
    witness.hear(ORDER)
    assert not await witness.wait_heard(mark, (DealOpened,), 0.001)
    assert await witness.wait_heard(mark, (DealOpened, OrderSent), 5)

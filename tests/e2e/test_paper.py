"""A paper account on a whole daemon: the practice broker's page brings the prices, and never sees an order."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.whole import Whole, open_whole

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

PAPER: dict[str, object] = {
    "driver__name": "paper",
    "driver__paper__latency": 150,
    "driver__paper__balance": 500,
    "driver__paper__currency": "EUR",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """Everything but the daemon, opened and closed by one task."""
    opened: asyncio.Future[Whole] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold(folder: Path) -> None:
        async with open_whole(folder) as everything:
            opened.set_result(everything)
            await over.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(tmp_path_factory.mktemp("paper")), name="whole")
        yield await opened
        over.set()


async def ended(desk: Whole, ident: str, stage: str = "settled") -> dict[str, Any]:
    """The trade once it has come to its end."""

    def is_told() -> bool:
        return any(event["trade"]["request"] == ident and event["event_type"] == stage for event in desk.asker.events)

    await desk.asker.until(is_told, 25)
    return dict((await desk.data("trade/status", trade=ident))["trade"])


async def test_a_trade_is_placed_and_settled_on_paper(whole: Whole) -> None:
    """By the same request and through the same stages as any trade; the money is the paper account's."""
    async with whole.daemon(**PAPER):
        account = whole.asker.state("account")
        assert (account["balance"], account["currency"], account["account"]) == (500, "EUR", "demo")
        answer = await whole.place("one", stake=2.5, side="put", expiry="5s")
        trade = answer["data"]["trade"]
        assert (answer["status"], trade["stage"], trade["account"]) == ("ok", "accepted", "demo")
        assert trade["deal"]["id"] == f"paper-{trade['id']}"
        trade = await ended(whole, "one")
        assert trade["code"] in ("won", "lost", "tie")
        balance = 500 + Decimal(str(trade["deal"]["profit"]))
        await whole.asker.until(lambda: Decimal(str(whole.asker.state("account")["balance"])) == balance)
    assert not whole.practice.orders


async def test_the_account_and_its_deals_outlive_the_daemon(whole: Whole) -> None:
    """A deal that is open when the daemon ends is settled by the next one, and the money is still there."""
    async with whole.daemon(**PAPER):
        answer = await whole.place("long", stake=3, expiry="15s")
        assert answer["data"]["trade"]["stage"] == "accepted"
        before = whole.asker.state("account")["balance"]
    async with whole.daemon(**PAPER):
        assert whole.asker.state("account")["balance"] == before
        trade = await ended(whole, "long")
        assert trade["deal"]["id"] == answer["data"]["trade"]["deal"]["id"]
        assert trade["code"] in ("won", "lost", "tie")
    assert not whole.practice.orders


async def test_the_page_is_looked_at_and_its_money_left_alone(whole: Whole) -> None:
    """Pictures and charts are the page's; its stake, expiry and account are nothing that paper needs."""
    async with whole.daemon(**PAPER):
        assert (await whole.data("asset/select", asset="GBPUSD_otc"))["asset"] == "GBPUSD_otc"
        assert (await whole.data("asset/select", asset="EURUSD_otc"))["asset"] == "EURUSD_otc"
        assert (await whole.data("screenshot", publish=False))["width"] > 0
        refused = await whole.send("stake/set", stake=3)
        assert (refused["status"], refused["code"]) == ("error", "no_page")


async def test_a_refusal_on_paper_is_reconciled_like_any(whole: Whole) -> None:
    """Right after a start nobody can tell whose order a broker refuses; its lists prove that nothing was placed."""
    async with whole.daemon(**(PAPER | {"driver__paper__refuse": 1.0})):
        before = whole.asker.state("account")["balance"]
        answer = await whole.place("unlucky", stake=1.25)
        assert answer["status"] in ("error", "unknown")
        assert (await ended(whole, "unlucky", "refused"))["code"] in ("broker_refused", "not_placed")
        assert whole.asker.state("account")["balance"] == before
    assert not whole.practice.orders


async def test_the_guards_stand_before_paper_too(whole: Whole) -> None:
    """A kill switch and a limit stop an order before anything is sent."""
    async with whole.daemon(**PAPER):
        await whole.data("trading/kill", reason="enough")
        assert (await whole.place("killed", stake=1))["code"] == "killed"
        await whole.data("trading/resume", reason="go on")
        assert (await whole.place("greedy", stake=5_000))["code"] == "stake_too_high"
    assert not whole.practice.orders

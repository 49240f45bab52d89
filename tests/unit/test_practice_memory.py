"""A practice account that outlives its broker."""

import json
import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from qfluxd.errors import DataError
from qfluxd.practice.orderlog import OrderLog, read_orders
from qfluxd.practice.server import PracticeOptions, serve
from tests.support.practice_desk import START, Desk
from tests.support.practice_orders import order
from tests.support.practice_page import signed_in

MONDAY = 1_793_613_601_234


async def test_an_account_survives_a_restart(tmp_path: Path) -> None:
    """Balance, open and closed deals, user number, favourites and chart are as they were; orders stay on record."""
    options = PracticeOptions(start=MONDAY, state=tmp_path / "made" / "account.json", balance=Decimal(500))
    async with serve(options) as practice:
        uid = practice.account.uid
        async with signed_in(practice) as page:
            await page.send("favorite/change", ["GBPUSD_otc", "EURUSD_otc"])
            await page.send("saveCharts", {"symbol": "GBPUSD_otc", "chartPeriod": 6})
            await page.send("openOrder", order())
            await page.wait("successopenOrder")
            await practice.settle_now()
            await page.send("openOrder", order(time=3600, amount=20))
            left = await page.wait("successopenOrder", 2)
            closed = await page.wait("updateClosedDeals", 2)
            balance = page.all("successupdateBalance")[-1]
    async with serve(options) as practice, signed_in(practice) as page:
        assert practice.account.uid == uid
        assert page.all("updateOpenedDeals") == [[{name: left[name] for name in left if name != "requestId"}]]
        assert page.all("updateClosedDeals") == [closed]
        assert page.all("successupdateBalance") == [balance]
        assert page.all("successfavorite/change") == [["GBPUSD_otc", "EURUSD_otc"]]
        chart = json.loads(page.all("updateCharts")[0][0]["settings"])
        assert (chart["symbol"], chart["chartPeriod"]) == ("GBPUSD_otc", 6)
        assert [seen.deal for seen in practice.orders] == [closed[0]["id"], left["id"]]


async def test_what_is_on_the_disk_when_the_answer_comes(tmp_path: Path) -> None:
    """With the answer to an order its deal is in the file and its entry in the record, for their owner only."""
    file = tmp_path / "account.json"
    async with serve(PracticeOptions(start=MONDAY, state=file)) as practice, signed_in(practice) as page:
        await page.send("openOrder", order())
        opened = await page.wait("successopenOrder")
        assert [deal["id"] for deal in json.loads(file.read_bytes())["account"]["open_deals"]] == [opened["id"]]
        assert [seen.deal for seen in read_orders(tmp_path / "orders.jsonl")] == [opened["id"]]
        files = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in os.scandir(tmp_path)}
        assert files == {"account.json": 0o600, "orders.jsonl": 0o600}


async def test_the_market_of_an_account_never_goes_back(tmp_path: Path) -> None:
    """A market that ran fast goes on where it was, so no deal was opened in the future."""
    options = PracticeOptions(speed=2000, state=tmp_path / "account.json")
    async with serve(options) as practice, signed_in(practice) as page:
        await page.send("openOrder", order(time=43_200))
        opened = await page.wait("successopenOrder")
        await page.send("changeSymbol", {"asset": "EURUSD_otc", "period": 60})
        await page.until(lambda _: len(page.ticks("EURUSD_otc")) > 100)
        last = page.ticks("EURUSD_otc")[-1][0]
    async with serve(PracticeOptions(state=tmp_path / "account.json")) as practice, signed_in(practice) as page:
        await page.send("changeSymbol", {"asset": "EURUSD_otc", "period": 60})
        assert (await page.wait("updateHistoryNewFast"))["history"][-1][0] >= last - 1
        assert [deal["id"] for deal in page.all("updateOpenedDeals")[0]] == [opened["id"]]


async def test_deals_about_another_market_are_refunded(tmp_path: Path) -> None:
    """A restart with another seed gives the stake back and says so in the deal."""
    file = tmp_path / "account.json"
    async with serve(PracticeOptions(start=MONDAY, state=file)) as practice, signed_in(practice) as page:
        await page.send("openOrder", order(time=3600))
        await page.wait("successopenOrder")
    async with serve(PracticeOptions(start=MONDAY, seed=2, state=file)) as practice, signed_in(practice) as page:
        [deal] = page.all("updateClosedDeals")[0]
        assert (deal["profit"], deal["closePrice"]) == (0, deal["openPrice"])
        assert deal["refundTimestamp"] is not None
        assert page.all("successupdateBalance") == [{"isDemo": 1, "balance": 10_000}]
        assert page.all("updateOpenedDeals") == [[]]


async def test_an_account_from_another_feed_fits_the_new_one(tmp_path: Path) -> None:
    """Favourites and chart that this market does not have give way to those that it has."""
    ticks = tmp_path / "ticks.csv"
    ticks.write_text(
        "time,asset,price\n" + "".join(f"{1_800_000_000 + n},OWN_otc,{1 + n / 1000}\n" for n in range(900))
    )
    file = tmp_path / "account.json"
    async with serve(PracticeOptions(start=MONDAY, state=file)):
        pass
    async with serve(PracticeOptions(feed=ticks, state=file, speed=50)) as practice, signed_in(practice) as page:
        assert page.all("successfavorite/change") == [["OWN_otc"]]
        assert json.loads(page.all("updateCharts")[0][0]["settings"])["symbol"] == "OWN_otc"
        await page.send("openOrder", order(asset="OWN_otc"))
        opened = await page.wait("successopenOrder")
        [deal] = (await page.wait("successcloseOrder"))["deals"]
        assert deal["openPrice"] == 1 + (opened["openTimestamp"] - 1_800_000_000) / 1000
        assert deal["closePrice"] == 1 + (deal["closeTimestamp"] - 1_800_000_000) / 1000
        assert deal["profit"] == deal["percentProfit"] / 10


def test_deals_that_expired_while_it_was_away(tmp_path: Path) -> None:
    """They are settled at the price in force at their expiry, and refunded where nobody knows it."""
    gone = START // 1000 * 1000 + 60_000

    def price_at(asset: str, at: int) -> float | None:
        return None if asset == "GBPUSD_otc" and at >= gone else 1.0 + (at >= gone) - (at > gone) * 1.5

    desk = Desk(price_at, tmp_path / "account.json")
    won, lost, untold = (desk.send(time=60), desk.send(time=61), desk.send(time=60, asset="GBPUSD_otc"))
    desk.now += 3_600_000
    desk.open()
    closed = {deal.id: deal for deal in desk.account.ledger.closed_deals}
    results = [closed[deal.id] for deal in (won, lost, untold) if not isinstance(deal, str)]
    assert [deal.profit for deal in results] == [results[0].winnings, Decimal(-10), Decimal(0)]
    assert [deal.refunded for deal in results] == [False, False, True]
    assert desk.account.ledger.open_deals == ()


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"at": 1, "market": "x", "account": {"uid": "?"}}'])
async def test_a_file_that_is_no_account(tmp_path: Path, text: str) -> None:
    """It is left as it is, and the error names it."""
    file = tmp_path / "account.json"
    file.write_text(text)
    with pytest.raises(DataError, match=r"account\.json cannot be used"):
        async with serve(PracticeOptions(state=file)):
            pass
    assert file.read_text() == text


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """The error says where the account could not be put."""
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be used"):
        Desk(lambda _asset, _at: 1.0, tmp_path / "file" / "account.json")
    desk = Desk(lambda _asset, _at: 1.0, tmp_path / "folder" / "account.json")
    (tmp_path / "folder" / ".account.json.new").mkdir()
    with pytest.raises(DataError, match=r"cannot be written to .*account\.json"):
        desk.account.keep()


def test_a_record_that_ends_in_the_middle_of_a_line(tmp_path: Path) -> None:
    """What a crash left half written is dropped, and the next order does not hang on it."""
    file = tmp_path / "orders.jsonl"
    desk = Desk(lambda _asset, _at: 1.0, tmp_path / "account.json")
    desk.send()
    desk.send(amount=11)
    text = file.read_bytes()
    file.write_bytes(text[:-20])
    assert [seen.stake for seen in read_orders(file)] == [10]
    desk.open()
    desk.send(amount=12)
    assert [seen.stake for seen in OrderLog(file).seen] == [10, 12]
    assert [seen.stake for seen in read_orders(file)] == [10, 12]


def test_a_record_that_is_none(tmp_path: Path) -> None:
    """A file of something else is named in the error."""
    (tmp_path / "orders.jsonl").write_text('{"at": "?"}\n')
    with pytest.raises(DataError, match=r"orders\.jsonl is not a record of orders"):
        read_orders(tmp_path / "orders.jsonl")

"""Orders on the practice broker's wire: what opens, what is refused, what is told and to whom, and the traps."""

import json
from bisect import bisect_right
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.errors import DataError
from qfluxd.model import ClosedDeals, DealOpened, DealsSettled, Frame, OpenDeals, OrderRefused
from qfluxd.practice.rules import Rules
from qfluxd.practice.server import PracticeOptions, serve
from qfluxd.practice.traps import Traps
from tests.support.fixtures import fixture
from tests.support.practice_orders import order
from tests.support.practice_page import Page, fetch, open_page, signed_in

MONDAY = 1_793_613_601_234  # 2026-11-02 10:00:01.234 UTC
FAST = PracticeOptions(speed=20, start=MONDAY)
STILL = PracticeOptions(start=MONDAY)


def after_sign_in(page: Page) -> list[tuple[str, Any]]:
    """What was told of orders and deals since the page was signed in."""
    names = ("successopenOrder", "failopenOrder", "successcloseOrder", "successupdateBalance", "updateOpenedDeals")
    return [said for said in page.events[9:] if said[0] in (*names, "updateClosedDeals")]


def price_in_force(ticks: list[list[Any]], at: float) -> Any:
    """The price of the last tick at or before a moment, in seconds of the broker's clock."""
    return ticks[bisect_right([stamp for stamp, _ in ticks], at) - 1][1]


async def refusal(page: Page, sent: dict[str, Any]) -> str:
    """Send an order that is refused; the broker's words."""
    count = len(page.all("failopenOrder"))
    await page.send("openOrder", sent)
    answer = await page.wait("failopenOrder", count + 1)
    assert (answer["amount"], answer["asset"]) == (sent["amount"], sent["asset"])
    return str(answer["error"])


async def test_an_order_becomes_a_deal_in_the_platforms_form() -> None:
    """The answer has the fields of a recorded deal in their order, and the page's own id as it was sent."""
    captured = fixture("frames/detailed_websocket_data_20250903_003350.events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in captured]
    recorded = next(event["payload"] for event in events if event["event"] == "updateClosedDeals")[0]
    async with serve(STILL) as practice, signed_in(practice) as page:
        await page.send("openOrder", order(requestId="6f0c", action="put"))
        opened = await page.wait("successopenOrder")
        await practice.settle_now()
        [closed] = (await page.wait("successcloseOrder"))["deals"]
    assert list(closed) == list(recorded)
    assert list(opened) == [name for name in recorded if name != "closeMs"] + ["requestId"]
    assert {type(closed[name]) for name in ("openTimestamp", "amount", "uid", "openMs", "closeMs")} == {int}
    assert (opened["requestId"], opened["command"], opened["isDemo"]) == ("6f0c", 1, 1)
    assert (opened["amount"], opened["closePrice"], opened["optionType"]) == (10, 0, 100)
    assert opened["profit"] == opened["percentProfit"] / 10
    assert opened["closeTimestamp"] - opened["openTimestamp"] == 5
    assert opened["openTime"] == "2026-11-02 12:00:01"


async def test_what_is_told_of_a_deal_and_in_which_order() -> None:
    """Answer, balance, open deals; at its end settlement, balance, open deals, closed deals."""
    async with serve(STILL) as practice, signed_in(practice) as page:
        await page.send("openOrder", order())
        await page.wait("updateOpenedDeals", 2)
        await practice.settle_now()
        await page.wait("updateClosedDeals", 2)
        told = after_sign_in(page)
    assert [event for event, _ in told] == [
        "successopenOrder",
        "successupdateBalance",
        "updateOpenedDeals",
        "successcloseOrder",
        "successupdateBalance",
        "updateOpenedDeals",
        "updateClosedDeals",
    ]
    deal, settled = told[0][1], told[3][1]
    assert told[1][1] == {"isDemo": 1, "balance": 9990}
    assert told[2][1] == [{name: value for name, value in deal.items() if name != "requestId"}]
    assert told[4][1]["balance"] == 10_000 + settled["deals"][0]["profit"]
    assert told[5][1] == []
    assert told[6][1] == settled["deals"]


async def test_deals_open_and_close_at_the_price_in_force() -> None:
    """Both prices are those of the last ticks that the page heard at or before the two moments."""
    async with serve(FAST) as practice, signed_in(practice) as page:
        await page.send("changeSymbol", {"asset": "EURUSD_otc", "period": 60})
        history = (await page.wait("updateHistoryNewFast"))["history"]
        for number in range(4):
            await page.send("openOrder", order(time=5 + 2 * number, action="put" if number % 2 else "call"))
        await page.until(lambda _: sum(len(said["deals"]) for said in page.all("successcloseOrder")) == 4)
        deals = [deal for said in page.all("successcloseOrder") for deal in said["deals"]]
        ticks = history + page.ticks("EURUSD_otc")
    for deal in deals:
        assert deal["openPrice"] == price_in_force(ticks, deal["openTimestamp"] + deal["openMs"] / 1000)
        assert deal["closePrice"] == price_in_force(ticks, deal["closeTimestamp"])
        moved = (deal["closePrice"] - deal["openPrice"]) * (-1 if deal["command"] else 1)
        assert deal["profit"] == (deal["percentProfit"] / 10 if moved > 0 else -10 if moved < 0 else 0)


async def test_deals_that_expire_together_are_told_together() -> None:
    """One settlement for two deals of one second; the figure beside them is their sum."""
    async with serve(PracticeOptions(speed=100, start=MONDAY)) as practice, signed_in(practice) as page:
        close = MONDAY // 1000 + 7200 + 60
        for side, amount in (("call", 10), ("put", 2.5), ("put", 3)):
            await page.send("openOrder", order(action=side, amount=amount, time=close if amount != 3 else close + 30))
        first = await page.wait("successcloseOrder")
        second = await page.wait("successcloseOrder", 2)
    assert [deal["amount"] for deal in first["deals"]] == [10, 2.5]
    assert first["profit"] == pytest.approx(sum(deal["profit"] for deal in first["deals"]))
    assert [deal["amount"] for deal in second["deals"]] == [3]


async def test_every_page_of_an_account_hears_its_deals_and_no_other() -> None:
    """A second demo page is told all the same; the real account's page nothing, and its balance stays."""
    async with serve(STILL) as practice, signed_in(practice) as page, signed_in(practice) as other:
        async with signed_in(practice, "real") as real:
            await page.send("openOrder", order())
            await practice.settle_now()
            assert await other.wait("successopenOrder") == await page.wait("successopenOrder")
            await practice.settle_now()
            await other.wait("successcloseOrder")
            await real.send("openOrder", order(isDemo=0, amount=1.25))
            assert (await real.wait("successopenOrder"))["isDemo"] == 0
            await real.send("getBalance")
            assert await real.wait("successupdateBalance", 3) == {"isDemo": 0, "balance": 248.75}
            assert len(real.all("successopenOrder")) == 1
        assert len(page.all("successopenOrder")) == 1


async def test_the_lists_are_told_on_sign_in_and_on_request() -> None:
    """Open deals newest first; of closed ones the latest twenty, newest first."""
    options = PracticeOptions(start=MONDAY, rules=Rules(most_open=30))
    async with serve(options) as practice, signed_in(practice) as page:
        for number in range(22):
            await page.send("openOrder", order(requestId=number, amount=number + 1))
        await page.wait("successopenOrder", 22)
        await practice.settle_now()
        for amount in (5, 6):
            await page.send("openOrder", order(amount=amount))
        await page.wait("successopenOrder", 24)
        async with signed_in(practice) as late:
            assert [deal["amount"] for deal in late.all("updateOpenedDeals")[0]] == [6, 5]
            assert [deal["amount"] for deal in late.all("updateClosedDeals")[0]] == list(range(22, 2, -1))
            await late.send("updateOpenedDeals")
            await late.send("updateClosedDeals")
            assert await late.wait("updateOpenedDeals", 2) == late.all("updateOpenedDeals")[0]
            assert await late.wait("updateClosedDeals", 2) == late.all("updateClosedDeals")[0]


async def test_the_asset_of_a_deal_streams() -> None:
    """A page whose chart is on something else hears the ticks of the asset that it has a deal on."""
    async with serve(PracticeOptions(favourites=(), streams=(), speed=10)) as practice, signed_in(practice) as page:
        await page.send("changeSymbol", {"asset": "GBPUSD_otc", "period": 60})
        await page.send("openOrder", order(time=60))
        await page.until(lambda _: bool(page.ticks("EURUSD_otc") and page.ticks("GBPUSD_otc")))


REFUSED = [
    (order(amount=0.99), "the minimum amount is $1"),
    (order(amount=-5), "the minimum amount is $1"),
    (order(amount=50_000.01), "the maximum amount is $50,000"),
    (order(amount=1_000.01), "there is not enough money on the account"),
    (order(asset="NOSUCH"), "there is no such asset"),
    (order(asset="EURUSD", time=59), "this expiration is not offered for this asset"),
    (order(time=4), "this expiration is not offered for this asset"),
    (order(time=43_201), "this expiration is not offered for this asset"),
    (order(time=MONDAY // 1000 + 7200), "this expiration is not offered for this asset"),
    (order(time=MONDAY // 1000 + 7200 + 20_000), "this expiration is not offered for this asset"),
    (order(asset="BTCUSD_otc", time=MONDAY // 1000 + 7200 + 600), "this expiration is not offered for this asset"),
    (order(isDemo=0), "the order is for the other account"),
    (order(asset="#AAPL"), "trading is closed for this asset now"),
]


async def test_what_is_refused() -> None:
    """A sentence in the platform's form, no deal, and the order is on record with that sentence."""
    async with serve(PracticeOptions(start=MONDAY, balance=Decimal(1_000))) as practice, signed_in(practice) as page:
        for sent, sentence in REFUSED:
            assert await refusal(page, sent) == sentence
            seen = practice.orders[-1]
            assert (seen.refused, seen.deal) == (sentence, None)
            assert (seen.asset, seen.stake) == (sent["asset"], Decimal(str(sent["amount"])))
        await page.send("getBalance")
        assert (await page.wait("successupdateBalance", 2))["balance"] == 1_000
        assert len(practice.orders) == len(REFUSED)


async def test_the_edges_of_what_is_allowed() -> None:
    """The least stake, the whole balance, the shortest and the longest time, and clock mode all open deals."""
    now = MONDAY // 1000 + 7200
    async with serve(PracticeOptions(start=MONDAY, balance=Decimal(55))) as practice, signed_in(practice) as page:
        for sent in (
            order(amount=1),
            order(amount=1, time=43_200),
            order(amount=1, asset="EURUSD", time=60),
            order(amount=1, time=now + 60),
            order(amount=51),
        ):
            await page.send("openOrder", sent)
        await page.wait("successopenOrder", 5)
        assert (await page.wait("successopenOrder", 4))["closeTimestamp"] == now + 60
        assert (await page.wait("successupdateBalance", 6))["balance"] == 0
        assert [seen.expiry for seen in practice.orders][:3] == [5_000, 43_200_000, 60_000]


async def test_most_open_deals() -> None:
    """The eleventh is refused while ten are open, on each account for itself."""
    async with serve(STILL) as practice, signed_in(practice) as page, signed_in(practice, "real") as real:
        for _ in range(10):
            await page.send("openOrder", order(amount=1))
        assert "10 trades" in await refusal(page, order(amount=1))
        await real.send("openOrder", order(amount=1, isDemo=0))
        await real.wait("successopenOrder")
        await practice.settle_now()
        await page.send("openOrder", order(amount=1))
        await page.wait("successopenOrder", 11)


async def test_a_repeated_order_is_a_second_deal() -> None:
    """The broker does not look at request ids: two messages, two deals, two entries on record."""
    async with serve(STILL) as practice, signed_in(practice) as page:
        await page.send("openOrder", order())
        await page.send("openOrder", order())
        first, second = await page.wait("successopenOrder"), await page.wait("successopenOrder", 2)
        assert first["requestId"] == second["requestId"]
        assert [seen.deal for seen in practice.orders] == [first["id"], second["id"]]
        assert [seen.request for seen in practice.orders] == [1756866842] * 2


async def test_what_is_no_order_is_refused_and_on_record() -> None:
    """The page gets an answer, the record an entry, and the socket lives on."""
    bodies: tuple[Any, ...] = (
        None,
        "x",
        {},
        order(amount=None),
        order(action="up"),
        order(time="soon"),
        order(isDemo=2),
    )
    async with serve(STILL) as practice, signed_in(practice) as page:
        for number, body in enumerate(bodies, start=1):
            await page.send("openOrder", body)
            assert (await page.wait("failopenOrder", number))["error"] == "the order cannot be read"
        await page.send("openOrder", order())
        await page.wait("successopenOrder")
        assert [seen.refused for seen in practice.orders] == ["the order cannot be read"] * len(bodies) + [None]


async def test_a_replayed_capture_refuses_orders(tmp_path: Path) -> None:
    """In a sentence, to a signed-in page only, and never between a header of the recording and its body."""
    header = '451-["updateStream",{"_placeholder":true,"num":0}]'
    rows: list[dict[str, Any]] = [{"ts": 0, "opcode": 1, "text": header}, {"ts": 0.3, "opcode": 2, "b64": "W10="}]
    path = tmp_path / "capture.jsonl"
    path.write_text("".join(json.dumps({"conn": "a", "dir": "recv"} | row) + "\n" for row in rows))
    async with serve(PracticeOptions(feed=path)) as practice, open_page(practice) as page:
        await page.send("openOrder", order())
        await page.send("auth", {"session": practice.account.sessions["demo"], "isDemo": 1})
        await page.until(lambda _: header in page.frames)
        await page.send("openOrder", order(amount=2))
        answer = await page.wait("failopenOrder")
        assert answer == {"error": answer["error"], "amount": 2, "asset": "EURUSD_otc"}
        assert "nothing can be traded" in answer["error"]
        assert [event for event, _ in page.events] == ["updateStream", "failopenOrder"]
        with pytest.raises(DataError, match="no trades"):
            await practice.set_traps(Traps(toast=True))
        assert practice.orders == ()


# ---------------------------------------------------------------------------------------------------- traps


async def test_traps_are_told_to_the_page() -> None:
    """In the data of the page that is loaded, by an event to open pages, and to pages that sign in later."""
    async with serve(PracticeOptions(traps=Traps(amount_appends=True))) as practice, signed_in(practice) as page:
        _, _, html = await fetch(practice, "/en/cabinet/demo-quick-high-low/")
        data = json.loads(html.split('id="page-data">')[1].split("</script>")[0])
        assert data["traps"]["amountAppends"] is True
        assert data["traps"]["walk"] is None
        assert (await page.wait("practice/traps"))["amountAppends"] is True
        await practice.set_traps(Traps(walk=7, rerender_ms=250))
        told = await page.wait("practice/traps", 2)
        assert (told["walk"], told["rerenderMs"], told["amountAppends"]) == (7, 250, False)
        async with signed_in(practice) as late:
            assert await late.wait("practice/traps") == told
        await practice.set_traps(Traps())
        async with signed_in(practice) as late:
            assert (await late.wait("practice/traps"))["rerenderMs"] == 0


async def test_no_answer_but_a_deal() -> None:
    """Nothing is told of the order until somebody asks, signs in, or the deal settles."""
    async with serve(PracticeOptions(start=MONDAY, traps=Traps(answers="missing"))) as practice:
        async with signed_in(practice) as page:
            await page.send("openOrder", order())
            await page.send("favorite/load")
            await page.wait("successfavorite/load")
            assert after_sign_in(page) == []
            async with signed_in(practice) as late:
                assert [deal["id"] for deal in late.all("updateOpenedDeals")[0]] == [practice.orders[0].deal]
            await practice.settle_now()
            [deal] = (await page.wait("successcloseOrder"))["deals"]
            assert deal["id"] == practice.orders[0].deal


async def test_a_late_answer() -> None:
    """It comes after the deal is already listed, with balance and list of the moment when it comes."""
    async with serve(PracticeOptions(start=MONDAY, traps=Traps(answers="late", late_ms=300))) as practice:
        async with signed_in(practice) as page:
            await page.send("openOrder", order())
            await page.send("updateOpenedDeals")
            [deal] = await page.wait("updateOpenedDeals", 2)
            assert page.all("successopenOrder") == []
            await practice.set_traps(Traps())
            await page.send("openOrder", order(amount=7))
            late = await page.wait("successopenOrder", 2)
            assert late["id"] == deal["id"]
            assert [row["amount"] for row in await page.wait("updateOpenedDeals", 4)] == [7, 10]


async def test_a_doubled_answer() -> None:
    """The same answer twice, one deal; a refusal is doubled too."""
    async with serve(PracticeOptions(start=MONDAY, traps=Traps(answers="doubled"))) as practice:
        async with signed_in(practice) as page:
            await page.send("openOrder", order())
            assert await page.wait("successopenOrder", 2) == page.all("successopenOrder")[0]
            await page.send("openOrder", order(time=1))
            await page.wait("failopenOrder", 2)
            assert len(await page.wait("updateOpenedDeals", 2)) == 1


async def test_a_lost_order() -> None:
    """No answer, no deal; it is on record as lost."""
    async with serve(PracticeOptions(start=MONDAY, traps=Traps(lost_orders=True))) as practice:
        async with signed_in(practice) as page:
            await page.send("openOrder", order())
            await page.send("updateOpenedDeals")
            assert await page.wait("updateOpenedDeals", 2) == []
            assert [(seen.deal, seen.refused) for seen in practice.orders] == [(None, "lost")]


async def test_a_payout_that_drops_while_the_panel_is_set() -> None:
    """After the panel's settings were saved the assets are told with less for the chart's, and a deal pays that."""

    def payout(rows: list[list[Any]]) -> int:
        return next(int(row[5]) for row in rows if row[1] == "EURUSD_otc")

    async with serve(PracticeOptions(start=MONDAY, traps=Traps(payout_drops=True))) as practice:
        async with signed_in(practice) as page:
            before = payout(page.all("updateAssets")[0])
            await page.send("changeSymbol", {"asset": "EURUSD_otc", "period": 60})
            await page.wait("updateAssets", 2)
            await page.send("saveCharts", {"fastTimeframe": 30})
            dropped = payout(await page.wait("updateAssets", 3))
            await page.send("openOrder", order())
            assert dropped == before - 17
            assert (await page.wait("successopenOrder"))["percentProfit"] == dropped


async def test_the_payout_of_a_deal_is_fixed_when_it_opens() -> None:
    """The payout that updateAssets told last is the deal's, also when the next list tells another."""
    options = PracticeOptions(start=MONDAY, speed=100, traps=Traps(payout_drops=True))
    async with serve(options) as practice, signed_in(practice) as page:
        await page.send("openOrder", order(time=60))
        opened = await page.wait("successopenOrder")
        told = {row[1]: row[5] for row in page.all("updateAssets")[0]}
        await page.send("changeSymbol", {"asset": "EURUSD_otc", "period": 60})
        moved = {row[1]: row[5] for row in await page.wait("updateAssets", 2)}
        [deal] = (await page.wait("successcloseOrder"))["deals"]
    assert opened["percentProfit"] == deal["percentProfit"] == told["EURUSD_otc"]
    assert moved["EURUSD_otc"] != told["EURUSD_otc"]
    assert deal["profit"] in (deal["percentProfit"] / 10, 0, -10)


async def test_a_walk_springs_about_every_fourth_time() -> None:
    """From one seed the same orders get lost; the others are answered once or twice."""
    options = PracticeOptions(start=MONDAY, rules=Rules(most_open=200))
    fates = []
    for _ in range(2):
        async with serve(options) as practice, signed_in(practice) as page:
            await practice.set_traps(Traps(walk=3, lost_orders=True, answers="doubled"))
            for number in range(120):
                await page.send("openOrder", order(amount=1, requestId=number))
            await page.send("favorite/load")
            await page.wait("successfavorite/load")
            heard = [answer["requestId"] for answer in page.all("successopenOrder")]
            fates.append([heard.count(number) for number in range(120)])
    assert fates[0] == fates[1]
    assert 15 < fates[0].count(0) < 50
    assert 10 < fates[0].count(2) < 45


async def test_the_daemons_reader_understands_every_deal() -> None:
    """What the practice broker says of deals is read by the driver's codec without a complaint."""
    async with serve(STILL) as practice, signed_in(practice) as page:
        await page.send("openOrder", order())
        await page.send("openOrder", order(amount=0.5))
        await page.wait("failopenOrder")
        await practice.settle_now()
        await page.wait("updateClosedDeals", 2)
        frames = list(page.frames)
    codec, heard = Codec(), []
    for number, frame in enumerate(frames):
        text = isinstance(frame, str)
        data = frame.encode() if isinstance(frame, str) else frame
        heard += codec.feed(Frame(conn="a", at=MONDAY + number, data=data, text=text, sent=False))
    kinds = Counter(type(said) for said in heard)
    assert not codec.errors
    assert (kinds[DealOpened], kinds[OrderRefused], kinds[DealsSettled]) == (1, 1, 1)
    assert (kinds[OpenDeals], kinds[ClosedDeals]) == (3, 2)

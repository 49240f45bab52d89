"""The practice broker's sockets: handshake, bootstrap, answers, stream, and what a test can make it do."""

import asyncio
import json
import re
import socket
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qfluxd.errors import DataError, Unavailable
from qfluxd.practice.server import PracticeBroker, PracticeOptions, serve
from tests.support.practice_page import Page, open_page, signed_in

START = 1_793_613_601_234  # 2026-11-02 10:00:01.234 UTC
BOOTSTRAP = [
    "updateAssets",
    "successauth",
    "updateOpenedDeals",
    "successupdatePending",
    "successupdateBalance",
    "updateCharts",
    "updateClosedDeals",
    "successindicator/load",
    "successfavorite/change",
]


async def chart(page: Page, asset: str = "EURUSD_otc", period: int = 60) -> dict[str, Any]:
    """Put the page's chart on an asset and wait for its history."""
    count = len(page.all("updateHistoryNewFast"))
    await page.send("changeSymbol", {"asset": asset, "period": period})
    answer: dict[str, Any] = await page.wait("updateHistoryNewFast", count + 1)
    return answer


@pytest.mark.parametrize(
    ("path", "interval", "patience"),
    [("/socket.io/", 25000, 20000), ("/events/socket.io/", 25000, 20000), ("/chat/socket.io/", 45000, 5000)],
)
async def test_three_sockets_shake_hands_like_the_platform(path: str, interval: int, patience: int) -> None:
    """Each opens with Engine.IO's parameters and Socket.IO's connect, and offers no upgrade."""
    async with serve() as practice, open_page(practice, path) as page:
        opening = json.loads(str(page.frames[0])[1:])
        assert str(page.frames[0]).startswith("0{")
        assert (opening["pingInterval"], opening["pingTimeout"], opening["upgrades"]) == (interval, patience, [])
        assert re.fullmatch(r'40\{"sid":"[\w-]+"\}', str(page.frames[1]))


async def test_bootstrap_comes_in_the_platforms_order() -> None:
    """The assets come before the session is confirmed; the confirmation names the socket; the rest follows."""
    async with serve(PracticeOptions(balance=Decimal("48335.49"))) as practice, signed_in(practice) as page:
        assert [event for event, _ in page.events] == BOOTSTRAP
        assert page.all("successauth")[0] == {"id": json.loads(str(page.frames[1])[2:])["sid"]}
        assert page.all("successupdateBalance")[0] == {"isDemo": 1, "balance": 48335.49}
        settings = json.loads(page.all("updateCharts")[0][0]["settings"])
        assert (settings["symbol"], settings["chartPeriod"], settings["fastTimeframe"]) == ("EURUSD_otc", 4, 60)


async def test_market_events_are_a_header_and_a_binary_body() -> None:
    """After the handshake every market message is `451-["event",{placeholder}]`, then plain JSON in binary."""
    async with serve() as practice, signed_in(practice) as page:
        headers, bodies = page.frames[2::2], page.frames[3::2]
        assert all(re.fullmatch(r'451-\["[\w/-]+",\{"_placeholder":true,"num":0\}\]', str(text)) for text in headers)
        assert all(isinstance(body, bytes) and json.loads(body) is not None for body in bodies)


async def test_nothing_streams_before_the_page_has_a_chart() -> None:
    """A change of chart is answered with its history; only then ticks come, of the chart and the favourites."""
    async with serve(PracticeOptions(favourites=("GBPUSD_otc",), speed=10)) as practice, signed_in(practice) as page:
        await chart(page)
        await page.until(lambda _: bool(page.ticks("EURUSD_otc") and page.ticks("GBPUSD_otc")))
        names = [event for event, _ in page.events]
        assert names.index("updateHistoryNewFast") < names.index("updateStream")
        assert {row[0] for rows in page.all("updateStream") for row in rows} == {"EURUSD_otc", "GBPUSD_otc"}


async def test_the_stream_continues_history_without_hole_or_repetition() -> None:
    """History, the stream, and a later history that spans both agree tick by tick."""
    async with serve(PracticeOptions(speed=20, start=START)) as practice, signed_in(practice) as page:
        first = await chart(page)
        await page.until(lambda _: len(page.ticks("EURUSD_otc")) > 120)
        told = first["history"] + page.ticks("EURUSD_otc")
        later = await chart(page)
        start, end = max(told[0][0], later["history"][0][0]), told[-1][0]
        assert [tick for tick in told if tick[0] >= start] == [t for t in later["history"] if start <= t[0] <= end]
        assert len({at for at, _ in told}) == len(told)


async def test_history_ticks_fold_to_the_served_candles() -> None:
    """Every minute whole in the ticks and among the candles agrees in open, close, high and low."""
    async with serve() as practice, signed_in(practice) as page:
        answer = await chart(page, "GBPUSD_otc")
    minutes: dict[int, list[float]] = {}
    for at, price in answer["history"]:
        minutes.setdefault(int(at // 60 * 60), []).append(price)
    del minutes[min(minutes)]
    rows = {row[0]: row[1:] for row in answer["candles"] if row[0] in minutes}
    assert len(rows) >= 2
    assert rows == {at: [p[0], p[-1], max(p), min(p)] for at, p in minutes.items() if at in rows}


async def test_the_same_seed_serves_the_same_prices() -> None:
    """Two servers with one seed, begun at one moment, give identical candles; another seed does not."""
    answers = []
    for seed in (3, 3, 4):
        async with serve(PracticeOptions(seed=seed, start=START)) as practice, signed_in(practice) as page:
            answer = await chart(page, period=300)
            answers.append({row[0]: row for row in answer["candles"][20:80]})
    shared = answers[0].keys() & answers[1].keys()
    assert len(shared) > 50
    assert {at: answers[0][at] for at in shared} == {at: answers[1][at] for at in shared}
    assert answers[0] != answers[2]


async def test_server_time_is_two_hours_ahead() -> None:
    """The last tick of a history is stamped UTC plus 7200 s, at most a second ago."""
    async with serve(PracticeOptions(start=START)) as practice, signed_in(practice) as page:
        answer = await chart(page)
        assert -1 < answer["history"][-1][0] - (START / 1000 + 7200) < 3


async def test_older_candles_are_answered_in_dict_rows() -> None:
    """150 rows with the asset's id, ascending, the last being the oldest already known; the index comes back."""
    async with serve() as practice, signed_in(practice) as page:
        known = (await chart(page))["candles"][-1]
        ask = {"asset": "EURUSD_otc", "index": 175686678578, "time": known[0], "offset": 9000, "period": 60}
        await page.send("loadHistoryPeriod", ask)
        answer = await page.wait("loadHistoryPeriodFast")
        assert (answer["asset"], answer["index"], answer["period"]) == ("EURUSD_otc", 175686678578, 60)
        assert len(answer["data"]) == 150
        assert list(answer["data"][-1]) == ["symbol_id", "time", "open", "close", "high", "low"]
        assert list(answer["data"][-1].values())[1:4] == known[:3]


async def test_sentiment_needs_subfor() -> None:
    """`subfor` is answered by `chafor` with a whole number of percent."""
    async with serve() as practice, signed_in(practice) as page:
        await page.send("subfor", "EURUSD_otc")
        [[symbol, buyers]] = await page.wait("chafor")
        assert symbol == "EURUSD_otc"
        assert 20 <= buyers <= 97


async def test_signals_come_on_the_marks_of_five_seconds() -> None:
    """After subscribing there is the whole list, then changes stamped with a multiple of five."""
    async with serve(PracticeOptions(speed=20)) as practice, signed_in(practice) as page:
        await page.send("signals/subscribe")
        everything = await page.wait("signals/load")
        assert [frame for frame, _ in everything["signals"][0][1]] == [1, 2, 3, 5, 10, 15, 30, 45, 60, 120, 180, 240]
        update = await page.wait("signals/update")
        assert all(at % 5 == 0 for at in update["times"].values())


async def test_the_list_of_assets_is_told_again() -> None:
    """Within half a minute of market time the assets are pushed again, with the payouts of then."""
    async with serve(PracticeOptions(speed=100)) as practice, signed_in(practice) as page:
        await page.wait("updateAssets", 2)


async def test_state_is_answered_and_remembered() -> None:
    """Favourites and chart settings are the same for the next page; requests are answered in the platform's names."""
    async with serve() as practice:
        async with signed_in(practice) as page:
            await page.send("favorite/change", ["AUDCAD_otc", "nonsense", "AUDCAD_otc", "EURGBP_otc"])
            assert await page.wait("successfavorite/change", 2) == ["AUDCAD_otc", "EURGBP_otc"]
            saved = {"symbol": "AUDCAD_otc", "chartPeriod": 6, "demoDealAmount": 2.5, "isVisible": 3, "other": 1}
            await page.send("saveCharts", saved)
            for event in (
                "getBalance",
                "favorite/load",
                "price-alert/load",
                "indicator/load",
                "updateOpenedDeals",
                "ps",
            ):
                await page.send(event)
            await page.send("signals/stats", "AUDCAD_otc")
            await page.wait("successsignals/stats")
            assert page.all("successfavorite/load") == [["AUDCAD_otc", "EURGBP_otc"]]
            assert page.all("successprice-alert/load") == [[]]
            assert len(page.all("successupdateBalance")) == 2
        async with signed_in(practice) as page:
            settings = json.loads(page.all("updateCharts")[0][0]["settings"])
            assert (settings["symbol"], settings["chartPeriod"], settings["demoDealAmount"]) == ("AUDCAD_otc", 6, 2.5)
            assert settings["isVisible"] is True
            assert "other" not in settings


async def test_nonsense_is_survived() -> None:
    """Requests of the wrong shape, unknown events and unknown symbols are passed over; the socket lives on."""
    async with serve() as practice, signed_in(practice) as page:
        for data in ([], [3], ["x"], [{"asset": 1}], [{"asset": "none", "period": 60}]):
            await page.send("changeSymbol", *data)
        await page.send("changeSymbol", {"asset": "EURUSD_otc", "period": 61})
        await page.send("no-such-event", {"a": 1})
        await chart(page)
        assert len(page.all("updateHistoryNewFast")) == 1


@pytest.mark.parametrize("auth", [None, {}, "text", {"session": "wrong", "isDemo": 1}, {"session": None}])
async def test_a_bad_session_is_turned_away(auth: object) -> None:
    """`NotAuthorized`, then 41, and nothing of the market."""
    async with serve() as practice, open_page(practice) as page:
        await page.send("auth", auth)
        await page.until(lambda _: "41" in page.frames)
        assert page.frames[2:4] == ['42["NotAuthorized"]', "41"]
        assert page.events == [("NotAuthorized", None)]


async def test_demo_session_does_not_open_the_real_account() -> None:
    """Each session opens its own account; the real one is a serialised array with a checksum."""
    async with serve(PracticeOptions(real_balance=Decimal("12.50"))) as practice:
        async with signed_in(practice, "real") as page:
            assert page.all("successupdateBalance")[0] == {"isDemo": 0, "balance": 12.5}
        async with open_page(practice) as page:
            await page.send("auth", {"session": practice.account.sessions["demo"], "isDemo": 0})
            await page.wait("NotAuthorized")
        assert len(practice.account.sessions["demo"]) == 26
        assert practice.account.sessions["real"].startswith('a:4:{s:10:"session_id";s:32:"')


async def test_events_and_chat_sockets_speak_text() -> None:
    """Counters and chat come as text events, after their own kind of sign-in."""
    async with serve() as practice:
        async with open_page(practice, "/events/socket.io/") as page:
            await page.send("auth", {"session": practice.account.sessions["demo"], "isDemo": 1})
            counters = await page.wait("counters/all/success")
            assert page.frames[2] == '42["auth/success"]'
            assert counters["pending-withdrawal"] == 0
        async with open_page(practice, "/chat/socket.io/") as page:
            await page.send("user_init", {"id": practice.account.uid, "secret": "wrong"})
            await page.send("user_init", {"id": practice.account.uid, "secret": practice.account.chat_secret})
            await page.wait("chat_room_list")
            assert [event for event, _ in page.events] == ["user_ready", "chat_room_list"]


async def test_fifty_assets_at_four_ticks_a_second() -> None:
    """200 ticks a second and more, none lost and none twice, each asset in ascending order."""
    async with serve(PracticeOptions(streams=50, rate=4)) as practice, signed_in(practice) as page:
        await chart(page)
        await page.until(lambda _: len(page.all("updateStream")) >= 500)
        symbols = {rows[0][0] for rows in page.all("updateStream")}
        assert len(symbols) == 50
        for symbol in symbols:
            stamps = [at for at, _ in page.ticks(symbol)]
            assert stamps == sorted(set(stamps))


async def test_the_feed_can_be_paused_whole_or_by_symbol() -> None:
    """A paused symbol is silent while another streams; resumed, it goes on with newer ticks."""
    options = PracticeOptions(streams=("GBPUSD_otc",), speed=10)
    async with serve(options) as practice, signed_in(practice) as page:
        practice.pause("EURUSD_otc")
        await chart(page)
        await page.until(lambda _: len(page.ticks("GBPUSD_otc")) >= 10)
        assert page.ticks("EURUSD_otc") == []
        practice.resume("EURUSD_otc")
        await page.until(lambda _: len(page.ticks("EURUSD_otc")) >= 5)
        practice.pause()
        await practice.push_event("mark", 1)
        await page.wait("mark")
        told = len(page.all("updateStream"))
        await page.send("getBalance")
        await page.wait("successupdateBalance", 2)
        assert len(page.all("updateStream")) - told <= 1
        practice.resume()
        await page.until(lambda _: len(page.all("updateStream")) > told + 3)


async def test_any_frame_can_be_pushed() -> None:
    """What is pushed arrives byte by byte, text and binary."""
    async with serve() as practice, signed_in(practice) as page:
        await practice.push('42["updateTime",1756866842]')
        await practice.push('451-["odd",{"_placeholder":true,"num":0}]')
        await practice.push(b'{"odd" : 1}')
        assert await page.wait("odd") == {"odd": 1}
        assert page.frames[-3:] == [
            '42["updateTime",1756866842]',
            '451-["odd",{"_placeholder":true,"num":0}]',
            b'{"odd" : 1}',
        ]
        with pytest.raises(ValueError, match="does not start with 4"):
            await practice.push("2")


async def test_sockets_can_be_dropped_and_come_back() -> None:
    """Dropped sockets end at once; a new one signs in and is served."""
    async with serve() as practice:
        async with signed_in(practice) as page:
            practice.drop_sockets()
            await asyncio.wait_for(page.closed.wait(), 5)
        async with signed_in(practice) as page:
            await chart(page)


async def test_sessions_can_be_refused_and_admitted_again() -> None:
    """All sessions end with NotAuthorized and new ones are refused until they are admitted again."""
    async with serve() as practice:
        async with signed_in(practice) as page:
            await practice.refuse()
            await page.until(lambda _: "41" in page.frames)
            assert page.frames[-2:] == ['42["NotAuthorized"]', "41"]
        async with open_page(practice) as page:
            await page.send("auth", {"session": practice.account.sessions["demo"], "isDemo": 1})
            await page.wait("NotAuthorized")
        practice.admit()
        async with signed_in(practice) as page:
            assert page.all("successauth")


async def test_what_was_heard_holds_no_session() -> None:
    """Requests are kept for tests to look at, without those that authenticate."""
    async with serve() as practice, signed_in(practice) as page:
        await chart(page)
        assert practice.heard == (("changeSymbol", {"asset": "EURUSD_otc", "period": 60}),)


async def test_it_answers_on_loopback_only() -> None:
    """Its port is bound to 127.0.0.1 and to no other address of this machine."""
    async with serve() as practice:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.2", practice.port)


async def test_a_taken_port_is_said() -> None:
    """The error names the port and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Unavailable, match="give another one"):
            async with serve(PracticeOptions(port=taken.getsockname()[1])):
                pass


async def test_the_callers_own_error_comes_out_as_it_is() -> None:
    """An exception in the block is not wrapped in a group."""
    with pytest.raises(LookupError, match="mine"):
        async with serve():
            raise LookupError("mine")


async def test_an_unknown_asset_cannot_be_streamed() -> None:
    """A misspelt symbol in the options is an error at once."""
    with pytest.raises(DataError, match="EURUSD_OTC"):
        async with serve(PracticeOptions(streams=("EURUSD_OTC",))):
            pass


async def test_a_file_of_ticks_is_a_market(tmp_path: Path) -> None:
    """Its rows are streamed with their own stamps, and its past is the history."""
    start = 1_752_960_000
    path = tmp_path / "EURUSD_otc_x.csv"
    path.write_text("time,price\n" + "".join(f"{start + n / 2},{1.1 + n / 1e5:.5f}\n" for n in range(4000)))
    options = PracticeOptions(feed=path, speed=50, start=(start + 1500 - 7200) * 1000)
    async with serve(options) as practice:
        async with signed_in(practice) as page:
            answer = await chart(page)
            await page.until(lambda _: len(page.ticks("EURUSD_otc")) > 200)
            told = answer["history"] + page.ticks("EURUSD_otc")
            assert [b[0] - a[0] for a, b in pairwise(told)] == [0.5] * (len(told) - 1)
            assert told[0][0] > start + 700
            assert len(answer["candles"]) >= 18


async def test_a_feed_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A missing file is an error at once, by its name."""
    with pytest.raises(DataError, match=r"nothing\.csv"):
        async with serve(PracticeOptions(feed=tmp_path / "nothing.csv")):
            pass


async def test_a_file_starts_at_its_first_tick(tmp_path: Path) -> None:
    """Without a start the first row is the first tick told, whenever it was recorded."""
    path = tmp_path / "EURUSD_otc_x.csv"
    path.write_text("time,price\n" + "".join(f"{1_752_960_002 + n},1.{n + 1}\n" for n in range(9)))
    async with serve(PracticeOptions(feed=path, speed=2)) as practice, signed_in(practice) as page:
        answer = await chart(page)
        await page.until(lambda _: bool(page.ticks("EURUSD_otc")))
        assert (answer["history"] + page.ticks("EURUSD_otc"))[0] == [1_752_960_002, 1.1]


async def streamed(practice: PracticeBroker, count: int) -> list[list[Any]]:
    """The first ticks a page hears of EURUSD_otc."""
    async with signed_in(practice) as page:
        await chart(page)
        await page.until(lambda _: len(page.ticks("EURUSD_otc")) >= count)
        return page.ticks("EURUSD_otc")[:count]


async def test_a_dirty_file_is_streamed_in_its_own_order(tmp_path: Path) -> None:
    """Repeated and backward stamps reach the page as they stand in the file."""
    path = tmp_path / "EURUSD_otc_dirty.csv"
    stamps = [1752960010.5, 1752960011.2, 1752960010.9, 1752960011.2, 1752960012.1]
    path.write_text("time,price\n" + "".join(f"{at},1.{n + 1}\n" for n, at in enumerate(stamps)))
    async with serve(PracticeOptions(feed=path, start=(1752960000 - 7200) * 1000, speed=10)) as practice:
        assert [at for at, _ in await streamed(practice, 5)] == stamps

"""The page by MQTT: a whole daemon, the practice broker, a real Chromium and a real mosquitto."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from qfluxd.cli.doctor import examined
from qfluxd.cli.doctor.finding import Finding
from qfluxd.config import load
from tests.support.brokers import NAME
from tests.support.whole import Whole, held

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """One daemon for all tests of this file."""
    async with held(tmp_path_factory.mktemp("page-requests")) as whole:
        yield whole


async def test_the_page_tells_of_itself(desk: Whole) -> None:
    """A scan tells what the page shows, each value with where it came from."""
    told = await desk.data("session/scan")
    assert told["account"]["value"] == "demo"
    assert told["asset"] == {"value": "EURUSD_otc", "source": "socket", "page": "EURUSD_otc"}
    assert (told["login"], told["call_available"], told["zoom"]) == (False, True, 100)


async def test_who_is_logged_in(desk: Whole) -> None:
    """A profile tells the account and opens nothing that stays open."""
    assert (await desk.data("profile/scan"))["account"]["value"] == "demo"
    assert (await desk.data("session/scan"))["covering"] == []


async def test_favourites_by_payout(desk: Whole) -> None:
    """Those that pay enough are told, and one of them is put on the chart, as the session then says."""
    told = await desk.data("favorites/scan", min_payout=1)
    assert set(told["eligible"]) <= {favorite["asset"] for favorite in told["favorites"]}
    last = (await desk.data("favorites/select", pick="last", min_payout=1))["asset"]
    assert last == told["eligible"][-1]
    await desk.asker.until(lambda: desk.asker.session.get("asset") == last)
    assert await desk.data("favorites/select", asset="EURUSD_otc") == {"asset": "EURUSD_otc"}


async def test_the_panel_is_set_and_read_back(desk: Whole) -> None:
    """Expiry and stake are what the page shows after they were set; a wrong asset is refused with the right one."""
    assert await desk.data("expiry/select", expiry="30s") == {"expiry": "30s"}
    assert await desk.data("stake/set", stake=12.5) == {"stake": 12.5}
    shown = await desk.data("session/scan")
    assert (shown["expiry"]["page"], shown["stake"]["page"]) == ("30s", 12.5)
    wrong = await desk.send("asset/select", asset="EURUDS_otc")
    assert (wrong["status"], wrong["code"]) == ("error", "asset_unknown")
    assert "did you mean EURUSD_otc?" in wrong["error"]


async def test_the_real_account_is_not_brought_to_the_front(desk: Whole) -> None:
    """Where the configuration does not allow the real account, no request reaches it."""
    answer = await desk.send("account/select", account="real")
    assert (answer["status"], answer["code"]) == ("error", "real_not_allowed")
    assert (await desk.data("session/scan"))["account"]["value"] == "demo"


async def test_a_picture_is_on_disk_and_on_its_topic(desk: Whole) -> None:
    """A screenshot is a PNG in the state folder and, at once, a retained JPEG."""
    told = await desk.data("screenshot", what="chart")
    assert (desk.folder / told["file"]).read_bytes().startswith(b"\x89PNG")
    assert told["file"].endswith("_chart.png")
    await desk.asker.until(lambda: desk.asker.states.get("screenshot/image", b"").startswith(b"\xff\xd8"))
    before = desk.asker.states["screenshot/image"]
    assert (await desk.data("screenshot", what="panel", publish=False))["published"] is False
    assert desk.asker.states["screenshot/image"] == before


async def test_topdown_brings_candles_and_pictures_and_puts_the_chart_back(desk: Whole) -> None:
    """Each timeframe of the stack with its closed candles and its picture; then the chart is where it was."""
    await desk.data("asset/select", asset="EURUSD_otc")
    await desk.data("timeframe/select", timeframe="1m")
    told = await desk.data("topdown", 60, asset="GBPUSD_otc", timeframes=["1h", "15m", "5m", "1m"], count=30)
    assert [floor["timeframe"] for floor in told["floors"]] == ["1h", "15m", "5m", "1m"]
    for floor in told["floors"]:
        assert {candle["asset"] for candle in floor["candles"]} == {"GBPUSD_otc"}
        assert {candle["timeframe"] for candle in floor["candles"]} == {floor["timeframe"]}
        assert len(floor["candles"]) >= 20
        assert (desk.folder / floor["screenshot"]).is_file()
    assert told["restored"] is True
    shown = await desk.data("session/scan")
    assert (shown["asset"]["value"], shown["timeframe"]["value"]) == ("EURUSD_otc", "1m")


async def examination(desk: Whole) -> dict[str, Finding]:
    """What the doctor finds."""
    overrides = {key.replace("__", "."): value for key, value in desk.options.items()}
    found = load(Path("/dev/null"), overrides | {"daemon.name": NAME, "daemon.state_dir": str(desk.folder)})
    return {finding.check: finding async for finding in examined(found)}


async def test_the_doctor_looks_at_the_controls(desk: Whole) -> None:
    """Each control that is always there is found without being touched; one that is not is named."""
    findings = await examination(desk)
    assert {finding.verdict for finding in findings.values()} == {"ok"}
    assert findings["controls"].said.startswith("all ")
    await desk.js("document.querySelector('.block--expiration-inputs').className = 'something-else'")
    missing = (await examination(desk))["controls"]
    await desk.js("document.querySelector('.something-else').className = 'block block--expiration-inputs'")
    assert (missing.verdict, missing.said) == ("bad", "not found: expiry")


async def test_a_control_that_is_not_there_is_told_with_a_picture_and_then_left_alone(desk: Whole) -> None:
    """An error of the page names what was tried and a folder with a screenshot; after some the control is given up."""
    await desk.js("document.querySelector('.block--expiration-inputs').className = 'something-else'")
    answers = [await desk.send("expiry/select", expiry="5m") for _ in range(4)]
    await desk.js("document.querySelector('.something-else').className = 'block block--expiration-inputs'")
    assert [answer["code"] for answer in answers] == [*["control_missing"] * 3, "page_changed"]
    for answer in answers:
        assert answer["status"] == "error"
        assert answer["data"]["tried"]
        assert (desk.folder / answer["data"]["artifact"] / "page.png").read_bytes().startswith(b"\x89PNG")
    assert (await desk.data("health"))["page"] == {"expiry": "open"}

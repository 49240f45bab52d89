"""`qfluxd practice` as a process: its options reach the broker, and its account outlives a kill."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from qfluxd.practice.orderlog import read_orders
from tests.support.practice_orders import order
from tests.support.practice_page import Page


@asynccontextmanager
async def practising(*words: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A practice broker in a process of its own, and its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "qfluxd", "practice", *words, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/en/cabinet/demo-quick-high-low/", line)
        assert found is not None
        yield process, int(found[1])
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def page_data(port: int) -> dict[str, Any]:
    """What the trading page is given."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /en/cabinet/demo-quick-high-low/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    text = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    data: dict[str, Any] = json.loads(text.split('id="page-data">')[1].split("</script>")[0])
    return data


@asynccontextmanager
async def trading(port: int) -> AsyncIterator[Page]:
    """The page's market socket, signed in with what the page was given."""
    auth = (await page_data(port))["auth"]
    address = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
    async with connect(address, max_size=None, ping_interval=None) as socket, asyncio.TaskGroup() as tasks:
        page = Page(socket)
        await socket.recv()
        await socket.send("40")
        await socket.recv()
        listening = tasks.create_task(page.listen(), name="page")
        await page.send("auth", auth)
        await page.wait("successfavorite/change")
        yield page
        listening.cancel()


async def test_an_account_outlives_a_kill(tmp_path: Path) -> None:
    """SIGKILL right after the answer: the deal is open in the next run, its order on record, a later one behind it."""
    state = str(tmp_path / "account.json")
    async with practising("--state", state, "--balance", "70") as (process, port), trading(port) as page:
        await page.send("openOrder", order(time=3600))
        opened = await page.wait("successopenOrder")
        process.kill()
        await process.wait()
    async with practising("--state", state) as (_, port), trading(port) as page:
        assert [deal["id"] for deal in page.all("updateOpenedDeals")[0]] == [opened["id"]]
        assert page.all("successupdateBalance") == [{"isDemo": 1, "balance": 60}]
        await page.send("openOrder", order(amount=70))
        await page.wait("failopenOrder")
    refused = "there is not enough money on the account"
    seen = [(entry.deal, entry.refused) for entry in read_orders(tmp_path / "orders.jsonl")]
    assert seen == [(opened["id"], None), (None, refused)]


async def test_traps_from_the_command_line() -> None:
    """They are in the page's data, and the broker's own spring."""
    async with practising("--traps", "amount-appends,answers=doubled") as (_, port), trading(port) as page:
        traps = (await page_data(port))["traps"]
        assert (traps["amountAppends"], traps["answers"], traps["walk"]) == (True, "doubled", None)
        await page.send("openOrder", order())
        await page.wait("successopenOrder", 2)

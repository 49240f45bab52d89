"""A real Chrome of our own: it starts, shows the page, answers on its port, and leaves nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qfluxd.chrome.endpoint import find_browser
from qfluxd.chrome.launch import launched
from qfluxd.errors import Disconnected, Unavailable
from qfluxd.settings import ChromeSettings
from tests.support.lab import Lab, browser, hand
from tests.support.processes import group, wait_gone

pytestmark = pytest.mark.e2e


async def test_it_shows_the_page_and_ends_with_us(tmp_path: Path) -> None:
    """The address it was given is open; afterwards its port is closed and no process of its group lives."""
    with Lab() as lab:
        url = lab.page("/trade", "")
        async with browser(tmp_path, url) as chrome, hand(chrome.endpoint) as line:
            assert (await find_browser(chrome.endpoint)).name.split("/")[0] in ("Chrome", "HeadlessChrome")
            tabs = (await line.call("Target.getTargets"))["targetInfos"]
            assert [tab["url"] for tab in tabs if tab["type"] == "page"] == [url]
    assert (tmp_path / "chrome-profile").stat().st_mode & 0o777 == 0o700
    with pytest.raises(Disconnected):
        await find_browser(chrome.endpoint)
    for pid in group(chrome.pid):
        await wait_gone(pid)


async def test_its_port_is_not_taken_from_it(tmp_path: Path) -> None:
    """A second start on the same port names the browser that is there, which lives on; its death is noticed."""
    async with browser(tmp_path / "1") as chrome:
        settings = ChromeSettings(endpoint=chrome.endpoint, headless=True)
        with pytest.raises(Unavailable, match=r"belongs to .*Chrome/"):
            async with launched(settings, tmp_path / "2"):
                pytest.fail("started")
        await find_browser(chrome.endpoint)
        os.kill(chrome.pid, signal.SIGKILL)
        assert await chrome.wait() == -signal.SIGKILL


async def test_a_profile_in_use_is_said(tmp_path: Path) -> None:
    """Two browsers cannot have one profile; the second says so instead of waiting."""
    async with browser(tmp_path):
        with pytest.raises(Unavailable, match="profile open elsewhere"):
            async with browser(tmp_path):
                pytest.fail("started")


STARTER = """
import asyncio, sys
from pathlib import Path
from qfluxd.chrome.launch import launched
from qfluxd.observability import logs
from qfluxd.settings import ChromeSettings

async def main():
    logs.set_up("error")
    settings = ChromeSettings(endpoint=sys.argv[2], headless=True)
    async with launched(settings, Path(sys.argv[1])) as chrome:
        print(chrome.endpoint, flush=True)
        await chrome.wait()

asyncio.run(main())
"""


async def test_a_killed_run_does_not_bar_the_next_one(tmp_path: Path) -> None:
    """A Chrome whose starter was killed is ended by the next start with that profile, which gets its port."""
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTER, str(tmp_path), "http://127.0.0.1:0", stdout=subprocess.PIPE
    )
    assert run.stdout is not None
    endpoint = (await run.stdout.readline()).decode().strip()
    run.kill()
    await run.wait()
    settings = ChromeSettings(endpoint=endpoint, headless=True)
    async with launched(settings, tmp_path) as chrome:
        assert chrome.endpoint == endpoint

"""What the doctor finds of Chrome, without attaching to it: the program, its debugging port, the trading page."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from typing import Any
from urllib.request import ProxyHandler, build_opener

from qfluxd.chrome.endpoint import find_browser
from qfluxd.chrome.find import find_chrome
from qfluxd.chrome.pages import page_matcher
from qfluxd.cli.doctor.finding import Finding, bad, ok, warn
from qfluxd.config import Loaded
from qfluxd.errors import Disconnected, Unavailable
from qfluxd.settings import ChromeSettings


async def browser(found: Loaded) -> AsyncIterator[Finding]:
    """Program, port and page, in that order; the page only where the port answers."""
    pages = getattr(found.market_config, "pages", None)
    if pages is None:
        yield ok("chrome", f"the driver {found.settings.driver.name} needs none")
        return
    chrome = found.settings.chrome
    yield await asyncio.to_thread(_program, chrome)
    try:
        name = (await find_browser(chrome.endpoint)).name
    except Disconnected as problem:
        yield _absent(chrome, str(problem))
        return
    yield ok("debugging port", f"{name} answers at {chrome.endpoint}")
    yield await _page(chrome.endpoint, pages)


def _program(chrome: ChromeSettings) -> Finding:
    try:
        path = find_chrome(chrome)
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 (the browser that would be started)
    except Unavailable as problem:
        return warn("chrome", str(problem), "needed only where qfluxd starts Chrome itself")
    except (OSError, subprocess.TimeoutExpired) as problem:
        return warn("chrome", f"does not tell its version: {problem}", "start it once by hand and see what it says")
    return ok("chrome", f"{path}: {done.stdout.strip() or 'version unknown'}")


def _absent(chrome: ChromeSettings, said: str) -> Finding:
    if chrome.launch:
        return warn("debugging port", said, "the daemon starts Chrome itself; qfluxd run")
    return bad("debugging port", said, "start it with: qfluxd chrome")


async def _page(endpoint: str, pages: tuple[str, ...]) -> Finding:
    matches = page_matcher(pages)
    try:
        tabs = await asyncio.to_thread(_tabs, endpoint)
    except (OSError, ValueError) as problem:
        return bad("page", f"Chrome does not list its tabs: {problem}", "start it again")
    found = [tab for tab in tabs if tab.get("type") == "page" and matches(str(tab.get("url")))]
    if not found:
        wanted = " or ".join(pages)
        return bad("page", f"none of {len(tabs)} tabs is {wanted}", "open the trading page in that Chrome, and log in")
    said = f"{len(found)} of {len(tabs)} tabs: {str(found[0]['url']).partition('?')[0]}"
    return ok("page", said) if len(found) == 1 else warn("page", said, "close all but one; the newest is followed")


async def trading_tabs(found: Loaded) -> list[dict[str, Any]]:
    """The tabs that hold a trading page, newest first; none where Chrome does not answer or the driver needs none."""
    pages = getattr(found.market_config, "pages", None)
    if pages is None:
        return []
    matches = page_matcher(pages)
    try:
        tabs = await asyncio.to_thread(_tabs, found.settings.chrome.endpoint)
    except (OSError, ValueError):
        return []
    return [tab for tab in tabs if tab.get("type") == "page" and matches(str(tab.get("url")))]


def _tabs(endpoint: str) -> list[dict[str, Any]]:
    opener = build_opener(ProxyHandler({}))
    with opener.open(f"{endpoint}/json/list", timeout=3) as answer:
        tabs: list[dict[str, Any]] = json.load(answer)
    return tabs

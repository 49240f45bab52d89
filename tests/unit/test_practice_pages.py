"""The practice broker's pages over HTTP."""

import json
import re
from importlib.resources import files

import pytest

from qfluxd.practice.server import PracticeOptions, serve
from tests.support.practice_page import fetch, open_page, signed_in

DEMO = "/en/cabinet/demo-quick-high-low/"
REAL = "/en/cabinet/quick-high-low/"


async def test_each_account_has_its_page() -> None:
    """Address, body class, label, balance class and the session in it differ between demo and real."""
    async with serve() as practice:
        _, _, demo = await fetch(practice, DEMO)
        _, _, real = await fetch(practice, REAL)
    assert 'class="is-chart-demo"' in demo
    assert "js-balance-demo" in demo
    assert 'class="balance-info-block__label">QT Demo' in demo
    assert "is-chart-demo" not in real
    assert 'class="balance-info-block__label">QT Real' in real
    assert 'data-hd-show="250.00"' in real


async def test_the_page_says_practice_and_names_no_broker() -> None:
    """PRACTICE is written on the trading page and on the login page, and nobody else's name."""
    async with serve() as practice:
        pages = [(await fetch(practice, path))[2] for path in (DEMO, "/en/login/")]
    assert all("PRACTICE" in page for page in pages)
    assert not any(re.search("pocket ?option", page, re.IGNORECASE) for page in pages)


async def test_the_page_holds_what_it_needs_to_sign_in() -> None:
    """The data in the page opens the market socket."""
    async with serve() as practice:
        _, _, page = await fetch(practice, DEMO)
        data = json.loads(re.findall(r'id="page-data">(.*?)</script>', page)[0])
        async with open_page(practice) as socket:
            await socket.send("auth", data["auth"])
            await socket.wait("successauth")


async def test_who_is_logged_out_gets_the_login_page() -> None:
    """The trading page leads to the login page; its form logs in; the logout link logs out."""
    async with serve(PracticeOptions(logged_in=False)) as practice:
        assert (await fetch(practice, DEMO))[:2] == (303, (await fetch(practice, "/"))[1])
        assert (await fetch(practice, DEMO))[1]["location"] == "/en/login/"
        assert "login__form" in (await fetch(practice, "/en/login/"))[2]
        assert (await fetch(practice, "/en/login/", "POST"))[1]["location"] == DEMO
        assert (await fetch(practice, DEMO))[0] == 200
        await fetch(practice, "/en/logout/")
        assert (await fetch(practice, DEMO))[0] == 303


async def test_logging_out_ends_the_session() -> None:
    """The market socket hears NotAuthorized, and the page is gone until someone logs in."""
    async with serve() as practice:
        async with signed_in(practice) as page:
            await practice.log_out()
            await page.wait("NotAuthorized")
        assert (await fetch(practice, DEMO))[0] == 303
        practice.log_in()
        assert (await fetch(practice, DEMO))[0] == 200


@pytest.mark.parametrize("path", ["/nothing", "/static/nothing.js", "/static/../cabinet.html", "/static/%2e%2e/x"])
async def test_only_its_own_files_are_served(path: str) -> None:
    """Anything else is not found."""
    async with serve() as practice:
        assert (await fetch(practice, path))[0] == 404


async def test_the_bundle_comes_with_its_licences() -> None:
    """The page's script and style are served; the notices name what is inside the bundle."""
    async with serve() as practice:
        status, headers, _ = await fetch(practice, "/static/practice.js")
        assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert (await fetch(practice, "/static/practice.css"))[0] == 200
        notices = (await fetch(practice, "/static/THIRD-PARTY-NOTICES.txt"))[2]
    assert all(name in notices for name in ("socket.io-client", "engine.io-client", "socket.io-parser", "MIT"))


def test_the_lock_file_names_no_registry() -> None:
    """Whoever builds the page uses the registry of their own choice."""
    lock = files("qfluxd.practice").joinpath("page/package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert "://" not in lock


@pytest.mark.parametrize("path", ["/", "/cabinet/", "/en/cabinet"])
async def test_the_front_door_leads_to_the_demo_account(path: str) -> None:
    """An address that names no account leads to one that does, as the page's address is a witness of it."""
    async with serve() as practice:
        status, headers, _ = await fetch(practice, path)
    assert (status, headers["location"]) == (303, DEMO)

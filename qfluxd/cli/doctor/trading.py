"""What the doctor finds of trading: the journal, the switch, and the controls of the page, none of them touched."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from qfluxd.cli.doctor.browser import trading_tabs
from qfluxd.cli.doctor.finding import Finding, bad, ok, warn
from qfluxd.config import Loaded
from qfluxd.errors import DataError, Disconnected, Unavailable
from qfluxd.trading.journal import Reader, read_journal

_LOOK_BACK = 200
"""Trades; what is in doubt is rarely older."""


def journal(state_dir: Path) -> Iterator[Finding]:
    """Whether the journal can be read, whether something in it is in doubt, and whether orders are let through."""
    try:
        with read_journal(state_dir) as reader:
            yield _trades(reader)
            yield _switch(reader)
    except DataError as problem:
        yield bad("journal", *_parted(problem))
    except Unavailable as problem:
        yield ok("journal", str(problem).partition(";")[0])


def _parted(problem: Exception) -> tuple[str, str]:
    said, _, remedy = str(problem).partition("; ")
    return said, remedy or "see docs/trading.md"


def _trades(reader: Reader) -> Finding:
    trades = reader.trades(_LOOK_BACK)
    doubtful = [trade for trade in trades if trade.in_doubt]
    going = sum(not trade.over for trade in trades)
    said = f"{len(trades)}{' or more' if len(trades) == _LOOK_BACK else ''} trades, {going} not over"
    if doubtful:
        return warn(
            "journal",
            f"{said}, {len(doubtful)} in doubt",
            f"qfluxd trades show {doubtful[0].id}, and look at the broker",
        )
    return ok("journal", said)


def _switch(reader: Reader) -> Finding:
    switch = reader.switch()
    said = f"{switch.state}: {switch.reason}" if switch.reason else switch.state
    if switch.state == "active":
        return ok("trading", said)
    return warn("trading", said, "qfluxd send trading/resume reason=…, when all is well")


async def controls(found: Loaded) -> AsyncIterator[Finding]:
    """Whether each control that is always on the page is found, and by which of its selectors."""
    wanted: tuple[Any, ...] = getattr(found.driver, "CONTROLS", ())
    tabs = await trading_tabs(found)
    if not wanted or not tabs:
        return
    from qfluxd.chrome.page import NotDone, open_hand  # what works a page is loaded only where there is one

    try:
        async with open_hand(found.settings.chrome.endpoint, tabs[0]["id"]) as hand:
            seen = {control.name: (control, await hand.find(control.selectors)) for control in wanted}
    except (Disconnected, NotDone) as problem:
        yield warn("controls", f"the page cannot be looked at: {problem}", "reload it")
        return
    missing = [name for name, (_, match) in seen.items() if match is None]
    weak = [name for name, (control, match) in seen.items() if match and match.selector != control.selectors[0]]
    if missing:
        yield bad(
            "controls",
            f"not found: {', '.join(missing)}",
            "is the trading page open and loaded, with its panel in sight?",
        )
    elif weak:
        yield warn("controls", f"found by another way than the best: {', '.join(weak)}", "look for a newer qfluxd")
    else:
        yield ok("controls", f"all {len(seen)} are found")

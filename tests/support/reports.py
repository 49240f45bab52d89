"""Results of backtests without a backtest, and what a page consists of, for tests of reports."""

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import polars as pl

from qfluxd.model import DAY
from qfluxd.research.audits.finding import Finding, write_findings
from qfluxd.research.backtest import Backtest, planned
from qfluxd.research.backtest.result import DataUsed, Result
from qfluxd.research.backtest.table import REFUSALS
from qfluxd.research.report.material import Arm, Material, Origin
from tests.support.trades import START

SETTINGS: Final = Backtest(plans=(planned("rsi_reversal", name="rsi"),), payout=85)
HASH: Final = "5f" * 32
VOID: Final = frozenset({"br", "col", "hr", "link", "meta", "wbr"})

FINDINGS: Final = (
    Finding("look_ahead", "ok", "cut at 40 candles, it gave the same answers", {"plan": "rsi", "cuts": 40}),
    Finding(
        "fragility",
        "note",
        "what it earns is lost 1000 ms later",
        {
            "plan": "rsi",
            "unit_profits": [
                ["as it is", 0.047],
                ["100 ms later", 0.041],
                ["1000 ms later", -0.02],
                ["one candle later", -0.01],
                ["payout 5 points lower", 0.02],
            ],
        },
    ),
    Finding(
        "shuffled",
        "ok",
        "chance does as well in 2.5 of 100 cases at most",
        {"plan": "rsi", "unit_profit": 0.047, "unit_profits": [number / 1000 - 0.1 for number in range(39)]},
    ),
    Finding(
        "neighbours",
        "ok",
        "it does not hang on the very numbers",
        {"plan": "rsi", "unit_profit": 0.047, "neighbours": [["length=13", 0.04], ["length=15", -0.01]]},
    ),
)


def result_of(trades: pl.DataFrame, *, plans: Sequence[str] = ("rsi",), place: str = "data") -> Result:
    """A result with these trades."""
    refused = pl.DataFrame([(plans[0], "payout_low", 20)], schema=REFUSALS, orient="row")
    return Result(
        trades=trades,
        refusals=refused,
        signals=dict.fromkeys(plans, trades.height + 20),
        dataset=DataUsed(HASH, place, ("EURUSD_otc",), START, START + 30 * DAY, "ticks"),
        engine="vector",
        settings=SETTINGS.plain(),
        versions={"qfluxd": "0.1.0", "polars": "2.1.0"},
    )


def result_folder(folder: Path, trades: pl.DataFrame, *, plans: Sequence[str] = ("rsi",), place: str = "data") -> Path:
    """The same on disk, audited."""
    result_of(trades, plans=plans, place=place).write(folder)
    write_findings(folder, FINDINGS)
    return folder


def material_of(*arms: Arm, tried: int | None = None) -> Material:
    """What a report is made from, with an origin."""
    origin = Origin(
        "How to have this again", {"data hash": HASH}, "qfluxd backtest …", {"seed": 1}, {"qfluxd": "0.1.0"}
    )
    return Material(arms, (origin,), tried)


class Seen(HTMLParser):
    """What a reader of HTML finds on a page: every element with its attributes, ids, and all text.

    The promise: `unclosed` is empty where every element is closed by its own end.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.unclosed: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such element."""
        return [attributes for name, attributes in self.elements if name == tag]

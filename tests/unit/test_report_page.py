"""The whole report: what is in it, that nothing is loaded, that names stay names, that it stays small."""

import re
from dataclasses import replace

import polars as pl
import pytest

from qfluxd.research.audits.finding import Figure, Finding
from qfluxd.research.backtest.table import TRADES
from qfluxd.research.report.material import Arm, Material, Origin
from qfluxd.research.report.page import MOST, page
from tests.support.reports import FINDINGS, Seen, material_of
from tests.support.trades import made_trades

ARM = Arm("rsi", "backtest", made_trades(2000, rate=0.56, days=50), {"payout_low": 20}, 2020, findings=FINDINGS)
PAGE = page(material_of(ARM))
SEVERAL = page(
    material_of(ARM, Arm("b", "shadow", made_trades(300, seed=5)), Arm("empty", "live", made_trades(0)), tried=12)
)
EVIL = "<script>alert(1)</script>'\"><img src=http://evil.example/x onerror=alert(1)>\x00\u202e"

EDGES = {
    "no trade": made_trades(0),
    "one trade": made_trades(1, ties=0, unknown=0),
    "two trades": made_trades(2, ties=0, unknown=0),
    "all ties": made_trades(60, ties=1, unknown=0),
    "all won": made_trades(90, rate=1, ties=0, unknown=0),
    "all lost": made_trades(90, rate=0, ties=0, unknown=0),
    "nobody knows": made_trades(60, unknown=1),
    "unknown payouts": made_trades(200, payouts=(None,)),
    "some payouts": made_trades(200, payouts=(None, 80)),
    "a payout of nothing": made_trades(200, payouts=(0,)),
    "one hour": made_trades(300, days=1 / 24),
    "one moment": made_trades(40).with_columns(
        pl.lit(made_trades(1)[name][0]).alias(name) for name in ("signalled", "opened", "closes")
    ),
    "six years": made_trades(3000, days=2200, payouts=range(30, 95)),
    "not entered": made_trades(50).with_columns(
        pl.lit("not_filled").alias("outcome"), *(pl.lit(None).alias(name) for name in ("opened", "closes", "profit"))
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_edges(name: str) -> None:
    """Whatever the trades are, there is a whole page with a verdict and no number that is none."""
    seen = Seen(page(material_of(Arm("a", "backtest", EDGES[name].cast(TRADES)))))
    assert seen.unclosed == []
    assert len(seen.named("h1")) == 1
    assert not re.search(r"\bnan\b|\binf\b|None", seen.text)


def test_the_answer_comes_first() -> None:
    """Before anything else stands the verdict, and it is the page's title too."""
    seen = Seen(PAGE)
    order = [name for name, _ in seen.elements if name in ("h1", "h2", "table", "svg", "dl")]
    assert order[0] == "h1"
    assert seen.text.count("rsi beats break-even here.") == 2


def test_no_trade_is_no_trade_of_one_kind() -> None:
    """Where nothing was traded nothing is said of the assets and sides of trades."""
    nothing = page(material_of(Arm("empty", "backtest", made_trades(0))))
    assert "No trade came out, so that there is nothing to part." in nothing
    assert "All of one asset" not in nothing
    assert "All of one asset" in page(material_of(Arm("one", "backtest", made_trades(1, ties=0, unknown=0))))


def test_everything_is_in_it() -> None:
    """Every part that a reader needs has its heading, and every plot its sentence."""
    seen = Seen(PAGE)
    for part in (
        "What was looked into",
        "Profit over time",
        "Drawdown",
        "Win rate over time",
        "What payouts ask for",
        "What delay costs",
        "Against chance",
        "Options a little other",
        "By payout",
        "By month",
        "By side",
        "By day",
        "By hour of the week",
        "Turned down",
        "payout_low",
        "qfluxd backtest …",
        "data hash",
        "qfluxd 0.1.0",
        "Everything that was set",
        "The words",
        "nine in ten resampled histories",
    ):
        assert part in seen.text, part
    assert len(seen.named("svg")) == 7


def test_no_rate_without_what_it_has_to_beat() -> None:
    """The win rate stands beside its interval, its break-even and its number of trades, first of all figures."""
    summary = ARM.summary
    text = Seen(PAGE).text.replace("\u00a0", " ")
    assert summary.rate is not None
    assert summary.break_even is not None
    low, high = summary.interval
    told = f"won: {100 * summary.rate:.1f} % ({100 * low:.1f} … {100 * high:.1f} %)"
    assert f"{told}, break-even is {100 * summary.break_even:.1f} %" in text
    assert f"{summary.won + summary.lost:,}" in text


def test_nothing_is_loaded() -> None:
    """No address, no script, no file beside it; the browser itself is told to load nothing."""
    seen = Seen(PAGE)
    assert "http" not in PAGE.replace('http-equiv="Content-Security-Policy"', "")
    assert not {"script", "img", "iframe", "object", "embed", "form", "a"} & {name for name, _ in seen.elements}
    assert "@import" not in PAGE
    assert re.findall(r"url\(([^)]*)\)", PAGE) == []
    assert [link["href"] for link in seen.named("link")] == ["data:,"]
    policy = next(meta["content"] for meta in seen.named("meta") if meta.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_the_same_every_time() -> None:
    """The same trades give the same text, to the letter."""
    again = replace(ARM, trades=ARM.trades.clone())
    assert page(material_of(again)) == PAGE


def test_ids_are_unique() -> None:
    """No two elements share an id, and everything that is pointed to is there."""
    seen = Seen(SEVERAL)
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) > 0
    pointed = {part for _, each in seen.elements for part in (each.get("aria-labelledby") or "").split()}
    assert pointed <= set(ids)


def test_tables_can_be_read_out() -> None:
    """Every table of data has a caption and headings that say what they head."""
    seen = Seen(PAGE)
    tables = [each for each in seen.named("table") if each.get("class") != "pairs"]
    assert len(seen.named("caption")) == len(tables)
    assert all(heading.get("scope") in ("row", "col") for heading in seen.named("th"))


def test_hostile_names() -> None:
    """Names of strategies, assets, codes, audits, settings and commands are text, whatever they hold."""
    trades = made_trades(80).with_columns(pl.lit(EVIL).alias("asset"), pl.lit(EVIL).alias("plan"))
    trades = pl.concat([trades, made_trades(80)])
    finding = Finding(EVIL, "note", EVIL, {EVIL: EVIL, "plan": EVIL, "list": [EVIL, [EVIL, 1.0]]})
    latency = Finding(
        "fragility", "ok", EVIL, {"unit_profits": [["as it is", 0.1], ["100 ms later", 0.1], [EVIL, 0.1]]}
    )
    arm = Arm(EVIL, EVIL, trades, {EVIL: 3}, findings=(finding, latency))
    origin = Origin(EVIL, {EVIL: EVIL}, EVIL, {EVIL: [EVIL]}, {EVIL: EVIL})
    text = page(Material((arm, replace(arm, name="b")), (origin,), notes=(EVIL,)))
    seen, harmless = Seen(text), Seen(PAGE)
    assert seen.unclosed == []
    assert {name for name, _ in seen.elements} - {name for name, _ in harmless.elements} <= {
        "details",
        "summary",
        "wbr",
    }
    assert not any(key.startswith("on") for _, attributes in seen.elements for key in attributes)
    assert not {"src", "href"} & {
        key for name, attributes in seen.elements if name not in ("link", "use") for key in attributes
    }
    assert "\x00" not in text
    assert "\u202e" not in text


def test_figures_that_are_none_make_no_plot() -> None:
    """Findings whose figures are of another shape are listed, and nothing is drawn of them."""
    shapes: tuple[dict[str, Figure], ...] = (
        {},
        {"unit_profits": "x", "unit_profit": "y", "neighbours": 3},
        {"unit_profits": [["a"]]},
    )
    odd = tuple(Finding(name, "ok", "odd", each) for name in ("fragility", "shuffled", "neighbours") for each in shapes)
    assert len(Seen(page(material_of(replace(ARM, findings=odd)))).named("svg")) == 4


def test_no_audit_is_told() -> None:
    """Trades that nobody has audited say so."""
    bare = replace(ARM, findings=(), trades=made_trades(2))
    assert "Nobody has audited these trades" in page(material_of(bare))
    assert "made as time went by" in page(material_of(replace(bare, as_it_came=True)))


def test_bad_audits_stand_first() -> None:
    """In the list, what is bad comes before notes, and notes before what is well."""
    bad = Finding("determinism", "bad", "it draws lots", {})
    seen = Seen(page(material_of(replace(ARM, findings=(*FINDINGS, bad)))))
    badges = [each["class"] for each in seen.named("span") if "badge" in (each.get("class") or "")]
    assert badges[:2] == ["badge bad", "badge note"]


def test_several_side_by_side() -> None:
    """Each strategy has its row with a mark for its rate and one for break-even, and its own part below."""
    seen = Seen(SEVERAL)
    assert "Side by side" in seen.text
    assert "12 were tried on these data" in seen.text
    assert [each.get("class") for each in seen.named("section")].count("arm") == 3
    rulers = [each for each in seen.named("span") if each.get("class") == "ruler"]
    assert len(rulers) == 4
    assert all(each["aria-hidden"] == "true" for each in rulers)


def test_many_strategies_stay_small() -> None:
    """Of more than `MOST` strategies all are compared, the first ones are shown in full, and the rest is told."""
    small = Arm("s", "backtest", made_trades(2))
    seen = Seen(page(material_of(*(replace(small, name=f"s{number}") for number in range(MOST + 3)))))
    assert [each.get("class") for each in seen.named("section")].count("arm") == MOST
    assert "3 more strategies in the table above" in seen.text
    assert f"s{MOST + 2}" in seen.text


def test_two_hundred_thousand_trades() -> None:
    """So many trades over two years come to a file of much less than 3 MB."""
    day = made_trades(20_000, days=70)
    times = ("signalled", "opened", "closes")
    later = [day.with_columns(pl.col(name) + pl.duration(days=70 * number) for name in times) for number in range(10)]
    text = page(material_of(Arm("a", "backtest", pl.concat(later))))
    assert len(text.encode()) < 300_000

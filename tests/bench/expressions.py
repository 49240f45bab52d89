"""Ten of the strategies that come with qfluxd, written for polars: the rival of the bench of the desk.

They have the default options and say what the built-in ones say, row for row (the bench counts where they do not). A
rule is some steps that add columns, made once, and an answer; polars gets all of a rule as one lazy query, so that it
may work on its expressions side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import polars as pl

from qfluxd.model import MINUTE, Millis, timeframe_name
from qfluxd.strategies.indicators import ROUNDING, ema_warmup, wilder_warmup

type Columns = dict[str, pl.Expr]

CLOSE = pl.col("close")
HIGHER: tuple[Millis, ...] = (5 * MINUTE, 15 * MINUTE)


@dataclass(frozen=True)
class Rule:
    """One strategy: columns that are added step by step, each from those before, and the answer from all of them."""

    steps: tuple[Columns, ...]
    answer: Columns

    def asked(self, candles: pl.LazyFrame, over: str | None = None) -> pl.LazyFrame:
        """The query for its answer; `over` names a column by which candles are told apart."""
        for step in self.steps:
            candles = candles.with_columns(**_over(step, over))
        return candles.select(**_over(self.answer, over))


def _over(columns: Columns, name: str | None) -> Columns:
    return columns if name is None else {word: column.over(name) for word, column in columns.items()}


def answer(call: pl.Expr, put: pl.Expr, confidence: pl.Expr, warmup: int, **reasons: pl.Expr) -> Columns:
    """The columns that every answer has."""
    said = call.fill_null(False).cast(pl.Int8) - put.fill_null(False).cast(pl.Int8)
    side = pl.when(pl.int_range(pl.len()) < warmup - 1).then(0).otherwise(said).cast(pl.Int8)
    sure = confidence.fill_nan(None).clip(0.0, 1.0).fill_null(0.0)
    return {"side": side, "confidence": sure, "expiry": pl.lit(MINUTE, pl.Int64), **reasons}


def ema(column: str | pl.Expr, period: int) -> pl.Expr:
    """Begun with the first value, as ours."""
    return (pl.col(column) if isinstance(column, str) else column).ewm_mean(span=period, adjust=False)


def efficiency(period: int) -> pl.Expr:
    """Kaufman's ratio."""
    return (CLOSE - CLOSE.shift(period)).abs() / CLOSE.diff().abs().rolling_sum(period)


def sides(gap: str, size: str | float, to: str = "") -> Columns:
    """Where a column is above and below, blind to rounding."""
    least = (pl.col(size) if isinstance(size, str) else pl.lit(size)) * ROUNDING
    return {f"above{to}": pl.col(gap) > least, f"below{to}": pl.col(gap) < -least}


def new(column: str) -> pl.Expr:
    """Where it has become so."""
    return pl.col(column) & ~pl.col(column).shift(1)


def sma_cross() -> Rule:
    """Simple averages of 10 and 30."""
    fast, slow = CLOSE.rolling_mean(10), CLOSE.rolling_mean(30)
    steps = ({"fast": fast, "slow": slow}, {"gap": pl.col("fast") - pl.col("slow")}, sides("gap", "slow"))
    said = answer(new("above"), new("below"), efficiency(30), 31, fast=pl.col("fast"), slow=pl.col("slow"))
    return Rule(steps, said)


def ema_cross() -> Rule:
    """Exponential averages of 9 and 21."""
    fast, slow = ema("close", 9), ema("close", 21)
    steps = ({"fast": fast, "slow": slow}, {"gap": pl.col("fast") - pl.col("slow")}, sides("gap", "slow"))
    warmup = ema_warmup(21) + 1
    said = answer(new("above"), new("below"), efficiency(21), warmup, fast=pl.col("fast"), slow=pl.col("slow"))
    return Rule(steps, said)


def rsi_reversal() -> Rule:
    """Wilder's index of 14, back from 30 and 70."""
    move = CLOSE.diff().fill_null(0.0)
    up, down = (part.ewm_mean(alpha=1 / 14, adjust=False) for part in (move.clip(0.0), (-move).clip(0.0)))
    both = pl.col("up") + pl.col("down")
    index = pl.when(both > 0).then(100 * pl.col("up") / both).otherwise(50.0)
    gaps = {"lower": pl.col("rsi") - 30, "upper": pl.col("rsi") - 70, "was": pl.col("rsi").shift(1)}
    steps = ({"up": up, "down": down}, {"rsi": index}, gaps, sides("lower", 30.0) | sides("upper", 70.0, "_upper"))
    sure = pl.max_horizontal((30 - pl.col("was")) / 30, (pl.col("was") - 70) / 30)
    return Rule(steps, answer(new("above"), new("below_upper"), sure, wilder_warmup(14) + 1, rsi=pl.col("rsi")))


def macd() -> Rule:
    """12, 26 and 9."""
    line = {"macd": ema("close", 12) - ema("close", 26)}
    steps = (
        line,
        {"signal": ema("macd", 9)},
        {"gap": pl.col("macd") - pl.col("signal")},
        sides("gap", "close"),
    )
    warmup = ema_warmup(26) + ema_warmup(9) + 1
    reasons = {name: pl.col(name) for name in ("macd", "signal")}
    return Rule(steps, answer(new("above"), new("below"), efficiency(26), warmup, **reasons))


def bollinger_reversal() -> Rule:
    """Two deviations of 20."""
    known = {"mean": CLOSE.rolling_mean(20), "deviation": CLOSE.rolling_std(20, ddof=0)}
    score = pl.when(pl.col("deviation") > 0).then((CLOSE - pl.col("mean")) / pl.col("deviation")).otherwise(0.0)
    gaps = {"lower": pl.col("score") + 2, "upper": pl.col("score") - 2}
    steps = (known, {"score": score}, gaps, sides("lower", 2.0) | sides("upper", 2.0, "_upper"))
    sure = pl.col("score").shift(1).abs() / 2 - 1
    return Rule(steps, answer(new("above"), new("below_upper"), sure, 21, score=pl.col("score")))


def stochastic() -> Rule:
    """14, 3 and 3, at 20 and 80."""
    lowest = pl.col("low").rolling_min(14)
    known = {"lowest": lowest, "size": pl.col("high").rolling_max(14) - lowest}
    place = pl.when(pl.col("size") > 0).then(100 * (CLOSE - pl.col("lowest")) / pl.col("size")).otherwise(50.0)
    k, d = pl.col("k"), pl.col("d")
    averages = ({"k": place.rolling_mean(3)}, {"d": k.rolling_mean(3)})
    edges = {"gap": k - d, "is_low": pl.max_horizontal(k, d) < 20, "is_high": pl.min_horizontal(k, d) > 80}
    sure = pl.max_horizontal((20 - d) / 20, (d - 80) / 20)
    over, under = new("above") & pl.col("is_low"), new("below") & pl.col("is_high")
    return Rule((known, *averages, edges, sides("gap", 100.0)), answer(over, under, sure, 19, k=k, d=d))


def candle_patterns() -> Rule:
    """The five default patterns by TA-Lib's rules."""
    open_, high, low = pl.col("open"), pl.col("high"), pl.col("low")
    body, whole, top, bottom = (pl.col(name) for name in ("body", "whole", "top", "bottom"))
    shapes = {
        "body": (CLOSE - open_).abs(),
        "whole": high - low,
        "top": pl.max_horizontal(open_, CLOSE),
        "bottom": pl.min_horizontal(open_, CLOSE),
        "color": pl.when(open_ <= CLOSE).then(1).otherwise(-1),
    }
    means = {
        "usual": body.rolling_mean(10).shift(1),
        "near": whole.rolling_mean(5).shift(1) * 0.2,
        "least": whole.rolling_mean(10).shift(1) * 0.1,
        "upper": high - top,
        "lower": bottom - low,
    }
    small, upper, lower = body < pl.col("usual"), pl.col("upper"), pl.col("lower")
    hammer = small & (lower > body) & (upper < pl.col("least")) & (bottom <= (low + pl.col("near")).shift(1))
    star = small & (upper > body) & (lower < pl.col("least")) & (bottom > top.shift(1))
    seen = {
        "engulfing": _engulfing(),
        "hammer": hammer.cast(pl.Int8),
        "shooting_star": -star.cast(pl.Int8),
        "morning_star": _star(1),
        "evening_star": _star(-1),
    }
    surplus = {"surplus": pl.sum_horizontal(*seen)}
    sure = 1.0 - 0.5 ** pl.col("surplus").abs().cast(pl.Float64)
    reasons = {name: pl.col(name).cast(pl.Float64) for name in seen}
    said = answer(pl.col("surplus") > 0, pl.col("surplus") < 0, sure, 13, **reasons)
    return Rule((shapes, means, seen, surplus), said)


def _engulfing() -> pl.Expr:
    top, bottom, color = (pl.col(name) for name in ("top", "bottom", "color"))
    over, under = top >= top.shift(1), bottom <= bottom.shift(1)
    larger = over & under & ((top > top.shift(1)) | (bottom < bottom.shift(1)))
    return pl.when(larger & (color != color.shift(1))).then(color).otherwise(0)


def _star(side: int) -> pl.Expr:
    """A long candle, a short one beyond its body, and a third that comes back by three tenths of it."""
    body, usual, top, bottom, color = (pl.col(name) for name in ("body", "usual", "top", "bottom", "color"))
    long_, short = body.shift(2) > usual.shift(2), body.shift(1) <= usual.shift(1)
    gap = top.shift(1) < bottom.shift(2) if side > 0 else bottom.shift(1) > top.shift(2)
    first = bottom.shift(2) if side > 0 else top.shift(2)
    back = (CLOSE - first) * side > body.shift(2) * 0.3
    found = long_ & (color.shift(2) == -side) & short & gap & (body > usual) & (color == side) & back
    return found.cast(pl.Int8) * side


def donchian_breakout() -> Rule:
    """The channel of 20."""
    edges = {"upper": pl.col("high").rolling_max(20).shift(1), "lower": pl.col("low").rolling_min(20).shift(1)}
    gaps = {"over": CLOSE - pl.col("upper"), "under": CLOSE - pl.col("lower")}
    steps = (edges, gaps, sides("over", "upper") | sides("under", "lower", "_lower"))
    reasons = {name: pl.col(name) for name in edges}
    return Rule(steps, answer(new("above"), new("below_lower"), efficiency(20), 22, **reasons))


def topdown() -> Rule:
    """1m, 5m and 15m agree, by averages of 21; the longer ones are there as columns (`beside`)."""
    names = [timeframe_name(length) for length in (MINUTE, *HIGHER)]
    trends, straight = ([pl.col(f"{word}_{name}") for name in names] for word in ("trend", "straight"))
    mean = {"mean": reduce(lambda one, other: one + other, trends) / 3}
    agreed = {"agreed": pl.when(pl.col("mean").abs() == 1).then(pl.col("mean")).otherwise(pl.col("mean") * 0)}
    was = pl.col("agreed").shift(1)
    call, put = ((pl.col("agreed") != was) & was.is_not_null() & (pl.col("agreed") == sign) for sign in (1, -1))
    sure = reduce(lambda one, other: one + other, straight) / 3
    reasons = {f"trend_{name}": trend for name, trend in zip(names, trends, strict=True)}
    return Rule((*_trend("1m"), mean, agreed), answer(call, put, sure, ema_warmup(21) + 4, **reasons))


def _trend(name: str) -> tuple[Columns, ...]:
    average, lead, rise, least = pl.col("average"), pl.col("lead"), pl.col("rise"), CLOSE * ROUNDING
    up, down = pl.min_horizontal(lead, rise) > least, pl.max_horizontal(lead, rise) < -least
    trend = pl.when(pl.int_range(pl.len()) >= ema_warmup(21) + 2).then(up.cast(pl.Float64) - down.cast(pl.Float64))
    return (
        {"average": ema("close", 21)},
        {"lead": CLOSE - average, "rise": average - average.shift(3)},
        {f"trend_{name}": trend, f"straight_{name}": efficiency(21)},
    )


def beside(candles: pl.LazyFrame, higher: Mapping[Millis, pl.DataFrame], over: str | None = None) -> pl.LazyFrame:
    """The candles with the trends of longer timeframes as of their close."""
    candles = candles.with_columns(end=pl.col("at").dt.offset_by("1m"))
    for length in HIGHER:
        name = timeframe_name(length)
        kept = ["end", f"trend_{name}", f"straight_{name}", *([] if over is None else [over])]
        columns = {"end": pl.col("at").dt.offset_by(name), **{word: pl.col(word) for word in kept[1:]}}
        longer = Rule(_trend(name), columns).asked(higher[length].lazy(), over)
        candles = candles.join_asof(longer, on="end", by=over, check_sortedness=over is None)
    return candles


def confluence() -> Rule:
    """EMA cross, MACD and Donchian breakout; a vote stands for 3 candles."""
    voters = {rule.__name__: rule() for rule in (ema_cross, macd, donchian_breakout)}
    steps: list[Columns] = []
    for name, voter in voters.items():
        steps += [*voter.steps, {f"side_{name}": voter.answer["side"]}]
    said = {name: pl.col(f"side_{name}") for name in voters}
    votes = {f"vote_{name}": _standing(side) for name, side in said.items()}
    steps += [votes, {"score": pl.sum_horizontal(*votes) / 3}]
    new_call, new_put = (pl.any_horizontal(side == sign for side in said.values()) for sign in (1, -1))
    score, enough, warmup = pl.col("score"), 0.5 - 1e-9, ema_warmup(26) + ema_warmup(9) + 3
    call, put = (score >= enough) & new_call, (score <= -enough) & new_put
    reasons = {name: pl.col(name) for name in ("score", *votes)}
    return Rule(tuple(steps), answer(call, put, score.abs(), warmup, **reasons))


def _standing(side: pl.Expr) -> pl.Expr:
    return pl.when(side != 0).then(side).forward_fill(2).fill_null(0).cast(pl.Float64)


RULES: Mapping[str, Rule] = {
    make.__name__: make()
    for make in (
        *(sma_cross, ema_cross, rsi_reversal, macd, bollinger_reversal, stochastic),
        *(candle_patterns, donchian_breakout, topdown, confluence),
    )
}


def asked(
    name: str, candles: pl.DataFrame, higher: Mapping[Millis, pl.DataFrame], over: str | None = None
) -> pl.LazyFrame:
    """The query for the answer of one of the rules."""
    own = candles.lazy()
    return RULES[name].asked(beside(own, higher, over) if name == "topdown" else own, over)


def answered(query: pl.LazyFrame) -> pl.DataFrame:
    """Ask it in the way that is quickest for so few rows: in memory, and without thinking it over first."""
    return query.collect(engine="in-memory", optimizations=pl.QueryOptFlags.none())

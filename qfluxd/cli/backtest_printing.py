"""What `backtest` prints: trades, how sure they make one, what was turned down, and how to find it all again."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qfluxd.cli.printing import put, put_table, put_wrapped, when

if TYPE_CHECKING:
    from qfluxd.evidence import Summary
    from qfluxd.research.audits import Finding
    from qfluxd.research.backtest import Result

_UNKNOWN = ("unknown", "", "")
_HEAD = ("plan", "signals", "trades", "won", "lost", "tie", "unknown", "not filled", "profit", "of stakes", "drawdown")
_UNDER = (("tie", "unknown", "not filled"), ("signals",), ("drawdown",), ("won", "lost"))


def tell(result: "Result", findings: "tuple[Finding, ...] | None", notes: Sequence[str]) -> None:
    """For people; `notes` are sentences to be told below the verdicts."""
    from qfluxd.cli.auditing import put_findings

    used, plans = result.dataset, list(result.signals)
    put_wrapped(f"{used.place}: {', '.join(used.assets)}, {_stretch(result)}, trades settled by {used.prices}")
    put("")
    rows = [*plans, None] if len(plans) > 1 else plans
    put_table((_row(result, plan) for plan in rows), _HEAD, _UNDER)
    put("")
    for line in _verdicts(result, findings or ()):
        put_wrapped(line)
    for line in (*notes, *_refused(result), *_notes(result)):
        put_wrapped(line)
    if findings is not None:
        put("")
        put_findings(findings)
    put("")
    put(f"data hash    {used.hash}\nfingerprint  {result.fingerprint}")


def _verdicts(result: "Result", findings: "tuple[Finding, ...]") -> Iterator[str]:
    """What each plan is worth; that it is not to be believed comes before what it seems to be."""
    for plan in result.signals:
        bad = [each.name for each in findings if each.level == "bad" and each.figures["plan"] == plan]
        if bad:
            yield f"What {plan} shows is not to be believed, see below ({', '.join(bad)})."
        yield f"{plan} {result.summary(plan).verdict}."


def plain(result: "Result", findings: "tuple[Finding, ...] | None", is_same: bool | None) -> dict[str, Any]:
    """For programs."""
    import msgspec

    summaries = {plan: msgspec.to_builtins(result.summary(plan)) for plan in result.signals}
    drawdown = {plan: _drawdown(result, plan) for plan in result.signals}
    return result.plain() | {
        "trades": result.trades.height,
        "summary": summaries,
        "drawdown": drawdown,
        "audits": None if findings is None else [msgspec.to_builtins(each) for each in findings],
        "same": is_same,
    }


def _stretch(result: "Result") -> str:
    """From when to when plans could trade, by what came of it."""
    trades = result.trades
    if not trades.height:
        return "no trade"
    first, last = trades["signalled"].to_physical().min(), trades["signalled"].to_physical().max()
    return f"trades from {when(int(first))} to {when(int(last))}"  # type: ignore[arg-type]


def _row(result: "Result", plan: str | None) -> tuple[object, ...]:
    figures, trades = result.summary(plan), result.of(plan)
    signals = sum(result.signals.values()) if plan is None else result.signals[plan]
    return (
        "together" if plan is None else plan,
        f"{signals:,}",
        f"{trades.height:,}",
        *(f"{count:,}" for count in (figures.won, figures.lost, figures.tie, figures.unknown)),
        f"{(trades['outcome'] == 'not_filled').sum():,}",
        *(
            (f"{figures.profit:+,.2f}", _share(figures), _drawdown(result, plan))
            if _is_known(result, plan)
            else _UNKNOWN
        ),
    )


def _is_known(result: "Result", plan: str | None) -> bool:
    """Whether anybody knows what any trade came to; where there is none, it came to nothing."""
    trades = result.of(plan)
    return trades["profit"].count() > 0 or not (trades["outcome"] != "not_filled").any()


def _share(figures: "Summary") -> str:
    return f"{100 * float(figures.profit / figures.staked):+.2f} %" if figures.staked else ""


def _drawdown(result: "Result", plan: str | None) -> str:
    deepest = max(result.equity(plan)["drawdown"].to_list(), default=0)
    return f"{deepest:,.2f}"


def _refused(result: "Result") -> Iterator[str]:
    rows = result.refusals
    for plan in result.signals:
        told = [f"{code} {count:,}" for name, code, count in rows.iter_rows() if name == plan]
        if told:
            yield f"{plan}: turned down: {', '.join(told)}"


def _notes(result: "Result") -> Iterator[str]:
    """What a careful person has to know of the figures above."""
    unpaid = (result.trades["code"] == "payout_unknown").sum()
    if unpaid:
        yield f"Of {unpaid:,} trades nobody knows what they would have paid; --payout assumes a percentage."
    if result.dataset.prices == "candles":
        yield "Settled by candles: entered at the next candle's open, ended at a close, whatever the latency."
    if result.trades.height > 1 and (result.streaks.lost or result.streaks.won):
        yield f"Longest streaks: {result.streaks.won} won, {result.streaks.lost} lost."

"""What a sweep has found, in figures and in a sentence."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
import polars as pl

from qfluxd.errors import DataError
from qfluxd.evidence import Summary
from qfluxd.market.parquet import write_whole
from qfluxd.model import timeframe_name
from qfluxd.research.statistics.tallies import summary_of
from qfluxd.research.statistics.variants import Deflated, deflated, e_discoveries
from qfluxd.research.sweep.choice import Judged, Step, judged, pooled, steps
from qfluxd.research.sweep.evidence import Shown
from qfluxd.research.sweep.folder import Folder
from qfluxd.research.sweep.forward import Forward, Tally
from qfluxd.research.sweep.neighbours import Neighbourhood, neighbourhood
from qfluxd.research.sweep.rows import as_trades
from qfluxd.research.sweep.settings import Settings

_TABLE: Final = "variants.parquet"
_RESULT: Final = "result.json"
_LISTED: Final = 10
"""How many of the best in training are told."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a sweep, as far as it has come.

    `chosen` is what training picked for each test, `pooled` what all those tests came to together, and `proof` the
    evidence of an edge in them, deflated for all that was tried on these data, now or before: it `survives` where that
    stands. `best` are the best in training before the last test, with that test beside. `believed` are the numbers of
    variants whose own trades since the first test began stand among all of that (e-BH), whatever training said.
    """

    is_whole: bool
    tried: int
    skipped: int
    failed: dict[int, str]
    chosen: list[Step]
    pooled: Summary
    proof: Deflated
    survives: bool
    verdict: str
    best: list[Judged]
    neighbours: Neighbourhood | None
    believed: list[int]
    hash: str


def find(folder: Folder, alone: Sequence[Shown], *, is_whole: bool, skipped: int, counted: int) -> Found:
    """Judge what a folder holds.

    `alone` is what each variant has to show by itself, `counted` how much was tried on these data, now or before.
    """
    manifest = folder.manifest
    settings = manifest.settings
    failed = {failure.variant: f"{failure.asset}: {failure.why}" for failure in folder.failed}
    asked = {variant.number: variant for variant in folder.variants()}
    variants = {number: variant for number, variant in asked.items() if number not in failed}
    forward, trades = Forward(manifest.tests, settings.embargo), folder.trades()
    tallies = forward.tallies(trades)
    chosen = steps(tallies, forward, variants, settings.least)
    ranked = judged(tallies, forward.folds - 1, variants, settings.least)
    told = summary_of(as_trades(pooled(trades, forward, chosen)))
    proof = deflated(1 / told.p_value, counted)
    survives = told.finding == "beats" and proof.standing == "stands"
    return Found(
        is_whole=is_whole,
        tried=len(asked),
        skipped=skipped,
        failed=failed,
        chosen=chosen,
        pooled=told,
        proof=proof,
        survives=survives,
        verdict=_failed(failed, asked)
        or _cannot_tell(tallies, settings)
        or _verdict(told, proof, chosen, survives=survives),
        best=ranked[:_LISTED],
        neighbours=neighbourhood(ranked, settings.axes),
        believed=_believed(alone, failed, counted),
        hash=manifest.source.hash,
    )


def _failed(failed: Mapping[int, str], asked: Collection[int]) -> str:
    """That not one variant ended, "" where one did."""
    if not asked or len(failed) < len(asked):
        return ""
    return "Cannot tell: every variant failed; correct the strategy, and begin anew."


def _cannot_tell(tallies: pl.DataFrame, settings: Settings) -> str:
    """Why there is nothing to be judged, "" where there is."""
    decisive, unknown = tallies.select((pl.col("won") + pl.col("lost")).max(), pl.col("unknown").sum()).row(0)
    if not decisive and unknown:
        return "Cannot tell: of no trade is it known what it paid; begin anew and say it, such as --payout 85."
    trained = tallies.filter(pl.col("part") == "train").select((pl.col("won") + pl.col("lost")).max()).item()
    if (trained or 0) < settings.least:
        return (
            f"Cannot tell: in no training had any variant {settings.least} decisive trades, so that nothing could be "
            "chosen; take more data, fewer folds or a smaller --least."
        )
    return ""


def _believed(alone: Sequence[Shown], failed: Collection[int], counted: int) -> list[int]:
    """Those that stand among all that was tried; what failed, or was tried before, counts and is not looked at."""
    shown = [0.0 if each.variant.number in failed else each.tested for each in alone]
    stands = e_discoveries(shown, tried=counted)
    return [each.variant.number for each, is_so in zip(alone, stands, strict=True) if is_so]


def plain(found: Found) -> dict[str, Any]:
    """All of it as JSON; beside the counts of trades stands what they come to."""
    told: dict[str, Any] = msgspec.to_builtins(found)
    tallies = [(step.train, step.test) for step in found.chosen] + [(each.train, each.test) for each in found.best]
    for row, (train, test) in zip((*told["chosen"], *told["best"]), tallies, strict=True):
        row |= {"train": _figures(train), "test": _figures(test)}
    return told


def _figures(tally: Tally) -> dict[str, Any]:
    counts: dict[str, Any] = msgspec.to_builtins(tally)
    return counts | {
        "rate": tally.rate,
        "interval": tally.interval,
        "break_even": tally.break_even,
        "unit_profit": tally.mean,
    }


def write(found: Found, folder: Folder) -> None:
    """Put what was found beside the trades, and the figures of every variant in every fold.

    Raises:
        DataError: the disk does not take it.
    """
    manifest = folder.manifest
    named = pl.DataFrame(
        [
            (each.number, timeframe_name(each.timeframe), msgspec.json.encode(each.options).decode())
            for each in folder.variants()
        ],
        schema={"variant": pl.UInt32, "timeframe": pl.String, "options": pl.String},
        orient="row",
    )
    tallies = Forward(manifest.tests, manifest.settings.embargo).tallies(folder.trades())
    try:
        tallies.join(named, on="variant", how="left", maintain_order="left").write_parquet(folder.path / _TABLE)
        write_whole(folder.path / _RESULT, msgspec.json.format(msgspec.json.encode(plain(found)), indent=2) + b"\n")
    except OSError as problem:
        raise DataError(f"{folder.path}: cannot be written ({problem.strerror or problem})") from None


def _verdict(told: Summary, proof: Deflated, chosen: Sequence[Step], *, survives: bool) -> str:
    if all(step.variant is None for step in chosen):
        return "Nothing survives: in no fold had any variant earned anything in training, so none was chosen."
    if told.rate is None or told.break_even is None:
        return "Nothing survives: what training chose was never won or lost in a test."
    low, high = told.interval
    doubt = " It was not audited: qfluxd audit tells whether such a strategy looks ahead." if survives else ""
    return (
        f"{'It survives' if survives else 'Nothing survives'}: chosen by training and tested on what came after, "
        f"{told.won:,} of {told.won + told.lost:,} decisive trades were won, {100 * told.rate:.1f} % "
        f"({100 * low:.1f} … {100 * high:.1f} %), and break-even is {100 * told.break_even:.1f} %; {proof.sentence}."
        f"{doubt}"
    )

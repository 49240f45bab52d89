"""`compare`: strategies held against each other by a running daemon, and what that is worth so far."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from qfluxd.cli.options import Config, Json, loaded
from qfluxd.cli.printing import Failed, Misused, put, put_json, put_table, put_wrapped, when

Name = Annotated[str, Parameter(help="What the comparison is called; compare report names all.")]
Timeout = Annotated[float, Parameter(help="Seconds to wait for an answer. Default: 10.")]
_HEAD = ("strategy", "trades", "ties", "unknown", "won", "interval", "break-even", "per stake", "evidence")
_SLIPS = ("bad_argument", "strategy_unknown", "comparison_unknown")
"""Answers to what was typed, and not to how things stand."""
_UNDER = (("ties", "unknown"), ("evidence",), ("per stake",), ("trades",), ("won", "interval", "break-even"))


async def start(
    strategies: Annotated[
        list[str], Parameter(help="Names of [[strategy]] tables; the first is the one the others are held against.")
    ],
    /,
    *,
    name: Annotated[str | None, Parameter(help="What to call it. Default: made from theirs and the time.")] = None,
    kind: Annotated[
        Literal["paired", "slots"], Parameter(help="paired: on paper side by side; slots: by turns. Default: paired.")
    ] = "paired",
    slot: Annotated[str | None, Parameter(help="How long a turn or a chance lasts. Default: a candle.")] = None,
    seed: Annotated[int | None, Parameter(help="Draws the turns. Default: the time.")] = None,
    doubt: Annotated[float | None, Parameter(help="How often any claim may be wrong. Default: 0.05.")] = None,
    fewest: Annotated[int | None, Parameter(help="Chances before anything is claimed. Default: 50.")] = None,
    most: Annotated[int | None, Parameter(help="Chances after which it is over. Default: 5000.")] = None,
    days: Annotated[float | None, Parameter(help="Days after which it is over. Default: 90.")] = None,
    harm: Annotated[
        float | None, Parameter(help="Doubt at which live arms are stopped for harm. Default: 0.1.")
    ] = None,
    worth: Annotated[float | None, Parameter(help="Stakes for each chance nobody would miss. Default: 0.05.")] = None,
    config: Config = None,
    timeout: Timeout = 10,  # noqa: ASYNC109 (the command's own option)
    json: Json = False,
) -> None:
    """Begin to compare strategies; the daemon decides when it is sure which one is better, or that it cannot tell.

    Exit 1 where they cannot be compared, with the reason.
    """
    if len(strategies) < 2:
        raise Misused("name two strategies or more, the one that the others are held against first")
    terms = {"doubt": doubt, "fewest": fewest, "most": most, "days": days, "harm": harm, "worth": worth}
    given = {"name": name, "slot": slot, "seed": seed, "others": strategies[2:]}
    fields = {
        "a": strategies[0],
        "b": strategies[1],
        "kind": kind,
        "rule": {key: value for key, value in terms.items() if value is not None},
        **{key: value for key, value in given.items() if value not in (None, [])},
    }
    _tell(await _asked("compare/start", fields, config, timeout), json)


async def stop(
    name: Name,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why, for whoever looks later.")] = "",
    config: Config = None,
    timeout: Timeout = 10,  # noqa: ASYNC109 (the command's own option)
    json: Json = False,
) -> None:
    """End a comparison before it is sure of anything; of live strategies only the first one stays live."""
    _tell(await _asked("compare/stop", {"name": name, "reason": reason}, config, timeout), json)


async def report(
    name: Annotated[
        str | None, Parameter(help="Which one. Default: all that run, and the newest that are over.")
    ] = None,
    /,
    *,
    config: Config = None,
    timeout: Timeout = 10,  # noqa: ASYNC109 (the command's own option)
    json: Json = False,
) -> None:
    """Tell how a comparison stands: what each strategy came to, the evidence, what it is worth, and a sentence.

    It may be looked at as often as you like; that makes no claim more likely to be wrong.
    """
    _tell(await _asked("compare/report", {} if name is None else {"name": name}, config, timeout), json)


async def promote(
    name: Name,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why: a person's word is required.")],
    config: Config = None,
    timeout: Timeout = 10,  # noqa: ASYNC109 (the command's own option)
    json: Json = False,
) -> None:
    """Let the strategy that has won trade live, and take the others off live trading.

    Exit 1 where nobody has won, or the winner does not beat break-even as well.
    """
    _tell(await _asked("compare/promote", {"name": name, "reason": reason}, config, timeout), json)


async def _asked(command: str, fields: Mapping[str, Any], config: Any, seconds: float) -> dict[str, Any]:
    """The data of the answer. Raises `Failed` with the daemon's own sentence, `Misused` where a word was wrong."""
    from qfluxd.api.caller import open_caller

    settings = loaded(config).settings
    async with open_caller(settings.mqtt, settings.daemon.name) as caller:
        answer = await caller.ask(command, dict(fields), seconds)
    if answer.get("status") not in ("ok", "duplicate"):
        kind = Misused if answer.get("code") in _SLIPS else Failed
        raise kind(f"{answer.get('error')} ({answer.get('code')})")
    data: dict[str, Any] = answer["data"]
    return data


def _tell(data: Mapping[str, Any], json: bool) -> None:
    if json:
        put_json(data)
        return
    found = data.get("comparisons", [data.get("comparison")])
    if not found:
        put("nothing was compared yet; qfluxd compare start begins")
    for number, comparison in enumerate(found):
        put_comparison(comparison, apart=number > 0)


def put_comparison(told: Mapping[str, Any], *, apart: bool = False) -> None:
    """A comparison as topics show it: the sentence first, then what it rests on."""
    if apart:
        put("")
    where = {"shadow": "on paper", "live": "live"}[told["mode"]]
    how = "side by side" if told["kind"] == "paired" else f"by turns of {told['slot']}, drawn by {told['seed']}"
    until = "" if told["ended"] is None else f" until {when(told['ended'])}"
    put_wrapped(f"{told['comparison']}: {where}, {how}, since {when(told['since'])}{until}")
    put_wrapped(f"{told['sentence']}.")
    put_table(map(_arm, told["strategies"]), _HEAD, _UNDER)
    for contest in told["contests"]:
        put_wrapped(_contest(contest))
    if told["turns"] is not None:
        seen = ", ".join(f"{name} {count:,}" for name, count in told["turns"]["seen"].items())
        put_wrapped(
            f"Slots in which each could act: {seen} (evidence that this is not chance: {told['turns']['e_value']:.2g})."
        )
    if told["earlier"]:
        put_wrapped(
            f"These strategies were compared {told['earlier']} times before; each time something could go wrong anew."
        )
    put_wrapped(f"Promotion: {told['promotion']}.")


def _arm(arm: Mapping[str, Any]) -> tuple[object, ...]:
    score, profit = arm["score"], arm["unit_profit"]
    counts = (arm["strategy"], f"{score['trades']:,}", score["ties"], score["unknown"])
    if score["rate"] is None:
        return (*counts, "", "", "", "", "")
    return (
        *counts,
        f"{100 * score['rate']:.1f} %",
        f"{100 * score['low']:.1f} … {100 * score['high']:.1f} %",
        f"{100 * score['break_even']:.1f} %",
        "" if profit is None else f"{100 * profit:+.1f} %",
        f"{score['e_value']:.2g}",
    )


def _contest(contest: Mapping[str, Any]) -> str:
    left = f", {contest['unknown']:,} of unknown end left out" if contest["unknown"] else ""
    return (
        f"{contest['strategy']} against {contest['against']}: {contest['chances']:,} chances at which they differed, "
        f"{contest['agreed']:,} at which they traded alike{left}. Evidence that it is better {contest['better']:.2g}, "
        f"worse {contest['worse']:.2g}, the same {contest['same']:.2g}; {contest['level']:g} is enough."
    )

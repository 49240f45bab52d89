"""Whether a question that the page asks after a click is about the trade that was meant."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from qfluxd.model import HOUR, MINUTE, SECOND, Account, Millis, Order, Side

_SIDES: Final[dict[Side, frozenset[str]]] = {
    "call": frozenset({"buy", "call", "higher", "up"}),
    "put": frozenset({"sell", "put", "lower", "down"}),
}
_TIME: Final = re.compile(r"(?<![\d:])(\d+):(\d\d)(?::(\d\d))?(?![\d:])")
_SPAN: Final = re.compile(r"(?<![\w.])(\d+)\s*(s|sec|seconds?|m|min|minutes?|h|hours?)(?!\w)")
_UNITS: Final = {"s": SECOND, "m": MINUTE, "h": HOUR}
_NUMBER: Final = r"\d[\d,]*(?:\.\d+)?"
_MONEY: Final = re.compile(rf"[$€£]\s*({_NUMBER})")
_PLAIN: Final = re.compile(rf"(?<![\w.])({_NUMBER})(?![\w]|\s*%)")
_STAKED: Final = re.compile(rf"\b(?:amount|stake|investment)\b[\s:]*[$€£]?\s*({_NUMBER})")


def fits(
    text: str,
    order: Order,
    label: str | None,
    *,
    others: Iterable[str] = (),
    account: Account | None = None,
) -> bool:
    """Whether the text names this order's asset, its side and no other, and its stake.

    Where it also names a length or an account, they have to be the order's and `account`. `others` are labels and
    symbols of the broker's other assets: one that says more than this one's name does is not overlooked.
    """
    said = " ".join(text.lower().split())
    own = {name.lower() for name in (label, order.asset) if name}
    named = _longest(said, own | {name.lower() for name in others})
    if named is None or named not in own:
        return False
    rest = _whole(named).sub(" ", said)
    lengths, rest = _lengths(rest)
    return (
        _is_side(rest, order.side)
        and _staked(rest) == {order.stake}
        and (not lengths or order.expiry in lengths)
        and _is_account(rest, account)
    )


def _whole(name: str) -> re.Pattern[str]:
    """A name that is not part of a longer one; an asset traded over the counter is another asset."""
    return re.compile(rf"(?<![\w/#]){re.escape(name)}(?![\w/])(?!\W{{0,2}}otc\b)")


def _longest(text: str, names: Iterable[str]) -> str | None:
    """The longest of these names that the text says whole."""
    return max((name for name in names if name in text and _whole(name).search(text)), key=len, default=None)


def _is_side(text: str, side: Side) -> bool:
    words = set(re.findall(r"[a-z]+", text))
    other: Side = "put" if side == "call" else "call"
    return bool(words & _SIDES[side]) and not words & _SIDES[other]


def _staked(text: str) -> set[Decimal]:
    """What stands beside the word for the stake; else every sum of money, and where none has a sign, every number."""
    found = _STAKED.findall(text) or _MONEY.findall(text) or _PLAIN.findall(text)
    return {Decimal(number.replace(",", "")) for number in found}


def _lengths(text: str) -> tuple[set[Millis], str]:
    """Every length that the text names, in all that it may mean, and the text without them."""
    lengths = {int(count) * _UNITS[unit[0]] for count, unit in _SPAN.findall(text)}
    for first, second, third in _TIME.findall(text):
        minutes = int(first) * MINUTE + int(second) * SECOND
        lengths |= {minutes * 60 + int(third) * SECOND} if third else {minutes, minutes * 60}
    return lengths, _SPAN.sub(" ", _TIME.sub(" ", text))


def _is_account(text: str, account: Account | None) -> bool:
    named = {word for word in ("demo", "real") if re.search(rf"\b{word}\b", text)}
    return not named or named == {account}

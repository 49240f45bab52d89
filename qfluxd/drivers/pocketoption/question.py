"""Whether a question that the page asks after a click is about the trade that was meant."""

import re
from decimal import Decimal
from typing import Final

from qfluxd.model import Order, Side

_SIDES: Final[dict[Side, frozenset[str]]] = {
    "call": frozenset({"buy", "call", "higher", "up"}),
    "put": frozenset({"sell", "put", "lower", "down"}),
}
_TIME: Final = re.compile(r"\d+:\d+(?::\d+)?")
_NUMBER: Final = r"\d[\d,]*(?:\.\d+)?"
_MONEY: Final = re.compile(rf"[$€£]\s*({_NUMBER})")
_PLAIN: Final = re.compile(rf"(?<![\w.])({_NUMBER})(?![\w%])")


def fits(text: str, order: Order, label: str | None) -> bool:
    """Whether the text names this order's asset, its side and no other, and its stake."""
    asset = next((name for name in (label, order.asset) if name and name.lower() in text.lower()), None)
    if asset is None:
        return False
    rest = _TIME.sub(" ", text.lower().replace(asset.lower(), " "))
    words = set(re.findall(r"[a-z]+", rest))
    other: Side = "put" if order.side == "call" else "call"
    return bool(words & _SIDES[order.side]) and not words & _SIDES[other] and order.stake in _amounts(rest)


def _amounts(text: str) -> set[Decimal]:
    """The sums of money in a text; where none has a sign, every number."""
    return {Decimal(found.replace(",", "")) for found in _MONEY.findall(text) or _PLAIN.findall(text)}

"""What is left of a claim when many variants were tried: the luckiest of many always looks good."""

import math
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qfluxd.evidence import DOUBT
from qfluxd.strategy import Floats, Mask

type Standing = Literal["stands", "falls", "never stood"]

_MANY: Final = 1e6
_WHOLE: Final = 10
"""Evidence from here on is told without decimals; a claim takes more than this."""


def adjusted(p_values: ArrayLike) -> Floats:
    """For each p-value the smallest share of false discoveries with which it would still be one of `discoveries`.

    min over j >= i of n p(j) / j, in ascending order (Benjamini and Hochberg 1995; Yekutieli and Benjamini 1999).

    Raises:
        ValueError: a p-value that is not between 0 and 1.
    """
    given = _row(p_values)
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError("a p-value lies between 0 and 1")
    order = np.argsort(given)[::-1]
    ranked = given[order] * given.size / np.arange(given.size, 0, -1)
    found = np.empty_like(given)
    found[order] = np.minimum(np.minimum.accumulate(ranked), 1.0)
    return found


def discoveries(p_values: ArrayLike, doubt: float = DOUBT) -> Mask:
    """Which of many variants to believe, so that on average at most this share of those believed are false.

    Benjamini and Hochberg (1995): holds where the p-values are independent or positively dependent (Benjamini and
    Yekutieli 2001). Variants of one strategy on the same data depend on each other in ways nobody knows; for them take
    `e_discoveries`.
    """
    return np.asarray(adjusted(p_values) <= doubt)


def e_discoveries(e_values: ArrayLike, doubt: float = DOUBT, tried: int = 0) -> Mask:
    """The same from evidence, and valid however the variants depend on each other.

    e-BH (Wang and Ramdas 2022): the k largest, for the largest k at which the k-th is at least n / (k doubt). Evidence
    as it stands at the end (`Summary.edge`), not the most that it ever was. Where more were `tried` than these, all of
    them count, as if the others had shown nothing.

    Raises:
        ValueError: evidence below 0.
    """
    given = _row(e_values)
    if (given < 0).any() or np.isnan(given).any():
        raise ValueError("evidence is a number from 0 on")
    order = np.argsort(given)[::-1]
    enough = np.flatnonzero(given[order] * np.arange(1, given.size + 1) * doubt >= max(given.size, tried))
    found = np.zeros(given.size, bool)
    found[order[: enough[-1] + 1 if enough.size else 0]] = True
    return found


class Deflated(msgspec.Struct, frozen=True):
    """A claim in the light of all that was tried.

    `evidence` is the most that it ever was, `left` what counts of it, `needed` how much it would have to be, `tried`
    how many variants there were. It ``stands``, ``falls`` where it stood alone, or ``never stood``.
    """

    evidence: float
    tried: int
    left: float
    needed: float
    standing: Standing
    sentence: str


def deflated(evidence: float, tried: int, doubt: float = DOUBT) -> Deflated:
    """What the best of so many variants on the same data may claim: its evidence divided by their number.

    If none of n variants has an edge, each reaches n / doubt with a probability of at most doubt / n (Ville 1939), so
    any of them does with at most doubt (Bonferroni): valid however they depend on each other, and whichever is picked.

    Raises:
        ValueError: nothing was tried, or evidence below 0.
    """
    if tried < 1 or not evidence >= 0:
        raise ValueError("the one that is looked at was tried too, and evidence is a number from 0 on")
    needed, left = tried / doubt, evidence / tried
    standing: Standing = "stands" if evidence >= needed else "falls" if evidence >= 1 / doubt else "never stood"
    return Deflated(evidence, tried, left, needed, standing, _sentence(evidence, tried, needed, standing))


def rounded(evidence: float, needed: float) -> str:
    """Evidence as it is told beside what it takes: what is not enough is not rounded up to what would be."""
    if evidence > (most := max(_MANY, needed)):
        return f"over {most:,.0f}"
    if evidence < _WHOLE:
        return f"{evidence:.2g}"
    whole = round(evidence)
    return f"{math.floor(evidence) if evidence < needed <= whole else whole:,}"


def _sentence(evidence: float, tried: int, needed: float, standing: Standing) -> str:
    shown = rounded(evidence, needed)
    level = f"{math.floor(needed) if standing == 'stands' else math.ceil(needed):,}"
    if tried == 1:
        told = "is enough" if standing == "stands" else "is not enough"
        return f"nothing else was tried on these data: evidence of {shown} {told}, it takes {level}"
    among = f"one of {tried:,} variants tried on these data"
    match standing:
        case "stands":
            return f"{among}: evidence of {shown} is enough even for the luckiest of them, which takes {level}"
        case "falls":
            return (
                f"{among}: evidence of {shown} would be enough had nothing else been tried, but the luckiest of so "
                f"many needs {level}; try this one alone on new data"
            )
        case "never stood":
            return f"{among}: evidence of {shown} is not enough; the luckiest of so many needs {level}"


def _row(values: ArrayLike) -> NDArray[np.float64]:
    return np.atleast_1d(np.asarray(values, dtype=np.float64))

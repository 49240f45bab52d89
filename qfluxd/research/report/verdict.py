"""The answer in a sentence, for one strategy and for all that stand side by side."""

from dataclasses import dataclass
from typing import Final, Literal

from qfluxd.evidence import DOUBT, wilson
from qfluxd.research.report.material import DECISIVE, Arm, Material
from qfluxd.research.report.words import between, count, listed, percent, plural
from qfluxd.research.statistics.variants import Deflated, deflated

type Tone = Literal["good", "bad", "open", "void"]
"""It beats break-even, it loses, nobody can tell, the figures are not to be believed."""

SHORT: Final[dict[Tone, str]] = {
    "good": "beats break-even",
    "bad": "loses",
    "open": "cannot tell yet",
    "void": "not to be believed",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said. `says` is one sentence, `because` what it rests on."""

    tone: Tone
    says: str
    because: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The same in two or three words."""
        return SHORT[self.tone]


def of_arm(arm: Arm, material: Material) -> Verdict:
    """The verdict on one strategy: audits come before evidence, and evidence is held against all that was tried."""
    bad = tuple(dict.fromkeys(each.name for each in arm.findings if each.level == "bad"))
    measured = _sentence(arm.summary.verdict)
    if bad:
        what = f"The figures of {arm.name} are not to be believed"
        return Verdict("void", f"{what}: {plural(len(bad), 'audit')} found something bad ({listed(bad)}).", (measured,))
    if not arm.summary.won + arm.summary.lost:
        return Verdict("open", f"Nobody can tell what {arm.name} is worth: {_nothing(arm)}.", _unpaid(arm))
    match arm.summary.finding:
        case "beats" if left(arm, material).standing == "stands":
            return Verdict("good", f"{arm.name} beats break-even here.", (measured, *_allowance(arm, material)))
        case "beats":
            return Verdict(
                "open",
                f"{arm.name} looks better than break-even, but that may be luck among all that was tried.",
                (measured, *_allowance(arm, material)),
            )
        case "loses":
            return Verdict("bad", f"{arm.name} loses.", (measured,))
        case "changed":
            return Verdict("open", f"{arm.name} was not the same throughout.", (measured,))
        case _:
            return Verdict("open", f"Nobody can tell yet whether {arm.name} beats break-even.", (measured,))


def overall(material: Material) -> Verdict:
    """The verdict on everything in the report."""
    arms = material.arms
    if not arms:
        return Verdict("open", "There are no trades to report on.")
    if len(arms) == 1:
        return of_arm(arms[0], material)
    each = [of_arm(arm, material) for arm in arms]
    numbers = {tone: sum(one.tone == tone for one in each) for tone in _MANY}
    parts = [f"{number} {_MANY[tone][number > 1]}" for tone, number in numbers.items() if number]
    tone = next(tone for tone, number in numbers.items() if number)
    says = _ALL[tone].format(len(arms)) if len(parts) == 1 else f"Of {len(arms)} strategies, {listed(tuple(parts))}."
    return Verdict(tone, says, _allowances(material))


_MANY: Final[dict[Tone, tuple[str, str]]] = {
    "good": ("beats break-even", "beat break-even"),
    "open": ("cannot be told yet", "cannot be told yet"),
    "bad": ("loses", "lose"),
    "void": ("is not to be believed", "are not to be believed"),
}
"""For one and for several; the first that there is gives the whole its tone."""


_ALL: Final[dict[Tone, str]] = {
    "good": "All {} strategies beat break-even here.",
    "open": "Nobody can tell yet whether any of the {} strategies beats break-even.",
    "bad": "All {} strategies lose.",
    "void": "None of the {} strategies is to be believed.",
}


def tries(material: Material) -> int:
    """Over how many the evidence is spread: all that was tried on these data, and at least what is in the report."""
    return max(material.tried or 0, len(material.arms))


def left(arm: Arm, material: Material) -> Deflated:
    """What is left of an arm's evidence of an edge, which is the most that it ever was, among all that was tried."""
    return deflated(1 / arm.summary.p_value, tries(material))


def _allowance(arm: Arm, material: Material) -> tuple[str, ...]:
    return (_sentence(left(arm, material).sentence),) if tries(material) > 1 else ()


def _allowances(material: Material) -> tuple[str, ...]:
    """For all of them together: how much evidence it takes, and who has it."""
    needed = left(material.arms[0], material).needed
    stand = sum(left(arm, material).standing == "stands" for arm in material.arms)
    tried = "were tried on these data" if material.tried else "stand side by side"
    return (
        f"{count(tries(material))} {tried}: the luckiest of so many needs evidence of "
        f"{count(round(needed))}, where one alone needs {count(round(1 / DOUBT))}. "
        f"{str(stand) if stand else 'Not one'} of those here {'has' if stand < 2 else 'have'} it.",
    )


def _unpaid(arm: Arm) -> tuple[str, ...]:
    """What a rate would ask of payouts that nobody knows; nothing where they are known."""
    won, lost = (int((arm.unpaid["outcome"] == outcome).sum()) for outcome in DECISIVE)
    if not won:
        return ()
    decisive = won + lost
    rate = won / decisive
    return (
        f"{count(won)} of {count(decisive)} decisive ones were won, {percent(rate)} "
        f"({between(*wilson(won, decisive))}): "
        f"at a payout of {100 * (1 / rate - 1):.0f} % that earns nothing.",
    )


def _nothing(arm: Arm) -> str:
    if not arm.trades.height:
        return "there is no trade"
    if arm.unpaid.height:
        return f"of {plural(arm.unpaid.height, 'trade')} that came out, nobody knows what they would have paid"
    return "no trade was won or lost"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."

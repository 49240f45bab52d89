"""What a comparison has come to, in one sentence that claims no more than the evidence does."""

from qfluxd.research.compare.comparison import Comparison, Ending
from qfluxd.research.compare.contest import Contest


def sentence(comparison: Comparison) -> str:
    """The decision, or why there is none yet."""
    ending = comparison.ending
    if ending is None:
        return "cannot tell yet: " + "; ".join(told(each, comparison.setting.level) for each in comparison.contests)
    return _ended(comparison, ending)


def _ended(comparison: Comparison, ending: Ending) -> str:
    said = "; ".join(told(contest, comparison.setting.level) for contest in comparison.contests)
    match ending.word:
        case "better":
            return f"{ending.arm} is better: {said}"
        case "same":
            return f"no difference worth more than {comparison.setting.rule.worth:g} of a stake for each chance: {said}"
        case "harm":
            return f"stopped, because {_harm(comparison, ending)}"
        case "over":
            return f"cannot tell, and its time is over: {said}"
        case "stopped":
            return f"stopped{_because(ending)}; cannot tell: {said}"
        case _:
            return f"void: {ending.detail}"


def _because(ending: Ending) -> str:
    return f" ({ending.detail})" if ending.detail else ""


def _harm(comparison: Comparison, ending: Ending) -> str:
    level = 1 / comparison.setting.rule.harm
    worse = next((each for each in comparison.contests if each.arm == ending.arm and each.claim == "harm"), None)
    if worse is not None:
        found = f"the evidence that it is worse than {worse.first} is {worse.evidence.worse.best:,.1f}"
    else:
        loss = comparison.records[ending.arm or ""].evidence[1].best
        found = f"the evidence that it loses against break-even is {loss:,.1f}"
    return f"{ending.arm} does harm with money: {found}, and {level:g} is enough to stop; it says no more than that"


def told(contest: Contest, level: float) -> str:
    """One arm against the first: by how much it is ahead, over how many chances, and what that is worth."""
    if not contest.chances:
        return f"{contest.arm} and {contest.first} have not differed yet"
    by, found = contest.ahead, contest.evidence
    where = "ahead of" if by >= 0 else "behind"
    measured = (
        f"over {contest.chances:,} chances {contest.arm} is {where} {contest.first} by {abs(by):.3f} of a stake at each"
    )
    match contest.claim:
        case "better":
            return f"{measured}; the evidence for it is {_number(found.better.best)}, and {level:g} is enough"
        case "worse":
            return f"{measured}; the evidence for it is {_number(found.worse.best)}, and {level:g} is enough"
        case "same":
            return f"{measured}; the evidence that it is no more is {_number(found.same)}, and {level:g} is enough"
    best = found.better.best if by >= 0 else found.worse.best
    return f"{measured}, the evidence for it is {_number(best)}, and it takes {level:g}{_needed(contest)}"


def _needed(contest: Contest) -> str:
    needed = contest.needed
    if needed is None:
        return "; no number of chances that go on so would tell"
    return f"; about {needed:,} more chances that go on so would tell" if needed else ""


def _number(evidence: float) -> str:
    return f"{min(evidence, 1e6):,.0f}" if evidence >= 100 else f"{evidence:.2g}"

"""What a comparison tells, at any moment: figures, what they are worth, and a sentence."""

import msgspec

from qfluxd.evidence import Summary, summarised
from qfluxd.model import Millis
from qfluxd.research.compare.comparison import Comparison, Word
from qfluxd.research.compare.contest import Claim, Contest
from qfluxd.research.compare.words import sentence, told


class ArmReport(msgspec.Struct, frozen=True):
    """What the trades of an arm came to by themselves."""

    name: str
    summary: Summary


class ContestReport(msgspec.Struct, frozen=True):
    """An arm held against the first one.

    `chances` are those at which they differed, `agreed` those at which both made the same trade, `unknown` those that
    were left out because nobody knows how a trade ended. `first_earned` and `arm_earned` are what a unit of stake
    earned at a chance on average, 0 where one did not trade, `ahead` the difference. `better`, `worse` and `same` are
    the evidence, of which `level` is enough. `needed` is about how many more chances would do, None where none would.
    """

    first: str
    arm: str
    chances: int
    agreed: int
    unknown: int
    first_earned: float | None
    arm_earned: float | None
    ahead: float | None
    better: float
    worse: float
    same: float
    level: float
    needed: int | None
    claim: Claim | None
    sentence: str


class RatioReport(msgspec.Struct, frozen=True):
    """By turns: in how many slots each arm could have acted, and the evidence that this is not chance."""

    seen: dict[str, int]
    e_value: float


class Report(msgspec.Struct, frozen=True):
    """All of it.

    `winner` is the arm that is better, None where none is, `harmed` the one that does harm. `at` is when it was over,
    None while it runs.
    """

    word: Word
    winner: str | None
    sentence: str
    arms: tuple[ArmReport, ...]
    contests: tuple[ContestReport, ...]
    ratio: RatioReport | None
    beside: int
    at: Millis | None
    harmed: str | None = None

    @property
    def worth(self) -> Summary | None:
        """What the winner's own trades tell."""
        return next((arm.summary for arm in self.arms if arm.name == self.winner), None)


def report(comparison: Comparison) -> Report:
    """What a comparison tells now."""
    ending = comparison.ending
    contests = tuple(_contest(contest, comparison.setting.level) for contest in comparison.contests)
    ratio = None if comparison.ratio is None else RatioReport(dict(comparison.ratio.seen), comparison.ratio.e_value)
    return Report(
        word="undecided" if ending is None else ending.word,
        winner=ending.arm if ending is not None and ending.word == "better" else None,
        sentence=sentence(comparison),
        arms=tuple(ArmReport(name, summarised(record)) for name, record in comparison.records.items()),
        contests=contests,
        ratio=ratio,
        beside=comparison.beside,
        at=None if ending is None else ending.at,
        harmed=ending.arm if ending is not None and ending.word == "harm" else None,
    )


def _contest(contest: Contest, level: float) -> ContestReport:
    count, found = contest.chances, contest.evidence
    return ContestReport(
        first=contest.first,
        arm=contest.arm,
        chances=count,
        agreed=contest.agreed,
        unknown=contest.unknown,
        first_earned=contest.earned[0] / count if count else None,
        arm_earned=contest.earned[1] / count if count else None,
        ahead=contest.ahead if count else None,
        better=min(found.better.best, 1e12),
        worse=min(found.worse.best, 1e12),
        same=min(found.same, 1e12),
        level=level,
        needed=contest.needed,
        claim=contest.claim,
        sentence=told(contest, level),
    )

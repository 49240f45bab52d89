"""A comparison as it runs: trades come in as they end, and are judged in the order in which they were due."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from qfluxd.evidence import Record
from qfluxd.model import Millis
from qfluxd.research.compare.contest import Contest
from qfluxd.research.compare.ratio import Ratio
from qfluxd.research.compare.setting import Setting
from qfluxd.research.compare.taken import Taken

type Word = Literal["undecided", "better", "same", "harm", "over", "void", "stopped"]
"""What a comparison says; ``undecided`` while it runs."""
type _Trades = dict[str, dict[str, Taken]]
"""By arm and asset: the one that counts."""

NEVER: Final = float("inf")


class Ending(msgspec.Struct, frozen=True):
    """What a comparison has come to, as of a moment of the broker's clock; `arm` is the one that it is about."""

    word: Word
    arm: str | None
    detail: str
    at: Millis


def _when(each: tuple[str, Taken]) -> tuple[Millis, Millis, str]:
    arm, taken = each
    return taken.moment, taken.outcome.at, f"{arm}/{taken.id}"


class Comparison:
    """Everything that is known in one comparison.

    The promise: what it says rests on its setting and on the trades alone, in the order in which they were due, and
    neither on the order in which they were told nor on when somebody looked. So one that is told everything once more
    after a restart says the same. Nothing counts twice.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.records = {name: Record() for name in setting.names}
        self.contests = [Contest(setting, arm) for arm in setting.names[1:]]
        self.ratio = Ratio(setting.names) if setting.kind == "slots" else None
        self.beside = 0
        """Trades beside the one of an arm that counts in a slot: they are scored, and not compared."""
        self.ending: Ending | None = None
        self._waiting: dict[int, list[tuple[str, Taken]]] = defaultdict(list)
        self._open: dict[str, int] = {}
        self._told: set[tuple[str, str]] = set()
        self._seen: dict[int, set[tuple[int, str]]] = defaultdict(set)
        self._assets: set[str] = set()
        self._breach = ""
        self._next = setting.first

    # ------------------------------------------------------------------------------------------------ being told

    def begin(self, arm: str, ident: str, moment: Millis) -> None:
        """A trade that was due then is on its way: its chance waits for it."""
        if (arm, ident) not in self._told and self._is_ahead(moment):
            self._open[ident] = self.setting.group(moment)
            self.records[arm].begin(ident, moment)

    def take(self, arm: str, taken: Taken) -> None:
        """A trade is over, or nobody will ever know how it ended."""
        self._open.pop(taken.id, None)
        if (arm, taken.id) in self._told or not self._is_ahead(taken.moment):
            return
        self._told.add((arm, taken.id))
        self.records[arm].begin(taken.id, taken.moment)
        self._waiting[self.setting.group(taken.moment)].append((arm, taken))

    def drop(self, ident: str) -> None:
        """A trade came to nothing: its arm did not trade at that chance."""
        self._open.pop(ident, None)
        for record in self.records.values():
            record.drop(ident)

    def see(self, asset: str, moment: Millis) -> bool:
        """An arm said something, whether it was its turn or not; whether that is the first in this slot."""
        if not self._is_ahead(moment):
            return False
        slot, seen = (moment // self.setting.slot, asset), self._seen[self.setting.group(moment)]
        is_first = slot not in seen
        seen.add(slot)
        return is_first

    def _is_ahead(self, moment: Millis) -> bool:
        return self.setting.group(moment) >= self._next

    def handed_over(self, arm: str) -> tuple[Record, set[str]]:
        """All trades of an arm that were told, also those that were not judged any more or go on, and the ids of those
        that are over.
        """
        record = self.records[arm]
        for together in self._waiting.values():
            for name, taken in together:
                if name == arm:
                    record.add(taken.outcome)
                    record.drop(taken.id)
        return record, {ident for name, ident in self._told if name == arm}

    # -------------------------------------------------------------------------------------------------- judging

    def walk(self, now: float) -> Ending | None:
        """Judge all chances that are past by the broker's clock; what it has come to, None while it goes on."""
        setting, still_open = self.setting, set(self._open.values())
        for group in sorted({*self._waiting, *self._seen, *still_open}):
            end = (group + 1) * setting.width
            if self.ending is not None or group in still_open or end + setting.late > now:
                return self.ending
            self._judge(group)
            self.ending = self._ended(end)
        if self.ending is None and setting.since + setting.rule.length + setting.width + setting.late <= now < NEVER:
            self.ending = Ending("over", None, "", setting.since + setting.rule.length)
        return self.ending

    def finish(self) -> Ending | None:
        """All has been told and is over, so nothing is out any more; what it has come to by that."""
        if self.walk(NEVER) is None:
            for contest in self.contests:
                contest.look(NEVER)
            self.ending = self._ended(self._next * self.setting.width)
        return self.ending

    def _judge(self, group: int) -> None:
        together = sorted(self._waiting.pop(group, ()), key=_when)
        for arm, taken in together:
            self.records[arm].add(taken.outcome)
            self.records[arm].drop(taken.id)
            turn = self.setting.turn(taken.asset, taken.moment)
            if turn not in (None, arm):
                self._breach = f"{arm} has traded {taken.asset} when it was the turn of {turn} (trade {taken.id})"
        counted = self._counted(together)
        begin, end = group * self.setting.width, (group + 1) * self.setting.width
        first = counted[self.setting.names[0]]
        for contest in self.contests:
            if self.ratio is None:
                contest.add(first, counted[contest.arm])
            else:
                contest.add_turns(first, counted[contest.arm], self._assets, begin, end)
            contest.look(end)
        self._count(group)
        self._next = group + 1

    def _counted(self, together: Iterable[tuple[str, Taken]]) -> _Trades:
        """The first trade of each arm on each asset."""
        counted: _Trades = {name: {} for name in self.setting.names}
        for arm, taken in together:
            if taken.asset in counted[arm]:
                self.beside += 1
            counted[arm].setdefault(taken.asset, taken)
        return counted

    def _count(self, group: int) -> None:
        """Slots in which something was said, by whose turn it was."""
        seen = sorted(self._seen.pop(group, ()))
        if self.ratio is None:
            return
        for slot, asset in seen:
            self._assets.add(asset)
            arm = self.setting.turn(asset, slot * self.setting.slot)
            assert arm is not None
            self.ratio.add(asset, group, arm)

    # --------------------------------------------------------------------------------------------------- ending

    def _ended(self, at: Millis) -> Ending | None:
        """What may be said as of a moment: that it is void first, then what is sure, then that its time is over."""
        if self._breach:
            return Ending("void", None, self._breach, at)
        if self.ratio is not None and self.ratio.is_broken:
            return Ending(
                "void", None, f"the turns did not come out even ({self.ratio}), which chance alone does not do", at
            )
        if (harmful := self._harmful()) is not None:
            return Ending("harm", harmful, "", at)
        if (best := self._best()) is not None:
            return Ending("better", best, "", at)
        claims = [contest.claim for contest in self.contests]
        if all(claims):
            is_best = all(claim == "worse" for claim in claims)
            return Ending("better", self.setting.names[0], "", at) if is_best else Ending("same", None, "", at)
        rule = self.setting.rule
        if any(contest.chances >= rule.most for contest in self.contests) or at - self.setting.since >= rule.length:
            return Ending("over", None, "", at)
        return None

    def _harmful(self) -> str | None:
        """A live arm that does worse than the first, or that loses by itself."""
        if self.setting.mode != "live":
            return None
        worse = next((contest.arm for contest in self.contests if contest.claim == "harm"), None)
        level = 1 / self.setting.rule.harm
        losing = (name for name, record in self.records.items() if record.evidence[1].best >= level)
        return worse or next(losing, None)

    def _best(self) -> str | None:
        """The arm that is better than the first; of several the one with the most evidence."""
        found = [contest for contest in self.contests if contest.claim == "better"]
        return max(found, key=lambda contest: contest.evidence.better.best).arm if found else None

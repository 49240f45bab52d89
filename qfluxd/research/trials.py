"""Everything that was ever tried on a data set: a ledger that is only added to, for each try makes a claim worth less.

One JSON object a line, in the state folder. Whoever tries forty variants and shows the best has to say so; this does.
"""

import fcntl
import hashlib
import math
import os
from collections.abc import Iterable
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from qfluxd.errors import Unavailable
from qfluxd.market.layout import LAST_MILLIS
from qfluxd.model import Millis

FILE: Final = "trials.jsonl"
_LEAST: Final = 1e-300
"""Smaller p-values are taken for this one, so that evidence stays a number."""

type Kind = Literal["backtest", "sweep"]


class Trial(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """One look at what a strategy would have earned on a data set.

    `dataset` is the hash of its content. Its prices are of these `assets`, the first at `start`, the last just before
    `end`; older lines have there what was asked for, which is no beginning (0) and no end where nothing was. `options`
    are the strategy's, `settings` the digest of all else that the result depends on, such as expiry, stake and latency,
    but the data. `e_value` is the evidence at the end, `p_value` that of the most it ever was
    (`qfluxd.evidence.Summary`). `sweep` tells the sweep that it was a part of, by all that its choice rests on.
    """

    dataset: str
    strategy: str
    options: dict[str, Any]
    settings: str
    trades: int
    e_value: float
    p_value: float
    at: Millis
    kind: Kind
    assets: tuple[str, ...] = ()
    start: Millis | None = None
    end: Millis | None = None
    sweep: str | None = None

    @cached_property
    def variant(self) -> str:
        """What was tried, whatever it was tried on: the same strategy with the same options and settings is one."""
        return hashlib.sha256(_canonical([self.strategy, self.options, self.settings])).hexdigest()

    @property
    def once(self) -> tuple[str, tuple[str, ...], Millis | str]:
        """What counts once: a variant on its assets, from where their prices begin, however far they reach.

        Evidence is the most that a bet ever came to, and the bound on that holds at all of its moments together (Ville
        1939). So it is the same bet that goes on where prices are appended, and another one from another beginning.
        Where nobody knows the beginning each data set is taken for another one.
        """
        return self.variant, tuple(sorted(self.assets)), self.start or self.dataset

    @property
    def choice(self) -> str | None:
        """The sweep that made a choice of its own among this one and others; of older lines one for each data set."""
        return (self.sweep or self.dataset) if self.kind == "sweep" else None

    @property
    def time(self) -> tuple[Millis, Millis]:
        """In which [from, until) its prices lie, as far as that is known: nobody has seen any before they were."""
        return self.start or 0, self.at if self.end is None or self.end > LAST_MILLIS else self.end

    def repeats(self, other: "Trial") -> bool:
        """Whether both are of one variant, and each was made when the other's data were there to choose from."""
        return self.variant == other.variant and self.time[0] < other.at and other.time[0] < self.at


class Tried(msgspec.Struct, frozen=True):
    """How much was tried that counts for a claim on a data set.

    `runs` all in all, `variants` that count, each on its assets from its beginning, and with them each sweep's own
    choice; `elsewhere` are those of the runs that were made on another data set than this one. `best` is the most
    evidence that any variant ever had on this one; `qfluxd.research.statistics.deflated` says what of it counts.
    """

    runs: int
    variants: int
    elsewhere: int
    best: float


class Ledger(msgspec.Struct, frozen=True):
    """All trials in the order in which they were noted; `damaged` lines could not be read, such as a torn one."""

    trials: tuple[Trial, ...]
    damaged: int

    def tried(self, *datasets: str) -> Tried:
        """What was tried that counts for a claim on a data set, or on the best of several, given their hashes.

        All that shares time with it counts, whatever its assets: whoever picks one of twenty assets has tried twenty,
        and what moves at the same time is no new data. Of other times the same variant counts, for a stretch may be
        picked too, unless one of both began only after the other was noted. A line that cannot be read may have been
        any of these and is taken for one: what is lost must not make a claim stronger.
        """
        here = [trial for trial in self.trials if trial.dataset in datasets]
        times = _joined(trial.time for trial in here)
        alike: dict[str, list[Trial]] = {}
        for trial in here:
            alike.setdefault(trial.variant, []).append(trial)
        on_it = [
            trial
            for trial in self.trials
            if trial.dataset in datasets
            or any(start < trial.time[1] and trial.time[0] < end for start, end in times)
            or any(trial.repeats(one) for one in alike.get(trial.variant, ()))
        ]
        best = max((1 / max(trial.p_value, _LEAST) for trial in here), default=1.0)
        choices = {trial.choice for trial in on_it} - {None}
        variants = len({trial.once for trial in on_it}) + len(choices) + self.damaged
        return Tried(len(on_it), variants, len(on_it) - len(here), best)


def note(folder: Path, *trials: Trial) -> None:
    """Add trials to the ledger of a state folder; when this returns, they are on the disk.

    Several programs may do so at once. A line that a crash has torn is left, and the next begins after it.

    Raises:
        Unavailable: the ledger cannot be written.
        ValueError: evidence or a p-value that is no finite number.
    """
    if not all(math.isfinite(trial.e_value) and math.isfinite(trial.p_value) for trial in trials):
        raise ValueError("evidence and p-values are finite numbers")
    lines = b"".join(_canonical(trial) + b"\n" for trial in trials)
    file = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_new = not file.exists()
        with FileIO(file, "a+", opener=_private) as ledger:
            fcntl.flock(ledger, fcntl.LOCK_EX)
            _append(ledger, lines)
        if is_new:
            _sync(folder)
    except OSError as problem:
        raise Unavailable(f"{file} cannot be written ({problem.strerror or problem})") from problem


def read(folder: Path) -> Ledger:
    """The ledger of a state folder; empty where there is none yet.

    Raises:
        Unavailable: it cannot be read.
    """
    file = folder / FILE
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        lines = []
    except OSError as problem:
        raise Unavailable(f"{file} cannot be read ({problem.strerror or problem})") from problem
    found = [trial for line in lines if (trial := _trial(line)) is not None]
    return Ledger(tuple(found), sum(1 for line in lines if line.strip()) - len(found))


def count(folder: Path, *datasets: str) -> Tried:
    """What was tried that counts for a claim on data sets, given the hashes of their content."""
    return read(folder).tried(*datasets)


def digest(settings: Any) -> str:
    """The digest of settings, for `Trial.settings`: the same for equal values in whatever order they are named."""
    return hashlib.sha256(_canonical(settings)).hexdigest()


def _append(ledger: FileIO, lines: bytes) -> None:
    size = ledger.seek(0, os.SEEK_END)
    if size and os.pread(ledger.fileno(), 1, size - 1) != b"\n":
        lines = b"\n" + lines
    left = memoryview(lines)
    while left:
        left = left[ledger.write(left) :]
    os.fsync(ledger.fileno())


def _trial(line: bytes) -> Trial | None:
    try:
        return msgspec.json.decode(line, type=Trial)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _joined(times: Iterable[tuple[Millis, Millis]]) -> list[tuple[Millis, Millis]]:
    """The same time in stretches that lie apart."""
    found: list[tuple[Millis, Millis]] = []
    for start, end in sorted(times):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, enc_hook=str, order="sorted")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)

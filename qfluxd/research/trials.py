"""Everything that was ever tried on a data set: a ledger that is only added to, for each try makes a claim worth less.

One JSON object a line, in the state folder. Whoever tries forty variants and shows the best has to say so; this does.
"""

import fcntl
import hashlib
import math
import os
from collections.abc import Iterable
from io import FileIO
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from qfluxd.errors import Unavailable
from qfluxd.model import Millis

FILE: Final = "trials.jsonl"
_LEAST: Final = 1e-300
"""Smaller p-values are taken for this one, so that evidence stays a number."""

type Kind = Literal["backtest", "sweep"]


class Trial(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One look at what a strategy would have earned on a data set.

    `dataset` is the hash of its content, of these `assets` in [`start`, `end`) where that is known. `options` are the
    strategy's, `settings` the digest of all else that the result depends on, such as expiry, stake and latency.
    `e_value` is the evidence at the end, `p_value` that of the most it ever was (`qfluxd.evidence.Summary`).
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

    @property
    def variant(self) -> str:
        """What was tried, whatever it was tried on: the same strategy with the same options and settings is one."""
        return hashlib.sha256(_canonical([self.strategy, self.options, self.settings])).hexdigest()

    def overlaps(self, other: "Trial") -> bool:
        """Whether both rest on any of the same data, as far as that is known."""
        if self.dataset == other.dataset:
            return True
        if None in (self.start, self.end, other.start, other.end) or not {*self.assets} & {*other.assets}:
            return False
        first, last = max(_time(self.start), _time(other.start)), min(_time(self.end), _time(other.end))
        return first < last


class Tried(msgspec.Struct, frozen=True):
    """How much was tried on a data set and on all that share data with it.

    `runs` all in all, `variants` that differ; `elsewhere` are those of the runs that were made on another data set than
    this one. `best` is the most evidence that any variant ever had; `qfluxd.research.statistics.deflated` says what of
    it counts.
    """

    runs: int
    variants: int
    elsewhere: int
    best: float


class Ledger(msgspec.Struct, frozen=True):
    """All trials in the order in which they were noted; `damaged` lines could not be read, such as a torn one."""

    trials: tuple[Trial, ...]
    damaged: int

    def tried(self, dataset: str) -> Tried:
        """What was tried on a data set, given the hash of its content.

        A line that cannot be read may have been a variant on these data, and is taken for one: what is lost must not
        make a claim stronger.
        """
        here = [trial for trial in self.trials if trial.dataset == dataset]
        stretches = _distinct(here)
        on_it = [trial for trial in self.trials if any(trial.overlaps(one) for one in stretches)]
        best = max((1 / max(trial.p_value, _LEAST) for trial in on_it), default=1.0)
        variants = len({trial.variant for trial in on_it}) + self.damaged
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


def count(folder: Path, dataset: str) -> Tried:
    """What was tried on a data set, given the hash of its content."""
    return read(folder).tried(dataset)


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


def _distinct(trials: Iterable[Trial]) -> list[Trial]:
    """One of each stretch of data."""
    return list({(trial.assets, trial.start, trial.end): trial for trial in trials}.values())


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, enc_hook=str, order="sorted")


def _time(at: Millis | None) -> Millis:
    return 0 if at is None else at


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)

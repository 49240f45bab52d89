"""The home of Optuna: options that look promising by what others have come to."""

from collections.abc import Sequence
from typing import Any, Final

from qfluxd.errors import ConfigError, Mistake, Unavailable
from qfluxd.research.sweep.space import Axis, Space, Variant

_BATCH: Final = 16
"""Variants tried side by side. It does not depend on the number of workers, or the table would."""
_PATIENCE: Final = 64
"""Suggestions in a row that bring nothing new, after which all is taken for tried."""
_WORST: Final = -1e9
"""What is told of a variant with too few trades to be compared."""


class Tpe:
    """The tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kégl 2011), in batches.

    The promise: the same seed and the same scores bring the same variants. While a batch is out its suggestions count
    as poor ones ("constant liar", Ginsbourger, Le Riche and Carraro 2010), which keeps them apart.
    """

    learns = True

    def __init__(self, space: Space, variants: int, seed: int) -> None:
        """Asks for up to so many variants. Raises `Unavailable` where optuna is not installed."""
        self.skipped = 0
        self._space = space
        self._left = variants
        self._asked = 0
        self._scores: dict[tuple[int, ...], float] = {}
        self._out: list[tuple[Any, Variant]] = []
        self._rejected: set[tuple[int, ...]] = set()
        self._optuna = _load()
        sampler = self._optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        self._study = self._optuna.create_study(direction="maximize", sampler=sampler)

    @property
    def total(self) -> int:
        """How many it will ask for; in the end it may be fewer."""
        return self._asked + self._left

    def ask(self) -> list[Variant]:
        """The next batch: different ones that have not been tried."""
        self._out = []
        vain = 0
        while len(self._out) < min(_BATCH, self._left) and vain < _PATIENCE:
            vain = 0 if self._suggest() else vain + 1
        if not self._out:
            self._left = 0
            if not self._asked:
                why = self._space.contradiction(self._space.places(0))
                raise ConfigError(Mistake("--option", f"no possible combination was found: {why}", "command line"))
        self._asked += len(self._out)
        self._left -= len(self._out)
        return [variant for _, variant in self._out]

    def tell(self, scores: Sequence[float | None]) -> None:
        """What the batch came to."""
        for (trial, variant), score in zip(self._out, scores, strict=True):
            self._scores[variant.places] = _WORST if score is None else score
            self._study.tell(trial, self._scores[variant.places])
        self._out = []

    def _suggest(self) -> bool:
        """Take one suggestion; whether it is a new variant."""
        trial = self._study.ask()
        places = tuple(_place(trial, axis) for axis in self._space.axes)
        if places in self._scores:
            self._study.tell(trial, self._scores[places])
            return False
        number = self._asked + len(self._out)
        variant = None if any(places == each.places for _, each in self._out) else self._space.variant(places, number)
        if variant is None:
            self._refuse(trial, places)
            return False
        self._out.append((trial, variant))
        return True

    def _refuse(self, trial: Any, places: tuple[int, ...]) -> None:
        self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        if all(places != each.places for _, each in self._out) and places not in self._rejected:
            self._rejected.add(places)
            self.skipped += 1


def _place(trial: Any, axis: Axis) -> int:
    """Which value of an axis is suggested: near ones are tried together only where they are near in meaning."""
    if axis.ordered:
        return int(trial.suggest_int(axis.name, 0, len(axis.values) - 1))
    return int(trial.suggest_categorical(axis.name, tuple(range(len(axis.values)))))


def _load() -> Any:
    try:
        import optuna
    except ImportError:
        raise Unavailable("--search optuna needs the extra sweep; install it: pip install 'qfluxd[sweep]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna

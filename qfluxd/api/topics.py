"""Where an asset is found in topics: each symbol has one name, and no two symbols share one."""

import re

from structlog import get_logger


class Topics:
    """Names assets in topics: a symbol keeps its name for the run, and no two symbols share one.

    The name is the symbol in lower case without characters other than ``a-z 0-9 _ -``. Where another symbol
    already has that name, the later one gets ``-2``, ``-3`` and so on, and a warning says so.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: dict[str, str] = {}

    def __getitem__(self, symbol: str) -> str:
        name = self._names.get(symbol)
        return self._give(symbol) if name is None else name

    def learn(self, symbols: set[str]) -> None:
        """Name all of these in alphabetical order, so that names do not depend on which one ticks first."""
        for symbol in sorted(symbols - self._names.keys()):
            self._give(symbol)

    def _give(self, symbol: str) -> str:
        plain = re.sub(r"[^a-z0-9_-]", "", symbol.lower()) or symbol.encode().hex() or "-"
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain}-{number}"
        if name != plain:
            get_logger().warning("two symbols share a topic name", asset=symbol, other=self._taken[plain], topic=name)
        self._names[symbol], self._taken[name] = name, symbol
        return name

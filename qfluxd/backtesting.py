"""Backtests that are asked for by command: each in a process of its own, on what is stored."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from qfluxd.api.commands import Backtest, Later
from qfluxd.model import SECOND, Millis, Refusal
from qfluxd.research.aside import aside

LIMIT: Final[Millis] = 900 * SECOND


class _Finding(msgspec.Struct, frozen=True):
    """What one audit says."""

    name: str
    level: str
    meaning: str


class _Data(msgspec.Struct, frozen=True):
    hash: str
    assets: tuple[str, ...]


class _Told(msgspec.Struct, frozen=True):
    """What of the command's own JSON is passed on."""

    trades: int
    signals: dict[str, int]
    refusals: list[dict[str, Any]]
    summary: dict[str, dict[str, Any]]
    drawdown: dict[str, Any]
    fingerprint: str
    dataset: _Data
    audits: tuple[_Finding, ...] | None


class Backtests:
    """Runs backtests beside a daemon.

    The promise: what is answered is what ``qfluxd backtest --plan`` says of the same data; the desk waits for nothing.
    """

    def __init__(
        self, config: Callable[[], Path | None], data: Path, knows: Callable[[str], bool], limit: Millis = LIMIT
    ) -> None:
        """`config` is the file in use, `data` the folder of stored prices; `knows` a strategy by its name.

        One that takes longer than `limit` ms is ended.
        """
        self._config = config
        self._data = data
        self._knows = knows
        self._limit = limit

    def perform(self, command: Backtest) -> Later | Refusal:
        """Begin one; its answer follows."""
        if not self._knows(command.strategy):
            return Refusal("strategy_unknown", f"no strategy is called {command.strategy}; strategy/list names all")
        return Later({"strategy": command.strategy}, self._run(command))

    async def _run(self, command: Backtest) -> dict[str, Any] | Refusal:
        try:
            said = await aside([*self._words(command)], self._limit)
        except TimeoutError:
            most = f"{self._limit / SECOND:g} s"
            return Refusal("too_long", f"it took more than {most} and was ended; take less time or fewer assets")
        try:
            told = msgspec.json.decode(said.out, type=_Told)
        except msgspec.DecodeError:  # a bad audit ends with 1 as well, and has said everything
            return Refusal("backtest_failed", said.last or f"it ended with {said.code}")
        name = command.strategy
        return {
            "strategy": name,
            "trades": told.trades,
            "signals": told.signals[name],
            "refused": {row["code"]: row["count"] for row in told.refusals},
            "summary": told.summary[name],
            "drawdown": told.drawdown[name],
            "fingerprint": told.fingerprint,
            "data": told.dataset.hash,
            "assets": told.dataset.assets,
            "audits": told.audits,
        }

    def _words(self, command: Backtest) -> Iterator[str]:
        yield from ("backtest", "--plan", command.strategy, "--data", str(self._data), "--json")
        if (file := self._config()) is not None:
            yield from ("--config", str(file))
        for asset in command.assets:
            yield from ("--asset", asset)
        for option, at in (("--from", command.start), ("--until", command.end)):
            if at is not None:
                yield from (option, datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds"))
        if command.payout is not None:
            yield from ("--payout", str(command.payout))
        if not command.audits:
            yield "--no-audits"

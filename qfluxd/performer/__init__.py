"""Does what is asked: each command's answer, from the desk, the page, the journal and whoever keeps the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from qfluxd.api import commands as ask
from qfluxd.api.commands import Later, Repeat, Request, Unsure
from qfluxd.api.payloads import DecisionsPayload, HealthPayload, StatusPayload
from qfluxd.api.shapes import account_payload, session_payload
from qfluxd.desk import Desk
from qfluxd.market.capture import capture_name
from qfluxd.market.recorder import Recorder, Recording
from qfluxd.model import Millis, Refusal
from qfluxd.performer.arrivals import Arrivals
from qfluxd.performer.market import AssetAnswer, MarketAnswers
from qfluxd.performer.page import PageAnswers
from qfluxd.performer.pictures import Album, PictureAnswer, Pictures
from qfluxd.performer.strategies import StrategyAnswers
from qfluxd.performer.trades import TradeAnswers

__all__ = [
    "Album",
    "Arrivals",
    "AssetAnswer",
    "Host",
    "MarketAnswers",
    "PageAnswers",
    "Performer",
    "PictureAnswer",
    "Pictures",
    "StrategyAnswers",
    "TradeAnswers",
]


class Host(Protocol):
    """What only the daemon as a whole can do."""

    def status(self) -> StatusPayload:
        """As the retained topic says."""

    def health(self) -> HealthPayload:
        """Measured now."""

    def decisions(self) -> DecisionsPayload:
        """What strategies have decided since the start."""

    def set_log_level(self, level: str, for_s: int | None) -> dict[str, Any]:
        """Change the least level that is logged."""

    def reload(self) -> dict[str, Any]:
        """Read the configuration again. Raises `ConfigError`, and then nothing has changed."""

    def restart(self) -> dict[str, Any]:
        """Leave and begin anew on the configuration as it is now. Raises `ConfigError`, and then it goes on."""


class Performer:
    """Answers commands. The promise: a command that cannot be done is refused with a code and a sentence."""

    def __init__(
        self,
        desk: Desk,
        market: MarketAnswers,
        page: PageAnswers,
        trades: TradeAnswers,
        strategies: StrategyAnswers,
        compare: Callable[[ask.CompareWork], Any | Refusal],
        backtest: Callable[[ask.Backtest], Later | Refusal],
        recorder: Recorder,
        captures: Path,
        host: Host,
        now: Callable[[], Millis],
    ) -> None:
        self._desk = desk
        self._market = market
        self._page = page
        self._trades = trades
        self._strategies = strategies
        self._compare = compare
        self._backtest = backtest
        self._recorder = recorder
        self._captures = captures
        self._host = host
        self._now = now

    def stored(self, request: Request) -> Any | Refusal | Later | Repeat | None:
        """The outcome for a request whose id has acted before or is acting now."""
        return self._trades.stored(request)

    async def perform(self, request: Request) -> Any | Refusal | Later | Unsure | Repeat:
        """The data of the answer, or why there is none."""
        match command := request.command:
            case ask.PageWork():
                return await self._page.perform(command)
            case ask.TradeWork():
                return await self._trades.perform(request)
            case ask.StrategyWork():
                return self._strategies.perform(command)
            case ask.CompareWork():
                return self._compare(command)
            case ask.Backtest():
                return self._backtest(command)
            case ask.History():
                return await self._market.history(command)
            case _:
                return self._at_once(command)

    def _at_once(self, command: ask.Command) -> Any | Refusal:
        """What needs no waiting."""
        match command:
            case ask.Ping():
                return {"pong": True}
            case ask.Status():
                return self._status()
            case ask.Health():
                return self._host.health()
            case ask.AssetsList():
                return {"assets": self._market.assets()}
            case ask.Candles():
                return self._market.candles(command)
            case ask.RecordStart():
                return self._record(command.label)
            case ask.RecordStop():
                return self._recorder.stop() or Refusal("not_recording", "nothing is being recorded")
            case ask.SetLogLevel():
                return self._host.set_log_level(command.level, command.for_s)
            case ask.Reload():
                return self._host.reload()
            case ask.Restart():
                return self._host.restart()
            case _:
                raise AssertionError(f"{command.name} has no one to do it")

    def _status(self) -> dict[str, Any]:
        account = self._desk.account
        return {
            "status": self._host.status(),
            "session": session_payload(self._desk.session),
            "account": None if account is None else account_payload(account),
            "recording": self._recorder.status,
            "decisions": self._host.decisions(),
        }

    def _record(self, label: str | None) -> Recording:
        """Begin a capture under the usual name, or that of the owner; raises `DataError` where that cannot be."""
        now = self._now()
        name = capture_name(now) if label is None else f"{label}.jsonl"
        return self._recorder.start(self._captures / name, now)

"""Does what is asked about trades: places one, tells of them, lets them through or not."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from qfluxd.api import commands as ask
from qfluxd.api.commands import Later, Repeat, Request, Unsure
from qfluxd.api.shapes import money, trade_payload
from qfluxd.model import Refusal, TradingSwitch
from qfluxd.session import Trading
from qfluxd.settings import RiskSettings


class TradeAnswers:
    """What trading is asked for. The promise: only `trade/open` places anything, and it asks for an id first."""

    def __init__(
        self,
        trading: Trading | None,
        unlisted: Callable[[str], str | None] = lambda _: None,
        rival: Callable[[], str | None] = lambda: None,
        control: Callable[[str, Decimal | None], RiskSettings | Refusal] | None = None,
    ) -> None:
        """`trading` is None where the driver can place nothing.

        `unlisted` is a sentence about a symbol that the broker does not have, `rival` one about another daemon that
        hears the same requests; None where there is nothing to say. `control` tightens a limit.
        """
        self._trading = trading
        self._unlisted = unlisted
        self._rival = rival
        self._control = control

    def stored(self, request: Request) -> Any | Refusal | Later | Repeat | None:
        """The outcome for a request to trade whose id is known; nothing else is remembered."""
        if self._trading is None or not isinstance(request.command, ask.TradeOpen):
            return None
        return self._trading.stored(request)

    async def perform(self, request: Request) -> Any | Refusal | Later | Repeat | Unsure:
        """The data of the answer, or another outcome."""
        if isinstance(request.command, ask.ControlSet):
            return self._tightened(request.command)
        if (trading := self._trading) is None:
            return Refusal("no_page", "this driver places no trades")
        match command := request.command:
            case ask.TradeOpen():
                return self._misplaced(command) or await trading.open(request)
            case ask.TradeStatus():
                return _status(trading, command.trade or request.id)
            case ask.TradeList():
                return {"trades": [trade_payload(trade) for trade in trading.trades(command.count)]}
            case ask.TradingPause():
                return _switched(trading.pause(command.reason))
            case ask.TradingResume():
                return _switched(trading.resume(command.reason))
            case ask.TradingKill():
                return _switched(trading.kill(command.reason))
            case _:
                raise AssertionError(f"{command.name} has no one to do it")

    def _tightened(self, command: ask.ControlSet) -> dict[str, Any] | Refusal:
        if self._control is None:
            return Refusal("control_unknown", "there is nothing to control here")
        limits = self._control(command.control, command.value)
        if isinstance(limits, Refusal):
            return limits
        value = getattr(limits, command.control)
        return {"control": command.control, "value": money(value) if isinstance(value, Decimal) else value}

    def _misplaced(self, command: ask.TradeOpen) -> Refusal | None:
        """Why an order is turned down before anybody notes it; its id may be used again."""
        if said := self._rival():
            return Refusal("name_taken", said)
        if said := self._unlisted(command.asset):
            return Refusal("asset_unknown", said)
        return None


def _status(trading: Trading, ident: str | int | None) -> Any | Refusal:
    if ident in (None, ""):
        return Refusal("id_required", "trade/status needs the id of a trade: as its id, or as trade")
    trade = trading.status(str(ident))
    if trade is None:
        return Refusal("unknown_trade", f"the journal knows no trade {ident}; trade/list tells the newest")
    return {"trade": trade_payload(trade)}


def _switched(outcome: TradingSwitch | Refusal) -> dict[str, Any] | Refusal:
    """The switch as the topic `control` tells it."""
    if isinstance(outcome, Refusal):
        return outcome
    return {"trading": outcome.state, "reason": outcome.reason, "since": outcome.since}

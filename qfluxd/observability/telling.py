"""Facts as log lines, so that a tail of the log tells the session's story."""

import structlog

from qfluxd.model import (
    MINUTE,
    AccountState,
    Alert,
    Candle,
    Fact,
    Gap,
    Mode,
    PlanState,
    Session,
    Tick,
    TradingSwitch,
    timeframe_name,
)

log = structlog.get_logger()

_LONG_GAP = MINUTE
"""A gap from here on is worth a warning; the shorter ones of a reconnect, one per asset, are told on MQTT."""


class Telling:
    """A sink that writes a line for what a person would want to read.

    The promise: one line for each change of the session, of the trading switch and of what a strategy may do, one for
    the first tick of each connection, one per closed candle at debug, one per alert; nothing per tick.
    """

    def __init__(self) -> None:
        self._heard = False
        self._plans: dict[str, tuple[bool, Mode, bool]] = {}
        self._told = Session("starting", "", False, None, None, None, None, 0)

    def on_fact(self, fact: Fact) -> None:
        """Write the line for one fact, if it deserves one."""
        match fact:
            case Tick():
                if not self._heard:
                    self._heard = True
                    log.info("first tick", asset=fact.asset, price=fact.price)
            case Candle():
                log.debug("candle", **_candle(fact))
            case Session():
                self._session(fact)
            case AccountState():
                log.debug("account", account=fact.account)
            case Gap():
                say = log.warning if fact.end - fact.start >= _LONG_GAP else log.debug
                say("gap", asset=fact.asset, seconds=round((fact.end - fact.start) / 1000, 1))
            case Alert():
                log.warning(fact.code, detail=fact.detail)
            case TradingSwitch():
                log.info("trading", state=fact.state, reason=fact.reason)
            case PlanState():
                self._plan(fact)

    def _plan(self, state: PlanState) -> None:
        """Where it was switched, or taken out, and why."""
        switched = (state.enabled, state.mode, state.phase == "gone")
        if self._plans.get(state.name) != switched:
            self._plans[state.name] = switched
            phase = state.phase if state.phase in ("off", "gone", "benched") else "on"
            log.info("strategy", name=state.name, state=phase, mode=state.mode, detail=state.detail)

    def _session(self, session: Session) -> None:
        """The state in words; a lost connection makes the next tick a first one again."""
        if not session.connected and session.state != "stopped":
            self._heard = False
        before, self._told = self._told, session
        if (session.state, session.reason) == (before.state, before.reason):
            say = log.debug
        elif session.state == "login_required" or (before.state == "ready" and session.state != "stopped"):
            say = log.warning
        else:
            say = log.info
        say("session", state=session.state, reason=session.reason, account=session.account, asset=session.asset)


def _candle(candle: Candle) -> dict[str, object]:
    return {
        "asset": candle.series.asset,
        "timeframe": timeframe_name(candle.series.timeframe),
        "close": candle.close,
        "ticks": candle.ticks,
        "quality": candle.quality,
    }

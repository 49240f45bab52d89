"""How a daemon is doing: what it has heard and said so far, with what its parts tell of themselves."""

from typing import Any

from qfluxd.api.payloads import HealthPayload, MqttHealth, TradingHealth
from qfluxd.market.store import StoreStatus
from qfluxd.model import DAY, HOUR, Fact, Millis, OpenTrades, Session, Tick, Trade, TradingState
from qfluxd.observability.vitals import Availability, LoopLag, memory_mb
from qfluxd.ports import DriverHealth


class Tally:
    """A sink that counts, for the health. The promise: what it was not told is not in it."""

    def __init__(self, began: Millis) -> None:
        """`began` is this machine's clock at the start."""
        self.lag = LoopLag()
        self._began = began
        self._live = Availability(began)
        self._ticks = 0
        self._open: tuple[Trade, ...] = ()
        self._last_error: str | None = None

    def on_fact(self, fact: Fact) -> None:
        """Take note."""
        if type(fact) is Tick:
            self._ticks += 1
        elif isinstance(fact, OpenTrades):
            self._open = fact.trades

    def on_session(self, session: Session, at: Millis) -> None:
        """The session has changed, by this machine's clock at `at`."""
        self._live.on_state(session.connected, at)

    def on_error_line(self, _level: str, event: str, fields: Any, _at: Millis) -> None:
        """An error was logged."""
        self._last_error = " ".join([event, *(str(value) for value in fields.values())])[:200]

    def report(
        self,
        now: Millis,
        driver: DriverHealth,
        store: StoreStatus,
        mqtt: MqttHealth,
        *,
        heard: Millis | None,
        speaks: bool,
        switch: TradingState | None,
    ) -> HealthPayload:
        """The health at `now`. `heard` is the newest tick's arrival, `speaks` whether MQTT is wanted.

        `switch` is None where nothing can be ordered.
        """
        return HealthPayload(
            at=now,
            uptime_s=(now - self._began) // 1000,
            memory_mb=memory_mb() or 0.0,
            chrome_memory_mb=memory_mb(driver.chrome_pids),
            loop_lag_ms=self.lag.p99_ms(),
            frames=driver.frames,
            ticks=self._ticks,
            tick_age_ms=None if heard is None else max(0, now - heard),
            live_hour=self._live.share(HOUR, now),
            live_day=self._live.share(DAY, now),
            reconnects=driver.reconnects,
            queues={"tap": driver.queued, "store": store.waiting, "mqtt": mqtt.queued},
            dropped=driver.lost + store.lost + mqtt.dropped,
            last_error=self._last_error,
            mqtt=mqtt if speaks else None,
            trading=None if switch is None else self._trading(switch),
            page=driver.given_up,
        )

    def _trading(self, switch: TradingState) -> TradingHealth:
        return TradingHealth(switch, len(self._open), sum(trade.in_doubt for trade in self._open))

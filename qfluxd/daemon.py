"""The daemon: builds the parts, owns the outermost task group, knows the order of leaving."""

import asyncio
import signal
from collections.abc import Coroutine, Sequence
from pathlib import Path
from time import time_ns
from typing import Any, cast

import structlog

from qfluxd import __version__
from qfluxd.api import wire
from qfluxd.api.mosquitto import keep_broker
from qfluxd.api.mqtt import MqttEdge
from qfluxd.api.outbox import Outbox
from qfluxd.api.payloads import HealthPayload, InfoPayload, LogLevel, StatusPayload
from qfluxd.chores import Chores
from qfluxd.config import Loaded, Settings, diff
from qfluxd.desk import Desk
from qfluxd.errors import ConfigError, DataError, Unavailable
from qfluxd.loudness import Loudness
from qfluxd.market.recorder import Recorder
from qfluxd.market.store import Store
from qfluxd.model import Alert, Fact, Millis, Session
from qfluxd.observability import logs
from qfluxd.observability.notify import Notifier, Watchdog
from qfluxd.observability.telling import Telling
from qfluxd.performer import Arrivals, MarketAnswers, PageAnswers, Performer, Pictures, TradeAnswers
from qfluxd.ports import Driver, Passing, Sink, Surroundings, pass_on
from qfluxd.screenshots import Screenshots
from qfluxd.session import Trading
from qfluxd.sights import What
from qfluxd.tally import Tally
from qfluxd.trading.journal import Journal
from qfluxd.trading.orders import Orders

log = structlog.get_logger()

HEALTH_EVERY = 30.0
"""Seconds between two `health` messages."""
ANSWER_WITHIN = 3.0
"""Seconds on the way out for the answer to an order that is out."""

_LOOK_EVERY = 1.0


async def run_daemon(loaded: Loaded, *extra: Sink) -> int:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration again. Returns the exit code.

    `extra` sinks hear every fact too.
    """
    daemon = Daemon(loaded, extra)
    loop = asyncio.get_running_loop()
    acts = {signal.SIGTERM: daemon.stop, signal.SIGINT: daemon.stop, signal.SIGHUP: daemon.on_hangup}
    for number, act in acts.items():
        loop.add_signal_handler(number, act)
    try:
        await daemon.run()
    finally:
        for number in acts:
            loop.remove_signal_handler(number)
    return 0


class Daemon:
    """All parts of one running daemon.

    The promise: Chrome, the page, the MQTT broker or the disk being away is a state that is told, never an
    end; what was heard is stored and said before it leaves.
    """

    def __init__(self, loaded: Loaded, extra: Sequence[Sink] = (), passing: Passing = pass_on) -> None:
        """`extra` sinks hear every fact too; `passing` is told each point that an order passes."""
        self._started_with = self._loaded = loaded
        self._settings = settings = loaded.settings
        state, stream = settings.daemon.state_dir, settings.market.stream
        captures = state / "captures"
        _make_private(state)
        self._began = _now()
        self._tally = Tally(self._began)
        self._stopping = asyncio.Event()
        self._recorder = Recorder(self._alert)
        self._store = Store(state / "data", settings.store, stream, report=self._alert, captures=captures)
        self._outbox = Outbox(stream, settings.risk)
        self._driver: Driver = loaded.driver.connect(
            loaded.driver_config, Surroundings(settings.chrome, state, self._recorder.see, passing)
        )
        self._journal = None if self._driver.hands is None else Journal(state, self._began)
        self._orders = None if self._journal is None else Orders(self._journal, settings.risk, self._say, passing)
        self.desk = Desk(settings.market, self._say, server_offset=self._driver.server_offset, orders=self._orders)
        self._trading = (
            None if self._orders is None else Trading(self.desk, self._orders, self._driver, settings.risk, _now)
        )
        arrivals = Arrivals()
        self._sinks: tuple[Sink, ...] = (self._outbox, self._store, Telling(), self._tally, arrivals, *extra)
        screenshots = Screenshots(state, settings.screenshot)
        self._pictures = Pictures(screenshots, lambda jpeg: self._outbox.put(wire.screenshot(jpeg)), _now)
        self._chores = Chores(settings.screenshot, screenshots, self._take_picture, self._on_alert, _now)
        performer = self._performer(arrivals, captures)
        self._mqtt = MqttEdge(settings.mqtt, settings.daemon.name, self._outbox, performer.perform, performer.stored)
        self._notifier = Notifier()
        self._watchdog = Watchdog(self._notifier)
        self._restart_required: tuple[str, ...] = ()
        self._loudness = Loudness(settings.log.level, self._outbox, self._publish_info)
        self._desk_pulse, self._loop_pulse = self._watchdog.pulse("desk"), self._watchdog.pulse("loop")

    def _performer(self, arrivals: Arrivals, captures: Path) -> Performer:
        market = MarketAnswers(self.desk, self._store, _now)
        page = PageAnswers(
            lambda: self._driver.hands,
            self.desk,
            market,
            self._pictures,
            arrivals,
            lambda: self._settings.risk,
        )
        trades = TradeAnswers(self._trading, market.unknown_asset, lambda: self._mqtt.rival)
        return Performer(self.desk, market, page, trades, self._recorder, captures, self, _now)

    # ---------------------------------------------------------------------------------------------- life

    async def run(self) -> None:
        """Live until `stop`."""
        end_memory = logs.add_sink(self._tally.on_error_line, "error")
        self._loudness.publish(self._settings.mqtt.logs)
        self._publish_info()
        if self._orders is not None:
            self._orders.begin(_now())
        try:
            async with asyncio.TaskGroup() as outer:
                edges = [outer.create_task(edge, name=name) for name, edge in self._edges()]
                try:
                    await self._work()
                finally:
                    self._leave()
                for edge in reversed(edges):  # first the line, then the broker that it goes to
                    edge.cancel()
                    await asyncio.wait([edge])
        finally:
            self._loudness.close()
            end_memory()
            if self._journal is not None:
                self._journal.close()
        log.info("stopped")

    def stop(self) -> None:
        """Begin to leave, in order."""
        self._stopping.set()

    def _edges(self) -> list[tuple[str, Coroutine[Any, Any, Any]]]:
        """What leaves last."""
        mqtt = self._settings.mqtt
        if not mqtt.enabled:
            return []
        folder = self._settings.daemon.state_dir / "mosquitto"
        return [
            ("mqtt broker", keep_broker(mqtt, folder, lambda: self._mqtt.health.connected)),
            ("mqtt", self._mqtt.run()),
        ]

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            parts: dict[str, Coroutine[Any, Any, Any]] = {
                "driver": self._drive(),
                "store": self._store.run(),
                "recorder": self._recorder.run(),
                "outbox": self._outbox.run(),
                "loop lag": self._tally.lag.run(),
                "health": self._tell_health(),
                "chores": self._chores.run(),
                "pulse": self._look_after_pulse(),
                "watchdog": self._watchdog.run(),
            }
            if self._trading is not None:
                parts["trading"] = self._trading.run()
            tasks = [group.create_task(part, name=name) for name, part in parts.items()]
            self._notifier.ready("running")
            log.info("running", version=__version__, driver=self._settings.driver.name)
            await self._stopping.wait()
            self._notifier.stopping()
            if self._trading is not None:
                await self._trading.leave(ANSWER_WITHIN)
            self.desk.stop(_now())
            for task in tasks:
                task.cancel()

    async def _drive(self) -> None:
        """Run the driver; with one that has an end, such as a replay, time may stand still after it."""
        await self._driver.run(self.desk)
        self._watchdog.release(self._desk_pulse)
        log.info("driver ended", driver=self._settings.driver.name)

    def _leave(self) -> None:
        """Everything to disk; MQTT then sends what waits and says goodbye."""
        self._store.close()
        try:
            self._recorder.stop()
        except DataError as problem:
            log.error("capture not finished", reason=str(problem))  # noqa: TRY400 - the sentence says it all

    async def _take_picture(self, what: What) -> None:
        """A picture by schedule; none where there is no page to take one of."""
        hands = self._driver.hands
        if hands is not None and self.desk.session.connected:
            await self._pictures.take(hands, what, publish=True)

    # --------------------------------------------------------------------------------------------- facts

    def _say(self, fact: Fact) -> None:
        if isinstance(fact, Session):
            self._tally.on_session(fact, _now())
            self._notifier.status(f"{fact.state}: {fact.reason}")
        for sink in self._sinks:
            sink.on_fact(fact)

    def _alert(self, alert: Alert) -> None:
        self._outbox.on_fact(alert)

    def _on_alert(self, code: str, detail: str, at: Millis) -> None:
        self._alert(Alert(code, detail, at))

    def _publish_info(self) -> None:
        features = ["candles", "record", *(name for name in ("parquet", "csv") if getattr(self._settings.store, name))]
        if self._trading is not None:
            features += ["page", "screenshots", "trading"]
        level = cast(LogLevel, logs.level())
        payload = InfoPayload(
            __version__, wire.API_VERSION, self._settings.driver.name, tuple(features), level, self._restart_required
        )
        self._outbox.put(wire.info(payload))

    # -------------------------------------------------------------------------------------------- health

    async def _tell_health(self) -> None:
        while True:
            self._outbox.put(wire.health(self.health()))
            await asyncio.sleep(HEALTH_EVERY)

    async def _look_after_pulse(self) -> None:
        """The watchdog is fed only while the desk's time passes as well as the loop's."""
        beats = -1
        while True:
            if self.desk.beats != beats:
                beats = self.desk.beats
                self._desk_pulse.turn()
            self._loop_pulse.turn()
            await asyncio.sleep(_LOOK_EVERY)

    def health(self) -> HealthPayload:
        """How the daemon is doing, as of now."""
        return self._tally.report(
            _now(),
            self._driver.health(),
            self._store.status(),
            self._mqtt.health,
            heard=self.desk.newest_tick_heard,
            speaks=self._settings.mqtt.enabled,
            switch=None if self._trading is None else self._trading.switch.state,
        )

    def status(self) -> StatusPayload:
        """As the retained topic says while the daemon lives."""
        return StatusPayload("online", self._mqtt.session, "start", self._began)

    # ------------------------------------------------------------------------------------------- changes

    def set_log_level(self, level: str, for_s: int | None) -> dict[str, Any]:
        """Change the least level that is logged, until the next change or for some seconds."""
        return self._loudness.set(cast(LogLevel, level), for_s)

    def on_hangup(self) -> None:
        """SIGHUP: read the configuration again; a bad one is told and changes nothing."""
        self._notifier.reloading()
        try:
            self.reload()
        except ConfigError as problem:
            for mistake in problem.mistakes:
                log.warning("configuration not taken over", mistake=str(mistake))
            self._alert(Alert("bad_config", "; ".join(str(mistake) for mistake in problem.mistakes), _now()))
        finally:
            self._notifier.ready("running")

    def reload(self) -> dict[str, Any]:
        """Read the configuration again; what cannot change while running waits for a restart, whole."""
        loaded = self._loaded.reread()
        applied = [change.key for change in diff(self._loaded, loaded).live]
        changes = diff(self._started_with, loaded)
        self._loaded, self._settings = loaded, changes.settings
        self._take_over(changes.settings, applied)
        self._restart_required = tuple(change.key for change in changes.restart)
        self._publish_info()
        log.info("configuration read again", applied=applied, restart_required=self._restart_required)
        return {"applied": applied, "restart_required": self._restart_required}

    def _take_over(self, settings: Settings, changed: Sequence[str]) -> None:
        if "log.level" in changed:
            self._loudness.set(settings.log.level)
        self.desk.reconfigure(settings.market)
        self._outbox.reconfigure(settings.market.stream, settings.risk)
        self._store.reconfigure(settings.store, settings.market.stream)
        self._chores.reconfigure(settings.screenshot)
        if self._trading is not None:
            self._trading.reconfigure(settings.risk)
        self._loudness.publish(settings.mqtt.logs)


def _make_private(folder: Path) -> None:
    """The folder, for its owner only. Raises `Unavailable` where it cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be used ({error.strerror}); set [daemon] state_dir to another") from error


def _now() -> Millis:
    return time_ns() // 1_000_000

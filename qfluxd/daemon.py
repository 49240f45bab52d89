"""The daemon: builds the parts, owns the outermost task group, knows the order of leaving."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
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
from qfluxd.config import Loaded, Settings, diff
from qfluxd.desk import Desk
from qfluxd.errors import ConfigError, DataError, Unavailable
from qfluxd.market.recorder import Recorder
from qfluxd.market.store import Store
from qfluxd.model import DAY, HOUR, Alert, Fact, Millis, Session, Tick
from qfluxd.observability import logs
from qfluxd.observability.notify import Notifier, Watchdog
from qfluxd.observability.telling import Telling
from qfluxd.observability.vitals import Availability, LoopLag, memory_mb
from qfluxd.performer import Performer
from qfluxd.ports import Sink, Surroundings

log = structlog.get_logger()

HEALTH_EVERY = 30.0
"""Seconds between two `health` messages."""

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

    def __init__(self, loaded: Loaded, extra: Sequence[Sink] = ()) -> None:
        self._started_with = self._loaded = loaded
        self._settings = settings = loaded.settings
        state, stream = settings.daemon.state_dir, settings.market.stream
        captures = state / "captures"
        _make_private(state)
        self._began = _now()
        self._stopping = asyncio.Event()
        self._recorder = Recorder(self._alert)
        self._store = Store(state / "data", settings.store, stream, report=self._alert, captures=captures)
        self._outbox = Outbox(stream)
        self._driver = loaded.driver.connect(
            loaded.driver_config, Surroundings(settings.chrome, state, self._recorder.see)
        )
        self.desk = Desk(settings.market, self._say, server_offset=self._driver.server_offset)
        self._sinks: tuple[Sink, ...] = (self._outbox, self._store, Telling(), *extra)
        performer = Performer(self.desk, self._store, self._recorder, captures, self, _now)
        self._mqtt = MqttEdge(settings.mqtt, settings.daemon.name, self._outbox, performer.perform)
        self._notifier = Notifier()
        self._watchdog = Watchdog(self._notifier)
        self._lag = LoopLag()
        self._live = Availability(self._began)
        self._ticks = 0
        self._restart_required: tuple[str, ...] = ()
        self._last_error: str | None = None
        self._level = settings.log.level
        self._level_back: asyncio.TimerHandle | None = None
        self._desk_pulse, self._loop_pulse = self._watchdog.pulse("desk"), self._watchdog.pulse("loop")
        self._end_log_topic: Callable[[], None] = lambda: None

    # ---------------------------------------------------------------------------------------------- life

    async def run(self) -> None:
        """Live until `stop`."""
        end_memory = logs.add_sink(self._on_error_line, "error")
        self._publish_logs()
        self._publish_info()
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
            self._end_log_topic()
            end_memory()
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
                "loop lag": self._lag.run(),
                "health": self._tell_health(),
                "pulse": self._look_after_pulse(),
                "watchdog": self._watchdog.run(),
            }
            tasks = [group.create_task(part, name=name) for name, part in parts.items()]
            self._notifier.ready("running")
            log.info("running", version=__version__, driver=self._settings.driver.name)
            await self._stopping.wait()
            self._notifier.stopping()
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

    # --------------------------------------------------------------------------------------------- facts

    def _say(self, fact: Fact) -> None:
        if type(fact) is Tick:
            self._ticks += 1
        elif isinstance(fact, Session):
            self._live.on_state(fact.connected, _now())
            self._notifier.status(f"{fact.state}: {fact.reason}")
        for sink in self._sinks:
            sink.on_fact(fact)

    def _alert(self, alert: Alert) -> None:
        self._outbox.on_fact(alert)

    def _publish_info(self) -> None:
        features = ["candles", "record", *(name for name in ("parquet", "csv") if getattr(self._settings.store, name))]
        level = cast(LogLevel, logs.level())
        payload = InfoPayload(
            __version__, wire.API_VERSION, self._settings.driver.name, tuple(features), level, self._restart_required
        )
        self._outbox.put(wire.info(payload))

    def _publish_logs(self) -> None:
        self._end_log_topic()
        level = self._settings.mqtt.logs
        if level != "off":
            self._end_log_topic = logs.add_sink(lambda *line: self._outbox.put(wire.log(*line)), level)
        else:
            self._end_log_topic = lambda: None

    def _on_error_line(self, _level: str, event: str, fields: Any, _at: Millis) -> None:
        self._last_error = " ".join([event, *(str(value) for value in fields.values())])[:200]

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
        now, driver, store, mqtt = _now(), self._driver.health(), self._store.status(), self._mqtt.health
        heard = self.desk.newest_tick_heard
        return HealthPayload(
            at=now,
            uptime_s=(now - self._began) // 1000,
            memory_mb=memory_mb() or 0.0,
            chrome_memory_mb=memory_mb(driver.chrome_pids),
            loop_lag_ms=self._lag.p99_ms(),
            frames=driver.frames,
            ticks=self._ticks,
            tick_age_ms=None if heard is None else max(0, now - heard),
            live_hour=self._live.share(HOUR, now),
            live_day=self._live.share(DAY, now),
            reconnects=driver.reconnects,
            queues={"tap": driver.queued, "store": store.waiting, "mqtt": mqtt.queued},
            dropped=driver.lost + store.lost + mqtt.dropped,
            last_error=self._last_error,
            mqtt=mqtt if self._settings.mqtt.enabled else None,
        )

    def status(self) -> StatusPayload:
        """As the retained topic says while the daemon lives."""
        return StatusPayload("online", self._mqtt.session, "start", self._began)

    # ------------------------------------------------------------------------------------------- changes

    def set_log_level(self, level: str, for_s: int | None) -> dict[str, Any]:
        """Change the least level that is logged, until the next change or for some seconds."""
        before = logs.level()
        self._forget_level_back()
        if for_s is None:
            self._level = cast(LogLevel, level)
        else:
            self._level_back = asyncio.get_running_loop().call_later(for_s, lambda: self._apply_level(self._level))
        self._apply_level(level)
        return {"level": level, "before": before, "for_s": for_s}

    def _apply_level(self, level: str) -> None:
        logs.set_level(cast(LogLevel, level))
        self._publish_info()

    def _forget_level_back(self) -> None:
        if self._level_back is not None:
            self._level_back.cancel()
            self._level_back = None

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
            self._level = settings.log.level
            self._forget_level_back()
            logs.set_level(self._level)
        self.desk.reconfigure(settings.market)
        self._outbox.reconfigure(settings.market.stream)
        self._store.reconfigure(settings.store, settings.market.stream)
        self._publish_logs()


def _make_private(folder: Path) -> None:
    """The folder, for its owner only. Raises `Unavailable` where it cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be used ({error.strerror}); set [daemon] state_dir to another") from error


def _now() -> Millis:
    return time_ns() // 1_000_000

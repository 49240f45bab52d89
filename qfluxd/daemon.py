"""The daemon: builds the parts, owns the outermost task group, knows the order of leaving."""

import asyncio
import signal
from collections.abc import Container, Coroutine, Sequence
from decimal import Decimal
from pathlib import Path
from time import time_ns
from typing import Any, cast

import msgspec
import structlog

from qfluxd import __version__
from qfluxd.api import wire
from qfluxd.api.mosquitto import keep_broker
from qfluxd.api.mqtt import MqttEdge
from qfluxd.api.outbox import Outbox
from qfluxd.api.payloads import DecisionsPayload, HealthPayload, InfoPayload, LogLevel, StatusPayload, encode_json
from qfluxd.backtesting import Backtests
from qfluxd.chores import Chores, Jobs
from qfluxd.comparing import Comparing
from qfluxd.comparing.answering import CompareAnswers
from qfluxd.config import Loaded, Settings, diff, latency_of, own_strategies, rules_of, stake_notices
from qfluxd.controls import Controls
from qfluxd.deskside import Deskside
from qfluxd.errors import ConfigError, DataError, Unavailable
from qfluxd.loudness import Loudness
from qfluxd.market.recorder import Recorder
from qfluxd.market.store import Store
from qfluxd.model import Alert, Fact, Frame, Millis, Note, OrderAsked, PlanSwitched, Refusal, Session, Switched
from qfluxd.observability import logs
from qfluxd.observability.notify import Notifier, Watchdog
from qfluxd.observability.telling import Telling
from qfluxd.performer import (
    Arrivals,
    MarketAnswers,
    PageAnswers,
    Performer,
    Pictures,
    StrategyAnswers,
    TradeAnswers,
)
from qfluxd.plans.plan import Plan
from qfluxd.plans.playbook import nobody
from qfluxd.ports import Driver, Passing, Sink, Surroundings, Timed, pass_on
from qfluxd.research.promotion import Verdict as Comparison
from qfluxd.retraining import Retraining
from qfluxd.scores import Scores
from qfluxd.screenshots import Screenshots
from qfluxd.session import Trading
from qfluxd.settings import RiskSettings
from qfluxd.sights import What
from qfluxd.tally import Tally
from qfluxd.trading.journal import Journal
from qfluxd.trading.shadow import ShadowDeal
from qfluxd.upkeep import Upkeep

log = structlog.get_logger()

BY_FILE = "file"
"""Who switched a plan: the file has changed what it says, and what a command said before does not hold any more."""
HEALTH_EVERY = 30.0
"""Seconds between two `health` messages."""
ANSWER_WITHIN = 3.0
"""Seconds on the way out for the answer to an order that is out."""

_LOOK_EVERY = 1.0
_REMEMBERED = 100_000
"""Trades of the journal that the score goes back to."""


async def run_daemon(loaded: Loaded, *extra: Sink, record: str | None = None) -> int:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration again. Returns the exit code.

    `extra` sinks hear every fact too; `record` names a capture that is begun before anything is heard, and that ends
    where the daemon is asked to begin anew.

    Raises:
        DataError: the capture cannot be begun.
    """
    daemon = Daemon(loaded, extra)
    if record is not None:
        daemon.record(record)
    await _live(daemon)
    while (again := daemon.again) is not None:
        logs.set_up(again.settings.log.level, again.settings.log.format)
        daemon = Daemon(again, extra)
        await _live(daemon)
    return 0


async def _live(daemon: "Daemon") -> None:
    """Run it, heeding signals."""
    loop = asyncio.get_running_loop()
    acts = {signal.SIGTERM: daemon.stop, signal.SIGINT: daemon.stop, signal.SIGHUP: daemon.on_hangup}
    for number, act in acts.items():
        loop.add_signal_handler(number, act)
    try:
        await daemon.run()
    finally:
        for number in acts:
            loop.remove_signal_handler(number)


class Daemon:
    """All parts of one running daemon.

    The promise: Chrome, the page, the MQTT broker or the disk being away is a state that is told, never an
    end; what was heard is stored and said before it leaves. `again` is the configuration with which another one
    is to follow it, None where none is.
    """

    def __init__(self, loaded: Loaded, extra: Sequence[Sink] = (), passing: Passing = pass_on) -> None:
        """`extra` sinks hear every fact too; `passing` is told each point that an order passes."""
        self._started_with = self._loaded = loaded
        self.again: Loaded | None = None
        self._settings = settings = loaded.settings
        state, stream = settings.daemon.state_dir, settings.market.stream
        captures = state / "captures"
        _make_private(state)
        self._began = _now()
        self._tally = Tally(self._began)
        self._stopping = asyncio.Event()
        self._recorder = Recorder(self._alert)
        self._store = Store(state / "data", settings.store, stream, report=self._alert, captures=captures)
        self._controls = Controls(state)
        limits = self._controls.applied(settings.risk)
        self._outbox = Outbox(stream, limits)
        beneath = None if loaded.beneath is None else loaded.beneath.connect
        self._driver: Driver = loaded.driver.connect(
            loaded.driver_config, Surroundings(settings.chrome, state, self._recorder.see, passing, beneath)
        )
        self._journal = Journal(state, self._began)
        now = self._time = self._driver.now if isinstance(self._driver, Timed) else _now
        rules = rules_of(settings)
        side = self._side = Deskside(
            settings.market,
            limits,
            rules,
            self._journal,
            self._say,
            server_offset=self._driver.server_offset,
            latency=latency_of(settings),
            account=self._driver.account,
            clock=now,
            passing=passing,
            note=self._note,
            on_shadow=self._on_shadow,
        )
        self.desk, self._orders, self._acts = side.desk, side.orders, side.acts
        self._scores = Scores(limits.calendar, lambda which, payload: self._outbox.put(wire.stats(which, payload)))
        self._trading = (
            None
            if self._driver.hands is None
            else Trading(side.orders, self._driver, side.guards, side.acts, now, lambda: self._mqtt.rival)
        )
        self.desk.plans.on_benched = self._note
        self.desk.plans.on_slow = self._on_slow
        self.desk.plans.live = nobody if self._trading is None else self._trading.follow
        late, put = rules.grace + rules.late_after + 1000, self._outbox.put
        self._comparing = Comparing(self.desk, side.orders, self._journal, side.acts, settings.compare, put, now, late)
        arrivals = Arrivals()
        self._sinks: tuple[Sink, ...] = (
            *(self._outbox, self._store, Telling(), self._tally, self._scores, self._comparing, arrivals),
            *extra,
        )
        screenshots = Screenshots(state, settings.screenshot)
        self._pictures = Pictures(screenshots, lambda jpeg: self._outbox.put(wire.screenshot(jpeg)), _now)
        self._upkeep = Upkeep(state, settings.housekeeping.keep)
        jobs = Jobs(self._take_picture, self._scan, self._back_up, self._report)
        self._chores = Chores(settings.screenshot, settings.housekeeping, screenshots, jobs, self._on_alert, _now)
        performer = self._performer(arrivals, captures)
        self._mqtt = MqttEdge(settings.mqtt, settings.daemon.name, self._outbox, performer.perform, performer.stored)
        self._notifier = Notifier()
        self._watchdog = Watchdog(self._notifier)
        self._retraining = Retraining(self._tell, self._read_again, loaded.file)
        self._contests: asyncio.Queue[tuple[str, Comparison]] = asyncio.Queue()
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
        trades = TradeAnswers(self._trading, market.unknown_asset, lambda: self._mqtt.rival, self._control)
        strategies = StrategyAnswers(
            self.desk, self._scores, self._acts.switch, self._own_strategies, market.unknown_asset, self._time
        )
        compare = CompareAnswers(self._comparing, self.desk, self._time).perform
        data, plans = self._settings.daemon.state_dir / "data", self.desk.plans
        backtest = Backtests(lambda: self._loaded.file, data, lambda name: plans.plan(name) is not None).perform
        works = (market, page, trades, strategies, compare, backtest)
        return Performer(self.desk, *works, self._recorder, captures, self, _now)

    # ---------------------------------------------------------------------------------------------- life

    async def run(self) -> None:
        """Live until `stop`."""
        end_memory = logs.add_sink(self._tally.on_error_line, "error")
        self._loudness.publish(self._settings.mqtt.logs)
        self._publish_info()
        self._take_up()
        try:
            await self._warn_of_stakes()
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
            self._journal.close()
        log.info("stopped")

    async def _warn_of_stakes(self) -> None:
        """What each way to stake may lead to, said before it starts."""
        for notice in await asyncio.to_thread(lambda: list(stake_notices(self._loaded))):
            log.info("stakes", notice=notice)

    def _take_up(self) -> None:
        """What earlier runs left: orders, plans as they were switched, shadow deals, and what all of it came to."""
        now, journal, plans = _now(), self._journal, self.desk.plans
        self._orders.begin(now)
        self._heed_file(self._loaded.plans)
        plans.replace(self._loaded.plans, self._switches())
        self._note_switches(now)
        deals = journal.shadow_deals(0)
        self._side.shadowing.resume(journal.resumed())
        self._comparing.resume()
        for deal in deals:
            self._side.shadowing.on_deal(deal)
        trades = journal.settled(_REMEMBERED)
        plans.restore(trades, deals)
        self._retraining.begin(self._loaded, deals)
        self._chores.add(tuple(self._retraining.chores()))
        self._scores.restore(trades, deals, self._time())
        self._comparing.restore(deals)
        self.desk.shadow.restore(deal for deal in deals if not deal.is_over)

    def _switches(self) -> list[PlanSwitched]:
        """How plans were switched by command, but for those that the file has changed since."""
        last = self._journal.plan_switches() | {switch.name: switch for switch in self._orders.unwritten}
        return [switch for switch in last.values() if switch.by != BY_FILE]

    def _note_switches(self, now: Millis) -> None:
        """A recording that begins with the daemon begins with what was switched before."""
        for switch in self._switches():
            self._note(msgspec.structs.replace(switch, at=now))
        if (trading := self._orders.switch).state != "active":
            self._note(Switched(trading.state, trading.reason, now))

    def record(self, name: str) -> Path:
        """Begin a capture of that name; begun before `run` it holds all that is heard. Raises `DataError`."""
        file = self._settings.daemon.state_dir / "captures" / f"{name}.jsonl"
        self._recorder.start(file, _now())
        return file

    def stop(self) -> None:
        """Begin to leave, in order, for good."""
        self.again = None
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
                "successions": self._follow_contests(),
                "pulse": self._look_after_pulse(),
                "watchdog": self._watchdog.run(),
            }
            if self._trading is not None:
                parts["trading"] = self._trading.run()
            tasks = [group.create_task(part, name=name) for name, part in parts.items()]
            self._notifier.ready("running")
            log.info("running", version=__version__, driver=self._settings.driver.name)
            await self._stopping.wait()
            if self.again is None:
                self._notifier.stopping()
            else:
                self._notifier.reloading()  # a service that said that it stops would be waited for, and then killed
            self._acts.leave()
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
        self._scores.pass_time(self.desk.now(self._time()))
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

    async def _scan(self) -> None:
        """What the page shows, by schedule."""
        hands = self._driver.hands
        if hands is not None and self.desk.session.connected:
            await self._upkeep.scan(await hands.scan(), _now())

    async def _back_up(self) -> None:
        await self._upkeep.back_up(_now())

    async def _report(self) -> None:
        await self._upkeep.report(self._scores.payloads(self.desk.now(self._time())), _now())

    # --------------------------------------------------------------------------------------------- facts

    def _say(self, fact: Fact) -> None:
        if isinstance(fact, Session):
            self._tally.on_session(fact, _now())
            self._notifier.status(f"{fact.state}: {fact.reason}")
        for sink in self._sinks:
            sink.on_fact(fact)

    def _note(self, note: Note) -> None:
        """A recording keeps what the desk is told beside the page's frames, at the very moment for which it is told.

        A moment later a beat may have passed, which a replay would then let pass too early.
        """
        at = note.order.received if isinstance(note, OrderAsked) else note.at
        self._recorder.see(Frame(at, "qfluxd", encode_json(note), sent=True, note=True))

    def _on_slow(self, switch: PlanSwitched) -> None:
        """How long a look takes is told by this machine alone: as for a command, what follows from it is noted."""
        asyncio.get_running_loop().call_soon(self._acts.bench, switch)

    def _on_shadow(self, deal: ShadowDeal) -> None:
        self._scores.on_shadow(deal)
        self._comparing.on_deal(deal)
        if (found := self._retraining.on_deal(deal)) is not None and found[1].decision != "wait":
            self._contests.put_nowait(found)

    async def _follow_contests(self) -> None:
        """Models change place beside the desk: files are moved, and the configuration is read again."""
        while True:
            plan, comparison = await self._contests.get()
            await self._retraining.conclude(plan, comparison)

    def _tell(self, code: str, detail: str) -> None:
        self._alert(Alert(code, detail, _now()))

    def _read_again(self) -> None:
        """As for a hang-up, where the daemon itself has changed a file; a bad configuration is told."""
        try:
            self.reload()
        except ConfigError as problem:
            self._tell("bad_config", "; ".join(str(mistake) for mistake in problem.mistakes))

    def _alert(self, alert: Alert) -> None:
        self._outbox.on_fact(alert)

    def _on_alert(self, code: str, detail: str, at: Millis) -> None:
        self._alert(Alert(code, detail, at))

    def _publish_info(self) -> None:
        features = [
            "candles",
            "record",
            "strategies",
            *(name for name in ("parquet", "csv") if getattr(self._settings.store, name)),
        ]
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
            self._scores.pass_time(self.desk.now(self._time()))
            self._comparing.look()
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

    def decisions(self) -> DecisionsPayload:
        """What was decided since the start, in one short word."""
        fingerprint = self.desk.plans.fingerprint
        return DecisionsPayload(fingerprint.decisions, str(fingerprint))

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
        self._heed_file(loaded.plans, {plan.name for plan in self._loaded.plans})
        self._loaded, self._settings = loaded, changes.settings
        touched = self._take_over(changes.settings, applied)
        applied += [name for name in touched if not any(key.startswith(f"{name}.") for key in applied)]
        self._restart_required = tuple(change.key for change in changes.restart)
        self._publish_info()
        log.info("configuration read again", applied=applied, restart_required=self._restart_required)
        return {"applied": applied, "restart_required": self._restart_required}

    def restart(self) -> dict[str, Any]:
        """Leave in order and begin anew, on the configuration as it is now. Raises `ConfigError`: then nothing happens.

        Gives the keys that have waited for it.
        """
        again = self._loaded.reread()
        applied = [change.key for change in diff(self._started_with, again).restart]
        log.info("restart asked for", applied=applied)
        self.again = again
        self._stopping.set()
        return {"applied": applied}

    def _heed_file(self, plans: Sequence[Plan], there: Container[str] | None = None) -> None:
        """Where the file says otherwise than when it was last read, also by an earlier run, commands give way to it.

        They do so in what it has changed: who turned a plan off need not fear for it when its mode is written anew.
        A table that was taken out and comes back, which is one that was not `there`, is as the file says.
        """
        commanded = {switch.name: switch for switch in self._switches()}
        unwritten = {switch.name: switch for switch in self._orders.unwritten if switch.by == BY_FILE}
        said = self._journal.filed_plans() | unwritten
        for plan in plans:
            before = said.get(plan.name)
            if before is None or (before.enabled, before.mode) != (plan.enabled, plan.mode):
                at = self._time()
                word = PlanSwitched(plan.name, plan.enabled, plan.mode, BY_FILE, "the configuration says so", at)
                self._orders.keep(word, at)
                command = commanded.get(plan.name)
                if before is not None and command is not None and (there is None or plan.name in there):
                    enabled = command.enabled if before.enabled == plan.enabled else plan.enabled
                    mode = command.mode if before.mode == plan.mode else plan.mode
                    left = msgspec.structs.replace(command, enabled=enabled, mode=mode, at=at)
                    if (enabled, mode) != (plan.enabled, plan.mode):
                        self._orders.keep(left, at)

    def _take_over(self, settings: Settings, changed: Sequence[str]) -> list[str]:
        """Gives the strategies that begin anew, also where only a file behind them has changed."""
        if "log.level" in changed:
            self._loudness.set(settings.log.level)
        self.desk.reconfigure(settings.market)
        touched = self.desk.plans.replace(self._loaded.plans, self._switches())
        self._comparing.reconfigure(settings.compare)
        self._retraining.begin(self._loaded, ())
        self._chores.add(tuple(self._retraining.chores()))
        self._limit()
        self._store.reconfigure(settings.store, settings.market.stream)
        self._upkeep.keep = settings.housekeeping.keep
        self._chores.reconfigure(settings.screenshot, settings.housekeeping)
        self._loudness.publish(settings.mqtt.logs)
        return [f"strategy.{name}" for name in touched]

    def _limit(self) -> None:
        """The limits of the file, tightened by command, hold from now on."""
        limits = self._controls.applied(self._settings.risk)
        self._side.limit(limits)
        self._scores.reconfigure(limits.calendar)
        self._outbox.reconfigure(self._settings.market.stream, limits)

    def _control(self, name: str, value: Decimal | None) -> RiskSettings | Refusal:
        """Tighten a limit; gives those that hold now."""
        refusal = self._controls.set(name, value, self._settings.risk)
        if refusal is not None:
            return refusal
        self._limit()
        return self._controls.applied(self._settings.risk)

    def _own_strategies(self) -> Path:
        return own_strategies(self._settings)


def _make_private(folder: Path) -> None:
    """The folder, for its owner only. Raises `Unavailable` where it cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be used ({error.strerror}); set [daemon] state_dir to another") from error


def _now() -> Millis:
    return time_ns() // 1_000_000

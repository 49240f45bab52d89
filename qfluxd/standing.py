"""How far the session has come, in one word and a reason; ready means fresh data, nothing less."""

from qfluxd.model import Account, Millis, Session, SessionState, Situation, timeframe_name

_OFFSET_STEP: Millis = 250
"""A clock offset that has moved less than this is not worth saying again."""

_NOT_TOLD = "which account is in front is told when the page loads: reload it before trading"


class Standing:
    """Derives the session's state from what the driver and the market say.

    The promise: ``ready`` is returned only while the newest tick is fresh, by this machine's clock and by
    the broker's own stamps.
    """

    def __init__(self, stale_after: Millis) -> None:
        self._stale_after = stale_after
        self._situation: Situation | None = None
        self._heard: Millis | None = None
        self._stamp: Millis | None = None
        self._said = Session("starting", "no driver has spoken yet", False, None, None, None, None, 0)
        self.is_ready = False
        """Whether the state that was said last is ``ready``."""
        self.account: Account | None = None
        self.asset: str | None = None
        self.timeframe: Millis | None = None

    @property
    def session(self) -> Session:
        """What was said last."""
        return self._said

    @property
    def newest_heard(self) -> Millis | None:
        """This machine's clock at the newest tick, None before the first."""
        return self._heard

    def on_situation(self, situation: Situation) -> None:
        """The driver came further, or fell back; falling back forgets what was fresh."""
        self._situation = situation
        if situation.state != "connected":
            self._heard = self._stamp = None
            if situation.state != "waiting_page":
                self.account = None

    def on_tick(self, at: Millis, stamp: Millis) -> None:
        """A tick was heard at `at` by this machine's clock, stamped `stamp` by the broker (UTC)."""
        self._heard = at
        if self._stamp is None or stamp > self._stamp:
            self._stamp = stamp

    def judge(self, host: Millis, broker: Millis, clock_offset: Millis | None) -> Session | None:
        """The session as it stands at `host` (ours) and `broker` (theirs); None where nothing has changed."""
        before = self._said
        if before.state == "stopped":
            return None
        if self._heard is not None and host < self._heard:
            self._heard = host  # this machine's clock was set back: count anew from here
        state, reason = self._state(host, broker)
        now = Session(
            state=state,
            reason=reason,
            connected=self._situation is not None and self._situation.state == "connected",
            account=self.account,
            asset=self.asset,
            timeframe=self.timeframe,
            clock_offset_ms=self._offset(clock_offset),
            since=before.since if state == before.state and before.since else host,
        )
        if now == before:
            return None
        self._said = now
        self.is_ready = now.state == "ready"
        return now

    def stop(self, host: Millis) -> Session:
        """The last word of a daemon that is leaving; nothing is judged after it."""
        self._said = Session("stopped", "the daemon is stopping", False, self.account, None, None, None, host)
        self.is_ready = False
        return self._said

    def _state(self, host: Millis, broker: Millis) -> tuple[SessionState, str]:
        if self._situation is None:
            return "starting", "no driver has spoken yet"
        if self._situation.state != "connected":
            return self._situation.state, self._situation.reason
        if self._heard is None or self._stamp is None:
            return "stale", "connected, and no tick has come yet"
        if host - self._heard > self._stale_after:
            return "stale", f"no tick for more than {_seconds(self._stale_after)}"
        if broker - self._stamp > self._stale_after:
            return "stale", f"ticks arrive more than {_seconds(self._stale_after)} late"
        if self.account is None:
            return "ready", f"{self._situation.reason}; {_NOT_TOLD}"
        return "ready", self._situation.reason

    def _offset(self, measured: Millis | None) -> Millis | None:
        said = self._said.clock_offset_ms
        if measured is None or said is None or abs(measured - said) >= _OFFSET_STEP:
            return measured
        return said


def _seconds(length: Millis) -> str:
    return timeframe_name(length) if length % 1000 == 0 else f"{length / 1000:g} s"

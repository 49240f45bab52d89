"""From frames to what the desk hears, and to how far the session has come."""

import structlog

from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.wire.values import is_event
from qfluxd.drivers.pocketoption.witness import Witness
from qfluxd.model import (
    Account,
    Assets,
    Balance,
    DealOpened,
    Frame,
    History,
    LoggedIn,
    LoggedOut,
    Millis,
    OrderRefused,
    OrderSent,
    Situation,
    Tick,
)
from qfluxd.ports import Ear

log = structlog.get_logger()

_MARKET = frozenset({Tick, Assets, History, LoggedIn})
"""Only the market socket carries these; a socket that was open before us is known by them."""

_OF_ORDERS = (OrderSent, DealOpened, OrderRefused)


class Follower:
    """Feeds the codec and keeps the situation.

    The promise: ``connected`` is said when the market socket has spoken, and taken back when it closes or
    the broker ends the session.
    """

    def __init__(
        self,
        codec: Codec,
        ear: Ear,
        account: Account | None = None,
        *,
        told: Told | None = None,
        witness: Witness | None = None,
    ) -> None:
        """`account` is the one that should be in front; another one is told of.

        `told` and `witness` hear everything before the desk does, for those who work the page. `refusal` is why the
        broker ended the newest session, None while it has not.
        """
        self.refusal: str | None = None
        self._told = told or Told()
        self._witness = witness or Witness()
        self._codec = codec
        self._ear = ear
        self._account = account
        self._in_front: Account | None = None
        self._situation: Situation | None = None
        self._market: str | None = None
        self._unseen = self._witness.unseen

    @property
    def connected(self) -> bool:
        """Whether the market socket is open and the broker has accepted the session."""
        return self._market is not None

    @property
    def market(self) -> str | None:
        """The market socket's name."""
        return self._market

    def see(self, frame: Frame) -> None:
        """Take one frame; everything it means reaches the desk before this returns."""
        asks = frame.sent and self._witness.see(frame)
        if frame.closed:
            self._on_closed(frame.conn, frame.at)
            return
        values = self._codec.feed(frame)
        if asks and not any(isinstance(value, OrderSent) for value in values):
            self._ear.on_order_unclear(frame.at)
        for value in values:
            kind = type(value)
            if type(value) is Tick and self._market == frame.conn:  # nearly all of it, and only the desk's business
                self._ear.hear(frame.at, value)
                continue
            if isinstance(value, LoggedIn):
                log.info("login accepted")
            if kind in _MARKET and self._market != frame.conn:
                self._on_market(frame, accepted=kind is LoggedIn)
            elif isinstance(value, LoggedOut) and self._market in (None, frame.conn):
                self.refusal = f"the broker ended the session: {value.reason}"
                self.say(frame.at, Situation("login_required", self.refusal))
            elif isinstance(value, Balance):
                self._on_balance(frame.at, value)
            self._told.hear(value)
            if is_event(value):
                if isinstance(value, _OF_ORDERS):
                    self.look_for_unseen(frame.at)
                self._witness.hear(value)
                self._ear.hear(frame.at, value)

    def look_for_unseen(self, at: Millis) -> None:
        """Tell the desk where frames have gone by that nobody was shown: one of them may have been an order."""
        if (unseen := self._witness.unseen) != self._unseen:
            self._unseen = unseen
            self._ear.on_order_unclear(at)

    def lose(self) -> None:
        """Frames were missed, or the line to Chrome ended: what was said meanwhile is not known."""
        self._witness.lose()

    def say(self, at: Millis, situation: Situation) -> None:
        """Tell the desk where we stand, once per change; anything but connected lets go of the market socket."""
        if situation.state != "connected":
            self._market = None
            self._told.forget()
        if situation != self._situation:
            self._situation = situation
            self._ear.hear(at, situation)

    def _on_closed(self, conn: str, at: Millis) -> None:
        self._codec.forget(conn)
        if conn == self._market:
            self.say(at, Situation("waiting_page", "the page's market socket closed; it reconnects by itself"))

    def _on_market(self, frame: Frame, *, accepted: bool) -> None:
        """The market socket spoke. A newer socket takes over only when the broker has accepted it."""
        if self._market is None or accepted:
            self._market = frame.conn
            self.refusal = None
            log.info("market socket")
            self.say(frame.at, Situation("connected", "market data is coming in"))

    def _on_balance(self, at: Millis, balance: Balance) -> None:
        if balance.account != self._in_front:
            self._in_front = balance.account
            if self._account is not None and balance.account != self._account:
                detail = (
                    f"the {balance.account} account is in front, and [driver.pocketoption] account is {self._account}"
                )
                self._ear.alert("other_account", detail, at)

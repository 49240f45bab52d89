"""A paper account as a driver: prices from another one, orders and money on paper."""

from time import time_ns

from qfluxd.drivers.paper.account import ACCOUNT, PaperAccount
from qfluxd.drivers.paper.ear import PaperEar
from qfluxd.drivers.paper.hands import PaperHands
from qfluxd.drivers.paper.kept import FILE, recall
from qfluxd.drivers.paper.settings import NAME, Config
from qfluxd.errors import ConfigError, Mistake
from qfluxd.model import Account, Millis
from qfluxd.ports import Driver, DriverHealth, Ear, Surroundings, Timed

__all__ = ["Config", "Paper", "connect"]


def connect(config: Config, surroundings: Surroundings) -> "Paper":
    """The driver for `config`, on top of the one that it names.

    Raises `DataError` where the account's file is no account, `ConfigError` where nobody connects the other driver.
    """
    if surroundings.beneath is None:
        where, what = f"driver.{NAME}.on", f"nobody has connected the driver {config.on!r} that it is to trade on"
        raise ConfigError(Mistake(where, what, "qfluxd"))
    file = surroundings.state_dir / FILE if config.is_kept else None
    account = PaperAccount(config, None if file is None else recall(file), file)
    return Paper(surroundings.beneath(surroundings), account)


class Paper:
    """One paper account on the prices of another driver.

    The promise: nothing of it reaches the other driver's account. On a recording it is exact: with the same seed the
    same orders have the same fate at every speed.
    """

    def __init__(self, market: Driver, account: PaperAccount) -> None:
        """`market` brings the prices."""
        self._market = market
        self._account = account
        self._ear: PaperEar | None = None
        self._hands = PaperHands(lambda: self._ear, lambda: market.hands)

    @property
    def server_offset(self) -> int:
        """The other driver's."""
        return self._market.server_offset

    @property
    def account(self) -> Account:
        """The paper account is a demo account."""
        return ACCOUNT

    @property
    def hands(self) -> PaperHands:
        """What places orders on paper."""
        return self._hands

    def health(self) -> DriverHealth:
        """The other driver's."""
        return self._market.health()

    def now(self) -> Millis:
        """This machine's clock, or that of the recording which is played."""
        return self._market.now() if isinstance(self._market, Timed) else time_ns() // 1_000_000

    async def run(self, ear: Ear) -> None:
        """Listen to the other driver for as long as it runs."""
        self._ear = PaperEar(ear, self._account, self.now)
        try:
            await self._market.run(self._ear)
        finally:
            self._ear = None

"""What a guard looks at: an order's intent, what is at stake, and the limits that concern it."""

from decimal import Decimal

import msgspec

from qfluxd.model import Account, Asset, Millis, Order, Quality, Session, TradingSwitch
from qfluxd.settings import Limits, RiskSettings

_NOTHING = Decimal(0)


class Exposure(msgspec.Struct, frozen=True):
    """What is at stake within one scope (an account, a strategy, an asset) beside the order in question.

    `open` counts orders on their way, deals that are open, and orders in doubt whose deal could still be open; a deal
    opened by hand counts like any other. `at_risk` is the sum of their stakes, `on_its_way` the part of it that no
    deal is known of, `alike` how many of them share a currency with the asset in question.

    `lost` is the day's loss: the profits of all deals that closed in it, netted, as a loss and at least 0 (so winnings
    make up for losses but are never put at risk on top of the limit), plus the whole stake of each order in doubt that
    would have closed in it; `lost_in_week` is the same of the week. `result` and `result_in_week` are the plain sums,
    a doubt counting as lost. `drawdown` is how far the result now is below its best since trading was last resumed,
    `deepest` how far it ever was. `losses` were made in a row, the last of them ended at `lost_at` by the broker's
    clock. `let_through`, `in_hour` and `in_day` count the orders let through in the last minute and hour, and today.
    """

    open: int = 0
    at_risk: Decimal = _NOTHING
    lost: Decimal = _NOTHING
    let_through: int = 0
    on_its_way: Decimal = _NOTHING
    alike: int = 0
    lost_in_week: Decimal = _NOTHING
    result: Decimal = _NOTHING
    result_in_week: Decimal = _NOTHING
    drawdown: Decimal = _NOTHING
    deepest: Decimal = _NOTHING
    losses: int = 0
    lost_at: Millis = 0
    in_hour: int = 0
    in_day: int = 0


class Exposures(msgspec.Struct, frozen=True):
    """What is at stake on the account, of it on the order's asset, and of it by the order's plan (None without one).

    `candle_taken` is whether another order of the same plan was let through on the same candle of the asset.
    """

    account: Exposure = Exposure()
    asset: Exposure = Exposure()
    plan: Exposure | None = None
    candle_taken: bool = False


class Intent(msgspec.Struct, frozen=True):
    """Why a plan wants an order: its own limits, and the signal behind it.

    `confidence` and `probability` are as in `Signal`, the second None where the strategy states none. `candle` is the
    opening time of the candle that the signal rests on, `quality` that candle's, both None where it rests on none.
    `payout` is in percent as it was at the signal, None where nobody had told.
    """

    plan: str
    limits: Limits
    confidence: float
    probability: float | None
    candle: Millis | None
    quality: Quality | None
    payout: int | None


class Picture(msgspec.Struct, frozen=True):
    """Everything that is known when an order is judged.

    `at` is this machine's clock. `expected` is the account that the driver wants in front, None where every account
    is play money. `asset` is the one that the order names, None where the broker lists none such. `journal` says why
    the journal cannot be written, None where it can. `balance` is that of the account in front, None where it is not
    known. `intent` is there for an order of a plan alone.
    """

    at: Millis
    session: Session
    expected: Account | None
    switch: TradingSwitch
    asset: Asset | None
    exposure: Exposures
    journal: str | None
    balance: Decimal | None
    intent: Intent | None = None

    @property
    def now(self) -> Millis:
        """The broker's clock; this machine's while nobody knows it."""
        return self.at + (self.session.clock_offset_ms or 0)


class Scope(msgspec.Struct, frozen=True):
    """A part of trading with limits of its own: its name, where they are written, and what is at stake in it."""

    name: str
    table: str
    limits: Limits
    exposure: Exposure
    zone: str


def scopes(order: Order, picture: Picture, risk: RiskSettings) -> tuple[Scope, ...]:
    """All that concern an order: the account, its asset, and its plan."""
    exposure, zone = picture.exposure, risk.timezone
    found = (
        Scope("account", "[risk]", risk, exposure.account, zone),
        Scope(f"asset {order.asset}", "[risk.asset]", risk.asset, exposure.asset, zone),
    )
    intent = picture.intent
    if intent is None:
        return found
    return *found, Scope(f"strategy {intent.plan}", "its", intent.limits, exposure.plan or Exposure(), zone)

"""What the broker tells right after a login: both lists of deals, and the account that they are of."""

from dataclasses import dataclass, field

from qfluxd.model import Account, ClosedDeals, Deal, Millis, OpenDeals
from qfluxd.trading.reconcile import Lists


@dataclass(slots=True)
class Login:
    """What one login has told so far: the first of each list, and the deals in them that belong to no trade."""

    account: Account | None = None
    open: tuple[Millis, OpenDeals] | None = None
    closed: tuple[Millis, ClosedDeals] | None = None
    loose: dict[str, Deal] = field(default_factory=dict)

    def add(self, at: Millis, told: OpenDeals | ClosedDeals) -> None:
        """A list was told."""
        if isinstance(told, OpenDeals):
            self.open = self.open or (at, told)
        else:
            self.closed = self.closed or (at, told)

    def lists(self, lead: Millis) -> Lists | None:
        """Both lists, once they and the account they are of are known."""
        if self.account is None or self.open is None or self.closed is None:
            return None
        return Lists(self.account, self.open[1], self.open[0], self.closed[1], self.closed[0], lead)

"""Money on the practice broker is neither made nor lost, whatever is traded and whenever it is restarted."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from qfluxd.model import Account, Millis
from qfluxd.practice import chance
from qfluxd.practice.deals import PracticeDeal
from qfluxd.practice.memory import recall
from qfluxd.practice.orderlog import ORDERS, read_orders
from qfluxd.trading.settlement import CENT
from tests.support.practice_desk import START, Desk

BEGAN: dict[Account, Decimal] = {"demo": Decimal(60), "real": Decimal(250)}
ASSETS = ("EURUSD_otc", "GBPUSD_otc", "BTCUSD_otc", "AUDCAD_otc", "EURUSD", "#AAPL", "NOSUCH")


def price_at(asset: str, at: Millis) -> float | None:
    """Few different prices, so that there are ties; now and then none at all."""
    step = chance.between(0, 8, 1, asset, at // 500)
    return None if step == 0 else 1 + step // 2 / 100


class Money(RuleBasedStateMachine):
    """Orders of any kind on both accounts, time, settlements, and restarts in the middle of everything."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.desk = Desk(price_at, Path(self.folder.name) / "account.json", balance=BEGAN["demo"])

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(
        account=st.sampled_from(("demo", "real")),
        asset=st.sampled_from(ASSETS),
        side=st.sampled_from(("call", "put")),
        stake=st.one_of(st.integers(0, 70), st.integers(995, 40_000).map(lambda mills: mills / 1000), st.just(1e30)),
        time=st.sampled_from((1, 5, 5, 60, 61, 3600, 50_000, START // 1000 + 45, START // 1000 + 300)),
        right=st.sampled_from((True, True, True, False)),
    )
    def send(self, account: Account, asset: str, side: str, stake: float, time: int, right: bool) -> None:
        before = dict(self.desk.account.balances)
        is_demo = int((account == "demo") == right)
        answer = self.desk.send(account, asset=asset, action=side, amount=stake, time=time, isDemo=is_demo)
        taken = answer.stake if isinstance(answer, PracticeDeal) else Decimal(0)
        assert self.desk.account.balances == before | {account: before[account] - taken}

    @rule(
        account=st.sampled_from(("demo", "real")),
        side=st.sampled_from(("call", "put")),
        stake=st.integers(995, 65_000).map(lambda mills: mills / 1000),
        time=st.sampled_from((5, 7, 60)),
    )
    def trade(self, account: Account, side: str, stake: float, time: int) -> None:
        self.send(account, "EURUSD_otc", side, stake, time, right=True)

    @rule(ms=st.sampled_from((1, 499, 5_000, 59_999, 4_000_000)))
    def pass_time(self, ms: Millis) -> None:
        self.desk.now += ms

    @rule()
    def settle(self) -> None:
        for deals in self.desk.dealing.settle(self.desk.now):
            assert len({(deal.account, deal.closes) for deal in deals}) == 1
        assert all(deal.closes > self.desk.now for deal in self.desk.account.ledger.open_deals)

    @rule()
    def settle_early(self) -> None:
        self.desk.dealing.settle_early(self.desk.now)
        assert self.desk.account.ledger.open_deals == ()

    @rule(market=st.sampled_from(("one", "one", "two")))
    def restart(self, market: str) -> None:
        self.desk.market = market
        self.desk.open()
        assert all(deal.closes > self.desk.now for deal in self.desk.account.ledger.open_deals)

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        ledger = self.desk.account.ledger
        for account, began in BEGAN.items():
            profits = sum((deal.profit or 0 for deal in ledger.closed_deals if deal.account == account), Decimal(0))
            staked = sum((deal.stake for deal in ledger.open_deals if deal.account == account), Decimal(0))
            assert ledger.balances[account] == began + profits - staked
            assert ledger.balances[account] >= 0
            assert ledger.balances[account] % CENT == 0

    @invariant()
    def the_file_says_the_same(self) -> None:
        ledger, snapshot = self.desk.account.ledger, recall(Path(self.folder.name) / "account.json")
        assert snapshot is not None
        assert snapshot.account.balances == ledger.balances
        assert tuple(snapshot.account.open_deals) == ledger.open_deals
        assert tuple(snapshot.account.closed_deals) == ledger.closed_deals

    @invariant()
    def every_deal_is_on_record_once(self) -> None:
        ledger = self.desk.account.ledger
        known = sorted(deal.id for deal in (*ledger.open_deals, *ledger.closed_deals))
        seen = read_orders(Path(self.folder.name) / ORDERS)
        assert sorted(order.deal for order in seen if order.deal) == known
        assert all((order.deal is None) != (order.refused is None) for order in seen)


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)

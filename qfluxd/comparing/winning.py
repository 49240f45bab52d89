"""What a winner is worth by itself: its trades in the comparison that it has won, and those since."""

from qfluxd.evidence import PATIENCE, Record, Summary, summarised
from qfluxd.model import Millis, Trade
from qfluxd.research.compare.comparison import Comparison
from qfluxd.research.compare.history import Case
from qfluxd.research.compare.taken import Taken, moment_of_deal, moment_of_trade, of_deal, of_trade
from qfluxd.trading.shadow import ShadowDeal


class Winner:
    """The arm that has won a comparison, until it is promoted.

    The promise: that it beats break-even may show later than that it is better, so its trades are followed on, each
    counted once, those on paper and those through the page. One that is not over holds back those opened after it.
    """

    def __init__(self, case: Case, comparison: Comparison | None = None) -> None:
        """With the `comparison` that it has just won what it traded there is known already."""
        assert case.winner is not None
        self.name = case.winner
        self.is_news = False
        self._setting = case.setting
        self._arm = next(arm for arm in case.setting.arms if arm.name == self.name)
        self._record, self._told = (Record(), set[str]()) if comparison is None else comparison.handed_over(self.name)

    @property
    def summary(self) -> Summary:
        """What all its trades tell."""
        return summarised(self._record)

    def on_deal(self, deal: ShadowDeal) -> None:
        """A deal on paper has come further."""
        if deal.plan != self.name:
            return
        moment = moment_of_deal(deal, self._arm, self._setting.late)
        if moment is None or not self._is_in(moment):
            return
        if not deal.is_over:
            self._begin(deal.id, moment)
        else:
            self._end(deal.id, None if deal.outcome == "not_filled" else of_deal(deal, moment))

    def on_trade(self, trade: Trade) -> None:
        """A trade through the page has come further."""
        if trade.plan != self.name:
            return
        moment = moment_of_trade(trade, self._arm)
        if moment is None or not self._is_in(moment):
            return
        if not trade.over:
            self._begin(trade.id, moment, moment + self._setting.late + trade.expiry + PATIENCE)
        else:
            self._end(trade.id, of_trade(trade, moment))

    def _is_in(self, moment: Millis) -> bool:
        return self._setting.group(moment) >= self._setting.first

    def _begin(self, ident: str, moment: Millis, due: Millis | None = None) -> None:
        if ident not in self._told:
            self._record.begin(ident, moment, due)

    def _end(self, ident: str, taken: Taken | None) -> None:
        if taken is not None and ident not in self._told:
            self._told.add(ident)
            self._record.add(taken.outcome)
            self.is_news = True
        if self._record.drop(ident):
            self.is_news = True

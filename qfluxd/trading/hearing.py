"""What the broker's words mean for the orders whose click is out, and for the deals that are open."""

from collections.abc import Iterable

import msgspec

from qfluxd.errors import DataError, Unavailable
from qfluxd.model import (
    SECOND,
    Account,
    Balance,
    ClosedDeals,
    Deal,
    DealOpened,
    DealsSettled,
    Event,
    LoggedIn,
    Millis,
    OpenDeals,
    OrderRefused,
    OrderSent,
)
from qfluxd.trading.entries import Entry, is_as_intended
from qfluxd.trading.login import Login
from qfluxd.trading.matching import Strangers, mended_by, opened_for, refused_for, sent_by
from qfluxd.trading.reconcile import Found, Lists, Verdict, fit, is_near, pair, reconcile
from qfluxd.trading.trades import Trades
from qfluxd.trading.waiting import UNCLEAR, lose_result

_SETTLING: Millis = 5 * SECOND
"""The broker settles a deal within this time of its end."""


class Hearing:
    """Turns events into steps of trades.

    The promise: no deal is given to two orders; an answer that comes twice or late is taken for no other order's; what
    may be another's refuses nothing, but leaves the doubt to the lists.
    """

    def __init__(self, trades: Trades) -> None:
        self._trades = trades
        self._strangers = Strangers()
        self._login: Login | None = None  # None while no lists are expected; only those right after a login prove much
        self._balance: dict[Account, Balance] = {}
        self.answer_within: Millis = 0

    def hear(self, at: Millis, event: Event) -> None:
        """Take one event; where the journal cannot be read, a person is told and nothing is guessed."""
        self._strangers.pass_time(at)
        try:
            self._take(at, event)
        except (Unavailable, DataError) as problem:
            self._trades.alert("journal_failed", str(problem), at)

    def pass_time(self, at: Millis) -> None:
        """Let time pass: a deal that no order in doubt hopes for any more was opened by hand."""
        self._strangers.pass_time(at)
        if self._login is None and self._trades.loose:
            self._release(at)

    def miss(self) -> None:
        """Frames were missed: silence proves nothing of the clicks that are out, and anybody's order may have left."""
        self._strangers.miss()
        self.cut()

    def cut(self) -> None:
        """The line ends or begins anew: silence proves nothing of the clicks that are out."""
        for entry in self._trades:
            entry.unbroken = None

    def _take(self, at: Millis, event: Event) -> None:
        match event:
            case OrderSent():
                self._on_sent(at, event)
            case DealOpened():
                self._on_opened(at, event)
            case OrderRefused():
                self._on_refused(at, event)
            case DealsSettled():
                self._on_settled(at, event.deals)
            case OpenDeals() | ClosedDeals():
                self._on_list(at, event)
            case Balance():
                self._on_balance(at, event)
            case LoggedIn():
                self._on_login()
            case _:
                pass  # about the market, or the page

    # -------------------------------------------------------------------------------------------------- one order

    def _on_sent(self, at: Millis, sent: OrderSent) -> None:
        trades = self._trades
        entry = sent_by(trades, sent, at, self.answer_within)
        if entry is None:
            self._strangers.add(at, sent)
            return
        if entry.sent is not None:  # what was taken for it before was somebody else's
            self._strangers.add(entry.last_at, entry.sent)
        for twin in trades:
            if twin is not entry and twin.doubtful and not twin.left and is_as_intended(twin.opening, sent):
                twin.unbroken = None  # it may as well have been this one's: its silence proves nothing
        entry.on_sent(at, at + trades.lead, sent)
        if not entry.left:
            what = f"{sent.asset} {sent.side} {sent.stake} for {sent.expiry} ms was sent"
            trades.alert("trade_differs", f"{entry.opening.id}: {what} instead of what was ordered", at)

    def _on_opened(self, at: Millis, opened: DealOpened) -> None:
        trades = self._trades
        if not trades.fresh([opened.deal]):
            return  # told twice, maybe to the last daemon
        entry = opened_for(trades, self._strangers, opened)
        if entry is None and (entry := mended_by(trades, self._strangers, opened)) is not None:
            self._mend(entry, opened.deal, at)
        elif entry is not None:
            entry.named = entry.is_named(opened.request)
            self._accept(entry, opened.deal, at)
        else:
            self._strangers.answered(opened)
            trades.add_foreign([opened.deal], at)

    def _on_refused(self, at: Millis, event: OrderRefused) -> None:
        entry = refused_for(self._trades, self._strangers, event, at)
        if entry is not None:
            self._trades.advance(entry, at, "refused", "broker_refused", f"the broker turned it down: {event.error}")

    def _on_settled(self, at: Millis, deals: Iterable[Deal]) -> None:
        strange = [deal for deal in deals if not self._settle_known(at, deal)]
        if strange:
            self._claim(at, self._trades.fresh(strange))

    def _settle_known(self, at: Millis, deal: Deal) -> bool:
        """Settle the trade that has this deal; whether there is one."""
        entry = self._trades.owner(deal.id)
        if entry is not None and not entry.over:
            self._settle(entry, deal, at)
        return entry is not None

    def _claim(self, at: Millis, deals: list[Deal]) -> None:
        """Give deals to orders in doubt; the rest was opened by hand."""
        pairs = pair((entry.doubt() for entry in self._trades if entry.doubtful), deals)
        for ident, deal in pairs.items():
            self._accept(self._entry(ident), deal, at)
        ours = {deal.id for deal in pairs.values()}
        self._by_hand(at, [deal for deal in deals if deal.id not in ours])

    def _by_hand(self, at: Millis, deals: list[Deal]) -> None:
        self._trades.add_foreign(deals, at)
        for deal in deals:
            if deal.profit is not None:
                self._settle_known(at, deal)

    # ------------------------------------------------------------------------------------------------------ steps

    def _mend(self, entry: Entry, deal: Deal, at: Millis) -> None:
        """It was called refused, and the broker has it: everybody who believed that is told."""
        detail = f"it had been called refused ({entry.step.code}), and the broker took it"
        self._accept(entry, deal, at, detail)
        self._trades.alert("trade_corrected", f"{entry.opening.id}: {detail}", at)

    def _accept(self, entry: Entry, deal: Deal, at: Millis, detail: str = "") -> None:
        """The broker has it; where the deal is over already, it is settled too."""
        differs = self._difference(entry, deal)
        opened = msgspec.structs.replace(deal, profit=None, close_price=None)
        code, detail = ("differs", differs) if differs else ("accepted", detail)
        self._trades.advance(entry, at, "accepted", code, detail, deal=opened, account=deal.account)
        if differs:
            self._trades.alert("trade_differs", f"{entry.opening.id}: {differs}", at)
        if deal.profit is not None:
            self._settle(entry, deal, at)

    def _difference(self, entry: Entry, deal: Deal) -> str:
        """What is other than ordered, "" where nothing is."""
        at_its_time = {"first": deal.opened, "last": deal.opened, "account": entry.step.account}
        if fit(msgspec.structs.replace(entry.doubt(), **at_its_time), deal) == "exact":
            return ""
        length = deal.closes - deal.opened
        return f"the deal is {deal.asset} {deal.side} {deal.stake} for {length} ms on the {deal.account} account"

    def _settle(self, entry: Entry, deal: Deal, at: Millis) -> None:
        profit = deal.profit or 0
        code = "won" if profit > 0 else "lost" if profit < 0 else "tie"
        self._trades.advance(entry, at, "settled", code, "", deal=deal, account=deal.account)

    def _entry(self, ident: str) -> Entry:
        entry = self._trades.get(ident)
        assert entry is not None
        return entry

    # ------------------------------------------------------------------------------------------------------ lists

    def _on_login(self) -> None:
        self._login = Login()
        self._balance.clear()
        self.cut()  # what the page sent on its way here is not known

    def _on_balance(self, at: Millis, balance: Balance) -> None:
        """A balance that falls while a click is out speaks against nothing having been sent."""
        before = self._balance.get(balance.account)
        self._balance[balance.account] = balance
        if before is not None and balance.amount < before.amount:
            for entry in self._trades:
                entry.unbroken = None if entry.doubtful and entry.sent is None else entry.unbroken
        if self._login is not None and self._login.account is None:
            self._login.account = balance.account
            self._reconcile(at, self._login)

    def _on_list(self, at: Millis, told: OpenDeals | ClosedDeals) -> None:
        """Settle what is known and claim what fits exactly; right after a login the rest waits for the other list."""
        is_closed = isinstance(told, ClosedDeals)
        strange = [deal for deal in told.deals if not self._is_known(at, deal, is_closed)]
        fresh = self._trades.fresh(strange)
        given = self._claim_exact(at, fresh)
        loose = [deal for deal in fresh if deal not in given]
        self._trades.withhold(loose)
        if self._login is None:
            self._release(at)
            return
        self._login.add(at, told)
        self._login.loose |= {deal.id: deal for deal in loose}
        self._reconcile(at, self._login)

    def _is_known(self, at: Millis, deal: Deal, is_closed: bool) -> bool:
        return self._settle_known(at, deal) if is_closed else self._trades.owner(deal.id) is not None

    def _claim_exact(self, at: Millis, deals: list[Deal]) -> list[Deal]:
        """Give deals to orders in doubt that they fit in everything; gives those deals."""
        doubts = [entry.doubt() for entry in self._trades if entry.doubtful]
        sure = [deal for deal in deals if any(fit(doubt, deal) == "exact" for doubt in doubts)]
        pairs = pair(doubts, sure)
        for ident, deal in pairs.items():
            self._accept(self._entry(ident), deal, at)
        return list(pairs.values())

    def _release(self, at: Millis) -> None:
        """What was withheld, and no order in doubt hopes for any more, was opened by hand."""
        self._by_hand(at, [deal for deal in self._trades.loose if not self._may_be_ours(deal)])

    def _may_be_ours(self, deal: Deal) -> bool:
        """Whether an order in doubt still hopes for lists that could make this deal its own."""
        open_doubts = (entry.doubt() for entry in self._trades if entry.doubtful and entry.step.code != UNCLEAR)
        return any(is_near(doubt, deal) or fit(doubt, deal) != "no" for doubt in open_doubts)

    def _reconcile(self, at: Millis, login: Login) -> None:
        """Both lists are there: what they say of each order in doubt, and of deals whose result was missed."""
        lists = login.lists(self._trades.lead)
        if lists is None:
            return
        self._login = None
        loose = self._trades.fresh(login.loose.values())
        doubts = [entry.doubt() for entry in self._trades if entry.doubtful]
        guessed = [deal for deal in (*lists.open.deals, *lists.closed.deals) if self._is_guessed(deal)]
        for ident, verdict in reconcile(doubts, lists, loose, guessed).items():
            self._conclude(self._entry(ident), verdict, at)
        self._release(at)
        for entry in self._trades:
            if entry.step.stage == "accepted" and self._is_lost(entry, lists):
                lose_result(self._trades, entry, at)

    def _is_guessed(self, deal: Deal) -> bool:
        """Whether a deal was given to an order because it fits; it may be another's that is like it."""
        entry = self._trades.owner(deal.id)
        if entry is not None:
            return not (entry.named or entry.opening.foreign)
        known = self._trades.journal.of_deal(deal.id)
        return known is not None and not known.foreign

    def _conclude(self, entry: Entry, verdict: Verdict, at: Millis) -> None:
        match verdict:
            case Found():
                self._accept(entry, verdict.deal, at)
            case _ if entry.at_work:
                pass  # it may leave the page even now
            case "absent":
                detail = "it is neither among the open deals nor among the closed ones"
                self._trades.advance(entry, at, "refused", "not_placed", detail)
            case "unclear" if entry.step.code != UNCLEAR:
                detail = "the broker's lists cannot tell whether it was placed; it counts as placed"
                self._trades.advance(entry, at, "unknown", UNCLEAR, detail)
                self._trades.alert("trade_unknown", f"{entry.opening.id}: {detail}", at)
            case _:
                pass  # later lists may tell

    def _is_lost(self, entry: Entry, lists: Lists) -> bool:
        """Whether a deal has ended and is in neither list."""
        deal = entry.deal
        if deal is None or deal.account != lists.account or not (lists.open.whole and lists.closed.whole):
            return False
        told = min(lists.open_at, lists.closed_at) + lists.lead
        listed = (*lists.open.deals, *lists.closed.deals)
        return told > deal.closes + _SETTLING and all(other.id != deal.id for other in listed)

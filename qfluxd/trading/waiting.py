"""What time alone decides of a trade: an answer that is late, a click that sent nothing, a result that never comes."""

from typing import Final

from qfluxd.model import MINUTE, SECOND, Millis
from qfluxd.trading.entries import Entry
from qfluxd.trading.reconcile import LATEST, ON_ITS_WAY
from qfluxd.trading.trades import Trades

UNCLEAR: Final = "lists_cannot_tell"

_CLICKING: Millis = 30 * SECOND
"""A click that was allowed is made within this time, or nobody knows any more whether it was."""
_HOLE: Millis = 5 * SECOND
"""While nobody listened for longer than this, what was sent may wait unread."""
_RESULT_DUE: Millis = 10 * SECOND
"""A result that has not come so long after the end of its deal was missed."""
_NO_RESULT: Millis = 10 * MINUTE


def hear_silence(trades: Trades, at: Millis, real: Millis, *, sure: bool) -> None:
    """Nothing was heard up to `at`, and it is `real` by now; `sure` where everything would have been.

    Beats are made up for after a pause of ours, so only the real time tells of one. A real time before what was heard
    last is a clock that was set back; a beat before it is only the point of the grid before a click.
    """
    for entry in trades.pending:
        if entry.unbroken is not None:
            listened = 0 <= real - entry.unbroken <= _HOLE
            entry.unbroken = max(at, entry.unbroken) if sure and listened else None


def age(trades: Trades, entry: Entry, at: Millis, answer_within: Millis) -> None:
    """Take the step of a trade that is due at `at`, if one is."""
    if at < entry.last_at:
        entry.last_at = at  # this machine's clock was set back: count anew from here
        if entry.unbroken is not None and entry.unbroken - at > SECOND:
            entry.unbroken = None
    match entry.step.stage:
        case "clicked" | "clicking":
            working = entry.step.stage == "clicking" and entry.sent is None
            if at - entry.last_at >= (_CLICKING if working else answer_within):
                _doubt(trades, entry, at)
        case "unknown" if entry.step.code == "no_order_seen" and entry.sent is None and not entry.at_work:
            if entry.unbroken is not None and entry.unbroken - entry.last_at >= LATEST:
                trades.advance(entry, at, "refused", "not_sent", "no order left the page in the minute after the click")
        case "accepted" if entry.deal is not None and at + trades.lead > entry.deal.closes + _NO_RESULT:
            lose_result(trades, entry, at)
        case _:
            pass


def is_helped(entry: Entry, at: Millis, lead: Millis) -> bool:
    """Whether the broker's lists, told once more, could end what is not known of a trade."""
    stage, code = entry.step.stage, entry.step.code
    if stage == "accepted" and entry.deal is not None:
        return at + lead > entry.deal.closes + _RESULT_DUE
    if stage != "unknown" or entry.deal is not None or entry.at_work or at - entry.last_at < ON_ITS_WAY:
        return False
    silent = code == "no_order_seen" and entry.unbroken is not None and entry.sent is None
    return code != UNCLEAR and not silent  # silence decides by itself, without a reload of the page


def lose_result(trades: Trades, entry: Entry, at: Millis) -> None:
    """A deal has ended, and nobody told how."""
    detail = "the deal has ended, and its result was never told"
    trades.advance(entry, at, "unknown", "result_unknown", detail)
    trades.alert("trade_unknown", f"{entry.opening.id}: {detail}; it counts as lost", at)


def _doubt(trades: Trades, entry: Entry, at: Millis) -> None:
    if entry.sent is None:
        code, detail = "no_order_seen", "its click may be out, and no order was seen leaving the page"
    else:
        code, detail = "no_answer", "the order was sent, and the broker has not answered"
    trades.advance(entry, at, "unknown", code, detail)
    trades.alert("trade_unknown", f"{entry.opening.id}: {detail}; it counts as placed", at)

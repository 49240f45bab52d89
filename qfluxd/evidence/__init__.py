"""What few trades can tell: intervals, break-even, and evidence that may be looked at after every trade.

Pure arithmetic over outcomes; nothing here knows of a broker, a plan or a clock.
"""

from qfluxd.evidence.bets import Bet, Bets, difference
from qfluxd.evidence.betting import DOUBT, FRACTIONS, Wealth
from qfluxd.evidence.intervals import (
    Interval,
    break_even,
    clopper_pearson,
    expected_value,
    mean_break_even,
    pooled_break_even,
    trades_needed,
    wilson,
)
from qfluxd.evidence.record import Outcome, Record
from qfluxd.evidence.summary import Summary, summarised, summary

__all__ = [
    "DOUBT",
    "FRACTIONS",
    "Bet",
    "Bets",
    "Interval",
    "Outcome",
    "Record",
    "Summary",
    "Wealth",
    "break_even",
    "clopper_pearson",
    "difference",
    "expected_value",
    "mean_break_even",
    "pooled_break_even",
    "summarised",
    "summary",
    "trades_needed",
    "wilson",
]

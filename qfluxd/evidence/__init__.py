"""What few trades can tell: intervals, break-even, and evidence that may be looked at after every trade.

Pure arithmetic over outcomes; nothing here knows of a broker, a plan or a clock.
"""

from qfluxd.evidence.bets import HIGHEST, Bet, Bets, difference
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
from qfluxd.evidence.record import PATIENCE, Count, Outcome, Record
from qfluxd.evidence.summary import Figures, Summary, figures, summarised, summary

__all__ = [
    "DOUBT",
    "FRACTIONS",
    "HIGHEST",
    "PATIENCE",
    "Bet",
    "Bets",
    "Count",
    "Figures",
    "Interval",
    "Outcome",
    "Record",
    "Summary",
    "Wealth",
    "break_even",
    "clopper_pearson",
    "difference",
    "expected_value",
    "figures",
    "mean_break_even",
    "pooled_break_even",
    "summarised",
    "summary",
    "trades_needed",
    "wilson",
]

"""What trades tell, and how sure that is: earnings with intervals, sample sizes, and what many tries do to a claim.

Win rates, break-even and evidence for few trades are in `qfluxd.evidence`; this is for very many, and needs numpy.
"""

from qfluxd.research.statistics.earnings import (
    Drawdowns,
    Estimate,
    drawdowns,
    equity_band,
    expected,
    expected_by_day,
    expected_value,
)
from qfluxd.research.statistics.pairs import expected_difference, mcnemar
from qfluxd.research.statistics.power import (
    Detection,
    betting_power,
    trades_for_power,
    wilson_power,
    wins_needed,
)
from qfluxd.research.statistics.prospects import Prospect, prospects
from qfluxd.research.statistics.resampling import block_length
from qfluxd.research.statistics.tallies import Tally, evidence, known_trades, summary_of, tally, units
from qfluxd.research.statistics.variants import Deflated, adjusted, deflated, discoveries, e_discoveries
from qfluxd.research.statistics.wealth import Looks, looks

__all__ = [
    "Deflated",
    "Detection",
    "Drawdowns",
    "Estimate",
    "Looks",
    "Prospect",
    "Tally",
    "adjusted",
    "betting_power",
    "block_length",
    "deflated",
    "discoveries",
    "drawdowns",
    "e_discoveries",
    "equity_band",
    "evidence",
    "expected",
    "expected_by_day",
    "expected_difference",
    "expected_value",
    "known_trades",
    "looks",
    "mcnemar",
    "prospects",
    "summary_of",
    "tally",
    "trades_for_power",
    "units",
    "wilson_power",
    "wins_needed",
]

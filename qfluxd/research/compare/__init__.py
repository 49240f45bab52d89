"""Which of several strategies is better, by evidence that may be looked at after every trade.

Pure: trades go in, sentences come out. A running daemon feeds it in `qfluxd.comparing`; a report on backtests asks
`compare_results`.
"""

from qfluxd.research.compare.comparison import NEVER, Comparison, Ending, Word
from qfluxd.research.compare.contest import Claim, Contest
from qfluxd.research.compare.report import ArmReport, ContestReport, RatioReport, Report, report
from qfluxd.research.compare.results import compare_results
from qfluxd.research.compare.rule import USUAL, Kind, Rule
from qfluxd.research.compare.setting import Arm, Setting, arm_of, spec_of, usual_slot
from qfluxd.research.compare.taken import Taken

__all__ = [
    "NEVER",
    "USUAL",
    "Arm",
    "ArmReport",
    "Claim",
    "Comparison",
    "Contest",
    "ContestReport",
    "Ending",
    "Kind",
    "RatioReport",
    "Report",
    "Rule",
    "Setting",
    "Taken",
    "Word",
    "arm_of",
    "compare_results",
    "report",
    "spec_of",
    "usual_slot",
]

"""Whether the result of a backtest is to be believed: what a plan's strategy sees, and what its profit hangs on."""

from qfluxd.research.audits.auditing import ALL, AUDITS, Step, Tell, audit
from qfluxd.research.audits.finding import FILE, Figure, Finding, Level, read_findings, write_findings

__all__ = [
    "ALL",
    "AUDITS",
    "FILE",
    "Figure",
    "Finding",
    "Level",
    "Step",
    "Tell",
    "audit",
    "read_findings",
    "write_findings",
]

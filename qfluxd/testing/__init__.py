"""For people who write plug-ins: does a strategy keep its promises, and markets to try it on."""

from qfluxd.testing.checking import check_strategy
from qfluxd.testing.findings import CHECKS, Finding
from qfluxd.testing.markets import KINDS, Kind, market

__all__ = ["CHECKS", "KINDS", "Finding", "Kind", "check_strategy", "market"]

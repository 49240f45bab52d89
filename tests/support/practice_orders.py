"""Orders as the practice page sends them."""

from typing import Any


def order(**other: Any) -> dict[str, Any]:
    """An order of ten dollars on EURUSD_otc for five seconds, or with other fields."""
    return {
        "asset": "EURUSD_otc",
        "amount": 10,
        "action": "call",
        "isDemo": 1,
        "requestId": 1756866842,
        "optionType": 100,
        "time": 5,
    } | other

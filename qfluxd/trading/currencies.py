"""Which currencies an asset is made of, so that what moves together counts together."""

import re
from functools import lru_cache
from typing import Final

_PAIR: Final = re.compile(r"([A-Z0-9]{3})([A-Z]{3})|([A-Z0-9]{2,6})[-_/]([A-Z]{3})")


@lru_cache(4096)
def currencies(symbol: str) -> frozenset[str]:
    """``EUR`` and ``USD`` for ``EURUSD_otc``; what is no pair stands for itself, as ``#AAPL`` for ``#AAPL_otc``."""
    plain = symbol.removesuffix("_otc")
    match = _PAIR.fullmatch(plain)
    return frozenset(part for part in match.groups() if part) if match else frozenset({plain})

"""What the trading page's own words mean: amounts, percentages, lengths of time, accounts, assets."""

import re
from decimal import Decimal
from urllib.parse import urlsplit

from qfluxd.model import Account, Millis

TIMEFRAMES: dict[str, Millis] = {
    "S5": 5_000,
    "S10": 10_000,
    "S15": 15_000,
    "S30": 30_000,
    "M1": 60_000,
    "M2": 120_000,
    "M3": 180_000,
    "M5": 300_000,
    "M10": 600_000,
    "M15": 900_000,
    "M30": 1_800_000,
    "H1": 3_600_000,
    "H4": 14_400_000,
    "D1": 86_400_000,
}
"""The timeframes of the page's chart, by its names for them."""

_NAMES = {length: name for name, length in TIMEFRAMES.items()}
_MONEY = re.compile(r"(?:[^\d\s.,+-]{0,3}\s?)?(\d{1,3}(?:[,\s]\d{3})+|\d+)(\.\d+)?(?:\s?[^\d\s.,]{0,3})?")
_PERCENT = re.compile(r"\+?\s*(\d{1,3})\s*%?")
_LENGTH = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")
_TIMEFRAME = re.compile(r"(?<![A-Za-z0-9])([SMHD]\d{1,2})(?![A-Za-z0-9])")
_ACCOUNT = re.compile(r"(?<![a-z])(demo|real)(?![a-z])", re.IGNORECASE)
_OTC = re.compile(r"\bOTC\b", re.IGNORECASE)


def money(text: str | None) -> Decimal | None:
    """An amount such as ``48,446.09`` or ``$5``; None for a hidden one (``*******``) or anything else."""
    match = _MONEY.fullmatch((text or "").strip())
    return None if match is None else Decimal(re.sub(r"\D", "", match[1]) + (match[2] or ""))


def percent(text: str | None) -> int | None:
    """A payout such as ``+92%`` or ``+92``; None where the page says that there is none (``N/A``)."""
    match = _PERCENT.fullmatch((text or "").strip())
    return None if match is None or int(match[1]) > 100 else int(match[1])


def length(text: str | None) -> Millis | None:
    """A length of trade such as ``00:01:00`` in milliseconds; a time of day looks the same."""
    match = _LENGTH.fullmatch((text or "").strip())
    if match is None or int(match[2]) > 59 or int(match[3]) > 59:
        return None
    return (int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])) * 1000


def timeframe(text: str | None) -> Millis | None:
    """The chart's timeframe in milliseconds, from the badge of its menu: ``M1``."""
    match = _TIMEFRAME.search(text or "")
    return None if match is None else TIMEFRAMES.get(match[1])


def timeframe_label(timeframe: Millis) -> str | None:
    """What the page calls a timeframe; None for one that its chart does not have."""
    return _NAMES.get(timeframe)


def account_of_label(text: str | None) -> Account | None:
    """The account that the balance's label names: ``QT Demo`` or ``QT Real``."""
    return _account(text)


def account_of_class(names: str | None) -> Account | None:
    """The account that the class of the balance's element names."""
    return _account(names)


def account_of_address(url: str) -> Account | None:
    """The account that belongs to a trading page's address; None for an address that is no trading page."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if "cabinet" not in parts:
        return None
    rest = parts[parts.index("cabinet") + 1 :]
    name = rest[0] if rest else ""
    if name.startswith(("demo-", "try-demo")):
        return "demo"
    return "real" if "quick" in name else None


def asks_login(url: str) -> bool:
    """Whether an address is that of a login page."""
    return "/login" in urlsplit(url).path


def compact(label: str) -> str:
    """What to search an asset by: its letters and digits without ``OTC`` (``EUR/USD OTC`` is found as ``EURUSD``)."""
    return re.sub(r"[^A-Za-z0-9]", "", _OTC.sub("", label)) or label


def _account(text: str | None) -> Account | None:
    """The account that a text names as a word of its own, figures right behind it or not; None where it names both."""
    named = {word.lower() for word in _ACCOUNT.findall(text or "")}
    if len(named) != 1:
        return None
    return "demo" if "demo" in named else "real"

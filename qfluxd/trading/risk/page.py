"""What the page itself must show: the account that is meant, by all its witnesses, and the very order."""

from qfluxd.model import SECOND, Account, Millis, Order, Refusal, Sighting, timeframe_name
from qfluxd.settings import RiskSettings
from qfluxd.trading.risk.picture import Picture


def account_of(witnesses: tuple[Account | None, ...], picture: Picture, risk: RiskSettings) -> Refusal | None:
    """All witnesses must name an account, and the same; one word of a real account is enough to stop."""
    if "real" in witnesses and not risk.allow_real:
        return Refusal("real_not_allowed", "the real account is in front, and [risk] allow_real is false")
    if None in witnesses or len(set(witnesses)) != 1:
        named = ", ".join(
            f"{who} says {account or 'nothing'}"
            for who, account in zip(("the socket", "the label", "the address"), witnesses, strict=False)
        )
        return Refusal("account_unclear", f"it is not clear which account is in front: {named}; {_remedy(witnesses)}")
    if picture.expected not in (None, witnesses[0]):
        return Refusal(
            "wrong_account", f"the {witnesses[0]} account is in front, and the driver is for {picture.expected}"
        )
    return None


def _remedy(witnesses: tuple[Account | None, ...]) -> str:
    """What makes the witnesses speak, or agree."""
    if witnesses[0] is None:
        return (
            "reload the trading page, by hand or with page/reload, so that its login is heard "
            "([chrome] reload_on_attach = true does so after each start)"
        )
    if witnesses[-1] is None:
        return "open the address of the demo or the real cabinet itself, such as …/en/cabinet/demo-quick-high-low/"
    return "look at the page, and reload it, by hand or with page/reload"


def shown(order: Order, sighting: Sighting) -> Refusal | None:
    """Why the page is not set for this order, None where it is."""
    if sighting.asset != order.asset:
        return Refusal("asset_mismatch", f"the page is on {sighting.asset or 'nothing readable'}, not {order.asset}")
    if sighting.expiry != order.expiry:
        seen = "nothing readable" if sighting.expiry is None else _length(sighting.expiry)
        return Refusal("expiry_mismatch", f"the page's expiry is {seen}, not {_length(order.expiry)}")
    if sighting.stake != order.stake:
        seen = "nothing readable" if sighting.stake is None else str(sighting.stake)
        return Refusal("stake_mismatch", f"the page's amount is {seen}, not {order.stake}")
    if not sighting.available:
        return Refusal("button_unavailable", f"the {order.side} button cannot be pressed")
    return None


def _length(expiry: Millis) -> str:
    return timeframe_name(expiry) if expiry % SECOND == 0 and expiry else f"{expiry} ms"

"""What the trading page is made of: each control by its name, and the selectors that find it.

Nothing else knows the page's classes: scripts are given every selector as their argument. Selectors are CSS, best
first: what was seen lately on the platform comes before what older or weaker sources name.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Control:
    """One control of the page. `selectors` are CSS, tried in order; the first that matches something is used.

    `name` is what errors, artifacts and the circuit breaker call it. Where `texts` are given, only an element that
    says exactly one of them counts.
    """

    name: str
    selectors: tuple[str, ...]
    texts: tuple[str, ...] = ()


BODY = Control("page", ("body",))

# --------------------------------------------------------------------------------------------- the trade panel

CALL = Control(
    "call button",
    (
        "#put-call-buttons-chart-1 .action-high-low.button-call-wrap a.btn.btn-call",
        ".btn.btn-call",
        ".action-high-low.button-call-wrap > a",
    ),
)
PUT = Control(
    "put button",
    (
        "#put-call-buttons-chart-1 .action-high-low.button-put-wrap a.btn.btn-put",
        ".btn.btn-put",
        ".action-high-low.button-put-wrap > a",
    ),
)
PANEL = Control("trade panel", ("#put-call-buttons-chart-1", ".js-react-call-put-wrap-chart-1", ".call-put-block"))
AMOUNT = Control(
    "amount",
    (
        ".block--bet-amount .value__val input",
        ".block--bet-amount input",
        ".js-tour-block--bet-amount input",
    ),
)
AMOUNT_MODE = Control(
    "amount mode",
    (
        ".block--bet-amount .control-buttons__wrapper a",
        ".block--bet-amount .control__buttons a",
        ".js-tour-block--bet-amount .control-buttons__wrapper a",
    ),
)
"""Flips between an amount of money and a percentage of the balance."""
AMOUNT_ICON = Control(
    "amount unit",
    (
        ".block--bet-amount .currency-icon",
        ".js-tour-block--bet-amount .currency-icon",
        "#put-call-buttons-chart-1 .currency-icon",
    ),
)
EXPIRY = Control(
    "expiry",
    (
        ".block--expiration-inputs .value__val",
        ".block--expiration-inputs .control__value",
        ".block--expiration-inputs .value",
    ),
)
EXPIRY_OPENER = Control(
    "expiry",
    (
        ".block--expiration-inputs .control__value",
        ".block--expiration-inputs .value",
        ".block--expiration-inputs",
    ),
)
EXPIRY_BLOCK = Control("expiry block", (".block--expiration-inputs",))
EXPIRY_MODE = Control("expiry mode", (".block--expiration-inputs .control__buttons a", ".block--expiration-inputs a"))
"""Flips between a length and a time of day; clicked only to leave the clock mode, never to open anything."""
EXPIRY_PANEL = Control(
    "expiry panel", (".expiration-inputs-list-modal", "#modal-root .trading-panel-modal", ".trading-panel-modal")
)
EXPIRY_FIELDS = Control(
    "expiry fields",
    (".expiration-inputs-list-modal input", "#modal-root .trading-panel-modal__in input"),
)
EXPIRY_PRESETS = Control(
    "expiry presets",
    (".expiration-inputs-list-modal .dops__timeframes-item", ".dops__timeframes-item"),
)
PAYOUT = Control("payout", (".block--payout .value__val-start", ".value__val-start", ".block--payout .value__val"))

# ------------------------------------------------------------------------------------- the account, in the header

BALANCE = Control(
    "balance",
    (
        ".balance-info-block__balance .js-hd",
        ".js-balance-demo",
        ".js-balance-real-USD",
        ".js-balance-real",
        ".balance-info-block__balance",
    ),
)
ACCOUNT_LABEL = Control("account label", (".balance-info-block__label",))
CURRENCY = Control("currency", (".balance-info-block__currency",))
DEMO_BODY = Control("demo page", ("body.is-chart-demo",))
ACCOUNT_BANNER = Control("account banner", (".type-of-trade-label",))
REAL_BANNER = Control("real account banner", (".type-of-trade-label--real",))
ACCOUNT_MENU = Control(
    "account menu",
    (
        '.right-block__item.js-drop-down-modal-open[data-modal-id="balance"]',
        '[data-modal-id="balance"]',
        ".balance-info-block",
    ),
)
ACCOUNT_ENTRIES = Control(
    "account entries",
    (
        "#modal-root .drop-down-modal--balance a.balance-item",
        ".drop-down-modal--balance a.balance-item",
        '#modal-root a[href*="/cabinet/"]',
    ),
)
BALANCE_SWITCH = Control(
    "balance switch",
    ("#modal-root .balance-hide", "#modal-root .js-hd-toggle", "#modal-root [class*='balance'][class*='hide']"),
)
USER_MENU = Control(
    "user menu",
    (
        '.header-avatar.js-drop-down-modal-open[data-modal-id="user-info"]',
        '[data-modal-id="user-info"]',
        ".header-avatar",
    ),
)

# --------------------------------------------------------------------------------------------- asset and chart

SYMBOL = Control("current asset", (".current-symbol", ".pair-number-wrap"))
PICKER_OPENER = Control("asset picker", ("a.pair-number-wrap", ".pair-number-wrap", ".currencies-block a"))
PICKER = Control("asset list", (".drop-down-modal--quotes-list", ".assets-block"))
PICKER_SEARCH = Control("asset search", (".drop-down-modal--quotes-list .search__field", ".search__field"))
PICKER_ROWS = Control("asset rows", (".drop-down-modal--quotes-list .alist__item", ".alist__item"))
PICKER_LABEL = Control("asset row label", (".alist__label",))
PICKER_PAYOUT = Control("asset row payout", (".alist__payout",))
PICKER_LINK = Control("asset row link", (".alist__link", ".alist__label"))
PICKER_CLOSED = Control("closed asset mark", (".alist__schedule-info",))
PICKER_SHUT_ROW = Control("closed asset row", (".alist__item--no-active",))
PICKER_STAR = Control("asset star", ("i.alist__icon.add", "i.alist__icon.del", "i.alist__icon"))
PICKER_STARRED = Control("starred asset", ("i.alist__icon.fa-star.del", "i.alist__icon.del"))
ASSET_VEIL = Control("veil of an asset that is not traded", (".asset-inactive",))
"""It is always in the document; it counts only where one can see or hit it."""

CHART = Control("chart", ("#chart-1", ".chart-item", ".chart-container", "canvas"))
CHART_MENU_OPENER = Control(
    "timeframe menu",
    ("a.items__link--chart-type", ".items__link--chart-type", ".items > .items__link:first-child"),
)
"""Its badge is the timeframe; the text at the chart's lower left is the visible range and looks alike."""
CHART_MENU = Control(
    "timeframe list",
    (".drop-down-modal--chart-type", "#modal-root .drop-down-modal-wrap.active", "#modal-root .drop-down-modal-wrap"),
)
TIMEFRAME_ITEMS = Control(
    "timeframe",
    (".timeframes__item a", ".time-frames-block .list-links a", "[class*='frames'] a", "li a", "a", "li", "span"),
)
"""Looked for inside the timeframe list."""

# ------------------------------------------------------------------------------------- favourites, trades sidebar

FAVOURITES = Control("favourites", ("#js-assets-favorites-slider", ".assets-favorites-list"))
FAVOURITE_ITEMS = Control(
    "favourite items",
    (
        "#js-assets-favorites-slider .assets-favorites-item[data-id]",
        "#js-assets-favorites-slider [data-id]",
        ".assets-favorites-item[data-id]",
    ),
)
FAVOURITE_LABEL = Control("favourite label", (".assets-favorites-item__label",))
FAVOURITE_PAYOUT = Control("favourite payout", (".payout__number",))
FAVOURITE_ACTIVE = Control("favourite on the chart", (".assets-favorites-item--active",))
FAVOURITES_WINDOW = Control("favourites window", (".assets-favorites-list__wrap", ".assets-favorites-list"))
FAVOURITES_LEFT = Control("favourites arrow left", (".assets-favorites-arrow--left", ".assets-favorites__arrow--left"))
FAVOURITES_RIGHT = Control(
    "favourites arrow right", (".assets-favorites-arrow--right", ".assets-favorites__arrow--right")
)
SIDEBAR = Control("trades sidebar", (".widget-slot.deals", ".deals-list"))
SIDEBAR_OPENER = Control(
    "trades button",
    (".right-sidebar__item--trades", ".right-sidebar a", "[class*='right-sidebar'] a", "aside a"),
    texts=("Trades",),
)
SIDEBAR_ROWS = Control("trade rows", (".deals-list .deals-list__item", ".deals-list__item"))
NAVIGATION = Control("navigation", (".left-sidebar > a", ".left-sidebar a"))

# ------------------------------------------------------------------------------------------ what lies over the page

DROPDOWN = Control("open drop-down", ("#modal-root .drop-down-modal-wrap.active", "#modal-root .drop-down-modal-wrap"))
DEPOSIT = Control(
    "deposit",
    (
        '#modal-root [data-modal="fast-deposit"]',
        "#modal-root .drop-down-modal--fast-deposit",
        "#modal-root .drop-down-modal--deposit",
    ),
)
CONFIRMATION = Control(
    "trade confirmation",
    (
        '#modal-root [data-modal="confirm"]',
        ".trade-confirmation",
        "#modal-root [class*='confirm']",
        ".modal-confirm",
    ),
)
CONFIRM_YES = Control(
    "confirm the trade",
    (
        ".trade-confirmation .trade-confirmation__yes",
        ".trade-confirmation .btn-confirm",
        "#modal-root [class*='confirm'] .btn-confirm",
        "#modal-root [class*='confirm'] [class*='yes']",
    ),
)
CONFIRM_NO = Control(
    "turn the trade down",
    (
        ".trade-confirmation .trade-confirmation__no",
        ".trade-confirmation .btn-cancel",
        "#modal-root [class*='confirm'] .btn-cancel",
        "#modal-root [class*='confirm'] [class*='cancel']",
        "#modal-root [class*='confirm'] [class*='close']",
    ),
)
PROMO = Control("promotion", (".mfp-wrap", ".mfp-content", ".mfp-container"))
PROMO_CLOSE = Control("close the promotion", (".mfp-close",))
TUTORIAL = Control("tutorial", (".tutorial-v1", "[class*='tutorial-v']"))
TUTORIAL_CLOSE = Control(
    "leave the tutorial",
    (
        ".tutorial-v1__skip",
        ".tutorial-v1 [class*='skip']",
        ".tutorial-v1__close",
        ".tutorial-v1 [class*='close']",
        ".tutorial-v1 button",
        ".tutorial-v1 a",
    ),
)
LOADER = Control("loader", (".js-loading-container:not(.hide)", ".loading-container:not(.hide)"))
TOASTS = Control(
    "toast", (".deals-noty-streamer > *", ".achievements-notice-streamer > *", ".noty", ".toast", ".notification")
)
LOGIN = Control("login form", ('form[action*="login"] input[type="password"]', 'input[type="password"]'))
LEVEL = Control("level", (".user-avatar .tooltip-text", ".header-avatar .tooltip-text"))

ALWAYS_THERE = (
    CALL,
    PUT,
    PANEL,
    AMOUNT,
    EXPIRY,
    PAYOUT,
    BALANCE,
    ACCOUNT_LABEL,
    ACCOUNT_MENU,
    USER_MENU,
    SYMBOL,
    PICKER_OPENER,
    CHART,
    CHART_MENU_OPENER,
)
"""What a trading page shows whatever it is set to; one that is not found keeps something from being worked."""


def favourite_item(symbol: str) -> Control:
    """The favourite of one asset, by the symbol that its item carries."""
    name = symbol.replace("\\", "\\\\").replace('"', '\\"')
    bar = "#js-assets-favorites-slider"
    return Control(
        "favourite",
        tuple(
            f'{item}[data-id="{name}"]'
            for item in (f"{bar} .assets-favorites-item", f"{bar} ", ".assets-favorites-item")
        ),
    )

"""Every event that is read, by name: the broker's and the page's own."""

from collections.abc import Mapping

from qfluxd.drivers.pocketoption.wire import charts, deals, history, market, pending, signals
from qfluxd.drivers.pocketoption.wire.reading import Reader

RECEIVED: Mapping[str, Reader] = {
    "updateStream": market.read_ticks,
    "chafor": market.read_moods,
    "updateTime": market.read_clock,
    "updateAssets": market.read_assets,
    "successfavorite/load": market.read_favorites,
    "successfavorite/change": market.read_favorites,
    "updateHistoryNewFast": history.read_recent,
    "updateHistoryNew": history.read_recent,
    "updateHistory": history.read_recent,
    "loadHistoryPeriodFast": history.read_older,
    "loadHistoryPeriod": history.read_older,
    "successupdateBalance": deals.read_balance,
    "updateBalance": deals.read_balance,
    "updateOpenedDeals": deals.read_open_deals,
    "updateClosedDeals": deals.read_closed_deals,
    "successopenOrder": deals.read_deal_opened,
    "failopenOrder": deals.read_refusal,
    "successcloseOrder": deals.read_settled_deals,
    "successupdatePending": pending.read_pending,
    "successopenPendingOrder": pending.read_placed,
    "successpending/created": pending.read_placed,
    "failopenPendingOrder": pending.read_refused,
    "failpending/created": pending.read_refused,
    "updateCharts": charts.read_charts,
    "successindicator/load": charts.read_indicators,
    "successprice-alert/load": charts.read_alerts,
    "signals/load": signals.read_all,
    "signals/update": signals.read_changes,
    "successsignals/stats": signals.read_counts,
}
"""What is read of the broker's events; every other is counted by name."""

SENT: Mapping[str, Reader] = {
    "changeSymbol": charts.read_change,
    "saveCharts": charts.read_charts,
    "deleteChart": charts.read_closed,
    "loadHistoryPeriod": charts.read_history_asked,
    "loadHistoryPeriodFast": charts.read_history_asked,
    "subfor": charts.read_sentiment_on,
    "unsubfor": charts.read_sentiment_off,
    "subscribeSymbol": charts.read_ticks_on,
    "unSubscribeSymbol": charts.read_ticks_off,
    "openOrder": deals.read_order,
    "openPendingOrder": pending.read_sent,
    "cancelPendingOrder": pending.read_cancel,
}
"""What is read of the page's events; every other is counted by name."""

// The practice broker's trading page: it signs in, shows the market, and works like the one it stands in for.
import "./page.css";
import "./trading.css";
import "./covers.css";
import "./chart.js";
import "./charttools.js";
import "./favourites.js";
import "./account.js";
import "./panel.js";
import "./trades.js";
import "./covers.js";
import "./renamed.js";
import { $ } from "./dom.js";
import { PERIODS, data, on, state, tell } from "./store.js";
import { setAtLoad } from "./traps.js";
import { changeSymbol, send } from "./wire.js";

on("heard:updateAssets", (rows) => {
  state.assets = new Map(rows.map((row) => [row[1], {
    id: row[0], symbol: row[1], label: row[2], kind: row[3], digits: row[4], payout: row[5], otc: Boolean(row[9]), open: row[14],
  }]));
  tell("assets");
});

on("heard:updateCharts", ([chart]) => {
  const settings = JSON.parse(chart.settings);
  state.settings = settings;
  state.symbol = settings.symbol;
  state.period = PERIODS.find(({ id }) => id === settings.chartPeriod) ?? state.period;
  state.chartType = settings.chartType;
  state.expiry = settings.fastTimeframe;
  state.amount = String(data.account === "demo" ? settings.demoDealAmount : settings.liveDealAmount);
  tell("settings");
  tell("symbol");
  changeSymbol();
  send("signals/subscribe");
  send("price-alert/load");
  send("saveCharts", settings);
});

let asked = null;
on("heard:updateHistoryNewFast", ({ asset }) => {
  $(".js-loading-container").classList.add("hide");
  if (asked !== asset) send("signals/stats", asset);
  asked = asset;
});
on("offline", () => $(".js-loading-container").classList.remove("hide"));
setAtLoad();

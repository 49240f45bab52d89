// What lies on the chart: the asset's name, the chart type and timeframe menu, the clock, the visible range.
import { $, h, icon } from "./dom.js";
import { clock } from "./format.js";
import { slowly } from "./lag.js";
import { closeModal, toggleModal } from "./modal.js";
import { openPicker } from "./picker.js";
import { showSeconds, visibleSeconds } from "./chart.js";
import { AHEAD, CHART_TYPES, PERIODS, asset, label, on, serverNow, state, tell } from "./store.js";
import { changeSymbol, saveChart } from "./wire.js";

const RANGES = [["M10", 600], ["M30", 1800], ["H1", 3600], ["H4", 14400], ["D1", 86400], ["D7", 604800], ["D14", 1209600]];

const symbol = h("span.current-symbol.current-symbol_cropped");
const badge = h("span.items__badge");
const time = h("span.server-time");
const range = h("span.chart-range__value");
const sentiment = h("div.progress-wrapper", { title: "Share of buyers" }, h("div.progress-wrapper__bar"));

const chartType = h("a.items__link.items__link--chart-type", { onclick: () => openMenu() }, icon("candles"), badge);

$(".chart-block__top").append(
  h("div.chart-tools", {},
    h("div.currencies-block", {},
      h("a.pair-number-wrap", { onclick: (event) => openPicker(event.currentTarget) }, symbol, icon("caret"))),
    h("div.items", {},
      chartType,
      h("a.items__link.items__link--indicators", {}, icon("sliders")),
      h("a.items__link.items__link--drawing", {}, icon("brush")),
      h("a.items__link.items__link--more", {}, icon("dots")),
      h("a.items__link.items__link--layout", {}, icon("grid")))),
  h("div.chart-clock", {}, time, " UTC+0"),
  sentiment,
);
$(".chart-item").append(
  h("a.chart-range", { onclick: (event) => openRanges(event.currentTarget) }, range, icon("caret")),
);

function openMenu() {
  toggleModal("chart-type", chartType, "drop-down-modal--chart-type", menu());
}

function menu() {
  return h("div.chart-menu", {},
    h("div.chart-menu__title", {}, "Chart types"),
    h("ul.chart-types", {}, CHART_TYPES.map(([id, name]) => item("chart-types__item", name, id === state.chartType, () => {
      state.chartType = id;
      tell("chart");
    }))),
    h("div.chart-menu__title", {}, "Time frames"),
    h("ul.timeframes", {}, PERIODS.map((period) => item("timeframes__item", period.name, period === state.period, () => {
      state.period = period;
      tell("period");
      changeSymbol();
    }))),
    h("div.chart-menu__title", {}, "Settings"),
    toggle("Enable timer", "timer"),
    toggle("Enable autoscroll", "autoscroll"),
    toggle("Enable grid snap", "gridSnap"));
}

function item(classes, name, active, choose) {
  return h(`li.${classes}`, { class: active ? "active" : "" }, h("a", {
    onclick: () => {
      choose();
      saveChart();
      closeModal();
    },
  }, name));
}

function toggle(name, key) {
  const row = h("div.switch", {
    class: state[key] ? "switch--on" : "",
    onclick: () => {
      state[key] = !state[key];
      row.classList.toggle("switch--on", state[key]);
      tell("chart");
      saveChart();
    },
  }, h("span.switch__knob"), h("span.switch__label", {}, name));
  return row;
}

function openRanges(anchor) {
  const items = RANGES.map(([name, seconds]) => h("li", {}, h("a", {
    onclick: () => {
      showSeconds(seconds);
      closeModal();
    },
  }, name)));
  toggleModal("range", anchor, "drop-down-modal--range", h("ul.ranges", {}, items));
}

function showAsset() {
  symbol.textContent = state.symbol ? label(state.symbol) : "";
  badge.textContent = state.period.name;
  $(".asset-inactive").classList.toggle("asset-inactive--active", asset()?.open === false);
}

on("symbol period assets", showAsset);
on("heard:chafor", (rows) => {
  for (const [of, buyers] of rows) {
    if (of === state.symbol) sentiment.firstChild.style.width = `${buyers}%`;
  }
});

setInterval(() => {
  slowly("clock", () => { time.textContent = clock(serverNow() - AHEAD); });
  const shown = visibleSeconds();
  range.textContent = shown >= 86400 ? `D${Math.round(shown / 86400)}` : shown >= 3600 ? `H${Math.round(shown / 3600)}` : `M${Math.max(1, Math.round(shown / 60))}`;
}, 250);

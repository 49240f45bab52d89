// The chart: bars on a canvas, the last one moved by every tick.
import { $ } from "./dom.js";
import { clock, price as written, two } from "./format.js";
import { slowly } from "./lag.js";
import { drawDeals } from "./marks.js";
import { closesAt } from "./orders.js";
import { Series } from "./series.js";
import { AHEAD, asset, on, serverNow, state } from "./store.js";
import { loadOlder } from "./wire.js";

const INK = { grid: "#ffffff0d", text: "#858a99", up: "#3cb88a", down: "#e8675f", line: "#e9b65a", last: "#f2b84b", light: "#e8e9ee", plate: "#1c1e25e6" };
const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800, 2592000];

const canvas = $(".chart-canvas");
const pen = canvas.getContext("2d");
const view = { width: 0, height: 0, bar: 13, pan: 0, asked: 0 };
let series = new Series(60);
let dirty = true;

export const visibleSeconds = () => (view.width / view.bar) * series.period;
export function showSeconds(seconds) {
  view.bar = clamp((view.width * series.period) / seconds, 2, 60);
  view.pan = 0;
  dirty = true;
}

on("heard:updateHistoryNewFast", (answer) => {
  if (answer.asset !== state.symbol || answer.period !== state.period.seconds) return;
  series = new Series(answer.period);
  series.history(answer);
  Object.assign(view, { pan: 0, asked: 0 });
  dirty = true;
  if (series.bars.length) askOlder();
});

on("heard:loadHistoryPeriodFast heard:loadHistoryPeriod", (answer) => {
  if (answer.asset !== state.symbol || answer.period !== series.period) return;
  series.older(answer.data.filter((row) => row.open != null));
  dirty = true;
});

on("heard:updateStream", (rows) => {
  for (const [symbol, at, price] of rows) if (symbol === state.symbol) series.tick(at, price);
  dirty = true;
});

on("symbol period", () => { series = new Series(state.period.seconds); dirty = true; });
on("chart expiry assets deals", () => { dirty = true; });

function askOlder() {
  const first = series.bars[0]?.t;
  if (first && first !== view.asked) {
    view.asked = first;
    loadOlder(first);
  }
}

// ------------------------------------------------------------------------------------------------ drawing

function draw() {
  const bars = state.chartType === 4 ? series.heikinAshi() : series.bars;
  const { width, height } = view;
  pen.clearRect(0, 0, width, height);
  const digits = asset()?.digits ?? 5;
  const axis = Math.max(70, digits * 7 + 34);
  const plot = { w: width - axis, h: height - 26 };
  const right = plot.w - Math.min(plot.w * 0.26, 330) + view.pan;
  const x = (index) => right - (bars.length - 1 - index) * view.bar;
  if (!bars.length) return waiting(plot);

  const from = Math.max(0, Math.floor(bars.length - 1 - (right + view.bar) / view.bar));
  const to = Math.min(bars.length - 1, Math.ceil(bars.length - 1 + (plot.w - right + view.bar) / view.bar));
  if (from < 20) askOlder();
  const shown = bars.slice(from, to + 1);
  if (!shown.length) return;
  const high = Math.max(...shown.map((bar) => bar.h));
  const low = Math.min(...shown.map((bar) => bar.l));
  const room = (high - low || high * 1e-4) * 0.16;
  const y = (value) => plot.h - 8 - ((value - low + room) / (high - low + 2 * room)) * (plot.h - 60);

  const last = bars.at(-1);
  prices(plot, low - room, high + room, y, digits);
  times(plot, last.t, x(bars.length - 1));
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, plot.w, plot.h);
  pen.clip();
  if (state.chartType === 1) line(shown, from, x, y, plot);
  else shown.forEach((bar, n) => (state.chartType === 3 ? stick : candle)(bar, x(from + n), y));
  extremes(shown, from, x, y, high, low, digits, plot);
  const xAt = (t) => x(bars.length - 1) + ((t - last.t) / series.period) * view.bar;
  expiry(plot, xAt);
  drawDeals(pen, INK, state.openDeals.filter((deal) => deal.asset === state.symbol), { x: xAt, y, height: plot.h });
  pen.restore();
  lastPrice(plot, last, x(bars.length - 1), y(last.c), digits);
}

function waiting(plot) {
  pen.fillStyle = INK.text;
  pen.font = "13px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.fillText("Waiting for prices", plot.w / 2, plot.h / 2);
}

function candle(bar, x, y) {
  const up = bar.c >= bar.o;
  const body = Math.max(1, Math.floor(view.bar * 0.74));
  pen.fillStyle = up ? INK.up : INK.down;
  pen.fillRect(Math.round(x), y(bar.h), 1, Math.max(1, y(bar.l) - y(bar.h)));
  const top = y(Math.max(bar.o, bar.c));
  pen.fillRect(Math.round(x - body / 2), top, body, Math.max(1, y(Math.min(bar.o, bar.c)) - top));
}

function stick(bar, x, y) {
  const arm = Math.max(1, view.bar * 0.36);
  pen.fillStyle = bar.c >= bar.o ? INK.up : INK.down;
  pen.fillRect(Math.round(x), y(bar.h), 2, Math.max(2, y(bar.l) - y(bar.h)));
  pen.fillRect(Math.round(x - arm), y(bar.o), arm, 2);
  pen.fillRect(Math.round(x), y(bar.c), arm, 2);
}

function line(shown, from, x, y, plot) {
  pen.beginPath();
  shown.forEach((bar, n) => (n ? pen.lineTo(x(from + n), y(bar.c)) : pen.moveTo(x(from + n), y(bar.c))));
  pen.strokeStyle = INK.line;
  pen.lineWidth = 2;
  pen.stroke();
  pen.lineTo(x(from + shown.length - 1), plot.h);
  pen.lineTo(x(from), plot.h);
  const shade = pen.createLinearGradient(0, 0, 0, plot.h);
  shade.addColorStop(0, "#f2b84b33");
  shade.addColorStop(1, "#f2b84b00");
  pen.fillStyle = shade;
  pen.fill();
}

function prices(plot, low, high, y, digits) {
  const step = nice((high - low) / Math.max(3, plot.h / 110));
  for (let value = Math.ceil(low / step) * step; value < high; value += step) {
    const at = Math.round(y(value));
    pen.fillStyle = INK.grid;
    pen.fillRect(0, at, plot.w, 1);
    text(written(value, digits), plot.w + 8, at + 4, "left");
  }
}

function times(plot, last, x) {
  const each = STEPS.find((step) => (step / series.period) * view.bar >= 74) ?? STEPS.at(-1);
  const first = last - (x / view.bar) * series.period;
  for (let t = Math.ceil(first / each) * each; ; t += each) {
    const at = Math.round(x + ((t - last) / series.period) * view.bar);
    if (at > plot.w) break;
    pen.fillStyle = INK.grid;
    pen.fillRect(at, 0, 1, plot.h);
    text(moment(t, each), at, plot.h + 18, "center");
  }
}

function moment(t, each) {
  const date = new Date((t - AHEAD) * 1000);
  if (each >= 86400) return `${two(date.getUTCDate())}.${two(date.getUTCMonth() + 1)}`;
  return each < 60 ? clock(t - AHEAD) : clock(t - AHEAD).slice(0, 5);
}

function extremes(shown, from, x, y, high, low, digits, plot) {
  const top = shown.findIndex((bar) => bar.h === high);
  const bottom = shown.findIndex((bar) => bar.l === low);
  tag(written(high, digits), clamp(x(from + top), 40, plot.w - 40), y(high) - 16);
  tag(written(low, digits), clamp(x(from + bottom), 40, plot.w - 40), y(low) + 16);
}

function expiry(plot, x) {
  const end = state.clockMode ? closesAt() : serverNow() + state.expiry;
  const at = Math.round(x(end));
  if (at > plot.w - 4) return;
  pen.fillStyle = "#9aa3ba66";
  pen.fillRect(at, 0, 1, plot.h);
  pen.fillStyle = "#d7dae3";
  pen.fillRect(at, 0, 12, 9);
  text("Expiration time", at + 6, 26, "left");
  text(clock(end - AHEAD), at + 6, 42, "left");
}

function lastPrice(plot, last, x, y, digits) {
  pen.fillStyle = `${INK.last}88`;
  pen.fillRect(0, Math.round(y), plot.w, 1);
  pen.fillStyle = INK.last;
  pen.beginPath();
  pen.roundRect(plot.w + 2, y - 11, view.width - plot.w - 4, 22, 4);
  pen.fill();
  text(written(last.c, digits), plot.w + 8, y + 4, "left", "#17181d", "600 12px system-ui, sans-serif");
  if (!state.timer) return;
  const left = Math.max(0, last.t + series.period - serverNow());
  const name = state.period.name;
  text(name, x + view.bar + 14, y - 8, "left");
  text(left >= 3600 ? clock(left) : clock(left).slice(3), x + view.bar + 14, y + 16, "left");
}

function tag(words, x, y) {
  pen.font = "12px system-ui, sans-serif";
  const width = pen.measureText(words).width + 14;
  pen.fillStyle = "#2a2c36cc";
  pen.beginPath();
  pen.roundRect(x - width / 2, y - 10, width, 20, 4);
  pen.fill();
  text(words, x, y + 4, "center");
}

function text(words, x, y, align, colour = INK.text, font = "12px system-ui, sans-serif") {
  pen.font = font;
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.fillText(words, x, y);
}

function nice(step) {
  const scale = 10 ** Math.floor(Math.log10(step));
  return scale * [1, 2, 5, 10].find((n) => n * scale >= step);
}

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

// ------------------------------------------------------------------------------------------- size and hands

new ResizeObserver(() => {
  const { clientWidth, clientHeight } = canvas.parentElement;
  Object.assign(view, { width: clientWidth, height: clientHeight });
  canvas.width = clientWidth * devicePixelRatio;
  canvas.height = clientHeight * devicePixelRatio;
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  dirty = true;
}).observe(canvas.parentElement);

canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  view.bar = clamp(view.bar * (event.deltaY < 0 ? 1.12 : 0.89), 2, 60);
  dirty = true;
}, { passive: false });

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  const from = event.clientX - view.pan;
  const move = (moved) => { view.pan = Math.max(-view.width * 0.6, moved.clientX - from); dirty = true; };
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", () => canvas.removeEventListener("pointermove", move), { once: true });
});

setInterval(() => { dirty = true; }, 500);
(function frame() {
  if (dirty) {
    dirty = false;
    slowly("chart", draw);
  }
  requestAnimationFrame(frame);
})();

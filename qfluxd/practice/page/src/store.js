// What the page knows, and who wants to hear when it changes.

export const data = JSON.parse(document.getElementById("page-data").textContent);

export const PERIODS = [
  ["S5", 5, 0], ["S10", 10, 1], ["S15", 15, 2], ["S30", 30, 3], ["M1", 60, 4], ["M2", 120, 13], ["M3", 180, 14],
  ["M5", 300, 6], ["M10", 600, 7], ["M15", 900, 8], ["M30", 1800, 9], ["H1", 3600, 10], ["H4", 14400, 11], ["D1", 86400, 12],
].map(([name, seconds, id]) => ({ name, seconds, id }));

export const CHART_TYPES = [[1, "Line"], [2, "Candles"], [3, "Bars"], [4, "Heikin Ashi"]];

export const state = {
  assets: new Map(),
  favourites: [],
  symbol: null,
  period: PERIODS[4],
  chartType: 2,
  amount: "1",
  percent: false,
  expiry: 60,
  clockMode: false,
  timer: true,
  autoscroll: true,
  gridSnap: true,
  settings: {},
  openDeals: [],
  closedDeals: [],
  sentiment: null,
};

const listeners = new Map();

export function on(topics, listener) {
  for (const topic of topics.split(" ")) {
    if (!listeners.has(topic)) listeners.set(topic, []);
    listeners.get(topic).push(listener);
  }
}

export function tell(topic, ...values) {
  for (const listener of listeners.get(topic) ?? []) listener(...values);
}

// The server's clock in seconds: two hours ahead of UTC, written as if it were UTC.
const heardAt = performance.now();
export const serverNow = () => (data.now + (performance.now() - heardAt) * data.speed) / 1000;
export const AHEAD = 7200;

export const asset = (symbol = state.symbol) => state.assets.get(symbol);
export const label = (symbol) => asset(symbol)?.label ?? symbol;

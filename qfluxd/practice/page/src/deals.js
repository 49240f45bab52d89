// The deals the broker tells of: which are open, which are closed, and how the open ones stand.
import { slowly } from "./lag.js";
import { noteClosed, noteOpened } from "./noty.js";
import { on, serverNow, state, tell } from "./store.js";

const KEPT = 20;

const noted = new Set();
const prices = new Map();

// 1 while a deal would win, 0 while it would tie, -1 while it would lose.
export function standing(deal) {
  const moved = (prices.get(deal.asset) ?? deal.openPrice) - deal.openPrice;
  return Math.sign(deal.command ? -moved : moved);
}

// What the stake would bring back if the deal ended now; what it did bring back once it has.
export function returned(deal) {
  if (deal.closePrice) return deal.profit < 0 ? 0 : deal.amount + deal.profit;
  return [0, deal.amount, deal.amount + deal.profit][standing(deal) + 1];
}

export const secondsLeft = (deal) => Math.max(0, deal.closeTimestamp - serverNow());

export function elapsed(deal) {
  const whole = deal.closeTimestamp - deal.openTimestamp;
  return whole > 0 ? Math.min(1, 1 - secondsLeft(deal) / whole) : 1;
}

// An answer may come twice, and late: each deal is noted once, and what is closed does not open again.
function note(kind, deal, write) {
  const name = `${kind} ${deal.id}`;
  if (noted.has(name)) return;
  noted.add(name);
  slowly(name, () => write(deal));
}

on("heard:updateOpenedDeals", (deals) => {
  state.openDeals = deals;
  tell("deals");
});

on("heard:updateClosedDeals", (deals) => {
  state.closedDeals = deals;
  tell("deals");
});

on("heard:successopenOrder", (deal) => {
  const known = [...state.openDeals, ...state.closedDeals].some(({ id }) => id === deal.id);
  if (!known) state.openDeals = [deal, ...state.openDeals];
  note("opened", deal, noteOpened);
  tell("deals");
});

on("heard:successcloseOrder", ({ deals }) => {
  const ids = new Set(deals.map(({ id }) => id));
  state.openDeals = state.openDeals.filter(({ id }) => !ids.has(id));
  state.closedDeals = [...deals, ...state.closedDeals.filter(({ id }) => !ids.has(id))].slice(0, KEPT);
  for (const deal of deals) note("closed", deal, noteClosed);
  tell("deals");
});

on("heard:updateStream", (rows) => {
  for (const [symbol, , price] of rows) prices.set(symbol, price);
});
on("heard:updateHistoryNewFast", ({ asset, history = [] }) => {
  if (history.length) prices.set(asset, history.at(-1)[1]);
});

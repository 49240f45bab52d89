// The traps that are set for those who work the page blindly, and when each springs. What they are: README.md.
import { data, on, tell } from "./store.js";

const OFF = {
  walk: null, amountAppends: false, rerenderMs: 0, clockMode: false, toast: false, promo: false, deposit: false, confirm: false,
  tutorial: false, sidebarShut: false, favouritesHidden: false, balanceHidden: false, throttled: false, veil: false,
  partlyCovered: false, swallow: false, renamed: null, blockedMs: 0,
};
const SHARE = 0.25;
const AFTER_A_CHANGE = 120;
const AFTER_AN_ORDER = 700;

// When a trap may spring: how the page starts, and what lies over it. In a walk the first kind comes again with orders.
export const START = ["start", "walk"];
export const COVER = ["load", "panel", "order"];

export const traps = { ...OFF };
const known = [];
let random = null;
let shown = false;
let changed = false;

export const springs = (name) => Boolean(traps[name]) && (random === null || random() < SHARE);

// A lasting trap is in force from one draw to the next; any other only starts something. Both end when switched off.
export function trap(name, at, spring, { release = () => {}, lasting = false } = {}) {
  known.push({ name, at, spring, release, lasting });
}

function draw(occasion) {
  for (const { name, at, spring, release, lasting } of known) {
    if (!at.includes(occasion)) continue;
    if (springs(name)) spring();
    else if (lasting) release();
  }
}

function set(wanted) {
  const before = { ...traps };
  for (const name of Object.keys(OFF)) traps[name] = wanted?.[name] ?? OFF[name];
  random = traps.walk === null ? null : walk(traps.walk);
  for (const { name, release } of known) {
    if (before[name] && before[name] !== traps[name]) release();
  }
  draw("start");
  if (shown) draw("load");
  tell("traps");
}

// Numbers from 0 to 1 that are the same for the same seed (mulberry32).
function walk(seed) {
  let at = seed >>> 0;
  return () => {
    at = (at + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(at ^ (at >>> 15), at | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const setAtLoad = () => set(data.traps);

on("heard:practice/traps", set);
on("heard:updateHistoryNewFast", () => {
  if (shown) return;
  shown = true;
  draw("load");
});
on("panel-set", () => {
  if (!shown || changed) return;
  changed = true;
  setTimeout(() => draw("panel"), AFTER_A_CHANGE);
});
on("ordered", () => setTimeout(() => {
  changed = false;
  draw("order");
  if (random) draw("walk");
}, AFTER_AN_ORDER));

// The bar of favourites: a track that is moved by its arrows, not scrolled.
import { choose } from "./choose.js";
import { elapsed, returned } from "./deals.js";
import { $, h, icon } from "./dom.js";
import { dollars } from "./format.js";
import { slowly } from "./lag.js";
import { asset, label, on, state } from "./store.js";
import { START, trap } from "./traps.js";
import { send } from "./wire.js";

const STEP = 300;

const track = h("div.assets-favorites-list__in", { style: "transform: translate3d(0px, 0px, 0px);" });
const wrap = h("div.assets-favorites-list__wrap", {}, track);
const left = arrow("left", () => move(STEP));
const right = arrow("right", () => move(-STEP));
const items = new Map();
let shift = 0;

$("#js-assets-favorites-slider").append(h("div.assets-favorites-list", {}, left, wrap, right));
$(".fav-panel-switcher").append(icon("star"));
$(".fav-panel-switcher").addEventListener("click", () => document.body.classList.toggle("favourites-hidden"));

function arrow(side, onclick) {
  return h(`div.assets-favorites-arrow.assets-favorites-arrow--${side}`, { onclick }, h("i.fa", { class: `fa-chevron-${side}` }, icon(side)));
}

function move(by) {
  const furthest = Math.min(0, wrap.clientWidth - track.scrollWidth);
  shift = Math.max(furthest, Math.min(0, shift + by));
  track.style.transform = `translate3d(${shift}px, 0px, 0px)`;
  left.classList.toggle("assets-favorites-arrow--disabled", shift >= 0);
  right.classList.toggle("assets-favorites-arrow--disabled", shift <= furthest);
}

export function changeFavourites(symbols) {
  send("favorite/change", symbols);
}

function build() {
  items.clear();
  track.replaceChildren(...state.favourites.map(item));
  refresh();
  refreshDeals();
  move(0);
}

function item(symbol, number) {
  const remove = h("i.assets-favorites-item__remove", {
    onclick: (event) => {
      event.stopPropagation();
      changeFavourites(state.favourites.filter((other) => other !== symbol));
    },
  }, icon("close"));
  const payout = h("div.payout__number");
  const deal = h("div.assets-favorites-item__deal");
  const element = h("div.animated.assets-favorites-item", {
    "data-id": symbol,
    tabindex: number + 1,
    onclick: () => choose(symbol),
  },
    h("div.assets-favorites-item__preview-wrapper", {}, h("div", {}, preview(symbol))),
    h("div.assets-favorites-item__line", {},
      remove,
      h("div.assets-favorites-item__label", {}, label(symbol)),
      h("div.payout", {}, h("div.payout__in", {}, payout, h("div.payout__symbol", {}, "%")))),
    deal);
  items.set(symbol, { element, payout, deal });
  return element;
}

function refresh() {
  for (const [symbol, { element, payout }] of items) {
    const known = asset(symbol);
    payout.textContent = known?.open ? `+${known.payout}` : "N/A";
    element.querySelector(".assets-favorites-item__label").textContent = label(symbol);
    element.classList.toggle("assets-favorites-item--active", symbol === state.symbol);
  }
}

// An item with open deals also says their stakes, what these would bring back now, and how far the next to end has come.
function refreshDeals() {
  for (const [symbol, { deal }] of items) {
    const open = state.openDeals.filter(({ asset: of }) => of === symbol);
    if (!open.length) {
      if (deal.firstChild) deal.replaceChildren();
      continue;
    }
    const back = open.reduce((sum, each) => sum + returned(each), 0);
    const stake = open.reduce((sum, each) => sum + each.amount, 0);
    const first = open.reduce((next, each) => (each.closeTimestamp < next.closeTimestamp ? each : next));
    deal.replaceChildren(
      h("span.assets-favorites-item__stake", {}, dollars(stake)),
      h("span.assets-favorites-item__profit", { class: back < stake ? "price-down" : "price-up" }, `+${dollars(back)}`),
      h("div.assets-favorites-item__progress", {}, h("div", { style: `width: ${(elapsed(first) * 100).toFixed(1)}%` })));
  }
}

// A picture, not data: the line behind a favourite is the same every day.
function preview(symbol) {
  let seed = [...symbol].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  let y = 30;
  const points = Array.from({ length: 34 }, (_, n) => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    y = Math.max(14, Math.min(44, y + (seed / 2 ** 32 - 0.5) * 11));
    return `${n * 5},${y.toFixed(1)}`;
  });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 165 55");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "injected-svg");
  svg.innerHTML = `<polygon points="0,55 ${points.join(" ")} 165,55"/><polyline points="${points.join(" ")}"/>`;
  return svg;
}

on("heard:successfavorite/change heard:successfavorite/load", (symbols) => {
  state.favourites = symbols;
  build();
});
on("assets symbol", refresh);
addEventListener("resize", () => move(0));
on("deals", () => slowly("favourites", refreshDeals));
setInterval(() => slowly("favourites", refreshDeals), 500);
trap("favouritesHidden", START, () => document.body.classList.add("favourites-hidden"), {
  release: () => document.body.classList.remove("favourites-hidden"),
});

// Rows of the trades sidebar: open deals with what is left of their time, closed ones under their dates.
import { choose } from "./choose.js";
import { h, icon } from "./dom.js";
import { clock, dollars, two } from "./format.js";
import { AHEAD, label, serverNow, state } from "./store.js";

export const openedDeals = (deals) => deals.map((deal) => row(deal, left(deal), deal.profit));

export function closedDeals(deals) {
  let day = "";
  return deals.flatMap((deal) => {
    const closed = new Date((deal.closeTimestamp - AHEAD) * 1000).toISOString().slice(0, 10);
    const header = closed === day ? [] : [h("div.deals-list__date", {}, closed)];
    day = closed;
    return [...header, row(deal, clock(deal.closeTimestamp - AHEAD).slice(0, 5), deal.profit)];
  });
}

// A lost trade returns nothing and shows no loss: three figures, of which the last two are $0.
function row(deal, when, profit) {
  const gain = Math.max(0, profit);
  const returned = profit < 0 ? 0 : deal.amount + gain;
  const star = state.favourites.includes(deal.asset) ? "fa-star" : "fa-star-o";
  return h("div.deals-list__item", { "data-id": deal.id },
    h("div.item-row", {},
      h("a", {}, h("i.fa", { class: star }, icon("star"))),
      h("a", { onclick: () => choose(deal.asset) }, label(deal.asset)),
      h("span.item-row__payout", {}, `+${deal.percentProfit}%`),
      h("div", {}, when)),
    h("div.item-row", {},
      h("div", {}, h("i.fa", { class: deal.command ? "fa-arrow-down" : "fa-arrow-up" }, icon(deal.command ? "down" : "up")), dollars(deal.amount)),
      h("div", {}, dollars(returned)),
      h("div.centered", { class: gain ? "price-up" : "" }, gain ? `+${dollars(gain)}` : "$0")));
}

function left(deal) {
  const seconds = Math.max(0, deal.closeTimestamp - serverNow());
  return seconds >= 3600 ? clock(seconds) : `${two(seconds / 60)}:${two(seconds % 60)}`;
}

// Rows of the trades sidebar: open deals with what is left of their time, closed ones under their dates.
import { choose } from "./choose.js";
import { returned, secondsLeft, standing } from "./deals.js";
import { h, icon } from "./dom.js";
import { clock, dollars, two } from "./format.js";
import { AHEAD, label, state } from "./store.js";
import { send } from "./wire.js";

export function closedRows(deals) {
  let day = "";
  return deals.flatMap((deal) => {
    const closed = new Date((deal.closeTimestamp - AHEAD) * 1000).toISOString().slice(0, 10);
    const header = closed === day ? [] : [h("div.deals-list__date", {}, closed)];
    day = closed;
    return [...header, row(deal).element];
  });
}

// An open row counts down and follows the price: while it loses it looks like one that has lost.
export function openRow(deal) {
  const { element, refresh } = row(deal);
  element.append(h("a.deals-list__double-up", { onclick: () => send("deals/double-up", { ticket: deal.id }) }, icon("double"), "Double Up"));
  return { element, refresh };
}

export function countdown(deal) {
  const seconds = secondsLeft(deal);
  return seconds >= 3600 ? clock(seconds) : `${two(seconds / 60)}:${two(seconds % 60)}`;
}

function row(deal) {
  const star = state.favourites.includes(deal.asset) ? "fa-star" : "fa-star-o";
  const when = h("div");
  const back = h("div");
  const gain = h("div.centered");
  const element = h("div.deals-list__item", { "data-id": deal.id },
    h("div.item-row", {},
      h("a", {}, h("i.fa", { class: star }, icon("star"))),
      h("a", { onclick: () => choose(deal.asset) }, label(deal.asset)),
      h("span.item-row__payout", {}, `+${deal.percentProfit}%`),
      when),
    h("div.item-row", {},
      h("div", {}, h("i.fa", { class: deal.command ? "fa-arrow-down" : "fa-arrow-up" }, icon(deal.command ? "down" : "up")), dollars(deal.amount)),
      back,
      gain));

  function refresh() {
    const brought = returned(deal);
    const won = Math.max(0, brought - deal.amount);
    when.textContent = deal.closePrice ? clock(deal.closeTimestamp - AHEAD).slice(0, 5) : countdown(deal);
    back.textContent = dollars(brought);
    gain.textContent = won ? `+${dollars(won)}` : "$0";
    gain.classList.toggle("price-up", won > 0);
    gain.classList.toggle("price-down", !deal.closePrice && standing(deal) < 0);
  }
  refresh();
  return { element, refresh };
}

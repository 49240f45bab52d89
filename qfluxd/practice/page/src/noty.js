// The notes at the lower left that tell of trades; they go by themselves.
import { $, h, icon } from "./dom.js";
import { dollars } from "./format.js";
import { label } from "./store.js";

const STAYS = 6_000;
const MOST = 4;

function show(kind, title, symbol, facts) {
  const note = h(`div.deals-noty.noty.${kind}`, {},
    h("div.deals-noty__title", {}, title),
    h("div.deals-noty__symbol", {}, h("span.deals-noty__symbol-title", {}, label(symbol))),
    h("div.deals-noty__text", {}, facts.map(([name, value]) => h("div.deals-noty__text-col", {},
      h("span.deals-noty__label", {}, name), h("span.deals-noty__value", {}, value)))));
  const streamer = $(".deals-noty-streamer");
  streamer.append(note);
  while (streamer.children.length > MOST) streamer.firstChild.remove();
  setTimeout(() => note.remove(), STAYS);
}

export function noteOpened(deal) {
  const forecast = h("span", {}, icon(deal.command ? "down" : "up"), deal.command ? "Sell" : "Buy");
  show("deals-noty--opened", "Trade order placed", deal.asset, [["Forecast", forecast], ["Amount", dollars(deal.amount)]]);
}

export function noteClosed(deal) {
  const profit = deal.profit < 0 ? `-${dollars(-deal.profit)}` : `+${dollars(deal.profit)}`;
  const kind = deal.profit < 0 ? "deals-noty--lost" : "deals-noty--closed";
  show(kind, "Trade order closed", deal.asset, [["Amount", dollars(deal.amount)], ["Profit", profit]]);
}

export function noteRefusal({ error, amount, asset }) {
  show("noty--error", "Trade order not opened", asset, [["Amount", dollars(amount)], ["Reason", error]]);
}

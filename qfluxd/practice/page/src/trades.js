// The trades sidebar and the bars of icons. Which tab is open is remembered, and shared by all tabs.
import { closedRows, openRow } from "./dealrows.js";
import { $, h, icon } from "./dom.js";
import { slowly } from "./lag.js";
import { data, on, state } from "./store.js";
import { START, trap } from "./traps.js";

const TABS = ["Opened", "Closed"];
const LEFT = [["trading", "Trading"], ["finance", "Finance"], ["profile", "Profile"], ["market", "Market"], ["star", "Achievements"], ["chat", "Chat"], ["help", "Help"]];
const RIGHT = [["trades", "Trades"], ["signals", "Signals"], ["social", "Social Trading"], ["express", "Express Trades"], ["tournaments", "Tournaments"], ["pending", "Pending Trades"], ["hotkeys", "Hotkeys"]];

const kept = (key, otherwise) => localStorage.getItem(`practice-${key}`) ?? otherwise;
const keep = (key, value) => localStorage.setItem(`practice-${key}`, value);
const keptOpen = () => kept("sidebar", innerWidth < 760 ? "shut" : "open") === "open";

const panel = $(".widget-slot.deals");
const list = h("div.deals-list");
const tabs = h("ul.tabs", {}, TABS.map((name) => h("li", {}, h("a", {
  onclick: () => {
    keep("tab", name);
    render();
  },
}, name))));
panel.append(h("div.widget-slot__header", {}, h("span", {}, "Trades"), icon("list")), tabs, list);

let open = keptOpen();
let rows = [];

const count = h("span.right-sidebar__badge");
$(".left-sidebar").append(
  ...LEFT.map(([name, text], n) => link("left-sidebar", name, text, n === 0)),
  h("a.left-sidebar__item.left-sidebar__item--logout", { href: data.addresses.logout }, icon("logout"), h("span", {}, "Logout")));
$(".right-sidebar").append(
  ...RIGHT.map(([name, text], n) => (n ? link("right-sidebar", name, text) : opener(text))),
  h("a.right-sidebar__item.right-sidebar__item--full", { onclick: fullScreen }, icon("full"), h("span", {}, "Full screen")));

function link(bar, name, text, active = false) {
  return h(`a.${bar}__item`, { class: active ? "active" : "" }, icon(name), h("span", {}, text));
}

function opener(text) {
  return h("a.right-sidebar__item.right-sidebar__item--trades", {
    onclick: () => {
      open = !open;
      keep("sidebar", open ? "open" : "shut");
      render();
    },
  }, icon("trades"), h("span", {}, text), count);
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

function render() {
  const tab = kept("tab", TABS[0]);
  document.body.classList.toggle("trades-shut", !open);
  $(".right-sidebar__item--trades").classList.toggle("active", open);
  [...tabs.children].forEach((item, n) => item.classList.toggle("active", TABS[n] === tab));
  rows = tab === TABS[0] ? state.openDeals.map(openRow) : [];
  const shown = tab === TABS[0] ? rows.map(({ element }) => element) : closedRows(state.closedDeals);
  list.replaceChildren(...(shown.length ? shown : [h("div.no-deals", {}, `No ${tab.toLowerCase()} trades`)]));
  count.textContent = state.openDeals.length || "";
}

function set(to) {
  open = to;
  render();
}

on("deals heard:successfavorite/change assets", () => slowly("trades", render));
setInterval(() => slowly("countdowns", () => rows.forEach(({ refresh }) => refresh())), 500);
trap("sidebarShut", START, () => set(false), { release: () => set(keptOpen()) });
render();

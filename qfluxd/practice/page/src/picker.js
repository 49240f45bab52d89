// The asset picker: kinds on the left, a search, and a row for each asset. It stays open until it is left.
import { h, icon } from "./dom.js";
import { choose } from "./choose.js";
import { changeFavourites } from "./favourites.js";
import { openName, toggleModal } from "./modal.js";
import { on, state } from "./store.js";

const KINDS = [["currency", "Currencies"], ["cryptocurrency", "Cryptocurrencies"], ["commodity", "Commodities"], ["stock", "Stocks"], ["index", "Indices"]];

let kind = "currency";
let wanted = "";
let list = null;

export function openPicker(anchor) {
  wanted = "";
  list = h("ul.assets-block__alist.alist");
  const search = h("input.search__field", {
    type: "text",
    placeholder: "Search",
    autocomplete: "off",
    oninput: (event) => {
      wanted = event.target.value.trim().toUpperCase();
      fill();
    },
  });
  const content = h("div.assets-block", {},
    h("div.assets-block__col.assets-block__col-nav", {}, KINDS.map(([id, name]) => h(`a.assets-block__nav-item.assets-block__nav-item--${id}`, {
      class: id === kind ? "assets-block__nav-item--active" : "",
      onclick: (event) => {
        kind = id;
        for (const other of event.currentTarget.parentElement.children) {
          other.classList.toggle("assets-block__nav-item--active", other === event.currentTarget);
        }
        fill();
      },
    }, h("span", {}, name)))),
    h("div.assets-block__col.assets-block__col-body", {},
      h("div.search", {}, icon("search"), search),
      list));
  toggleModal("quotes-list", anchor, "drop-down-modal--quotes-list", content);
  fill();
}

function fill() {
  const rows = [...state.assets.values()]
    .filter((asset) => (wanted ? matches(asset) : asset.kind === kind))
    .sort((a, b) => Number(b.open) - Number(a.open) || b.payout - a.payout || a.label.localeCompare(b.label));
  list.replaceChildren(...rows.map(row));
}

// Letters and digits only: "EURUSD" finds both EUR/USD and EUR/USD OTC, "EUR/USD OTC" finds neither.
function matches(asset) {
  const compact = asset.label.replace(/\bOTC\b/i, "").replace(/[^A-Za-z0-9]/g, "").toUpperCase();
  const symbol = asset.symbol.replace(/_otc$/, "").toUpperCase();
  return compact.includes(wanted) || symbol.includes(wanted);
}

function row(asset) {
  const favourite = state.favourites.includes(asset.symbol);
  const active = asset.symbol === state.symbol;
  const classes = `${active ? "alist__item--active" : ""} ${asset.open ? "" : "alist__item--no-active"}`;
  return h("li.alist__item", { class: classes }, 
    h("i.alist__icon.fa", {
      class: favourite ? "fa-star del" : "fa-star-o add",
      onclick: () => changeFavourites(favourite ? state.favourites.filter((s) => s !== asset.symbol) : [...state.favourites, asset.symbol]),
    }, icon("star")),
    h("a.alist__link", { onclick: () => asset.open && choose(asset.symbol) },
      h("span.alist__label", {}, asset.label),
      asset.open ? h("span.alist__payout", {}, h("span", {}, `+${asset.payout}%`)) : h("span.alist__schedule-info", {}, "N/A")));
}

on("assets symbol heard:successfavorite/change", () => openName() === "quotes-list" && fill());

// One control under classes nobody knows, as after a redesign; it looks and works as before.
import { START, trap, traps } from "./traps.js";

// Where, the class it has, the class it gets. What still finds each: README.md.
const NAMES = {
  amount: [[".block--bet-amount", "block--bet-amount", "block--stake"]],
  expiry: [[".block--expiration-inputs .value__val", "value__val", "value__time"]],
  buttons: [[".btn-call", "btn-call", "btn-higher"], [".btn-put", "btn-put", "btn-lower"]],
  payout: [[".block--payout", "block--payout", "block--income"]],
  balance: [[".balance-info-block__balance", "balance-info-block__balance", "balance-info-block__sum"]],
  picker: [[".pair-number-wrap", "pair-number-wrap", "pair-name-wrap"]],
  favourites: [[".assets-favorites-item", "assets-favorites-item", "favorites-tile"]],
  timeframe: [[".items__link--chart-type", "items__link--chart-type", "items__link--candles"]],
};

const styled = new Set();
let names = [];

function rename() {
  for (const [where, from, to] of names) {
    for (const element of document.querySelectorAll(where)) element.classList.replace(from, to);
  }
}

function restore() {
  watch.disconnect();
  for (const [, from, to] of names) {
    for (const element of document.querySelectorAll(`.${to}`)) element.classList.replace(to, from);
  }
  names = [];
}

function style([, from, to]) {
  if (styled.has(to)) return;
  styled.add(to);
  const name = new RegExp(`\\.${from}(?![\\w-])`, "g");
  for (const sheet of document.styleSheets) copy(sheet, name, `.${to}`);
}

function copy(group, name, to) {
  for (let n = group.cssRules.length - 1; n >= 0; n -= 1) {
    const rule = group.cssRules[n];
    if (rule.selectorText?.match(name)) group.insertRule(rule.cssText.replace(name, to), n + 1);
    else if (rule instanceof CSSMediaRule) copy(rule, name, to);
  }
}

const watch = new MutationObserver(rename);

trap("renamed", START, () => {
  restore();
  names = NAMES[traps.renamed];
  names.forEach(style);
  rename();
  watch.observe(document.body, { childList: true, subtree: true });
}, { lasting: true, release: restore });

// The trade panel: time, amount, payout, buy and sell.
import { $, h, icon } from "./dom.js";
import { openExpiry } from "./expiry.js";
import { clock, duration } from "./format.js";
import { slowly } from "./lag.js";
import { closesAt, order } from "./orders.js";
import { AHEAD, asset, on, state, tell } from "./store.js";
import { START, springs, trap, traps } from "./traps.js";
import { saveChart } from "./wire.js";

const root = $("#put-call-buttons-chart-1");
let shown = {};
let appends = false;

function block(classes, title, value, button) {
  return h(`div.block.block--${classes}`, {},
    h("div.block__title", {}, title),
    h("div.block__control.control", {},
      h("div.control__value.value.value--several-items", {}, value),
      button && h("div.control-buttons__wrapper", {}, h("div.control__buttons.buttons", {}, button))));
}

function render() {
  shown = { expiry: h("div.value__val", {}, expiryText()), percent: h("div.value__val-start"), money: h("div.value__val-end") };
  const time = block("expiration-inputs", "Time", shown.expiry, h("a", { onclick: flip }, h("div.svg-icon-wrap", {}, icon("clock"))));
  time.addEventListener("click", (event) => event.target.closest("a") || openExpiry(time));
  const mode = h("a", { onclick: flipAmount }, h("div.currency-icon", { class: state.percent ? "" : "currency-icon--usd" }, icon("dollar")));
  const amount = block("bet-amount", "Amount", h("div.value__val", {}, amountInput()), mode);
  amount.classList.add("js-tour-block--bet-amount");
  root.replaceChildren(h("div.control-panel.control-panel-vertical.js-react-call-put-wrap-chart-1", {},
    h("div.blocks-wrap", {}, time, amount, block("payout", "Payout", h("div.value__val", {}, shown.percent, shown.money))),
    h("div.call-put-block", {},
      h("div.action-high-low.button-call-wrap", {}, button("call", "Buy", "up")),
      h("div.action-high-low.button-put-wrap", {}, button("put", "Sell", "down")))));
  showPayout();
  tell("panel-made");
}

function button(side, name, arrow) {
  return h(`a.btn.btn-${side}`, { onclick: () => order(side) },
    h("span.no-animate.switch-state-block", {}, h("span.switch-state-block__in", {}, h("span.switch-state-block__item", {},
      h("div.svg-icon-wrap", {}, icon(arrow)),
      h("span.payout__text.payout__text-lh", {}, name)))));
}

// The field keeps what it is told here, not what is typed: emptied, it falls back to the least stake.
function amountInput() {
  return h("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    value: state.amount,
    onfocus: () => { appends = springs("amountAppends"); },
    oninput: (event) => {
      const field = event.target;
      const typed = written(field, event).replace(/[^0-9.]/g, "").replace(/(\..*)\./g, "$1").slice(0, 9);
      state.amount = typed === "" ? "1" : typed;
      if (field.value !== state.amount) field.value = state.amount;
      showPayout();
      tell("panel-set");
      saveChart();
    },
  });
}

// Where typing appends, what a hand writes goes behind all that was there; a script that sets the value gets it.
function written(field, event) {
  const added = appends && event.isTrusted && event.inputType?.startsWith("insert") ? event.data : null;
  return added === null ? field.value : state.amount + added;
}

function setClockMode(on) {
  if (state.clockMode === on) return;
  state.clockMode = on;
  tell("expiry");
}

function flip() {
  setClockMode(!state.clockMode);
  tell("panel-set");
}

function flipAmount() {
  state.percent = !state.percent;
  render();
}

function expiryText() {
  return state.clockMode ? clock(closesAt() - AHEAD) : duration(state.expiry);
}

function showPayout() {
  const { payout, open } = asset() ?? {};
  const stake = Number(state.amount) || 0;
  shown.percent.textContent = payout == null ? "" : open ? `+${payout}%` : "N/A";
  shown.percent.classList.toggle("payout--none", open === false);
  shown.money.textContent = payout == null || !open ? "" : `+$${(stake * (1 + payout / 100)).toFixed(2)}`;
}

on("expiry settings", render);
on("expiry", () => springs("rerenderMs") && setTimeout(render, traps.rerenderMs));
on("symbol assets", showPayout);
on("traps", () => { appends = springs("amountAppends"); });
trap("clockMode", START, () => setClockMode(true), { release: () => setClockMode(false) });
setInterval(() => state.clockMode && slowly("clock mode", () => { shown.expiry.textContent = expiryText(); }), 500);
render();

// The trade panel: time, amount, payout, buy and sell.
import { $, h, icon } from "./dom.js";
import { openExpiry } from "./expiry.js";
import { clock, dollars, duration } from "./format.js";
import { AHEAD, asset, data, on, serverNow, state, tell } from "./store.js";
import { saveChart, send } from "./wire.js";

const root = $("#put-call-buttons-chart-1");

function block(classes, title, value, button) {
  return h(`div.block.block--${classes}`, {},
    h("div.block__title", {}, title),
    h("div.block__control.control", {},
      h("div.control__value.value.value--several-items", {}, h("div.value__val", {}, value)),
      button && h("div.control-buttons__wrapper", {}, h("div.control__buttons.buttons", {}, button))));
}

function render() {
  const time = block("expiration-inputs", "Time", expiryText(), h("a", { onclick: flip }, h("div.svg-icon-wrap", {}, icon("clock"))));
  time.addEventListener("click", (event) => event.target.closest("a") || openExpiry(time));
  const mode = h("a", { onclick: flipAmount }, h("div.currency-icon", { class: state.percent ? "" : "currency-icon--usd" }, icon("dollar")));
  const amount = block("bet-amount", "Amount", amountInput(), mode);
  amount.classList.add("js-tour-block--bet-amount");
  root.replaceChildren(h("div.control-panel.control-panel-vertical.js-react-call-put-wrap-chart-1", {},
    h("div.blocks-wrap", {}, time, amount, block("payout", "Payout", [h("div.value__val-start"), h("div.value__val-end")])),
    h("div.call-put-block", {},
      h("div.action-high-low.button-call-wrap", {}, button("call", "Buy", "up")),
      h("div.action-high-low.button-put-wrap", {}, button("put", "Sell", "down")))));
  showPayout();
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
    oninput: (event) => {
      const field = event.target;
      const typed = field.value.replace(/[^0-9.]/g, "").replace(/(\..*)\./g, "$1").slice(0, 9);
      state.amount = typed === "" ? "1" : typed;
      if (field.value !== state.amount) field.value = state.amount;
      showPayout();
      saveChart();
    },
  });
}

function flip() {
  state.clockMode = !state.clockMode;
  tell("expiry");
}

function flipAmount() {
  state.percent = !state.percent;
  render();
}

export function expiryText() {
  if (!state.clockMode) return duration(state.expiry);
  return clock(Math.ceil((serverNow() + state.expiry) / 30) * 30 - AHEAD);
}

function showPayout() {
  const percent = asset()?.payout;
  const stake = Number(state.amount) || 0;
  $(".block--payout .value__val-start").textContent = percent == null ? "" : `+${percent}%`;
  $(".block--payout .value__val-end").textContent = percent == null ? "" : `+$${(stake * (1 + percent / 100)).toFixed(2)}`;
}

function order(side) {
  if (!state.symbol) return;
  send("openOrder", {
    asset: state.symbol,
    amount: Number(state.amount) || 1,
    action: side,
    isDemo: Number(data.account === "demo"),
    requestId: Math.floor(serverNow()) + 1 + Math.floor(Math.random() * 100),
    optionType: 100,
    time: state.clockMode ? Math.ceil((serverNow() + state.expiry) / 30) * 30 : state.expiry,
  });
}

export function toast(text, classes = "") {
  const note = h("div.noty", { class: classes }, text);
  $(".deals-noty-streamer").append(note);
  setTimeout(() => note.remove(), 6000);
}

on("heard:failopenOrder", ({ error, amount, asset: symbol }) => {
  toast(`Not opened: ${error} (${dollars(amount)}, ${asset(symbol)?.label ?? symbol})`, "noty--error");
});
on("expiry settings", render);
on("symbol assets", showPayout);
setInterval(() => {
  if (state.clockMode) $(".block--expiration-inputs .value__val").textContent = expiryText();
}, 500);
render();

// A click on buy or sell, on its way to the broker.
import { $, h, icon } from "./dom.js";
import { clock, dollars, duration } from "./format.js";
import { closeModal, toggleModal } from "./modal.js";
import { noteRefusal } from "./noty.js";
import { AHEAD, data, label, on, serverNow, state, tell } from "./store.js";
import { springs, traps } from "./traps.js";
import { send } from "./wire.js";

const ROUND = 30;

// The end of a trade in clock mode, in seconds on the server's clock.
export const closesAt = () => Math.ceil((serverNow() + state.expiry) / ROUND) * ROUND;

export function order(side) {
  if (!state.symbol) return;
  const wanted = {
    asset: state.symbol,
    amount: Number(state.amount) || 1,
    action: side,
    isDemo: Number(data.account === "demo"),
    requestId: Math.floor(serverNow()) + 1 + Math.floor(Math.random() * 100),
    optionType: 100,
    time: state.clockMode ? closesAt() : state.expiry,
  };
  if (springs("confirm")) ask(wanted, () => place(wanted));
  else place(wanted);
}

function place(wanted) {
  if (springs("blockedMs")) standStill(traps.blockedMs);
  send("openOrder", wanted);
  tell("ordered");
}

function standStill(ms) {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

function ask(wanted, yes) {
  const buys = wanted.action === "call";
  const facts = [
    ["Asset", label(wanted.asset)], ["Forecast", buys ? "Buy" : "Sell"], ["Amount", dollars(wanted.amount)],
    ["Time", state.clockMode ? clock(wanted.time - AHEAD) : duration(wanted.time)],
  ];
  const answer = (classes, name, act) => h(`a.btn.${classes}`, {
    onclick: () => {
      closeModal();
      act();
    },
  }, name);
  closeModal();
  toggleModal("confirm", $(".call-put-block"), "drop-down-modal--confirm trade-confirmation", [
    h("div.trade-confirmation__title", {}, icon(buys ? "up" : "down"), "Confirm the trade"),
    h("dl.trade-confirmation__facts", {}, facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    h("div.trade-confirmation__buttons", {},
      answer("btn-confirm.trade-confirmation__yes", "Confirm", yes),
      answer("btn-cancel.trade-confirmation__no", "Cancel", () => {})),
  ], { side: "over" });
}

on("heard:failopenOrder", noteRefusal);

// The balance in the header, and the menu that changes between the two accounts.
import { openDeposit } from "./deposit.js";
import { $, h } from "./dom.js";
import { money } from "./format.js";
import { slowly } from "./lag.js";
import { toggleModal } from "./modal.js";
import { data, on } from "./store.js";
import { START, trap } from "./traps.js";

const shown = $(".balance-info-block__balance .js-hd");
const demo = data.account === "demo";

on("heard:successupdateBalance heard:updateBalance", ({ balance, isDemo }) => {
  if (Boolean(isDemo) !== demo) return;
  data.balances[data.account] = money(balance);
  slowly("balance", () => {
    shown.dataset.hdShow = money(balance);
    write();
  });
});

function show(status) {
  shown.dataset.hdStatus = status;
  write();
}

trap("balanceHidden", START, () => show("hide"), { release: () => show("show") });

function write() {
  shown.textContent = shown.dataset.hdStatus === "show" ? shown.dataset.hdShow : shown.dataset.hdHide;
}

function entry(name, account) {
  return h("a.balance-item", {
    class: account === data.account ? "balance-item--active" : "",
    href: data.addresses[account],
    "data-account": account,
  }, h("span.balance-item__label", {}, name), h("span.balance-item__value", {}, `$${data.balances[account]}`));
}

$('[data-modal-id="balance"]').addEventListener("click", (event) => {
  const hide = h("a.balance-hide", {
    onclick: () => show(shown.dataset.hdStatus === "show" ? "hide" : "show"),
  }, "Show or hide the balance");
  toggleModal("balance", event.currentTarget, "drop-down-modal--balance",
    [entry("QT Real", "real"), entry("QT Demo", "demo"), h("p", {}, "Both are play money: this is a practice broker."), hide]);
});

$('[data-modal-id="fast-deposit"]').addEventListener("click", (event) => {
  openDeposit(event.currentTarget);
});

$('[data-modal-id="user-info"]').addEventListener("click", (event) => {
  toggleModal("user-info", event.currentTarget, "drop-down-modal--note",
    [h("p", {}, `Practice user ${data.auth.uid}`), h("a.balance-item", { href: data.addresses.logout }, "Logout")]);
});

$(".type-of-trade").append(demo
  ? h("div.type-of-trade-label.type-of-trade-label--demo", {}, "You are trading on Demo account")
  : h("div.type-of-trade-label.type-of-trade-label--real", {}, "You are trading on Real account"));

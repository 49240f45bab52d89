// The drop-down that would take money, were there any; it holds an amount and a button that are not the panel's.
import { h } from "./dom.js";
import { toggleModal } from "./modal.js";

export function openDeposit(anchor, side = "below") {
  const words = h("p", {}, "There is nothing to pay here. Balances are set where the practice broker is started.");
  return toggleModal("fast-deposit", anchor, "drop-down-modal--fast-deposit", [
    h("div.fast-deposit__title", {}, "Top up"),
    h("label.fast-deposit__field", {}, "Amount", h("input", { type: "text", name: "deposit-amount", inputmode: "decimal", value: "100" })),
    h("a.btn.btn-deposit", { onclick: () => { words.classList.add("fast-deposit__said"); } }, "Continue"),
    words,
  ], { side });
}

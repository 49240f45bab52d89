// The one drop-down that can be open, in #modal-root; a click beside it or Escape closes it.
import { $, h } from "./dom.js";

let open = null;
let waiting = [];

export function closeModal() {
  if (!open) return;
  const { onClose } = open;
  $("#modal-root").replaceChildren();
  open = null;
  onClose?.();
  setTimeout(giveWay);
}

// Does something once no drop-down is open.
export function whenShut(act) {
  waiting.push(act);
  giveWay();
}

function giveWay() {
  while (!open && waiting.length) waiting.shift()();
}

export const openName = () => open?.name ?? null;

// Opens below an element of the page (or left of it, or over it), or shuts the drop-down if it is the one that is open.
export function toggleModal(name, anchor, classes, content, { side = "below", onClose } = {}) {
  const again = open?.name === name;
  closeModal();
  if (again) return null;
  const modal = h("div.drop-down-modal", { class: classes, "data-modal": name }, content);
  const wrap = h("div.drop-down-modal-wrap.active", {
    onclick: (event) => event.target === wrap && closeModal(),
  }, modal);
  $("#modal-root").replaceChildren(wrap);
  place(modal, anchor.getBoundingClientRect(), side);
  open = { name, onClose };
  return modal;
}

function place(modal, at, side) {
  const { offsetWidth: width, offsetHeight: height } = modal;
  const left = { left: at.left - width - 10, over: at.right - width + 8, below: at.left }[side];
  const top = { left: at.top, over: at.top - 8, below: at.bottom + 8 }[side];
  modal.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  modal.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
}

addEventListener("keydown", (event) => event.key === "Escape" && closeModal());
addEventListener("resize", closeModal);

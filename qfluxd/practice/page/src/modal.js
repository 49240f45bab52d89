// The one drop-down that can be open, in #modal-root; a click beside it or Escape closes it.
import { $, h } from "./dom.js";

let open = null;

export function closeModal() {
  if (!open) return;
  const { onClose } = open;
  $("#modal-root").replaceChildren();
  open = null;
  onClose?.();
}

export const openName = () => open?.name ?? null;

// Opens below an element of the page (or left of it), or shuts the drop-down if it is the one that is open.
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
  const left = side === "left" ? at.left - width - 10 : at.left;
  const top = side === "left" ? at.top : at.bottom + 8;
  modal.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  modal.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
}

addEventListener("keydown", (event) => event.key === "Escape" && closeModal());
addEventListener("resize", closeModal);

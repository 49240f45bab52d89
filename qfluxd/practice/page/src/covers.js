// What comes to lie over the page or over its buttons, as far as traps are set.
import { openDeposit } from "./deposit.js";
import { $, h } from "./dom.js";
import { closeModal, openName, whenShut } from "./modal.js";
import { on } from "./store.js";
import { COVER, springs, trap, traps } from "./traps.js";

const TOAST_STAYS = 3_000;
const STEPS = ["Pick an asset above the chart.", "Set time and amount at the right.", "Buy when it rises, sell when it falls."];

const buttons = () => $(".call-put-block");

// ------------------------------------------------------------------------- over the whole page, until it is closed

// Shows what `make` gives, unless it is there; `make` is told how to take it away.
function overlay(make) {
  let there = null;
  const remove = () => {
    there?.remove();
    there = null;
  };
  const show = () => {
    if (there) return;
    there = make(remove);
    document.body.append(there);
  };
  return [show, { release: remove }];
}

trap("promo", COVER, ...overlay((close) => h("div.mfp-wrap.mfp-ready", {},
  h("div.mfp-container", {}, h("div.mfp-content", {}, h("div.promo", {},
    h("button.mfp-close", { type: "button", title: "Close", onclick: close }, "×"),
    h("div.promo__figure", {}, "+100%"),
    h("div.promo__title", {}, "Twice the play money"),
    h("p", {}, "Practice promotion: it offers nothing and wants to be closed.")))))));

trap("tutorial", ["load", "walk"], ...overlay((close) => {
  let step = 0;
  const words = h("p.tutorial-v1__text", {}, STEPS[0]);
  const next = () => {
    step += 1;
    if (step < STEPS.length) words.textContent = STEPS[step];
    else close();
  };
  return h("div.tutorial-v1", {}, h("div.tutorial-v1__box", {},
    h("a.tutorial-v1__close-icon", { onclick: close, title: "Close" }, "×"),
    h("div.tutorial-v1__title", {}, "How to trade"),
    words,
    h("div.tutorial-v1__buttons", {},
      h("a.tutorial-v1__skip", { onclick: close }, "Skip"),
      h("a.tutorial-v1__next", { onclick: next }, "Next"))));
}));

trap("deposit", COVER, () => whenShut(() => traps.deposit && openDeposit(buttons(), "over")), {
  release: () => openName() === "fast-deposit" && closeModal(),
});

// --------------------------------------------------------------------------------------------- over the buttons

trap("toast", COVER, ...(() => {
  let there = null;
  let end = null;
  const remove = () => {
    clearTimeout(end);
    there?.remove();
    there = null;
  };
  const show = () => {
    remove();
    const { left, top, width, height } = buttons().getBoundingClientRect();
    there = h("div.achievements-notice.noty.toast", {
      onclick: remove,
      style: `left: ${left - 8}px; top: ${top - 8}px; width: ${width + 16}px; height: ${height + 16}px;`,
    }, h("b", {}, "New achievement"), h("span", {}, "You have looked at this page."));
    $(".achievements-notice-streamer").append(there);
    end = setTimeout(remove, TOAST_STAYS);
  };
  return [show, { release: remove }];
})());

// Each lies in an element of the panel, beside the buttons: a click on it goes up without passing a button.
function lying(where, make) {
  let there = [];
  let on = false;
  const remove = () => {
    for (const element of there) element.remove();
    there = [];
  };
  const lay = () => {
    remove();
    if (!on) return;
    for (const place of document.querySelectorAll(where)) {
      const element = make();
      place.append(element);
      there.push(element);
    }
  };
  const turn = (to) => () => {
    on = to;
    lay();
  };
  return { lay, trap: [COVER, turn(true), { lasting: true, release: turn(false) }] };
}

const veil = lying(".call-put-block", () => h("div.call-put-block__area"));
const sticker = lying(".action-high-low", () => h("div.action-high-low__sticker", {}, "HOT"));
trap("veil", ...veil.trap);
trap("partlyCovered", ...sticker.trap);
on("panel-made", () => {
  veil.lay();
  sticker.lay();
});

// The press of a hand is taken on its way down to the button; events that a script makes pass.
let taken = false;

function swallow(event) {
  if (!event.isTrusted || !buttons().contains(event.target)) return;
  if (event.type === "pointerdown") taken = springs("swallow");
  if (!taken) return;
  event.stopPropagation();
  event.preventDefault();
}

for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
  $("#put-call-buttons-chart-1").addEventListener(type, swallow, true);
}

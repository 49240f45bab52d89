// The drop-down that sets the expiry: hours, minutes, seconds, and the usual lengths.
import { h } from "./dom.js";
import { two } from "./format.js";
import { toggleModal } from "./modal.js";
import { state, tell } from "./store.js";
import { saveChart } from "./wire.js";

const PRESETS = [["S3", 3], ["S15", 15], ["S30", 30], ["M1", 60], ["M3", 180], ["M5", 300], ["M30", 1800], ["H1", 3600], ["H4", 14400]];
const PARTS = [[3600, 24], [60, 60], [1, 60]];
const LEAST = 3;
const MOST = 43_200;

export function openExpiry(anchor) {
  const fields = PARTS.map(([size, wrap]) => h("input", {
    type: "text",
    inputmode: "numeric",
    maxlength: 2,
    value: two((state.expiry / size) % wrap),
    oninput: read,
  }));
  const columns = fields.map((field, n) => h("div.rw", {},
    h("a.btn-plus", { onclick: () => step(PARTS[n][0]) }, "+"),
    field,
    h("a.btn-minus", { onclick: () => step(-PARTS[n][0]) }, "−")));
  const presets = PRESETS.map(([name, seconds]) => h("div.dops__timeframes-item", {
    onclick: () => {
      set(state.clockMode ? state.expiry + seconds : seconds);
      show();
    },
  }, state.clockMode ? `+${name}` : name));
  const content = [
    h("div.trading-panel-modal__title", {}, state.clockMode ? "Time UTC+0" : "Time"),
    h("div.trading-panel-modal__in", {}, columns),
    h("div.dops", {}, h("div.dops__timeframes", {}, presets)),
  ];

  function read() {
    const seconds = fields.reduce((sum, field, n) => sum + PARTS[n][0] * (parseInt(field.value, 10) || 0), 0);
    if (seconds >= LEAST) set(seconds);
  }

  function step(by) {
    set(state.expiry + by);
    show();
  }

  function show() {
    fields.forEach((field, n) => { field.value = two((state.expiry / PARTS[n][0]) % PARTS[n][1]); });
  }

  toggleModal("expiration", anchor, "expiration-inputs-list-modal trading-panel-modal", content, { side: "left" });
}

function set(seconds) {
  state.expiry = Math.max(LEAST, Math.min(MOST, seconds));
  tell("expiry");
  tell("panel-set");
  saveChart();
}

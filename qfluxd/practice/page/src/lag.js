// What is written late while the page behaves as one in the background: it wakes up every 31 seconds.
import { START, trap } from "./traps.js";

const WAKES = 31_000;

const waiting = new Map();
let lags = false;
let alarm = null;

// Writes at once, or the newest of its name when the page wakes up.
export function slowly(name, write) {
  if (lags) waiting.set(name, write);
  else write();
}

function wake() {
  const writes = [...waiting.values()];
  waiting.clear();
  for (const write of writes) write();
}

trap("throttled", START, () => {
  if (lags) return;
  lags = true;
  alarm = setInterval(wake, WAKES);
}, {
  lasting: true,
  release: () => {
    lags = false;
    clearInterval(alarm);
    wake();
  },
});

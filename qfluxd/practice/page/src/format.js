// Numbers and times as the page writes them.

export const two = (n) => String(Math.floor(n)).padStart(2, "0");

export function clock(seconds) {
  const s = ((Math.floor(seconds) % 86400) + 86400) % 86400;
  return `${two(s / 3600)}:${two((s / 60) % 60)}:${two(s % 60)}`;
}

export const duration = (seconds) => `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
export const price = (value, digits) => Number(value).toFixed(digits);

export function money(value) {
  return Number(value).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

export const dollars = (value) => `$${Number.isInteger(value) ? value : value.toFixed(2)}`;

// Elements, written short.

export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className += ` ${value}`;
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

export const $ = (selector, root = document) => root.querySelector(selector);

const PATHS = {
  trading: "M3 17l6-7 4 4 8-9M3 21h18",
  finance: "M12 2v20M17 6c-1-2-3-2-5-2-3 0-5 1-5 4s2 3 5 4 5 1 5 4-2 4-5 4-4-1-5-3",
  profile: "M12 12a4 4 0 100-8 4 4 0 000 8zM4 21c1-5 4-6 8-6s7 1 8 6",
  market: "M3 4h3l2 11h10l2-8H7M9 20h.1M17 20h.1",
  star: "M12 3l2.8 5.9 6.2.8-4.6 4.4 1.2 6.3L12 17.3 6.4 20.4l1.2-6.3L3 9.7l6.2-.8z",
  chat: "M4 5h16v11H9l-5 4z",
  help: "M9 9a3 3 0 116 0c0 2-3 2-3 5M12 18h.1M12 2a10 10 0 100 20 10 10 0 000-20z",
  logout: "M10 4H4v16h6M9 12h11M16 8l4 4-4 4",
  trades: "M12 7v5l3 2M4 12a8 8 0 108-8 8 8 0 00-7 4M4 4v4h4",
  signals: "M12 14v7M12 12h.1M8 16a6 6 0 010-8M16 8a6 6 0 010 8M5 19a10 10 0 010-14M19 5a10 10 0 010 14",
  social: "M9 11a3 3 0 100-6 3 3 0 000 6zM3 19c0-4 3-5 6-5s6 1 6 5M17 11a2.5 2.5 0 100-5M18 14c2 0 3 2 3 4",
  express: "M12 3a9 9 0 100 18 9 9 0 000-18zM12 8a4 4 0 100 8 4 4 0 000-8z",
  tournaments: "M8 4h8v6a4 4 0 01-8 0zM8 6H4c0 4 2 5 4 5M16 6h4c0 4-2 5-4 5M12 14v4M8 21h8",
  pending: "M6 3h12M6 21h12M7 3c0 6 5 6 5 9s-5 3-5 9M17 3c0 6-5 6-5 9s5 3 5 9",
  hotkeys: "M3 7h18v11H3zM7 11h.1M11 11h.1M15 11h.1M8 15h8",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  clock: "M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v5l4 2",
  dollar: "M12 3a9 9 0 100 18 9 9 0 000-18zM12 6v12M15 9c-1-1-5-2-6 0s6 2 6 4-4 3-6 1",
  candles: "M7 3v4M7 15v5M5 7h4v8H5zM16 4v4M16 17v4M14 8h4v9h-4z",
  sliders: "M3 7h10M17 7h4M3 17h4M11 17h10M15 5v4M9 15v4",
  brush: "M4 20c3 0 5-1 5-4l9-11 2 2-10 10",
  dots: "M5 12h.1M12 12h.1M19 12h.1",
  grid: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  up: "M7 17L17 7M9 7h8v8",
  down: "M7 7l10 10M17 9v8H9",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  caret: "M6 9l6 6 6-6",
  close: "M6 6l12 12M18 6L6 18",
  double: "M6 12l6-6 6 6M6 18l6-6 6 6",
  search: "M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l5 5",
  list: "M9 7h10M9 12h10M9 17h10M5 7h.1M5 12h.1M5 17h.1",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "svg-icon");
  svg.innerHTML = `<path d="${PATHS[name]}"/>`;
  return svg;
}

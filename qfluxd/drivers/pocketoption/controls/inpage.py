"""The scripts that read and set the trade panel; every selector is given to them.

They run beside the page's own scripts and share only its document.
"""

from typing import Final

from qfluxd.drivers.pocketoption.controls.sight import NAME, SHOWN

SEEING: Final = (
    SHOWN
    + NAME
    + """
const first = (all) => {
  for (const each of all) {
    const found = document.querySelector(each);
    if (found) return found;
  }
  return null;
};
const words = (element) => {
  if (!element) return null;
  const text = element.localName === 'input' ? element.value : element.textContent;
  return text.replace(/\\s+/g, ' ').trim();
};
const firstShown = (all) => all.flatMap((each) => [...document.querySelectorAll(each)]).find(shown) ?? null;
const inMoney = (field, units) => {
  const block = field.closest('.block') ?? field.parentElement;
  const icons = units.map((each) => [...document.querySelectorAll(each)]).find((found) => found.length) ?? [];
  const marks = icons.flatMap((each) => [...each.classList]).filter((each) => each.includes('--'));
  if (icons.length) return marks.some((each) => !each.includes('percent'));
  return !block.textContent.includes('%');
};
const look = (s) => {
  const button = first(s.button), amount = first(s.amount), expiry = first(s.expiry), veil = first(s.veil);
  const block = first(s.expiryBlock);
  const shut = Boolean(shown(veil) && getComputedStyle(veil).pointerEvents !== 'none');
  return {
    asset: words(first(s.asset)),
    expiry: words(expiry),
    utc: Boolean(block && /\\bUTC\\b/i.test(block.textContent)),
    open: Boolean(firstShown(s.expiryPanel)),
    stake: amount?.value ?? null,
    money: amount ? inMoney(amount, s.unit) : null,
    payout: words(first(s.payout)),
    label: words(first(s.label)),
    demo: Boolean(first(s.demo)),
    real: Boolean(first(s.real)),
    address: location.origin + location.pathname,
    button: Boolean(button),
    available: Boolean(button && usable(button) && !shut),
    shut,
    hidden: document.visibilityState !== 'visible',
    walled: [...document.querySelectorAll(s.walls)].some(shown),
  };
};
const until = (find, ms) => new Promise((done) => {
  const now = find();
  if (now) return done(now);
  const end = (found) => { watch.disconnect(); clearTimeout(timer); clearInterval(beat); done(found); };
  const check = () => { const found = find(); if (found) end(found); };
  const watch = new MutationObserver(check);
  const timer = setTimeout(() => end(find()), ms);
  const beat = setInterval(check, 150);  // styles move things without a mutation
  watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
});
const parts = ({ asset, expiry, utc, stake, money, label, demo, real, address, shut }) =>
  JSON.stringify([asset, expiry, utc, stake, money, label, demo, real, address, shut]);
"""
)

LOOK: Final = f"(s) => {{ {SEEING} return look(s); }}"
"""What the trade panel and the account show."""

LOOK_FOR: Final = f"""async ({{s, want, ms}}) => {{ {SEEING}
  const wanted = () => Object.entries(want).every(([key, value]) => look(s)[key] === value);
  await until(wanted, ms);
  return look(s);
}}"""
"""The same as soon as it shows what is wanted, or at the end of that time."""

LOOK_PAST: Final = f"""async ({{s, not, ms}}) => {{ {SEEING}
  const passed = () => Object.entries(not).every(([key, value]) => look(s)[key] !== value);
  await until(passed, ms);
  return look(s);
}}"""
"""The same as soon as it does not show that any more."""

POINTING: Final = """
const inside = (x, y) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
const spread = (box) => {
  const at = [0.5, 0.28, 0.72, 0.1, 0.9];
  const points = at.flatMap((u) => at.map((v) => [u, v]));
  points.sort((a, b) => Math.hypot(a[0] - 0.5, a[1] - 0.5) - Math.hypot(b[0] - 0.5, b[1] - 0.5));
  return points.map(([u, v]) => [box.left + box.width * u, box.top + box.height * v]);
};
const kind = (top, { walls, toasts }) => top.closest(walls) ? 'wall' : top.closest(toasts) ? 'toast' : 'veil';
const aimed = (element, avoid, covers = null) => {
  element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
  const hits = ([x, y]) => {
    const top = inside(x, y) ? document.elementFromPoint(x, y) : null;
    return Boolean(top) && element.contains(top) && !(avoid && top.closest(avoid));
  };
  const free = ([x, y]) => [[0, 0], [-3, 0], [3, 0], [0, -3], [0, 3]].every(([u, v]) => hits([x + u, y + v]));
  const points = spread(element.getBoundingClientRect());
  const found = points.findIndex(free);
  const top = inside(...points[0]) ? document.elementFromPoint(...points[0]) : null;
  return {
    point: found < 0 ? null : points[found],
    over: top ? name(top) : 'outside of the window',
    cover: top && covers && !element.contains(top) ? kind(top, covers) : null,
  };
};
"""

EXPIRY_PANEL: Final = f"""async ({{s, ms}}) => {{ {SEEING}
  const panel = await until(() => firstShown(s.panel), ms);
  if (!panel) return null;
  const within = (all) => {{
    for (const each of all) {{
      const found = [...document.querySelectorAll(each)].filter((one) => panel.contains(one));
      if (found.length) return found;
    }}
    return [];
  }};
  const presets = within(s.presets).map(words);
  return {{
    clock: /\\bUTC\\b/i.test(panel.textContent) || presets.some((each) => each.startsWith('+')),
    presets,
    fields: within(s.fields).map((each) => each.value),
  }};
}}"""
"""What the drop-down of the expiry offers once it is open; None where it does not open in that time."""

_TYPE: Final = """
const native = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
const put = (field, text) => {
  native.call(field, text);
  field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertReplacementText', data: text }));
  field.dispatchEvent(new Event('change', { bubbles: true }));
};
"""

FILL_FIELDS: Final = f"""({{panels, selectors, values}}) => {{ {SEEING} {_TYPE}
  const panel = firstShown(panels);
  const find = (each) => [...document.querySelectorAll(each)].filter((one) => panel?.contains(one));
  const all = selectors.map(find).find((found) => found.length === values.length);
  if (!all) return false;
  // The largest part first: on the way no sum may fall below what the page takes, or it keeps the old one.
  const order = values.map((_, n) => n).sort((a, b) => Number(values[b] > 0) - Number(values[a] > 0));
  for (const n of order) put(all[n], values[n]);
  return true;
}}"""
"""Sets hours, minutes and seconds."""

FILL_STAKE: Final = f"""({{selectors, text}}) => {{ {SEEING} {_TYPE}
  const field = first(selectors);
  if (!field) return null;
  put(field, text);
  return field.value;
}}"""
"""Sets the stake as the browser sets a field, so that the page hears one change; gives what the field holds then."""

WEAK: Final = """({toasts, rows}) => {
  const all = (each) => { const found = each.map((one) => document.querySelectorAll(one)).find((some) => some.length);
    return found ? [...found] : []; };
  return { toasts: all(toasts).map((each) => each.textContent.trim().slice(0, 120)), rows: all(rows).length };
}"""
"""What the page itself tells of trades: noted, never trusted."""

"""The scripts that aim at a button and guard the click on it where it happens.

While armed, a trusted click that would reach anything but what is aimed at, or that finds the page changed, is stopped
at the window before the page hears of it. Every selector is given to them.
"""

from typing import Final

from qfluxd.drivers.pocketoption.inpage import POINTING, SEEING

_ARM: Final = """
const arm = (ident, element, same, seconds) => {
  globalThis.aim?.disarm();
  const closed = new AbortController();
  const aim = globalThis.aim = {
    ident, element, took: false, trusted: null, stopped: [], armed: true,
    same: () => element.isConnected && same(),
    disarm: () => { aim.armed = false; closed.abort(); },
  };
  const guard = (event) => {
    if (!event.isTrusted) return;
    const begun = aim.stopped.length > 0 && event.type !== 'pointerdown';
    const aside = !event.composedPath().includes(element);
    const why = begun ? 'stopped' : aside ? 'aside' : aim.same() ? null : 'changed';
    if (!why) return;
    aim.stopped.push([event.type, why, name(event.target)]);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const way = { capture: true, signal: closed.signal };
  for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) {
    window.addEventListener(type, guard, way);
  }
  element.addEventListener('click', (event) => {
    aim.took = true;
    aim.trusted = event.isTrusted;
  }, { ...way, once: true });
  setTimeout(aim.disarm, seconds * 1000);
};
"""

AIM: Final = f"""({{s, ident, seconds, covers}}) => {{ {SEEING} {POINTING} {_ARM}
  const view = look(s), button = first(s.button);
  if (!button) return {{ view, point: null, over: null, cover: null, button: null }};
  const where = aimed(button, null, covers), wanted = parts(view);
  arm(ident, button, () => parts(look(s)) === wanted && first(s.button) === button, seconds);
  return {{ view, ...where, button: name(button) }};
}}"""
"""Reads the panel, finds a free point of the button, and arms the guard and the listener on that very button."""

FREE: Final = f"""({{s, covers, ms}}) => {{ {SEEING} {POINTING}
  const free = () => {{
    const button = first(s.button);
    if (!button) return true;
    const {{ point, cover }} = aimed(button, null, covers);
    return Boolean(point) || cover !== 'toast';
  }};
  return until(free, ms);
}}"""
"""Waits until no toast lies over the button any more."""

OUTCOME: Final = """(ident) => {
  const aim = globalThis.aim;
  if (!aim || aim.ident !== ident) return null;
  const told = { armed: aim.armed, took: aim.took, trusted: aim.trusted, stopped: aim.stopped };
  aim.disarm();
  return told;
}"""
"""What became of the click, and the end of the guard; None in another document than the one aimed at."""

FIRE: Final = """(ident) => {
  const aim = globalThis.aim;
  if (!aim || aim.ident !== ident) return null;
  if (aim.fired || !aim.armed) return { fired: false, why: 'late' };
  if (!aim.same()) return { fired: false, why: 'changed' };
  aim.fired = true;
  const box = aim.element.getBoundingClientRect();
  const at = {
    bubbles: true, cancelable: true, composed: true, view: window, button: 0, detail: 1,
    clientX: box.left + box.width / 2, clientY: box.top + box.height / 2,
  };
  const pointer = { ...at, pointerId: 1, pointerType: 'mouse', isPrimary: true };
  aim.element.dispatchEvent(new PointerEvent('pointerdown', { ...pointer, buttons: 1 }));
  aim.element.dispatchEvent(new MouseEvent('mousedown', { ...at, buttons: 1 }));
  aim.element.dispatchEvent(new PointerEvent('pointerup', pointer));
  aim.element.dispatchEvent(new MouseEvent('mouseup', at));
  aim.element.dispatchEvent(new MouseEvent('click', at));
  return { fired: true, why: null };
}"""
"""Clicks what is aimed at with events of our own, once, if all is still as it was."""

QUESTION: Final = f"""({{modal, yes, no, ident, seconds}}) => {{ {SEEING} {POINTING} {_ARM}
  const asked = first(modal);
  if (!asked || !seen(asked)) return null;
  const inner = (all) => {{
    for (const each of all) {{
      const found = [...document.querySelectorAll(each)].find((one) => asked.contains(one) && seen(one));
      if (found) return found;
    }}
    return null;
  }};
  const said = () => asked.innerText.replace(/\\s+/g, ' ').trim();
  const text = said(), confirm = inner(yes), decline = inner(no);
  if (confirm) arm(ident, confirm, () => said() === text, seconds);
  return {{
    text: text.slice(0, 500),
    point: confirm ? aimed(confirm, null).point : null,
    no: decline ? aimed(decline, null).point : null,
  }};
}}"""
"""The question that follows a click, with its yes aimed at as a button is; None where there is none."""

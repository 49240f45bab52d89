"""The scripts that aim at a button, and at the answer to a question about it; every selector is given to them."""

from typing import Final

from qfluxd.drivers.pocketoption.controls.guard import ARM
from qfluxd.drivers.pocketoption.controls.inpage import POINTING, SEEING

AIM: Final = f"""({{s, guard, covers}}) => {{ {SEEING} {POINTING} {ARM}
  const view = look(s), button = first(s.button);
  if (!button) return {{ view, point: null, over: null, cover: null, button: null }};
  const where = aimed(button, null, covers), wanted = parts(view);
  arm(guard, button, {{ same: () => parts(look(s)) === wanted && first(s.button) === button }});
  return {{ view, ...where, button: name(button) }};
}}"""
"""Reads the panel, finds a free point of the button, and guards the click on that very button."""

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

QUESTION: Final = f"""({{s, modal, answer, guard}}) => {{ {SEEING} {POINTING} {ARM}
  const asked = first(modal);
  if (!asked || !shown(asked)) return null;
  const inner = (all) => {{
    for (const each of all) {{
      const found = [...document.querySelectorAll(each)].find((one) => asked.contains(one) && shown(one));
      if (found) return found;
    }}
    return null;
  }};
  const said = () => asked.innerText.replace(/\\s+/g, ' ').trim();
  const text = said(), view = look(s), wanted = parts(view), button = inner(answer);
  if (button) arm(guard, button, {{ same: () => said() === text && parts(look(s)) === wanted }});
  return {{ text: text.slice(0, 2000), view, point: button ? aimed(button, null).point : null }};
}}"""
"""The question that follows a click and the panel beside it, with an answer to it aimed at as a button is.

It is held to its words and to what the panel shows, the account and the address included; None where there is none.
"""

SPOT: Final = f"""({{selectors, avoid, text, guard}}) => {{ {SEEING} {POINTING} {ARM}
  const all = selectors.flatMap((each) => [...document.querySelectorAll(each)]);
  const element = text == null ? all[0] : all.find((each) => words(each) === text);
  if (!element) return null;
  const spot = aimed(element, avoid);
  if (spot.point) arm(guard, element, {{ avoid }});
  return spot;
}}"""
"""Where an element can be clicked, guarded then, and what lies over it; None where there is no such element."""

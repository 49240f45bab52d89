"""The words of script that tell what a person could see and use of the page, and what an element is called."""

from typing import Final

SHOWN: Final = """
const shown = (element) => {
  if (!element?.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) return false;
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && Number(getComputedStyle(element).opacity) > 0.05;
};
const usable = (element) => shown(element) && !element.matches(':disabled,[aria-disabled="true"]')
  && !/(^|[-_\\s])disabled(\\s|$)/.test(element.getAttribute('class') ?? '')
  && getComputedStyle(element).pointerEvents !== 'none';
"""

NAME: Final = """
const name = (element) => {
  if (!element?.localName) return null;
  const classes = typeof element.className === 'string' ? element.className.trim() : '';
  const own = element.localName + (element.id ? '#' + element.id : '');
  return classes ? own + '.' + classes.split(/\\s+/).join('.') : own;
};
"""

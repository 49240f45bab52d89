"""The scripts that read the trading page at large, and find where its controls can be clicked.

They only look, but for the guard on a click that is on its way to a control. Every selector is given to them.
"""

from typing import Final

from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls.guard import ARM
from qfluxd.drivers.pocketoption.controls.sight import NAME, SHOWN

_TOOLS: Final = (
    SHOWN
    + """
  const all = (selectors, root = document) => {
    for (const selector of selectors) {
      const found = root.querySelectorAll(selector);
      if (found.length) return [...found];
    }
    return [];
  };
  const one = (selectors, root) => all(selectors, root)[0] ?? null;
  const text = element => element?.textContent.replace(/\\s+/g, ' ').trim() ?? null;
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
"""
)

_COVERS: Final = """
  const covers = c => {
    const panel = one(c.panel)?.getBoundingClientRect();
    const found = [];
    const first = selectors => all(selectors).filter(shown).slice(0, 1);
    const add = (name, elements) => {
      for (const element of [...elements].filter(shown)) {
        found.push({name, element, over: panel ? !apart(element.getBoundingClientRect(), panel) : true});
      }
    };
    const within = selectors => all(selectors).some(shown);
    add('loader', first(c.loader));
    add('tutorial', first(c.tutorial));
    add('promo', first(c.promo));
    const asks = within(c.confirmation);
    add(asks ? 'confirmation' : within(c.deposit) ? 'deposit' : 'dropdown', first(c.dropdown));
    if (asks && !found.some(({name}) => name === 'confirmation')) add('confirmation', first(c.confirmation));
    add('toast', new Set(c.toasts.flatMap(each => [...document.querySelectorAll(each)])));
    for (const button of [one(c.call), one(c.put)].filter(shown)) {
      const box = button.getBoundingClientRect();
      const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      const known = button.contains(hit) || found.some(cover => cover.element.contains(hit));
      if (hit && !known) found.push({name: 'unknown', element: hit, over: true});
    }
    return found;
  };
"""

COVERS: Final = (
    "c => {"
    + _TOOLS
    + _COVERS
    + """
  const parts = [0.1, 0.3, 0.5, 0.7, 0.9];
  const seen = ({element}) => {
    const box = element.getBoundingClientRect();
    const at = (u, v) => document.elementFromPoint(box.x + box.width * u, box.y + box.height * v);
    return parts.flatMap(u => parts.map(v => at(u, v))).filter(hit => element.contains(hit)).length;
  };
  return covers(c).sort((a, b) => seen(b) - seen(a)).map(({name, over}) => ({name, over}));
}"""
)
"""What lies over the page, by name, the topmost first, and whether it lies over the trade panel. Takes `COVERS_OF`."""

READ: Final = (
    "c => {"
    + _TOOLS
    + _COVERS
    + """
  const balance = one(c.balance);
  const opener = all(c.sidebar_opener).find(e => c.trades.includes(text(e).replace(/\\d+/g, '').trim()));
  const sidebar = one(c.sidebar), window_ = one(c.favourites_window)?.getBoundingClientRect();
  const favourite = item => ({
    asset: item.dataset.id ?? null,
    label: text(one(c.favourite_label, item)) ?? '',
    payout: text(one(c.favourite_payout, item)),
    selected: item.matches(c.favourite_active[0]),
    visible: shown(item) && Boolean(window_) && item.getBoundingClientRect().left >= window_.left - 1
      && item.getBoundingClientRect().right <= window_.right + 1,
  });
  const veil = one(c.veil);
  return {
    address: location.origin + location.pathname,
    login: !one(c.panel) && all(c.login).some(shown),
    demo_body: Boolean(one(c.demo_body)),
    label: text(one(c.account_label)),
    balance: balance?.dataset.hdShow ?? text(balance),
    balance_class: balance?.className ?? null,
    balance_text: text(balance),
    balance_status: balance?.dataset.hdStatus ?? null,
    currency: text(one(c.currency)),
    banner: all(c.account_banner).filter(shown).map(text)[0] ?? null,
    asset: text(one(c.symbol)),
    timeframe: text(one(c.chart_menu_opener)),
    expiry: text(one(c.expiry)),
    expiry_block: text(one(c.expiry_block)),
    stake: one(c.amount)?.value ?? null,
    stake_icon: one(c.amount_icon)?.getAttribute('class') ?? null,
    payout: text(one(c.payout)),
    call: usable(one(c.call)),
    put: usable(one(c.put)),
    inactive: shown(veil) && getComputedStyle(veil).pointerEvents !== 'none',
    favourites: all(c.favourite_items).map(favourite),
    favourites_shown: one(c.favourites) ? shown(one(c.favourites)) : null,
    sidebar: sidebar || opener ? shown(sidebar) : null,
    open_trades: opener ? text(opener).match(/\\d+/)?.[0] ?? '0' : null,
    covering: covers(c).map(({name}) => name).filter((name, n, names) => names.indexOf(name) === n),
    css_zoom: document.body?.currentCSSZoom ?? 1,
    viewport: [innerWidth, innerHeight],
  };
}"""
)
"""Everything the page shows of itself, as it is written there. Takes `READ_OF`."""

SPOT: Final = (
    "async ({selectors, texts, within, child, target, reveal, guard}) => {"
    + _TOOLS
    + NAME
    + ARM
    + """
  const bare = element => text(element)?.replace(/\\d+$/, '').trim();
  const said = element => text(child ? one(child, element) : element);
  const says = element => !texts.length || texts.includes(said(element)) || texts.includes(bare(element));
  const frame = () => new Promise(done => {
    requestAnimationFrame(done);
    setTimeout(done, 100);
  });
  const place = element => {
    const {x, y, width, height} = element.getBoundingClientRect();
    return [x, y, width, height].join();
  };
  const root = within ? all(within).find(shown) : document;
  if (!root) return null;
  for (const selector of selectors) {
    const fitting = [...root.querySelectorAll(selector)].filter(says);
    const found = fitting.find(shown) ?? fitting[0];
    const element = found && target ? one(target, found) : found;
    if (!element) continue;
    if (reveal) element.scrollIntoView({block: 'nearest', inline: 'nearest', behavior: 'instant'});
    const before = place(element);
    if (guard) {
      await frame();
      await frame();
    }
    const box = element.getBoundingClientRect();
    const free = ([x, y]) => element.contains(document.elementFromPoint(x, y));
    const points = [[.5, .5], [.5, .25], [.5, .75], [.2, .5], [.8, .5], [.1, .15], [.9, .85]]
      .map(([x, y]) => [box.x + box.width * x, box.y + box.height * y]);
    const top = document.elementFromPoint(...points[0]);
    const over = top && !element.contains(top) ? name(top) : null;
    const moves = place(element) !== before;
    const point = shown(element) && !moves ? points.find(free) ?? null : null;
    if (guard && point) arm(guard, element);
    return {selector, box: [box.x, box.y, box.width, box.height], shown: shown(element), moves, point, over};
  }
  return null;
}"""
)
"""Where a control can be clicked, scrolled into sight: the first shown element that says one of `texts` (any where
there are none) within the first shown of `within`. `child` is what says it, `target` what is clicked, both inside.
With `guard` it is watched for two frames, as what glides stands still within one, and guarded for the click to come."""

ITEMS: Final = (
    "({selectors, within}) => {"
    + _TOOLS
    + """
  const root = within ? all(within).find(shown) : document;
  return root ? all(selectors, root).map(e => ({text: text(e), address: e.href ?? null, shown: shown(e)})) : [];
}"""
)
"""All elements of a control: what each says and where it leads."""

HOLD: Final = (
    "({dropdown}) => {"
    + _TOOLS
    + """
  const layer = all(dropdown).find(shown) ?? null;
  globalThis.held = layer && {layer, content: layer.firstElementChild};
}"""
)
"""Remembers the open drop-down by its layer and what is in it."""

LEFT: Final = (
    "() => {"
    + _TOOLS
    + """
  const {layer, content} = globalThis.held ?? {};
  return !layer?.isConnected || !shown(layer) || layer.firstElementChild !== content;
}"""
)
"""Whether that drop-down is not open any more, whatever has been opened in its place."""

BESIDE: Final = (
    "({guard}) => {"
    + _TOOLS
    + NAME
    + ARM
    + """
  const layer = globalThis.held?.layer;
  const box = layer?.getBoundingClientRect();
  const places = box ? [[.5, .6], [.3, .8], [.6, .3], [.02, .98], [.98, .98], [.02, .02]] : [];
  const point = places.map(([x, y]) => [box.x + box.width * x, box.y + box.height * y])
    .find(([x, y]) => document.elementFromPoint(x, y) === layer) ?? null;
  if (point) arm(guard, layer, {exact: true});
  return point;
}"""
)
"""A point of the layer behind that drop-down, beside the drop-down itself, guarded for the click to come."""

ROWS: Final = (
    "c => {"
    + _TOOLS
    + """
  const list = all(c.picker).find(shown);
  if (!list) return null;
  return all(c.rows, list).map(row => ({
    label: text(one(c.label, row)) ?? '',
    payout: text(one(c.payout, row)),
    open: !one(c.closed, row) && !row.matches(c.shut_row[0]),
    starred: Boolean(one(c.starred, row)),
  }));
}"""
)
"""The rows of the open asset list; null while it is shut. Takes `ROWS_OF`."""

MENU: Final = (
    "c => {"
    + _TOOLS
    + """
  const menu = all(c.dropdown).find(shown);
  return {
    lines: menu ? menu.innerText.split('\\n').map(line => line.trim()).filter(Boolean) : [],
    level: text(one(c.level)),
    navigation: all(c.navigation).map(e => text(e).replace(/\\d+/g, '').trim()).filter(Boolean),
  };
}"""
)
"""What the open drop-down says line by line, and the page's navigation. Takes `MENU_OF`."""

IN_FRONT: Final = """() => {
  globalThis.aim?.disarm();
  return [document.visibilityState === 'visible', location.href];
}"""
"""Whether the page is seen in its window, and its address; lets go of the guard that an order cut short has left."""

COVERS_OF: Final = {
    "panel": page.PANEL.selectors,
    "loader": page.LOADER.selectors,
    "tutorial": page.TUTORIAL.selectors,
    "promo": (*page.PROMO.selectors, *page.PROMO_CLOSE.selectors),
    "confirmation": page.CONFIRMATION.selectors,
    "deposit": page.DEPOSIT.selectors,
    "dropdown": page.DROPDOWN.selectors,
    "toasts": page.TOASTS.selectors,
    "call": page.CALL.selectors,
    "put": page.PUT.selectors,
}
READ_OF: Final = COVERS_OF | {
    "balance": page.BALANCE.selectors,
    "sidebar": page.SIDEBAR.selectors,
    "sidebar_opener": page.SIDEBAR_OPENER.selectors,
    "trades": page.SIDEBAR_OPENER.texts,
    "favourites": page.FAVOURITES.selectors,
    "favourites_window": page.FAVOURITES_WINDOW.selectors,
    "favourite_items": page.FAVOURITE_ITEMS.selectors,
    "favourite_label": page.FAVOURITE_LABEL.selectors,
    "favourite_payout": page.FAVOURITE_PAYOUT.selectors,
    "favourite_active": page.FAVOURITE_ACTIVE.selectors,
    "veil": page.ASSET_VEIL.selectors,
    "login": page.LOGIN.selectors,
    "demo_body": page.DEMO_BODY.selectors,
    "account_label": page.ACCOUNT_LABEL.selectors,
    "account_banner": page.ACCOUNT_BANNER.selectors,
    "currency": page.CURRENCY.selectors,
    "symbol": page.SYMBOL.selectors,
    "chart_menu_opener": page.CHART_MENU_OPENER.selectors,
    "expiry": page.EXPIRY.selectors,
    "expiry_block": page.EXPIRY_BLOCK.selectors,
    "amount": page.AMOUNT.selectors,
    "amount_icon": page.AMOUNT_ICON.selectors,
    "payout": page.PAYOUT.selectors,
}
ROWS_OF: Final = {
    "picker": page.PICKER.selectors,
    "rows": page.PICKER_ROWS.selectors,
    "label": page.PICKER_LABEL.selectors,
    "payout": page.PICKER_PAYOUT.selectors,
    "closed": page.PICKER_CLOSED.selectors,
    "shut_row": page.PICKER_SHUT_ROW.selectors,
    "starred": page.PICKER_STARRED.selectors,
}
MENU_OF: Final = {
    "dropdown": page.DROPDOWN.selectors,
    "level": page.LEVEL.selectors,
    "navigation": page.NAVIGATION.selectors,
}

// The bars of one asset through one period, out of the server's rows and ticks.

export class Series {
  constructor(period) {
    this.period = period;
    this.bars = [];
  }

  // Bars that the ticks cover whole are made of ticks; the one they cover in part is the server's row and ticks.
  history({ history = [], candles = [] }) {
    const bars = new Map(candles.map(([t, o, c, h, l]) => [t, { t, o, h, l, c }]));
    const first = history.length ? this.start(history[0][0]) : null;
    for (const [t, bar] of this.fold(history)) {
      const row = bars.get(t);
      if (t !== first) bars.set(t, bar);
      else if (row) bars.set(t, { t, o: row.o, h: Math.max(row.h, bar.h), l: Math.min(row.l, bar.l), c: bar.c });
    }
    this.bars = [...bars.values()].sort((a, b) => a.t - b.t);
  }

  older(rows) {
    const first = this.bars[0]?.t ?? Infinity;
    const more = rows.map(({ time, open, high, low, close }) => ({ t: time, o: open, h: high, l: low, c: close }));
    const before = more.filter((bar) => bar.t < first);
    this.bars = [...before, ...this.bars];
    return before.length;
  }

  tick(t, price) {
    const at = this.start(t);
    const last = this.bars.at(-1);
    if (!last || at > last.t) this.bars.push({ t: at, o: price, h: price, l: price, c: price });
    else if (at === last.t) Object.assign(last, { h: Math.max(last.h, price), l: Math.min(last.l, price), c: price });
  }

  fold(ticks) {
    const bars = new Map();
    for (const [t, price] of ticks) {
      const at = this.start(t);
      const bar = bars.get(at);
      if (!bar) bars.set(at, { t: at, o: price, h: price, l: price, c: price });
      else Object.assign(bar, { h: Math.max(bar.h, price), l: Math.min(bar.l, price), c: price });
    }
    return bars;
  }

  start(t) {
    return Math.floor(t / this.period) * this.period;
  }

  // Averaged candles: the close is the mean of the four prices, the open the middle of the bar before.
  heikinAshi() {
    let before = null;
    return this.bars.map(({ t, o, h, l, c }) => {
      const close = (o + h + l + c) / 4;
      const open = before ? (before.o + before.c) / 2 : (o + c) / 2;
      before = { t, o: open, c: close, h: Math.max(h, open, close), l: Math.min(l, open, close) };
      return before;
    });
  }
}

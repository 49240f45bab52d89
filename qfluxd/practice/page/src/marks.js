// Open deals on the chart: where each began, at what price, and when it ends.
import { countdown } from "./dealrows.js";
import { standing } from "./deals.js";
import { dollars } from "./format.js";

export function drawDeals(pen, ink, deals, { x, y, height }) {
  for (const deal of deals) {
    const from = x(deal.openTimestamp + (deal.openMs ?? 0) / 1000);
    const to = Math.round(x(deal.closeTimestamp));
    const level = Math.round(y(deal.openPrice)) + 0.5;
    const colour = standing(deal) < 0 ? ink.down : ink.up;
    pen.strokeStyle = colour;
    pen.lineWidth = 1;
    stroke(pen, from, level, to, level);
    pen.strokeStyle = `${ink.last}88`;
    stroke(pen, to + 0.5, 0, to + 0.5, height);
    pen.fillStyle = ink.last;
    pen.fillRect(to, 0, 12, 9);
    pen.fillStyle = "#fff";
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.arc(from, level, 3.5, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
    sign(pen, ink, [[deal.command ? "▼" : "▲", colour], [dollars(deal.amount), ink.light], [countdown(deal), ink.text]], from - 10, level);
  }
}

function stroke(pen, fromX, fromY, toX, toY) {
  pen.beginPath();
  pen.moveTo(fromX, fromY);
  pen.lineTo(toX, toY);
  pen.stroke();
}

// Words on a plate that ends at x, so that they can be read over bars.
function sign(pen, ink, parts, x, y) {
  pen.font = "600 12px system-ui, sans-serif";
  pen.textAlign = "left";
  const widths = parts.map(([text]) => pen.measureText(text).width + 6);
  const width = widths.reduce((sum, each) => sum + each, 6);
  pen.fillStyle = ink.plate;
  pen.beginPath();
  pen.roundRect(x - width, y - 11, width, 22, 4);
  pen.fill();
  let at = x - width + 6;
  parts.forEach(([text, colour], n) => {
    pen.fillStyle = colour;
    pen.fillText(text, at, y + 4);
    at += widths[n];
  });
}

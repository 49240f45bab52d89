// Putting the chart on another asset.
import { state, tell } from "./store.js";
import { changeSymbol, saveChart } from "./wire.js";

export function choose(symbol) {
  if (symbol === state.symbol) return;
  state.symbol = symbol;
  tell("symbol");
  tell("panel-set");
  changeSymbol();
  saveChart();
}

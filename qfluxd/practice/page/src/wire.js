// The page's three sockets, as the platform has them: market, events, chat.
import { io } from "socket.io-client";
import { data, state, serverNow, tell } from "./store.js";

const utf8 = new TextDecoder();
const read = (body) => (body instanceof ArrayBuffer ? JSON.parse(utf8.decode(body)) : body);
const open = (path) => io({ path, transports: ["websocket"], forceNew: true });

const market = open("/socket.io/");
const events = open("/events/socket.io/");
const chat = open("/chat/socket.io/");

export const send = (event, ...body) => market.connected && market.emit(event, ...body);

market.on("connect", () => market.emit("auth", data.auth));
market.on("NotAuthorized", () => location.assign(data.addresses.login));
market.on("disconnect", () => tell("offline"));
market.onAny((event, body) => tell(`heard:${event}`, read(body)));

events.on("connect", () => events.emit("auth", data.auth));
chat.on("connect", () => chat.emit("user_init", data.chat));

setInterval(() => send("ps"), 60_000);
setInterval(() => send("ping-server"), 30_000);

let forecast = null;

export function changeSymbol() {
  send("changeSymbol", { asset: state.symbol, period: state.period.seconds });
  if (forecast && forecast !== state.symbol) send("unsubfor", forecast);
  forecast = state.symbol;
  send("subfor", forecast);
}

export function loadOlder(before) {
  const index = Math.floor(serverNow()) * 100 + Math.floor(Math.random() * 100);
  const period = state.period.seconds;
  send("loadHistoryPeriod", { asset: state.symbol, index, time: before, offset: 150 * period, period });
}

export function saveChart() {
  Object.assign(state.settings, {
    symbol: state.symbol,
    chartPeriod: state.period.id,
    chartType: state.chartType,
    fastTimeframe: state.expiry,
    candlesTimer: state.timer,
    enabledAutoscroll: state.autoscroll,
    enabledGridSnap: state.gridSnap,
    [data.account === "demo" ? "demoDealAmount" : "liveDealAmount"]: Number(state.amount) || 1,
  });
  send("saveCharts", state.settings);
}

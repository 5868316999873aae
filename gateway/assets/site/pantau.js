// Live values and health on every page; theme; small plots of today. No request leaves this machine.
"use strict";
const words = JSON.parse(document.body.dataset.words);
const zone = document.body.dataset.zone;
const lang = document.documentElement.lang;
const locale = document.documentElement.dataset.locale;
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// As many decimal places as the device's own step has; for floats enough for four digits.
function show(value, places) {
  if (value === null || value === undefined) return "–";
  let digits = Number(places);
  if (places === "auto" || Number.isNaN(digits)) {
    const size = Math.abs(value);
    digits = size >= 1000 || size < 5e-5 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
  }
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale, options).format(value).replace("-", "−");
}

// The word of a code, or the words of the bits that are set; the same rules as in ValueWords.
function say(value, codes) {
  if (value === null || value === undefined) return "–";
  const known = codes.values[value];
  if (known !== undefined) return known;
  const code = (left) => codes.code.replace("#", left);
  if (!codes.flags.length) return code(value);
  if (value === 0) return codes.none;
  const said = [];
  let left = value;
  for (const [bit, word] of codes.flags) {
    if (Math.floor(value / 2 ** bit) % 2 !== 1) continue;
    said.push(word);
    left -= 2 ** bit;
  }
  if (left) said.push(code(left));
  return said.join(", ");
}

function clock(ms) {
  const options = { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat("en-GB", options).format(ms);
}

const points = new Map();
for (const node of all("[data-point].point")) points.set(node.dataset.point, node);
const waiting = []; // [seq, node] of values not yet on disk
const WAITING_MAX = 5000;

function onReading(reading) {
  for (const [id, node] of points) {
    const dot = id.indexOf(".");
    if (id.slice(0, dot) !== reading.device) continue;
    const name = id.slice(dot + 1);
    const known = name in reading.v || name in reading.q;
    if (!known) continue;
    const value = node.querySelector(".value");
    const number = reading.v[name];
    const text = node.dataset.words ? say(number, JSON.parse(node.dataset.words)) : show(number, node.dataset.places);
    if (value.textContent !== text) {
      value.textContent = text;
      node.classList.remove("changed");
      void node.offsetWidth; // starts the animation again
      node.classList.add("changed");
    }
    node.dataset.q = reading.q[name] || "good";
    node.dataset.kept = String(reading.kept);
    node.dataset.seq = reading.seq;
    if (!reading.kept && waiting.length < WAITING_MAX) waiting.push([reading.seq, node]);
  }
  for (const time of all(`[data-device="${CSS.escape(reading.device)}"] time[data-field=last]`)) {
    if (Object.keys(reading.v).length) time.textContent = clock(reading.t);
  }
  document.dispatchEvent(new CustomEvent("reading", { detail: reading }));
}

function onKept(seq) {
  while (waiting.length && waiting[0][0] <= seq) {
    const node = waiting.shift()[1];
    if (Number(node.dataset.seq) <= seq) node.dataset.kept = "true";
  }
}

function onStatus(status) {
  const put = (node, line) => {
    node.dataset.state = line.state;
    for (const field of all("[data-field]", node)) {
      const text = line[field.dataset.field];
      if (text !== undefined && field.textContent !== text) field.textContent = text;
    }
  };
  for (const node of all("[data-device]")) {
    const line = status.devices[node.dataset.device];
    if (line) put(node, line);
  }
  for (const node of all("[data-line]")) {
    const id = node.dataset.line;
    const line = id.startsWith("sink:") ? status.sinks[id.slice(5)] : status[id];
    if (line) put(node, line);
  }
}

const pill = document.getElementById("live");
function connection(live) {
  document.body.classList.toggle("lost", !live);
  if (!pill) return;
  pill.dataset.state = live ? "ok" : "fault";
  pill.lastElementChild.textContent = live ? words.live : words.lost;
}

let source = null;
let again = 0;
function connect() {
  clearTimeout(again);
  if (source) source.close();
  source = new EventSource(`/api/v1/live?lang=${lang}`);
  const on = (name, act) => source.addEventListener(name, (event) => act(JSON.parse(event.data)));
  source.onopen = () => connection(true);
  source.onerror = () => {
    connection(false);
    // The browser tries again by itself, but gives up for good when it was refused.
    if (source.readyState === EventSource.CLOSED) again = setTimeout(connect, 5000);
  };
  on("reading", onReading);
  on("kept", (kept) => onKept(kept.seq));
  on("status", onStatus);
  on("reload", () => location.reload());
}
// Pages without live values open no stream: a phone in a pocket shall cost nothing.
if (document.body.dataset.live === "true") {
  connect();
  // A page that goes away must not look broken while it does.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
}

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme === "dark" ||
    (root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
  document.dispatchEvent(new Event("theme"));
});
// Plots have the colours of their page: also when the phone turns dark in the evening.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("theme")));

// Live values and health on the pages that show the present; theme. No request leaves this machine.
"use strict";
const words = JSON.parse(document.body.dataset.words);
const zone = document.body.dataset.zone;
const page = document.documentElement, { lang, dataset: { locale } } = page;
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// The server sends texts as they are shown: {line: {field: text}}.
function put(lines) {
  for (const node of all("[data-line]")) {
    const line = lines[node.dataset.line] || {};
    for (const mark of ["state", "q", "kept"]) if (mark in line) node.dataset[mark] = line[mark];
    for (const field of all("[data-field]", node)) {
      const text = line[field.dataset.field];
      if (text === undefined || field.textContent === text) continue;
      field.textContent = text;
      field.classList.remove("changed");
      void field.offsetWidth; // starts the animation again
      field.classList.add("changed");
    }
  }
}
const pill = document.getElementById("live");
function connection(live) {
  document.body.classList.toggle("lost", !live);
  if (!pill) return;
  pill.dataset.state = live ? "ok" : "fault";
  pill.lastElementChild.textContent = live ? words.live : words.lost;
}
let source, again;
// Only the lines on the screen are asked for: a phone on a village link is not sent a whole site.
const shown = new Set();
function connect() {
  clearTimeout(again);
  source?.close();
  const of = shown.size > 256 ? "" : `&of=${encodeURIComponent([...shown])}`;
  source = new EventSource(`/langsung?lang=${lang}${of}`);
  source.onopen = source.onerror = ({ type }) => {
    connection(type === "open");
    // The browser tries again by itself, but gives up for good when it was refused.
    if (source.readyState === EventSource.CLOSED) again = setTimeout(connect, 5000);
  };
  source.addEventListener("put", ({ data }) => put(JSON.parse(data)));
}
const onScreen = new IntersectionObserver((changes) => {
  for (const one of changes) shown[one.isIntersecting ? "add" : "delete"](one.target.dataset.line);
  clearTimeout(again);
  again = setTimeout(connect, source ? 300 : 0);
});
// Pages without live values open no stream: a phone in a pocket shall cost nothing.
if (document.body.dataset.live === "true") {
  all("[data-line]").forEach((node) => onScreen.observe(node));
  if (!document.querySelector("[data-line]")) connect();
  // A page that goes away must not look broken while it does.
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
}

document.getElementById("theme").addEventListener("click", () => {
  const dark = page.dataset.theme === "dark" ||
    (page.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  page.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${page.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
  document.dispatchEvent(new Event("theme"));
});
// Plots have the colours of their page: also when the phone turns dark in the evening.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("theme")));
document.addEventListener("submit", ({ target }) => all("[data-now]", target).forEach((field) => field.value = Date.now()));

// A photo of a phone has 5 to 12 MB; 2048 px are enough to read a scale or a name plate.
for (const field of all("input[type=file][data-shrink]")) field.addEventListener("change", async ({ target }) => {
  const photo = target.files[0];
  if (!photo || !photo.type.startsWith("image/")) return;
  try {
    const image = await createImageBitmap(photo);
    const scale = Math.min(1, 2048 / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width * scale, image.height * scale];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    const files = new DataTransfer();
    files.items.add(new File([small], photo.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }));
    if (small.size < photo.size) target.files = files.files;
  } catch { /* not an image that this browser reads: it is sent as it is */ }
});

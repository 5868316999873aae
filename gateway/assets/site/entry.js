// The form of /catat: number keys, small photos, a key of its own, and what waits for a connection.
"use strict";
{
  const form = document.getElementById("entry");
  const field = (name) => form.elements.namedItem(name);
  const number = field("quantity");
  const one = (selector) => form.querySelector(selector);
  const [keys, repeat, change, search, save] = [".keys", ".repeat", ".change", ".search", ".save"].map(one);
  const tell = (message) => navigator.serviceWorker?.controller?.postMessage(message);

  // --- what is recorded ---
  const chosen = () => one("input[name=indicator]:checked");
  function choose() {
    const tile = chosen();
    change.hidden = !tile;
    if (!tile) return;
    one(".unit").textContent = tile.dataset.unit;
    repeat.hidden = !tile.dataset.last;
    repeat.lastElementChild.textContent = tile.dataset.text;
    one("[data-mark]").disabled = tile.dataset.whole === "true";
    const asset = one(".asset");
    if (asset) asset.hidden = tile.dataset.assets !== "true";
  }
  form.addEventListener("change", (event) => {
    if (event.target.name !== "indicator") return;
    choose();
    form.scrollIntoView({ block: "start" });
  });
  change.addEventListener("click", () => { chosen().checked = false; choose(); });
  repeat.addEventListener("click", () => { number.value = chosen().dataset.last; keepDraft(); });
  keys.hidden = false;
  keys.addEventListener("click", ({ target }) => {
    if (target.tagName !== "BUTTON") return;
    if ("back" in target.dataset) number.value = number.value.slice(0, -1);
    else if (number.value.length < 16) number.value += target.textContent;
    keepDraft();
  });
  if (search) search.hidden = false;
  search?.addEventListener("input", ({ target }) => {
    const wanted = target.value.trim().toLowerCase();
    for (const tile of form.querySelectorAll(".others .indicator")) tile.hidden = !tile.dataset.name.includes(wanted);
  });
  field("date").addEventListener("input", () => { field("day").value = "other"; });

  // --- what was typed survives a lost page; a photo does not ---
  const DRAFT = "entry-draft";
  const texts = () => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "key");
  function keepDraft() { localStorage.setItem(DRAFT, JSON.stringify(texts())); }
  function fill(fields) {
    for (const [name, value] of fields) {
      const input = field(name);
      if (input && input.type !== "file") input.value = value;
    }
    choose();
  }
  form.addEventListener("input", keepDraft);
  if (document.querySelector("[data-saved]") || location.search.includes("menunggu")) localStorage.removeItem(DRAFT);
  else if (!one(".refusal") && !chosen() && localStorage.getItem(DRAFT)) fill(JSON.parse(localStorage.getItem(DRAFT)));
  choose();

  // --- sending: a kept page needs a key of its own, and a double tap is one form ---
  const randomKey = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`.replace(".", "");
  const newKey = () => { field("key").value = randomKey(); };
  if (form.dataset.offline === "true") newKey();
  addEventListener("pageshow", (event) => { if (event.persisted) newKey(); });
  form.addEventListener("submit", () => {
    for (const [after, is] of [[0, true], [15000, false]]) setTimeout(() => { save.disabled = is; }, after);
  });
  addEventListener("pagehide", () => { save.disabled = false; });

  // --- what waits for a connection ---
  const waiting = document.getElementById("outbox");
  function draw(rows) {
    waiting.hidden = !rows.length;
    const items = rows.map((row) => {
      const item = waiting.querySelector("template").content.cloneNode(true);
      const value = Object.fromEntries(row.fields);
      const tile = one(`input[value="${CSS.escape(value.indicator)}"]`);
      item.querySelector("b").textContent = tile ? tile.parentElement.querySelector("b").textContent : value.indicator;
      const unit = value.unit || tile?.dataset.unit || "";
      item.querySelector(".amount-text").textContent = `${value.quantity} ${unit}`;
      if (row.reason) item.querySelector(".state-line").textContent = row.reason;
      item.querySelector("[data-act=confirm]").hidden = !row.confirm;
      item.querySelector("li").addEventListener("click", ({ target }) => {
        if (target.dataset.act === "edit") fill(row.fields);
        else if (target.dataset.act) tell({ act: target.dataset.act, key: row.key });
      });
      return item;
    });
    waiting.querySelector("ul").replaceChildren(...items);
  }
  if (navigator.serviceWorker) {
    navigator.serviceWorker.addEventListener("message", ({ data }) => draw(data.outbox));
    const send = () => tell({ act: "send" });
    navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready).then(send);
    navigator.serviceWorker.addEventListener("controllerchange", send);
    addEventListener("online", send);
  }
}

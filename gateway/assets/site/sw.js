// Service worker: the form of /catat works without a connection, and what it records waits in an
// outbox until the gateway has it. TAG and FILES stand above, put there by the gateway. Figures are
// never kept: a page with figures comes from the network, or not at all.
"use strict";
const CACHE = `pantau-${TAG}`;
const FORM = "/catat/luring"; // the form without figures
const NOTICE = "/luring"; // "no connection"
const PAGE_MS = 8000; // the form is waited for so long before the kept one is shown
const SEND_MS = 30000;
const SEND_PHOTO_MS = 180000;

addEventListener("install", (event) => event.waitUntil(
  caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(keepForm).then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil((async () => {
  const old = (await caches.keys()).filter((name) => name.startsWith("pantau-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
})()));

// --- the outbox: one row a form, by its key ---

function database() {
  return new Promise((done, failed) => {
    const open = indexedDB.open("pantau", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("outbox", { keyPath: "key" });
    open.onsuccess = () => done(open.result);
    open.onerror = () => failed(open.error);
  });
}

async function outbox(mode, act) {
  const db = await database();
  try {
    return await new Promise((done, failed) => {
      const work = db.transaction("outbox", mode);
      const asked = act(work.objectStore("outbox"));
      work.oncomplete = () => done(asked && asked.result);
      work.onabort = () => failed(work.error);
    });
  } finally {
    db.close();
  }
}

const allRows = () => outbox("readonly", (rows) => rows.getAll());
const putRow = (row) => outbox("readwrite", (rows) => rows.put(row));
const dropRow = (key) => outbox("readwrite", (rows) => rows.delete(key));
const oneRow = (key) => outbox("readonly", (rows) => rows.get(key));

// Pages show what waits; photos stay here.
async function tellPages() {
  const rows = (await allRows()).sort((one, other) => one.at - other.at).map((row) => ({
    ...row, fields: row.fields.filter(([, value]) => typeof value === "string"),
  }));
  for (const page of await clients.matchAll({ type: "window" })) page.postMessage({ outbox: rows });
}

// --- sending ---

async function within(ms, act) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ms);
  try {
    return await act(stop.signal);
  } finally {
    clearTimeout(timer);
  }
}

const sendTime = (fields) =>
  fields.some(([, value]) => typeof value !== "string" && value.size) ? SEND_PHOTO_MS : SEND_MS;

function formOf(fields) {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  return form;
}

const post = (body, headers, signal) => fetch("/catat", { method: "POST", body, headers, redirect: "manual", signal });

// Posts a form; an answer that decides nothing is null: no connection, a busy gateway, a log-in
// that is needed first.
async function decide(fields, form) {
  try {
    const said = await within(sendTime(fields), (signal) => post(form, { accept: "application/json" }, signal));
    const isOpen = said.status >= 500 || said.status < 200 || [401, 408, 421, 429].includes(said.status);
    return isOpen ? null : { status: said.status, ...(await said.json()) };
  } catch {
    return null;
  }
}

// Sends one row; true when the gateway has decided about it. The key makes a repeated row harmless.
async function sendRow(row) {
  const form = formOf(row.fields);
  form.set("queued", "1");
  form.set("written", String(row.at));
  if (row.answer) form.set("confirm", row.answer);
  const said = await decide(row.fields, form);
  if (!said) return false;
  if (said.status === 201) await dropRow(row.key);
  else await putRow({ ...row, reason: said.reason || said.message || said.error, confirm: said.confirm || "", answer: "" });
  return true;
}

let sending = null;
function sendAll() {
  sending ??= (async () => {
    let left = 0;
    for (const row of await allRows()) {
      if (!row.reason && !(await sendRow(row))) left += 1;
    }
    return left;
  })().finally(() => { sending = null; });
  return sending;
}

async function sendAndTell() {
  const left = await sendAll();
  await tellPages();
  return left;
}

const askLater = () => registration.sync ? registration.sync.register("outbox").catch(() => {}) : Promise.resolve();

addEventListener("sync", (event) => {
  if (event.tag !== "outbox") return;
  // A sync that fails is repeated by the browser.
  event.waitUntil(sendAndTell().then((left) => { if (left) throw new Error("still no connection"); }));
});

addEventListener("message", (event) => event.waitUntil((async () => {
  const { act, key } = event.data;
  const row = key && await oneRow(key);
  if (act === "drop") await dropRow(key);
  if (act === "confirm" && row) await putRow({ ...row, reason: "", answer: row.confirm });
  await tellPages();
  if (act !== "drop") await sendAndTell();
})()));

// --- requests of pages ---

// A form that cannot be sent now waits in the outbox.
async function saveForm(request) {
  const at = Date.now();
  const fields = [...(await request.formData())].filter(([, value]) => typeof value === "string" || value.size);
  const key = String((fields.find(([name]) => name === "key") || [])[1]);
  const said = await decide(fields, formOf(fields));
  if (said && said.status === 201) {
    await dropRow(key);
    return Response.redirect(`/catat?tersimpan=${said.id}`, 303);
  }
  // A question or a fault: the page of the gateway shows it, with all that was typed.
  const page = said && await post(formOf(fields), { accept: "text/html" }).catch(() => null);
  if (page) return page;
  const before = await oneRow(key);
  await putRow({ key, at: before ? before.at : at, fields, reason: "", confirm: "", answer: "" });
  await askLater();
  return Response.redirect("/catat?menunggu=1", 303);
}

async function loadPage(request) {
  const isForm = new URL(request.url).pathname === "/catat";
  try {
    // Other pages may compute figures for long, and a download is a page too.
    if (!isForm) return await fetch(request);
    const page = await within(PAGE_MS, (signal) => fetch(request, { signal }));
    if (page.ok) keepForm();
    return page;
  } catch {
    return (await caches.match(isForm ? FORM : NOTICE, { cacheName: CACHE })) || Response.error();
  }
}

// The kept form is as new as the last visit: indicators and language. A log-in page is not kept.
async function keepForm() {
  const cache = await caches.open(CACHE);
  for (const place of [FORM, NOTICE]) {
    const page = await fetch(place).catch(() => null);
    if (page && page.ok && !page.redirected) await cache.put(place, page);
  }
}

async function loadFile(request) {
  return (await caches.match(request, { cacheName: CACHE })) || fetch(request);
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && request.mode === "navigate" && url.pathname === "/catat") {
    event.respondWith(saveForm(request));
  } else if (request.method === "GET" && request.mode === "navigate") {
    event.respondWith(loadPage(request));
  } else if (request.method === "GET" && url.pathname.startsWith("/assets/")) {
    event.respondWith(loadFile(request));
  }
});

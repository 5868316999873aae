// The plot of one point: a line with its min/max band, bars for a counter's growth, gaps as gaps.
"use strict";
(() => {
  const box = document.getElementById("plot");
  const ask = box.dataset;
  const from = Number(ask.from), to = Number(ask.to), step = Number(ask.stepMs), every = Number(ask.every);
  const growth = ask.growth === "true";
  const places = growth ? "auto" : ask.places;
  const width = step || every;
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let plot = null, data = null;

  async function column(aggregate) {
    let address = `/api/v1/samples?point=${encodeURIComponent(ask.point)}&from=${from}&to=${to}`;
    if (ask.step) address += `&step=${ask.step}&agg=${aggregate}`;
    const answer = await fetch(address);
    if (!answer.ok) throw new Error((await answer.json()).error);
    return answer.json();
  }

  async function load() {
    if (!step || growth) {
      const one = await column("delta");
      return join(one.t, [one.v], one.q);
    }
    const [mean, min, max] = [await column("mean"), await column("min"), await column("max")];
    // The stretch may have grown between two answers: only buckets that all three know.
    const at = (set) => new Map(set.t.map((time, index) => [time, set.v[index]]));
    const low = at(min), high = at(max);
    const of = (map) => mean.t.map((time) => map.has(time) ? map.get(time) : null);
    return join(mean.t, [mean.v, of(low), of(high)], mean.q);
  }

  // Where samples are absent a null is put in, so that no line is drawn over the gap.
  function join(t, columns, q) {
    const out = { t: [], columns: columns.map(() => []), q: [] };
    const push = (time, values, quality) => {
      out.t.push(time / 1000);
      out.columns.forEach((column, index) => column.push(values[index]));
      out.q.push(quality);
    };
    t.forEach((time, index) => {
      const gap = index > 0 && time - t[index - 1] > 2.5 * width;
      if (gap) push(t[index - 1] + width, columns.map(() => null), "none");
      push(time, columns.map((column) => column[index]), q[index]);
    });
    return out;
  }

  function marks(u) {
    const context = u.ctx;
    const { left, top, height, width: across } = u.bbox;
    context.save();
    context.beginPath();
    context.rect(left, top, across, height);
    context.clip();
    data.q.forEach((quality, index) => {
      if (quality !== "bad" && quality !== "uncertain") return;
      const x = Math.round(u.valToPos(data.t[index], "x", true));
      context.fillStyle = color(quality === "bad" ? "--fault" : "--doubtful");
      context.fillRect(x - devicePixelRatio, top + height - 8 * devicePixelRatio, 2 * devicePixelRatio, 8 * devicePixelRatio);
    });
    context.restore();
  }

  // A sample between two gaps has no line; it is a dot.
  function alone(u, index) {
    const values = u.data[index], dots = [];
    const none = (at) => values[at] === null || values[at] === undefined;
    values.forEach((value, at) => { if (!none(at) && none(at - 1) && none(at + 1)) dots.push(at); });
    return dots.length ? dots : null;
  }

  function when(seconds) {
    const long = to - from > 2 * 86400000;
    const options = { timeZone: zone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    if (step >= 86400000) { delete options.hour; delete options.minute; delete options.hourCycle; options.year = "numeric"; }
    if (!long && step < 60000) options.second = "2-digit";
    const text = new Intl.DateTimeFormat(locale, options).format(seconds * 1000);
    return step >= 86400000 ? text : `${text} ${document.body.dataset.label}`;
  }

  // Labels at round local times: the date where a day begins, the hour within it.
  function ticks(u, splits) {
    const gap = splits[1] - splits[0];
    const format = (options, name = locale) => new Intl.DateTimeFormat(name, { timeZone: zone, ...options });
    const hour = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, "en-GB");
    const day = format(gap >= 27 * 86400 ? { month: "short" } : { day: "numeric", month: "short" });
    const long = to - from > 86400000;
    return splits.map((split) => {
      const text = hour.format(split * 1000);
      return gap >= 86400 || (long && text === "00:00") ? day.format(split * 1000) : text;
    });
  }

  function options() {
    const value = (u, number) => number === null || number === undefined ? "–" : `${show(number, places)} ${ask.unit}`;
    const bars = uPlot.paths.bars({ size: [0.7, 40], align: 1 });
    const main = {
      label: growth ? words.growth : step ? words.mean : words.value, stroke: color("--accent"), width: 2, value,
      points: { show: false, size: 4, fill: color("--accent"), filter: growth ? () => null : alone }, spanGaps: false, ...(growth ? { paths: bars, fill: color("--accent"), width: 0 } : {}),
    };
    const edge = (label) => ({ label, stroke: "transparent", width: 0, value, points: { show: false } });
    const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const many = data.columns.length === 3;
    return {
      width: box.clientWidth, height: innerWidth < 640 ? 280 : 380,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      scales: { x: { range: () => [from / 1000, to / 1000] }, y: { range: (u, low, high) => scale(low, high) } },
      series: [{ label: words.time, value: (u, seconds) => seconds === null ? "–" : when(seconds) }, main,
        ...(many ? [edge(words.min), edge(words.max)] : [])],
      bands: many ? [{ series: [3, 2], fill: color("--band") }] : [],
      axes: [{ ...axis, values: ticks, space: 64 },
        { ...axis, size: 64, values: (u, splits) => splits.map((split) => show(split, decimals(splits))) }],
      cursor: { drag: { x: true, y: false }, points: { size: 8 } },
      hooks: { draw: [marks] },
    };
  }

  // As many places as tell the labels apart: 0.25 needs two.
  function decimals(splits) {
    const gap = Math.abs(splits[1] - splits[0]) || 1;
    for (let places = 0; places < 6; places += 1) {
      const steps = gap * 10 ** places;
      if (Math.abs(steps - Math.round(steps)) < 1e-6 * steps) return places;
    }
    return 6;
  }

  function scale(low, high) {
    if (low === null || high === null) return [0, 1];
    if (growth) return [Math.min(0, low), high * 1.08 || 1];
    const pad = (high - low || Math.abs(high) || 1) * 0.08;
    return [low >= 0 && low - pad < 0 ? 0 : low - pad, high + pad];
  }

  function draw() {
    if (plot) plot.destroy();
    box.textContent = "";
    const any = data.columns[0].some((value) => value !== null);
    if (!any && !data.q.includes("bad")) {
      box.innerHTML = `<p class="note"></p>`;
      box.firstChild.textContent = words["no-data"];
      return;
    }
    plot = new uPlot(options(), [data.t, ...data.columns], box);
    box.dataset.drawn = "true";
    figures();
  }

  function figures() {
    const node = document.getElementById("figures");
    const values = data.columns[0].filter((value) => value !== null);
    if (!values.length) return;
    const least = (column) => column.reduce((a, b) => b !== null && b < a ? b : a, Infinity);
    const most = (column) => column.reduce((a, b) => b !== null && b > a ? b : a, -Infinity);
    const total = values.reduce((a, b) => a + b, 0);
    const put = (name, value) => {
      node.querySelector(`[data-figure=${name}]`).textContent = `${show(value, "auto")} ${ask.unit}`;
    };
    put("min", least(data.columns[1] || data.columns[0]));
    put("max", most(data.columns[2] || data.columns[0]));
    put("mean", growth ? total : total / values.length);
    node.hidden = false;
  }

  function failed(error) {
    box.innerHTML = `<p class="note"></p>`;
    box.firstChild.textContent = `${words.failed} (${error.message})`;
  }

  async function refresh() {
    data = await load();
    draw();
  }
  refresh().catch(failed);

  let size = 0;
  new ResizeObserver(() => {
    if (!plot || box.clientWidth === size) return;
    size = box.clientWidth;
    plot.setSize({ width: size, height: innerWidth < 640 ? 280 : 380 });
  }).observe(box);
  document.addEventListener("theme", () => { if (data) draw(); });

  // The stretch that holds this moment grows: raw samples one by one, buckets now and then.
  if (ask.current === "true") {
    const dot = ask.point.indexOf(".");
    document.addEventListener("reading", ({ detail }) => {
      if (step || growth || !data || !plot || detail.device !== ask.point.slice(0, dot)) return;
      const name = ask.point.slice(dot + 1), seconds = detail.t / 1000;
      if (detail.t >= to || (data.t.length && seconds <= data.t[data.t.length - 1])) return;
      data.t.push(seconds);
      data.columns[0].push(name in detail.v ? detail.v[name] : null);
      data.q.push(detail.q[name] || "good");
      plot.setData([data.t, ...data.columns]);
    });
    if (step) setInterval(() => refresh().catch(() => {}), 60000);
  }
})();

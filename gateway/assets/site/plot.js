// Draws every plot of a page from the JSON beside it (PlotSpec). Samples are fetched from /api/v1/samples.
"use strict";
(() => {
  const PALETTE = ["--accent", "--second", "--third", "--fourth", "--fifth", "--sixth"];
  const TONES = { good: "--ok", warn: "--doubtful", bad: "--fault", mark: "--soft" };
  const FONT = "system-ui, sans-serif";
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const isNone = (value) => value === null || value === undefined;
  const height = () => (innerWidth < 640 ? 240 : 300);
  const withUnit = (value, unit) => (isNone(value) ? "–" : `${show(value, "auto")} ${unit}`);

  // Along a straight line between the pairs of a curve, and beyond them.
  function convert({ scale = 1, curve }, value) {
    if (value === null || !curve) return value === null ? null : value * scale;
    const found = curve.findIndex(([own]) => own >= value);
    const at = found < 0 ? curve.length - 1 : Math.max(found, 1);
    const [[a, p], [b, q]] = [curve[at - 1], curve[at]];
    return p + (q - p) * (value - a) / (b - a);
  }

  // A null between values that are further apart than the width, so that no line is drawn over a gap.
  function withGaps({ t, v }, width) {
    const times = [], values = [];
    t.forEach((time, index) => {
      const isGap = index > 0 && time - t[index - 1] > 2.5 * width;
      if (isGap) { times.push(t[index - 1] + width); values.push(null); }
      times.push(time); values.push(v[index]);
    });
    return { t: times, v: values };
  }

  async function fetchSamples(spec, series, agg) {
    const query = new URLSearchParams({ point: series.point, from: spec.from, to: spec.to });
    if (series.step) { query.set("step", series.step); query.set("agg", agg); }
    const answer = await fetch(`/api/v1/samples?${query}`);
    if (!answer.ok) throw new Error((await answer.json()).error);
    const { t, v, q } = await answer.json();
    // Doubtful and bad readings get a mark at the foot of the plot.
    const doubts = t.map((at, index) => ({ at, quality: q[index] })).filter((one) => one.quality !== "good");
    if (agg === series.agg) spec.doubts.push(...doubts);
    return withGaps({ t, v: v.map((value) => convert(series, value)) }, series.width);
  }

  // Columns of one series: its values, and the least and greatest of each bucket where they are shown.
  async function load(spec, series) {
    if (!series.point) return [{ t: series.t, v: series.v }];
    const columns = [];
    const all = series.spread && series.step ? [series.agg, "min", "max"] : [series.agg];
    for (const agg of all) columns.push(await fetchSamples(spec, series, agg));
    return columns;
  }

  const date = (options) => new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 6 });

  // Labels at round local times: the date where a day begins, the hour within it.
  const ticks = (spec) => (u, splits) => {
    const gap = splits[1] - splits[0];
    const day = date(gap >= 27 * 86400 ? { month: "short" } : { day: "numeric", month: "short" });
    return splits.map((split) => {
      const hour = clock(split * 1000).slice(0, 5);
      const isDay = gap >= 86400 || (spec.to - spec.from > 86400000 && hour === "00:00");
      return isDay ? day.format(split * 1000) : hour;
    });
  };

  function when(spec, seconds) {
    const days = spec.series.every((one) => !one.point && one.style === "bars");
    const part = days ? { year: "numeric" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    return date({ day: "numeric", month: "short", ...part }).format(seconds * 1000);
  }

  // Bands behind the curves, and marks above them, each with its label.
  const decorate = (spec, unit) => (u) => {
    const { ctx, bbox } = u, px = devicePixelRatio;
    const right = bbox.left + bbox.width, bottom = bbox.top + bbox.height;
    const label = (text, x, y, ink) => { ctx.fillStyle = color(ink); ctx.fillText(text, x, y); };
    ctx.save();
    ctx.beginPath(); ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height); ctx.clip();
    ctx.font = `${11 * px}px ${FONT}`;
    ctx.textAlign = "right";
    for (const band of spec.bands || []) {
      const top = Math.max(u.valToPos(band.to, unit, true), bbox.top);
      const foot = Math.min(u.valToPos(band.from, unit, true), bottom);
      if (foot < top || (foot === top && band.tone !== "mark")) continue;
      ctx.fillStyle = color(TONES[band.tone]);
      ctx.globalAlpha = band.tone === "mark" ? 0.5 : 0.13;
      ctx.fillRect(bbox.left, top, bbox.width, foot - top);
      ctx.globalAlpha = 1;
      if (band.tone === "mark" || foot - top > 14 * px) label(band.label, right - 6 * px, top + 13 * px, "--soft");
    }
    // The present day or month is not complete yet.
    ctx.textAlign = "left";
    const partial = spec.partial_from ? [{ at: spec.partial_from, label: words.partial }] : [];
    // Three rows of labels; one without room is left out.
    const rows = [-1, -1, -1];
    for (const mark of [...partial, ...(spec.marks || [])].sort((a, b) => a.at - b.at)) {
      const x = Math.round(u.valToPos(mark.at / 1000, "x", true));
      const isLate = x > bbox.left + bbox.width * 0.7, width = ctx.measureText(mark.label).width;
      const from = isLate ? x - width - 4 * px : x + 4 * px;
      ctx.strokeStyle = color("--soft"); ctx.setLineDash([3 * px, 3 * px]);
      ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bottom); ctx.stroke();
      const row = rows.findIndex((end) => end < from);
      if (row >= 0) { rows[row] = from + width; label(mark.label, from, bbox.top + (12 + 14 * row) * px, "--ink"); }
    }
    for (const { at, quality } of spec.doubts) {
      ctx.fillStyle = color(quality === "bad" ? "--fault" : "--doubtful");
      ctx.fillRect(u.valToPos(at / 1000, "x", true) - px, bottom - 8 * px, 2 * px, 8 * px);
    }
    ctx.restore();
  };

  // Title and plot as one picture.
  function savePicture(card, plot) {
    const drawn = plot.ctx.canvas, canvas = document.createElement("canvas"), ctx = canvas.getContext("2d");
    const title = card.querySelector("figcaption").textContent, head = 30 * devicePixelRatio;
    [canvas.width, canvas.height] = [drawn.width, drawn.height + head];
    ctx.fillStyle = color("--card"); ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.drawImage(drawn, 0, head);
    ctx.fillStyle = color("--ink"); ctx.font = `600 ${head / 2}px ${FONT}`; ctx.fillText(title, head / 3, head * 0.7);
    const link = document.createElement("a");
    [link.href, link.download] = [canvas.toDataURL(), `${title}.png`];
    link.click();
  }

  // A value between two gaps has no line; it is a dot.
  function alone(u, index) {
    const values = u.data[index];
    const isAlone = (at) => !isNone(values[at]) && isNone(values[at - 1]) && isNone(values[at + 1]);
    const dots = [...values.keys()].filter(isAlone);
    return dots.length ? dots : null;
  }

  function lineOf(series, spec) {
    const place = Math.max(0, spec.series.filter((other) => !other.pale).indexOf(series));
    const main = color(PALETTE[place % PALETTE.length]), isBars = series.style === "bars";
    const one = {
      label: `${series.label}${series.unit ? ` (${series.unit})` : ""}`, scale: series.unit || "1",
      stroke: main, width: 2, spanGaps: false, value: (u, value) => withUnit(value, series.unit),
      points: { show: false, size: 7, fill: main, filter: alone },
    };
    if (series.style === "area") one.fill = color("--band");
    if (series.style === "steps") one.paths = uPlot.paths.stepped({ align: 1 });
    if (isBars) {
      const paths = uPlot.paths.bars({ size: [series.pale ? 0.85 : 0.6, 48], align: 1 });
      Object.assign(one, { paths, fill: series.pale ? color("--line") : main, width: 0, points: { show: false } });
    } else if (series.pale) Object.assign(one, { dash: [6, 4], width: 1.5, stroke: color("--soft") });
    return one;
  }

  function options(box, spec, columns) {
    const unitOf = (one) => one.unit || "1";
    const units = [...new Set(spec.series.map(unitOf))];
    const filled = new Set(spec.series.filter((one) => ["bars", "area"].includes(one.style)).map(unitOf));
    const scales = { x: { range: () => [spec.from / 1000, Math.max(spec.to, spec.from + 60000) / 1000] } };
    const range = (unit) => (u, low, high) => {
      if (low === null || high === null) return [0, 1];
      // Values that differ by their rounding alone are one: an axis has no steps that small.
      const size = Math.abs(high) || 1, span = high - low;
      const pad = (span > size * 1e-9 ? span : size) * 0.08;
      if (filled.has(unit)) return [Math.min(0, low), high + pad];
      return [low >= 0 && low < pad ? 0 : low - pad, high + pad];
    };
    for (const unit of units) scales[unit] = { range: range(unit) };
    const lines = [], bands = [];
    for (const { series, spread } of columns) {
      const { scale, value } = lines[lines.push(lineOf(series, spec)) - 1];
      if (!spread) continue;
      const edge = { scale, value, stroke: "transparent", width: 0, points: { show: false } };
      lines.push({ ...edge, label: words.min }, { ...edge, label: words.max });
      bands.push({ series: [lines.length, lines.length - 1], fill: color("--band") });
    }
    const grid = { stroke: color("--line"), width: 1 };
    const axis = { stroke: color("--soft"), grid, ticks: { show: false }, font: `12px ${FONT}` };
    const side = (unit, at) => ({
      ...axis, scale: unit, side: at ? 1 : 3, size: 58, label: unit === "1" ? undefined : unit, labelSize: 18,
      labelFont: axis.font, grid: at ? { show: false } : grid,
      values: (u, splits) => splits.map((split) => number.format(split).replace("-", "−")),
    });
    const time = { label: words.time, value: (u, seconds) => (seconds === null ? "–" : when(spec, seconds)) };
    return {
      width: box.clientWidth, height: height(), scales, bands, series: [time, ...lines],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      axes: [{ ...axis, values: ticks(spec), space: 60 }, ...units.slice(0, 2).map(side)],
      cursor: { drag: { x: true, y: false }, points: { size: 8 } },
      hooks: { drawAxes: [decorate(spec, units[0])] },
    };
  }

  function message(box, text) {
    box.innerHTML = '<p class="note"></p>';
    box.firstChild.textContent = text;
    box.dataset.drawn = "true";
  }

  // Least, mean (for bars: total) and greatest value below a plot that has a place for them.
  function figures(card, spec, tables) {
    const [main, low, high] = tables.map(([, column]) => column.filter((value) => value !== null));
    const place = card.querySelector(".figures");
    if (!place || !main.length) return;
    const total = main.reduce((a, b) => a + b, 0);
    const mean = spec.series[0].style === "bars" ? total : total / main.length;
    const min = (low || main).reduce((a, b) => Math.min(a, b)), max = (high || main).reduce((a, b) => Math.max(a, b));
    for (const [name, value] of Object.entries({ min, mean, max })) {
      place.querySelector(`[data-figure=${name}]`).textContent = withUnit(value, spec.series[0].unit);
    }
    place.hidden = false;
  }

  async function start(card) {
    const box = card.querySelector(".plot"), spec = JSON.parse(card.querySelector("script").textContent);
    for (const one of spec.series) Object.assign(one, ...Object.values(one.data));
    let plot = null, data = null, columns = null;
    const draw = () => {
      if (plot) plot.destroy();
      box.textContent = "";
      plot = new uPlot(options(box, spec, columns), data, box);
      box.dataset.drawn = "true";
      const button = card.querySelector(".picture");
      if (button) { button.hidden = false; button.onclick = () => savePicture(card, plot); }
    };
    const refresh = async () => {
      [columns, spec.doubts] = [[], []];
      const tables = [];
      for (const series of spec.series) {
        const loaded = await load(spec, series);
        columns.push({ series, spread: loaded.length === 3 });
        for (const one of loaded) tables.push([one.t.map((time) => time / 1000), one.v]);
      }
      const isEmpty = !spec.doubts.length && tables.every(([, values]) => values.every((value) => value === null));
      if (isEmpty) return message(box, words["no-data"]);
      data = uPlot.join(tables, tables.map((table) => table.map(() => 2)));
      draw();
      figures(card, spec, tables);
    };
    await refresh().catch((error) => message(box, `${words.failed} (${error.message})`));
    new ResizeObserver(() => {
      const isOther = plot && box.clientWidth && box.clientWidth !== plot.width;
      if (isOther) plot.setSize({ width: box.clientWidth, height: height() });
    }).observe(box);
    document.addEventListener("theme", () => { if (data) draw(); });
    const isLive = spec.live && spec.series.some((one) => one.point);
    if (isLive) setInterval(() => refresh().catch(() => {}), spec.series[0].step ? 60000 : 10000);
  }

  // One after the other, and only what comes into view: a phone on a slow link shows the first plot soon.
  let queue = Promise.resolve();
  const seen = new IntersectionObserver((entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      seen.unobserve(target);
      queue = queue.then(() => start(target));
    }
  }, { rootMargin: "200px" });
  all(".plot-card:has(.plot)").forEach((card) => seen.observe(card));
})();

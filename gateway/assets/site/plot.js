// Draws every plot of a page from the JSON beside it (`plot_script`): the server says what, this file only how.
// Samples are fetched from /api/v1/samples.
"use strict";
(() => {
  const FONT = "system-ui, sans-serif";
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const isNone = (value) => value === null || value === undefined;
  const height = () => (innerWidth < 640 ? 240 : 300);
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 6 });
  // Four digits, but every digit of a whole number.
  const digits = { maximumSignificantDigits: 4, maximumFractionDigits: 0, roundingPriority: "morePrecision" };
  const short = new Intl.NumberFormat(locale, digits);
  const show = (value, form = short) => form.format(value).replace("-", "−");
  const withUnit = (value, unit) => (isNone(value) ? "–" : `${show(value)} ${unit}`);

  // Along a straight line between the pairs of a curve, and beyond them.
  function convert({ curve }, value) {
    if (value === null || !curve) return value;
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
    const all = series.spread ? [series.agg, "min", "max"] : [series.agg];
    for (const agg of all) columns.push(await fetchSamples(spec, series, agg));
    return columns;
  }

  // Bands behind the curves with their labels at the foot, and marks above them with labels at the top.
  const decorate = ({ bands, marks, doubts }, unit) => (u) => {
    const { ctx, bbox } = u, px = devicePixelRatio;
    const right = bbox.left + bbox.width, bottom = bbox.top + bbox.height;
    const label = (text, x, y, name) => { ctx.fillStyle = color(name); ctx.fillText(text, x, y); };
    ctx.save();
    ctx.beginPath(); ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height); ctx.clip();
    ctx.font = `${11 * px}px ${FONT}`;
    ctx.textAlign = "right";
    for (const band of bands) {
      const top = Math.max(u.valToPos(band.to, unit, true), bbox.top);
      const foot = Math.min(u.valToPos(band.from, unit, true), bottom);
      if (foot < top) continue;
      ctx.fillStyle = color(band.ink);
      ctx.globalAlpha = band.alpha;
      ctx.fillRect(bbox.left, top, bbox.width, foot - top);
      ctx.globalAlpha = 1;
      if (band.plain || foot - top > 14 * px) label(band.label, right - 6 * px, foot - 4 * px, "--soft");
    }
    ctx.textAlign = "left";
    // Three rows of labels; one without room is left out.
    const rows = [-1, -1, -1];
    for (const mark of marks) {
      const x = Math.round(u.valToPos(mark.at, "x", true));
      const width = ctx.measureText(mark.label).width, isLate = x + Math.max(width + 4 * px, bbox.width * 0.3) > right;
      const from = isLate ? x - width - 4 * px : x + 4 * px;
      ctx.strokeStyle = color("--soft"); ctx.setLineDash([3 * px, 3 * px]);
      ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bottom); ctx.stroke();
      const row = rows.findIndex((end) => end < from);
      if (row >= 0) { rows[row] = from + width; label(mark.label, from, bbox.top + (12 + 14 * row) * px, "--ink"); }
    }
    for (const { at, quality } of doubts) {
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

  // Options of the server with names of colours replaced, and with what only a function can say.
  function options(box, spec) {
    const replace = (key, value) => (String(value).startsWith("--") ? color(value) : value);
    const { axes, scales, time, lines } = JSON.parse(JSON.stringify(spec.options), replace);
    const series = [time], bands = [];
    for (const { unit, bars, shape, spread } of spec.series) {
      const line = lines.shift(), value = (u, number) => withUnit(number, unit);
      const points = { show: false, size: 7, fill: line.stroke, filter: bars ? undefined : alone };
      series.push({ ...line, value, points, paths: shape && uPlot.paths[shape[0]](shape[1]) });
      if (!spread) continue;
      const edge = { scale: line.scale, value, stroke: "transparent", width: 0, points: { show: false } };
      series.push({ ...edge, label: words.min }, { ...edge, label: words.max });
      bands.push({ series: [series.length - 1, series.length - 2], fill: color("--band") });
    }
    for (const side of axes.slice(1)) side.values = (u, splits) => splits.map((split) => show(split, plain));
    return {
      width: box.clientWidth, height: height(), series, bands, axes,
      scales: { ...scales, x: { range: () => spec.range } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      fmtDate: (form) => uPlot.fmtDate(form, { MMM: spec.months }),
      cursor: { drag: { x: true, y: false }, points: { size: 8 } },
      hooks: { drawAxes: [decorate(spec, series[1].scale)] },
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
    const mean = spec.series[0].bars ? total : total / main.length;
    const min = (low || main).reduce((a, b) => Math.min(a, b)), max = (high || main).reduce((a, b) => Math.max(a, b));
    for (const [name, value] of Object.entries({ min, mean, max })) {
      place.querySelector(`[data-figure=${name}]`).textContent = withUnit(value, spec.series[0].unit);
    }
    place.hidden = false;
  }

  async function start(card) {
    const box = card.querySelector(".plot"), spec = JSON.parse(card.querySelector("script").textContent);
    let plot = null, data = null;
    const draw = () => {
      if (plot) plot.destroy();
      box.textContent = "";
      plot = new uPlot(options(box, spec), data, box);
      box.dataset.drawn = "true";
      const button = card.querySelector(".picture");
      if (button) { button.hidden = false; button.onclick = () => savePicture(card, plot); }
    };
    const refresh = async () => {
      spec.doubts = [];
      const tables = [];
      for (const series of spec.series) {
        for (const { t, v } of await load(spec, series)) tables.push([t.map((time) => time / 1000), v]);
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
    if (spec.reload) setInterval(() => refresh().catch(() => {}), spec.reload);
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

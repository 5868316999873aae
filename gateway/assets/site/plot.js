// Draws every plot of a page from the JSON beside it (PlotSpec). Values are in the JSON, or fetched from /api/v1/samples.
"use strict";
(() => {
  const DAY = 86400000;
  const PALETTE = ["--accent", "--second", "--third", "--fourth", "--fifth", "--sixth"];
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Along a straight line between the pairs of a curve, and beyond them.
  const convert = ({ scale = 1, curve }, value) => {
    if (value === null || !curve) return value === null ? null : value * scale;
    const found = curve.findIndex(([own]) => own >= value), at = found < 0 ? curve.length - 1 : Math.max(found, 1);
    const [[a, p], [b, q]] = [curve[at - 1], curve[at]];
    return p + (q - p) * (value - a) / (b - a);
  };

  async function fetchSamples(spec, series, agg) {
    const query = new URLSearchParams({ point: series.point, from: spec.from, to: spec.to });
    if (series.step) { query.set("step", series.step); query.set("agg", agg); }
    const answer = await fetch(`/api/v1/samples?${query}`);
    if (!answer.ok) throw new Error((await answer.json()).error);
    const { t, v, q } = await answer.json();
    // Doubtful and bad readings get a mark at the foot of the plot.
    t.forEach((at, index) => { if (agg === series.agg && q[index] !== "good") spec.doubts.push({ at, bad: q[index] === "bad" }); });
    return { t, v: v.map((value) => convert(series, value)) };
  }

  // A null between values that are further apart than the width, so that no line is drawn over a gap.
  function withGaps({ t, v }, width) {
    const times = [], values = [];
    t.forEach((time, index) => {
      if (index > 0 && time - t[index - 1] > 2.5 * width) { times.push(t[index - 1] + width); values.push(null); }
      times.push(time); values.push(v[index]);
    });
    return { t: times, v: values };
  }

  // Columns of one series: its values, and the least and greatest of each bucket where they are shown.
  async function load(spec, series) {
    if (!series.point) return [{ t: series.t, v: series.v }];
    const columns = [];
    for (const agg of series.spread && series.step ? [series.agg, "min", "max"] : [series.agg]) {
      columns.push(withGaps(await fetchSamples(spec, series, agg), series.width));
    }
    return columns;
  }

  const digits = (splits) => {
    const gap = Math.abs(splits[1] - splits[0]) || 1;
    for (let places = 0; places < 6; places += 1) {
      const steps = gap * 10 ** places;
      if (Math.abs(steps - Math.round(steps)) < 1e-6 * steps) return places;
    }
    return 6;
  };
  const format = (options, name = locale) => new Intl.DateTimeFormat(name, { timeZone: zone, ...options });

  // Labels at round local times: the date where a day begins, the hour within it.
  const ticks = (spec) => (u, splits) => {
    const gap = splits[1] - splits[0];
    const hour = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, "en-GB");
    const day = format(gap >= 27 * 86400 ? { month: "short" } : { day: "numeric", month: "short" });
    const long = spec.to - spec.from > DAY;
    return splits.map((split) => {
      const text = hour.format(split * 1000);
      return gap >= 86400 || (long && text === "00:00") ? day.format(split * 1000) : text;
    });
  };

  const when = (spec, seconds) => {
    const days = spec.series.every((one) => !one.point && one.style === "bars");
    const clock = days ? { year: "numeric" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    return format({ day: "numeric", month: "short", ...clock }).format(seconds * 1000);
  };

  // Bands behind the curves, and marks above them, each with its label.
  function decorate(spec, unit) {
    const tone = { good: "--ok", warn: "--doubtful", bad: "--fault", mark: "--soft" };
    return (u) => {
      const { ctx, bbox } = u;
      const px = devicePixelRatio;
      ctx.save();
      ctx.beginPath(); ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height); ctx.clip();
      ctx.font = `${11 * px}px system-ui, sans-serif`;
      for (const band of spec.bands || []) {
        const top = u.valToPos(band.to, unit, true), foot = u.valToPos(band.from, unit, true);
        if (foot <= bbox.top || top >= bbox.top + bbox.height) continue;
        ctx.fillStyle = color(tone[band.tone]); ctx.globalAlpha = band.tone === "mark" ? 0.5 : 0.13;
        ctx.fillRect(bbox.left, top, bbox.width, foot - top);
        ctx.globalAlpha = 1; ctx.fillStyle = color("--soft"); ctx.textAlign = "right";
        const room = Math.min(foot, bbox.top + bbox.height) - Math.max(top, bbox.top);
        if (band.tone === "mark" || room > 14 * px) ctx.fillText(band.label, bbox.left + bbox.width - 6 * px, Math.max(top, bbox.top) + 13 * px);
      }
      (spec.marks || []).forEach((mark, index) => {
        const x = Math.round(u.valToPos(mark.at / 1000, "x", true));
        ctx.strokeStyle = color("--soft"); ctx.setLineDash([3 * px, 3 * px]);
        ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
        const right = x > bbox.left + bbox.width * 0.85;
        ctx.fillStyle = color("--ink"); ctx.textAlign = right ? "right" : "left";
        ctx.fillText(mark.label, x + (right ? -4 : 4) * px, bbox.top + (12 + 14 * (index % 3)) * px);
      });
      for (const { at, bad } of spec.doubts) {
        ctx.fillStyle = color(bad ? "--fault" : "--doubtful");
        ctx.fillRect(u.valToPos(at / 1000, "x", true) - px, bbox.top + bbox.height - 8 * px, 2 * px, 8 * px);
      }
      ctx.restore();
    };
  }

  // Hatches the bar that is not complete yet: the present day or month.
  const hatch = (spec) => (u) => {
    if (!spec.partial_from) return;
    const { ctx, bbox } = u, px = devicePixelRatio, [one, two] = (spec.series.find((series) => series.t) || { t: [] }).t;
    const left = u.valToPos(spec.partial_from / 1000, "x", true);
    const right = Math.min(bbox.left + bbox.width, two ? u.valToPos((spec.partial_from + two - one) / 1000, "x", true) : Infinity);
    ctx.save(); ctx.beginPath(); ctx.rect(left, bbox.top, right - left, bbox.height); ctx.clip();
    ctx.strokeStyle = color("--card"); ctx.lineWidth = 2 * px; ctx.beginPath();
    for (let x = left - bbox.height; x < right; x += 7 * px) { ctx.moveTo(x, bbox.top + bbox.height); ctx.lineTo(x + bbox.height, bbox.top); }
    ctx.stroke(); ctx.restore();
    ctx.save(); ctx.font = `${11 * px}px system-ui, sans-serif`; ctx.fillStyle = color("--soft"); ctx.textAlign = left > bbox.left + bbox.width / 2 ? "right" : "left";
    ctx.fillText(words.partial, ctx.textAlign === "right" ? right : left, bbox.top + 11 * px); ctx.restore();
  };

  // Title, plot and legend as one picture.
  function savePicture(card, plot) {
    const px = devicePixelRatio, drawn = plot.ctx.canvas, canvas = document.createElement("canvas"), ctx = canvas.getContext("2d");
    const title = card.querySelector("figcaption").textContent, names = plot.series.slice(1).filter((one) => one.width || one.fill).map((one) => one.label);
    canvas.width = drawn.width; canvas.height = drawn.height + 56 * px;
    ctx.fillStyle = color("--card"); ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.drawImage(drawn, 0, 30 * px);
    ctx.fillStyle = color("--ink"); ctx.font = `600 ${14 * px}px system-ui, sans-serif`; ctx.fillText(title, 8 * px, 20 * px);
    ctx.font = `${11 * px}px system-ui, sans-serif`; ctx.fillText([...new Set(names)].join(" · "), 8 * px, canvas.height - 10 * px);
    const link = document.createElement("a");
    link.href = canvas.toDataURL(); link.download = `${title}.png`; link.click();
  }

  // A value between two gaps has no line; it is a dot.
  const alone = (u, index) => {
    const values = u.data[index], none = (at) => values[at] === null || values[at] === undefined;
    const dots = values.map((value, at) => at).filter((at) => !none(at) && none(at - 1) && none(at + 1));
    return dots.length ? dots : null;
  };

  function lineOf(series, spec) {
    const main = color(PALETTE[Math.max(0, spec.series.filter((other) => !other.pale).indexOf(series)) % PALETTE.length]);
    const one = {
      label: `${series.label}${series.unit ? ` (${series.unit})` : ""}`, scale: series.unit || "1", stroke: main, width: 2, spanGaps: false,
      value: (u, number) => number === null || number === undefined ? "–" : `${show(number, "auto")} ${series.unit}`,
      points: { show: false, size: 7, fill: main, filter: alone },
    };
    if (series.style === "area") one.fill = color("--band");
    if (series.style === "steps") one.paths = uPlot.paths.stepped({ align: 1 });
    if (series.style === "bars") Object.assign(one, { paths: uPlot.paths.bars({ size: [series.pale ? 0.85 : 0.6, 48], align: 1 }), fill: main, width: 0, points: { show: false } });
    if (series.pale) Object.assign(one, series.style === "bars" ? { fill: color("--line") } : { dash: [6, 4], width: 1.5, stroke: color("--soft") });
    return one;
  }

  function options(box, spec, columns) {
    const units = [...new Set(spec.series.map((one) => one.unit || "1"))];
    const bars = new Set(spec.series.filter((one) => one.style !== "line" && one.style !== "steps").map((one) => one.unit || "1"));
    const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const scales = { x: { range: () => [spec.from / 1000, Math.max(spec.to, spec.from + 60000) / 1000] } };
    for (const unit of units) {
      scales[unit] = { range: (u, low, high) => {
        if (low === null || high === null) return [0, 1];
        const pad = (high - low || Math.abs(high) || 1) * 0.08;
        const foot = bars.has(unit) ? Math.min(0, low) : low >= 0 && low - pad < 0 ? 0 : low - pad;
        return [foot, high + pad];
      } };
    }
    const lines = [], bands = [];
    columns.forEach(({ series, spread }) => {
      lines.push(lineOf(series, spec));
      if (!spread) return;
      const edge = (label) => ({ label, scale: series.unit || "1", stroke: "transparent", width: 0, points: { show: false }, value: lines[lines.length - 1].value });
      const first = lines.length + 1;
      lines.push(edge(words.min), edge(words.max));
      bands.push({ series: [first + 1, first], fill: color("--band") });
    });
    const side = (unit, at) => ({ ...axis, scale: unit, side: at ? 1 : 3, size: 58, label: unit === "1" ? undefined : unit, labelSize: 18, labelFont: "12px system-ui, sans-serif",
      grid: at ? { show: false } : axis.grid, values: (u, splits) => splits.map((split) => show(split, digits(splits))) });
    return {
      width: box.clientWidth, height: innerWidth < 640 ? 240 : 300, scales, bands,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      series: [{ label: words.time, value: (u, seconds) => seconds === null ? "–" : when(spec, seconds) }, ...lines],
      axes: [{ ...axis, values: ticks(spec), space: 60 }, ...units.slice(0, 2).map(side)],
      cursor: { drag: { x: true, y: false }, points: { size: 8 } },
      hooks: { drawAxes: [decorate(spec, units[0])], draw: [hatch(spec)] },
    };
  }

  function message(box, text) {
    box.innerHTML = '<p class="note"></p>';
    box.firstChild.textContent = text;
    box.dataset.drawn = "true";
  }

  // Least, mean (for bars: total) and greatest value below a plot that has a place for them.
  function figures(card, spec, tables) {
    const values = tables.map(([, column]) => column.filter((value) => value !== null));
    if (!card.querySelector(".figures") || !values[0].length) return;
    const total = values[0].reduce((a, b) => a + b, 0);
    const put = (name, value) => { card.querySelector(`[data-figure=${name}]`).textContent = `${show(value, "auto")} ${spec.series[0].unit}`; };
    put("min", (values[1] || values[0]).reduce((a, b) => Math.min(a, b)));
    put("max", (values[2] || values[0]).reduce((a, b) => Math.max(a, b)));
    put("mean", spec.series[0].style === "bars" ? total : total / values[0].length);
    card.querySelector(".figures").hidden = false;
  }

  async function start(card) {
    const box = card.querySelector(".plot"), spec = JSON.parse(card.querySelector("script").textContent);
    for (const one of spec.series) Object.assign(one, ...Object.values(one.data));
    let plot = null, size = 0, data = null, columns = null;
    const draw = () => {
      if (plot) plot.destroy();
      box.textContent = "";
      plot = new uPlot(options(box, spec, columns), data, box);
      box.dataset.drawn = "true";
      const button = card.querySelector(".picture");
      if (button) { button.hidden = false; button.onclick = () => savePicture(card, plot); }
    };
    const refresh = async () => {
      columns = [];
      spec.doubts = [];
      const tables = [];
      for (const series of spec.series) {
        const loaded = await load(spec, series);
        columns.push({ series, spread: loaded.length === 3 });
        for (const one of loaded) tables.push([one.t.map((time) => time / 1000), one.v]);
      }
      if (!spec.doubts.length && !tables.some(([, values]) => values.some((value) => value !== null))) return message(box, words["no-data"]);
      data = uPlot.join(tables, tables.map((table) => table.map(() => 2)));
      draw();
      figures(card, spec, tables);
    };
    await refresh().catch((error) => message(box, `${words.failed} (${error.message})`));
    new ResizeObserver(() => {
      if (!plot || box.clientWidth === size) return;
      size = box.clientWidth;
      plot.setSize({ width: size, height: innerWidth < 640 ? 240 : 300 });
    }).observe(box);
    document.addEventListener("theme", () => { if (data) draw(); });
    if (spec.live && spec.series.some((one) => one.point)) setInterval(() => refresh().catch(() => {}), spec.series[0].step ? 60000 : 10000);
  }

  // One after the other, and only what comes into view: a phone on a slow link shows the first plot soon.
  let queue = Promise.resolve();
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      queue = queue.then(() => start(entry.target));
    }
  }, { rootMargin: "200px" });
  all(".plot-card:has(.plot)").forEach((card) => seen.observe(card));
})();

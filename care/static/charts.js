// Draws every [data-chart]: fetches the numbers (care/monitoring/charts.py), lines by uPlot, limits dashed in the colour of their meaning,
// events as marks, gaps as gaps. Read by pointer or by arrow keys; the same numbers stand in a table below. Without scripts the CSV is linked.
"use strict";
(function () {
  const language = document.documentElement.lang || "en";
  const lang = navigator.languages.find((tag) => tag.split("-")[0] === language) || language;
  const instant = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });
  const clock = new Intl.DateTimeFormat(lang, { timeStyle: "short" });
  const day = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short" });
  const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 2 });
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--hl-${name}`).trim();
  const HEIGHT = 220;

  function shown(data, value) {
    if (value === null || value === undefined) return "–";
    if (data.words.length) return data.words[Math.round(value)] ?? number.format(value);
    return (number.format(value) + (data.unit ? `\u00a0${data.unit}` : "")).replace("-", "\u2212");
  }

  const translucent = (colour, percent) => `color-mix(in srgb, ${colour} ${percent}%, transparent)`;

  function lineOf(data, series) {
    const edge = series.look === "edge";
    const colour = edge ? translucent(token("c1"), 35) : token(series.look);
    return {
      label: series.label, stroke: colour, width: edge ? 1 : 2, spanGaps: false, points: { show: !edge && data.x.length < 40, size: 5 },
      paths: series.step ? uPlot.paths.stepped({ align: 1 }) : undefined,
    };
  }

  // Limits and events, drawn under the lines.
  function backdrop(u, data) {
    const c = u.ctx, { left, top, width, height } = u.bbox, dpr = devicePixelRatio || 1;
    c.save();
    c.beginPath(); c.rect(left, top, width, height); c.clip();
    c.font = `${11 * dpr}px ${token("font")}`;
    for (const limit of data.limits) {
      const y = u.valToPos(limit.value, "y", true);
      if (y < top || y > top + height) continue;
      const colour = token(limit.look);
      if (limit.look === "bad") {
        c.fillStyle = token("band-bad");
        if (limit.below) c.fillRect(left, y, width, top + height - y); else c.fillRect(left, top, width, y - top);
      }
      c.strokeStyle = colour; c.lineWidth = dpr; c.setLineDash([5 * dpr, 4 * dpr]);
      c.beginPath(); c.moveTo(left, y); c.lineTo(left + width, y); c.stroke();
      c.fillStyle = colour; c.textAlign = "right"; c.textBaseline = limit.below ? "top" : "bottom";
      c.fillText(limit.label, left + width - 4 * dpr, y + (limit.below ? 3 : -3) * dpr);
    }
    let free = -Infinity;
    for (const mark of data.marks) {
      const x = u.valToPos(mark.at, "x", true);
      if (x < left || x > left + width) continue;
      c.strokeStyle = mark.look === "bad" ? token("bad") : token("text-3"); c.lineWidth = dpr; c.setLineDash([2 * dpr, 3 * dpr]);
      c.beginPath(); c.moveTo(x, top); c.lineTo(x, top + height); c.stroke();
    }
    c.restore();
    c.save();
    c.font = `${11 * dpr}px ${token("font")}`; c.textAlign = "left"; c.textBaseline = "bottom";
    for (const mark of data.marks) { // their words stand above the picture, those that have room
      const x = u.valToPos(mark.at, "x", true), wide = c.measureText(mark.label).width;
      if (x < left || x > left + width) continue;
      const begin = Math.min(x, left + width - wide);
      if (begin <= free) continue;
      c.fillStyle = mark.look === "bad" ? token("bad") : token("text-3");
      c.fillText(mark.label, begin, top - 3 * dpr);
      free = begin + wide + 8 * dpr;
    }
    c.restore();
  }

  function rangeOf(data) {
    const values = data.series.flatMap((s) => s.values).filter((v) => v !== null);
    if (data.words.length) return [-0.2, Math.max(data.words.length - 1, 1) + 0.2];
    if (!values.length) return [0, 1];
    let low = Math.min(...values), high = Math.max(...values);
    const span = high - low || Math.abs(high) * 0.1 || 1;
    for (const limit of data.limits) { // a limit that is near belongs into the picture
      if (limit.value < low && low - limit.value < 2 * span + 2) low = limit.value - span * 0.1;
      if (limit.value > high && limit.value - high < 2 * span + 2) high = limit.value + span * 0.1;
    }
    if (data.zero) low = Math.min(0, low);
    const room = (high - low || Math.abs(high) || 1) * 0.08;
    return [data.zero && low === 0 ? 0 : low - room, high + room];
  }

  function readout(place, data, index) {
    if (index === null || index === undefined || data.x[index] === undefined) { place.textContent = ""; return; }
    const parts = data.series.map((s) => `${s.label} ${shown(data, s.values[index])}`);
    place.textContent = `${instant.format(data.x[index] * 1000)}: ${parts.join(", ")}`;
  }

  function table(box, data) {
    const body = box.querySelector("[data-chart-table] tbody"), head = box.querySelector("[data-chart-table] thead tr");
    if (!body || !head) return;
    while (head.children.length > 1) head.lastElementChild.remove();
    for (const s of data.series) { const th = document.createElement("th"); th.scope = "col"; th.className = "num"; th.textContent = s.label; head.append(th); }
    const rows = [];
    for (let i = data.x.length - 1; i >= 0 && rows.length < 60; i--) {
      if (data.series[0].values[i] === null) continue;
      const row = document.createElement("tr"), at = document.createElement("td");
      at.textContent = instant.format(data.x[i] * 1000);
      row.append(at);
      for (const s of data.series) { const cell = document.createElement("td"); cell.className = "num"; cell.textContent = shown(data, s.values[i]); row.append(cell); }
      rows.push(row);
    }
    body.replaceChildren(...rows);
  }

  function draw(box, data) {
    const place = box.querySelector("[data-chart-place]"), said = box.querySelector("[data-chart-says]"), read = box.querySelector("[data-chart-read]");
    if (said) said.textContent = data.says;
    place.setAttribute("aria-label", `${data.label}: ${data.says}`);
    table(box, data);
    box.plot?.destroy();
    box.plot = null;
    if (!data.x.length) { place.textContent = ""; place.classList.add("hl-chart-empty"); return; }
    place.classList.remove("hl-chart-empty");
    const axis = { stroke: token("text-3"), grid: { stroke: token("grid"), width: 1 }, ticks: { show: false }, font: `12px ${token("font")}` };
    const long = data.until - data.since > 3 * 86400;
    const plot = new uPlot({
      width: place.clientWidth, height: HEIGHT, cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } }, legend: { show: false },
      scales: { x: { time: true, range: () => [data.since, data.until] }, y: { range: () => rangeOf(data) } },
      padding: [data.marks.length ? 18 : 8, 12, 0, 0],
      axes: [
        { ...axis, space: 70, size: 30, values: (u, ticks) => ticks.map((t) => (long ? day : clock).format(t * 1000)) },
        { ...axis, size: 56, values: (u, ticks) => ticks.map((t) => data.words.length ? (Number.isInteger(t) ? data.words[t] ?? "" : "") : number.format(t).replace("-", "\u2212")),
          incrs: data.words.length ? [1] : undefined },
      ],
      series: [{}, ...data.series.map((s) => lineOf(data, s))],
      bands: data.bands.map((b) => ({ series: [b.from, b.to], fill: translucent(token("c1"), b.look === "mid" ? 20 : 12) })),
      hooks: { drawClear: [(u) => backdrop(u, data)], setCursor: [(u) => read && readout(read, data, u.cursor.idx)] },
    }, [data.x, ...data.series.map((s) => s.values)], place);
    box.plot = plot;
    let at = data.x.length - 1;
    place.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      at = Math.min(data.x.length - 1, Math.max(0, at + step));
      plot.setCursor({ left: plot.valToPos(data.x[at], "x"), top: HEIGHT / 2 });
      if (read) readout(read, data, at);
    };
  }

  async function load(box) {
    const problem = box.querySelector("[data-chart-problem]");
    try {
      const answer = await fetch(box.dataset.chart, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const data = await answer.json();
      if (problem) problem.hidden = true;
      draw(box, data);
      box.dataset.drawn = "yes";
    } catch {
      if (problem) problem.hidden = false;
    }
  }

  function all() { for (const box of document.querySelectorAll("[data-chart]:not([data-drawn])")) { box.dataset.drawn = "soon"; load(box); } }
  all();
  document.body.addEventListener("htmx:afterSettle", all);
  document.body.addEventListener("htmx:sseMessage", (event) => {
    if (event.detail?.type?.startsWith("fleet")) for (const box of document.querySelectorAll("[data-chart][data-live-chart]")) load(box);
  });
  document.addEventListener("click", (event) => {
    const again = event.target.closest("[data-chart-again]");
    if (again) load(again.closest("[data-chart]"));
  });
  let resizing = 0;
  new ResizeObserver(() => {
    window.clearTimeout(resizing);
    resizing = window.setTimeout(() => {
      for (const box of document.querySelectorAll("[data-chart]")) {
        const width = box.querySelector("[data-chart-place]").clientWidth;
        if (box.plot && width && Math.abs(width - box.plot.width) > 1) box.plot.setSize({ width, height: HEIGHT });
      }
    }, 100);
  }).observe(document.documentElement);
})();

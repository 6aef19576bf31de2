/* Charts of uPlot in the site's colours: axes, ticks, and words for those who do not see them. */
"use strict";

const charts = (() => {
  const LEAST = 1e-12; // of the greatest value: what lies below has no place on a logarithmic axis
  const drawn = [];

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const words = (name) => name.replaceAll("_", " ");
  const axisName = (name, unit) => (unit === "1" || unit === name ? words(name) : `${words(name)} [${unit}]`);
  const number = (v) => (v == null ? "–" : Number(v.toPrecision(4)).toString());

  /* A table of uPlot: x, then a row for each line; on a logarithmic axis without what is not positive. */
  const table = (t, rows, logx, logy, floor) => {
    const kept = t.map((_, i) => i).filter((i) => !logx || t[i] > 0);
    const shown = (v) => (v == null || (logy && v <= floor) ? null : v);
    return [kept.map((i) => t[i]), ...rows.map((row) => kept.map((i) => shown(row[i])))];
  };

  const range = (tables, logy) => {
    let lo = Infinity, hi = -Infinity;
    for (const [, ...rows] of tables) for (const row of rows) for (const v of row) {
      if (v == null || (logy && v <= 0)) continue;
      lo = Math.min(lo, v); hi = Math.max(hi, v);
    }
    if (lo > hi) return logy ? [0.1, 1] : [0, 1];
    if (logy) return [Math.max(lo, hi * LEAST) / 1.2, hi * 1.2];
    const pad = 0.05 * (hi - lo) || Math.abs(hi) / 2 || 0.5;
    return [lo - pad, hi + pad];
  };

  const ticks = (u, values) => values.map((v) => {
    if (v == null) return "";
    const size = Math.abs(v);
    if (size && (size < 1e-3 || size >= 1e6)) return v.toExponential(0).replace("e+", "e");
    return size >= 1e4 ? `${v / 1e3}k` : `${Number(v.toPrecision(6))}`;
  });

  /* Ticks of a logarithmic axis: decades, and within few of them their parts. */
  const decades = (u, axis, lo, hi) => {
    const span = Math.log10(hi / lo), every = Math.max(1, Math.ceil(span / 7));
    const parts = span < 1 ? [1, 1.5, 2, 3, 4, 5, 7] : span < 2 ? [1, 2, 5] : [1];
    const made = [];
    for (let e = Math.floor(Math.log10(lo)); e <= Math.ceil(Math.log10(hi)); e += 1) {
      if (((e % every) + every) % every === 0) for (const part of parts) made.push(Number(`${part}e${e}`));
    }
    const inside = made.filter((v) => v >= lo * (1 - 1e-9) && v <= hi * (1 + 1e-9));
    return inside.length > 1 ? inside : [0, 1, 2, 3].map((i) => Number((lo * (hi / lo) ** (i / 3)).toPrecision(2)));
  };

  const draw = (place, { label, xlabel, ylabel, logx, logy, yrange, series, bands, data, behind, high = 260 }) => {
    const figure = document.createElement("div");
    figure.className = "chart";
    figure.setAttribute("role", "img");
    figure.setAttribute("aria-label", label);
    place.append(figure);
    const axis = (words, more) => ({
      label: words, labelSize: 22, stroke: () => css("--soft"), grid: { stroke: () => css("--line"), width: 1 },
      ticks: { stroke: () => css("--line"), width: 1 }, values: ticks, font: "12px system-ui", labelFont: "12px system-ui", ...more,
    });
    const within = logy ? [Math.max(yrange[0], yrange[1] * LEAST), yrange[1]] : yrange;
    const whole = (u, lo, hi) => (lo === hi ? [lo - 1, hi + 1] : [lo, hi]);
    const chart = new uPlot({
      width: Math.max(figure.clientWidth, 200), height: high, legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { show: false }, y: false },
      scales: {
        x: { time: false, distr: logx ? 3 : 1, range: logx ? (u, lo, hi) => (lo === hi ? [lo / 2, hi * 2] : [lo, hi]) : whole },
        y: { distr: logy ? 3 : 1, range: () => within },
      },
      axes: [
        axis(xlabel, { size: 38, ...(logx ? { splits: decades, filter: (u, v) => v } : {}) }),
        axis(ylabel, { size: 56, ...(logy ? { splits: decades, filter: (u, v) => v } : {}) }),
      ],
      series: [{}, ...series.map((s) => ({ points: { show: false }, spanGaps: true, ...s }))],
      bands: bands || [],
      hooks: behind ? { drawClear: [behind] } : {},
    }, data, figure);
    drawn.push({ chart, figure, high });
    return chart;
  };

  const forget = (place) => {
    for (let i = drawn.length - 1; i >= 0; i--) {
      if (place.contains(drawn[i].figure)) { drawn[i].chart.destroy(); drawn.splice(i, 1); }
    }
    place.replaceChildren();
  };

  addEventListener("resize", () => {
    for (const { chart, figure, high } of drawn) chart.setSize({ width: Math.max(figure.clientWidth, 200), height: high });
  });

  return { LEAST, css, words, axisName, number, table, range, draw, forget };
})();

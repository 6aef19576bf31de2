/* The recorded curves of an entry: a panel a channel, cases and looks to choose, and a slider along each sweep. */
"use strict";

{
  const recording = JSON.parse(document.getElementById("recording").textContent);
  const HUES = ["--blue", "--vermillion", "--green", "--purple", "--orange", "--sky"];
  const DASHES = [[], [6, 4], [2, 3]];
  const LEAST = 1e-12; // of the greatest value: what lies below has no place on a logarithmic axis
  const charts = [];

  /* Half of the records of a curve lie where it moves: where those are early, a linear axis would show a stroke. */
  const early = (one) => {
    const channel = Object.keys(one.curves).find((c) => one.curves[c].t);
    const t = channel ? one.curves[channel].t : [0, 1];
    return recording.log || t[Math.floor(t.length / 2)] < 0.1 * t.at(-1);
  };

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const words = (name) => name.replaceAll("_", " ");
  const axisName = (name, unit) => (unit === "1" || unit === name ? words(name) : `${words(name)} [${unit}]`);
  const number = (v) => (v == null ? "–" : Number(v.toPrecision(4)).toString());
  const steps = (curves, channel) => curves[channel].t || curves[curves[channel].as].t;

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

  const draw = (place, { label, xlabel, ylabel, logx, logy, yrange, series, bands, data, high = 260 }) => {
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
    }, data, figure);
    charts.push({ chart, figure, high });
    return chart;
  };

  const forget = (place) => {
    for (let i = charts.length - 1; i >= 0; i--) {
      if (place.contains(charts[i].figure)) { charts[i].chart.destroy(); charts.splice(i, 1); }
    }
    place.replaceChildren();
  };

  addEventListener("resize", () => {
    for (const { chart, figure, high } of charts) chart.setSize({ width: Math.max(figure.clientWidth, 200), height: high });
  });

  /* Curves of the cases. */
  const explorer = document.getElementById("explorer");
  const panels = document.getElementById("panels");
  const boxes = (name) => [...explorer.querySelectorAll(`input[name="${name}"]`)];
  const asked = (name) => boxes(name)[0].checked;

  const hue = (i) => HUES[i % HUES.length];
  boxes("case").forEach((box, i) => {
    box.nextElementSibling.style.background = `var(${hue(i)})`;
    const firstControl = recording.cases.findIndex((c) => c.control);
    box.checked = i === 0 || i === firstControl;
  });

  const panel = (channels, cases) => {
    const logx = asked("logx");
    const logy = recording.channels[channels[0]].log !== asked("logy");
    const series = [], bands = [], tables = [], told = [];
    const greatest = Math.max(...channels.flatMap((c) => cases.map((i) => recording.cases[i].curves[c]))
      .flatMap((curve) => (curve ? curve.band[1] : [])).filter((v) => v != null), 0);
    for (const i of cases) {
      const one = recording.cases[i];
      channels.forEach((channel, j) => {
        const curve = one.curves[channel];
        if (!curve) return;
        const colour = css(hue(i)), dash = DASHES[j % DASHES.length], rows = [];
        if (asked("band")) {
          bands.push({ series: [series.length + 1, series.length + 2], fill: `${colour}30` });
          rows.push(curve.band[2], curve.band[0]);
          series.push({ stroke: "transparent", width: 0 }, { stroke: "transparent", width: 0 });
        }
        if (asked("seeds")) for (const seed of curve.seeds) {
          rows.push(seed);
          series.push({ stroke: `${colour}66`, width: 1 });
        }
        rows.push(curve.band[1]);
        series.push({ stroke: colour, width: 2.5, dash });
        tables.push(table(steps(one.curves, channel), rows, logx, logy, greatest * LEAST));
        const ends = curve.band[1].filter((v) => v != null);
        if (ends.length) told.push(`${words(channel)} of ${one.name} goes from ${number(ends[0])} to ${number(ends.at(-1))}`);
      });
    }
    if (!tables.length) return;
    const own = recording.channels[channels[0]];
    const limits = channels.map((c) => recording.channels[c].range);
    const usual = [Math.min(...limits.map((l) => l[0])), Math.max(...limits.map((l) => l[1]))];
    const yrange = logy === own.log && (!logy || usual[0] > 0) ? usual : range(tables, logy);
    draw(panels, {
      label: `Medians: ${told.join("; ")}.`, xlabel: axisName(...recording.clock), logx, logy, yrange, series, bands,
      ylabel: channels.length > 1 ? channels.map(words).join(", ") : axisName(channels[0], own.unit),
      data: tables.length > 1 ? uPlot.join(tables) : tables[0],
    });
    if (channels.length > 1) {
      const key = document.createElement("p");
      key.className = "small key-of-lines";
      key.textContent = channels.map((c, j) => `${["solid", "dashed", "dotted"][j % 3]}: ${words(c)}`).join("; ");
      panels.append(key);
    }
  };

  const redraw = () => {
    forget(panels);
    const cases = boxes("case").flatMap((box, i) => (box.checked ? [i] : []));
    const wanted = new Set(boxes("channel").filter((box) => box.checked).map((box) => box.value));
    for (const all of recording.panels) {
      const channels = all.filter((c) => wanted.has(c));
      if (channels.length && cases.length) panel(channels, cases);
    }
    if (!panels.children.length) {
      const none = document.createElement("p");
      none.textContent = "Choose a case and a channel.";
      panels.append(none);
    }
  };

  boxes("logx")[0].checked = early(recording.cases[0]);
  explorer.hidden = false;
  explorer.addEventListener("input", redraw);

  /* A slider along each sweep. */
  const sliders = [...document.querySelectorAll(".sweep")].map((place) => {
    const sweep = recording.sweeps[Number(place.dataset.sweep)];
    const slider = place.querySelector("input"), output = place.querySelector("output"), where = place.querySelector(".charts");
    const channels = Object.keys(sweep.channels);
    const values = sweep.points.map((p) => (sweep.kind === "law" ? p.value : p.share));
    const steep = sweep.kind === "law" && values.every((v) => v == null || v > 0);
    let updates = [];

    const curves = (channel) => {
      const { log: logy, range: yrange } = sweep.channels[channel];
      const logx = early(sweep.points[Math.floor(sweep.points.length / 2)]);
      const colour = css("--blue");
      const has = sweep.points.filter((p) => p.curves[channel]);
      if (!has.length) return;
      const data = () => {
        const now = sweep.points[slider.value];
        const ghosts = has.map((p) => table(steps(p.curves, channel), [p.curves[channel].band[1]], logx, logy, 0));
        if (!now.curves[channel]) return uPlot.join([...ghosts, [[], [], [], []]]);
        const [lo, mid, hi] = now.curves[channel].band;
        return uPlot.join([...ghosts, table(steps(now.curves, channel), [hi, lo, mid], logx, logy, 0)]);
      };
      const chart = draw(where, {
        label: `${words(channel)} at each value of ${words(sweep.knob)}; the chosen one stands out`,
        xlabel: axisName(...recording.clock), ylabel: axisName(channel, recording.channels[channel].unit), logx, logy, yrange,
        series: [...has.map(() => ({ stroke: css("--ghost"), width: 1 })),
          { stroke: "transparent", width: 0 }, { stroke: "transparent", width: 0 }, { stroke: colour, width: 2.5 }],
        bands: [{ series: [has.length + 1, has.length + 2], fill: `${colour}30` }],
        data: data(),
      });
      updates.push(() => chart.setData(data(), true));
    };

    const summary = () => {
      const x = sweep.points.map((p) => p.x);
      const here = () => x.map((_, i) => (i === Number(slider.value) ? values[i] : null));
      const law = sweep.kind === "law";
      const name = law ? words(sweep.of) : `share ${words(sweep.of)}`;
      const data = () => [x, values, here()];
      const chart = draw(where, {
        label: `${name} along ${words(sweep.knob)}: ${x.map((v, i) => `${number(values[i])} at ${number(v)}`).join(", ")}`,
        xlabel: words(sweep.label), ylabel: law ? `median ${name}` : name, logx: sweep.log, logy: steep,
        yrange: law ? range([[x, values]], steep) : [-0.05, 1.05],
        series: [
          { stroke: css("--soft"), width: 1.5, points: { show: true, size: 6, fill: css("--soft") } },
          { stroke: css("--vermillion"), width: 0, points: { show: true, size: 12, fill: css("--vermillion") } },
        ],
        data: data(), high: 200,
      });
      updates.push(() => chart.setData(data(), true));
    };

    const say = () => {
      const p = sweep.points[slider.value];
      const states = Object.entries(p.states).map(([state, n]) => `${n} ${state}`).join(", ");
      const onset = p.onset == null ? "" : `; onset ${number(p.onset)}`;
      const value = sweep.kind === "law" && sweep.of !== "onset" && p.value != null ? `; ${words(sweep.of)} ${number(p.value)}` : "";
      output.textContent = `${sweep.knob} = ${number(p.x)}: ${states} of ${p.n}${onset}${value}`;
      slider.setAttribute("aria-valuetext", output.textContent);
    };

    const build = () => {
      forget(where);
      updates = [];
      channels.forEach(curves);
      summary();
    };
    slider.value = String(Math.floor((sweep.points.length - 1) / 2));
    slider.addEventListener("input", () => { say(); for (const update of updates) update(); });
    place.hidden = false;
    say();
    return build;
  });

  const everything = () => { redraw(); for (const build of sliders) build(); };
  everything();
  addEventListener("themechange", everything);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", everything);
}

/* The recorded curves of an entry: a panel a channel, cases and looks to choose, and a slider along each sweep. */
"use strict";

{
  const recording = JSON.parse(document.getElementById("recording").textContent);
  const HUES = ["--blue", "--vermillion", "--green", "--purple", "--orange", "--red", "--teal", "--brown", "--slate", "--sky"];
  const DASHES = [[], [6, 4], [2, 3]];
  const { LEAST, css, words, axisName, number, table, range, draw, forget } = charts;

  /* A curve that is too fast for lines between the records that were kept. */
  const dots = (colour, size) => ({ stroke: colour, width: 0, paths: () => null, points: { show: true, size, width: 0, fill: colour } });

  /* Half of the records of a curve lie where it moves: where those are early, a linear axis would show a stroke. */
  const early = (one) => {
    const channel = Object.keys(one.curves).find((c) => one.curves[c].t);
    const t = channel ? one.curves[channel].t : [0, 1];
    return recording.log || t[Math.floor(t.length / 2)] < 0.1 * t.at(-1);
  };

  const steps = (curves, channel) => curves[channel].t || curves[curves[channel].as].t;

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
          series.push(curve.dots ? dots(`${colour}66`, 3) : { stroke: `${colour}66`, width: 1 });
        }
        rows.push(curve.band[1]);
        series.push(curve.dots ? dots(colour, 5) : { stroke: colour, width: 2.5, dash });
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
      const fast = has.some((p) => p.curves[channel].dots);
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
        series: [...has.map(() => (fast ? dots(css("--ghost"), 3) : { stroke: css("--ghost"), width: 1 })),
          { stroke: "transparent", width: 0 }, { stroke: "transparent", width: 0 },
          fast ? dots(colour, 5) : { stroke: colour, width: 2.5 }],
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

/* The curves of a report: a chart a panel, what was found behind it. */
"use strict";

{
  const { css, words, table, range, draw, forget } = charts;
  const runs = JSON.parse(document.getElementById("curves").textContent);
  const SHADES = ["--orange", "--purple", "--green", "--sky"];

  const behind = (panel, names) => (u) => {
    const { ctx } = u, { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    for (const { start, stop, name } of panel.spans) {
      const from = u.valToPos(Math.max(start, u.scales.x.min), "x", true), to = u.valToPos(stop, "x", true);
      ctx.fillStyle = `${css(SHADES[names.indexOf(name) % SHADES.length])}50`;
      ctx.fillRect(from, top, Math.max(to - from, 3), height);
    }
    ctx.strokeStyle = css("--ink");
    ctx.setLineDash([5, 4]);
    for (const onset of panel.onsets) {
      const at = u.valToPos(onset, "x", true);
      ctx.beginPath();
      ctx.moveTo(at, top);
      ctx.lineTo(at, top + height);
      ctx.stroke();
    }
    ctx.restore();
  };

  const everything = () => {
    for (const place of document.querySelectorAll("[data-run]")) {
      forget(place);
      for (const panel of runs[Number(place.dataset.run)]) {
        const names = [...new Set(panel.spans.map((span) => span.name))];
        const tables = panel.curves.map(({ t, y }) => table(t, [y], panel.logx, panel.logy, 0)).filter(([t]) => t.length);
        if (!tables.length) continue;
        const said = panel.spans.map(({ start, stop, name }) => `${name} from ${start} to ${stop}`);
        draw(place, {
          label: `${panel.curves.map((c) => words(c.name)).join(", ")}${said.length ? `; ${said.join("; ")}` : ""}`,
          xlabel: "step", ylabel: panel.name, logx: panel.logx, logy: panel.logy, yrange: range(tables, panel.logy),
          series: panel.curves.map(({ name, y }) => ({
            stroke: css(name.startsWith("test_") ? "--vermillion" : "--blue"), width: 1.5, points: { show: y.length === 1 },
          })),
          data: tables.length > 1 ? uPlot.join(tables) : tables[0], behind: behind(panel, names),
        });
      }
    }
  };
  everything();
  addEventListener("themechange", everything);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", everything);
}

"""The figures of detectors, from detectors.json and matrix.json alone: nothing is measured.

    python benchmarks/detectors/figures.py

draws those of docs/figures anew, from a clean commit, and lists of which data they are; `make figures` calls it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scores import Rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).resolve().parents[2]
RATES, MATRIX = "benchmarks/measured/detectors.json", "benchmarks/detectors/matrix.json"
LEAST = 3e-4  # [1] a false-alarm rate of 0 is drawn there
MARKS = "ovs^DPX*"


def draw(made: dict[str, Any], folder: Path) -> list[Path]:
    """Write detectors-transformations.png, detectors-thresholds.png and one detectors-rules-*.png for each rival.

    Returns:
        The paths.
    """
    from bestiary.figures import style

    ruled = {n: of for n, of in made["detectors"].items() if "rules" in of and "tuning" in of}
    with style.house_style():
        drawn = [folder / "detectors-transformations.png"]
        _transformations(made, drawn[0])
        if any("tuning" in of for of in made["detectors"].values()):
            drawn.append(folder / "detectors-thresholds.png")
            _thresholds(made, drawn[-1])
        for name, of in ruled.items():
            drawn.append(folder / f"detectors-rules-{name}.png")
            _rules(name, of, drawn[-1])
    return drawn


def _share(of: dict[str, Any], condition: str, side: str) -> float:
    part = of["recorded"] if condition == "as_recorded" else of["transformed"].get(condition, {})
    return Rate(*part[side]).share if side in part else float("nan")


def _transformations(made: dict[str, Any], path: Path) -> None:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    from bestiary.figures import runs as figures
    from bestiary.figures import style

    names, conditions = list(made["detectors"]), made["conditions"]
    figure = Figure(figsize=(style.WIDTH, 1.5 + 0.165 * len(names)), layout="constrained")
    sides = (("hit", style.HUES[0], 1.0), ("false_alarm", style.HUES[1], 0.1))
    for ax, (side, hue, top) in zip(figure.subplots(1, 2, sharey=True), sides, strict=True):
        shares = np.array([[_share(made["detectors"][n], c, side) for c in conditions] for n in names])
        colours = LinearSegmentedColormap.from_list(side, (style.PAPER, hue))
        ax.imshow(shares, cmap=colours, vmin=0, vmax=top, aspect="auto")
        for (y, x), share in np.ndenumerate(shares):
            if side == "hit" or not share <= 0:
                dark = share > 0.6 * top
                text = "\u00b7" if np.isnan(share) else f"{100 * share:.0f}" if share >= 0.01 else f"{100 * share:.1g}"
                ax.text(x, y, text, ha="center", va="center", size=5, color=style.PAPER if dark else style.INK)
        told = [c.replace("multiplicative_", "x ").replace("additive_", "+ ").replace("_", " ") for c in conditions]
        ax.set_xticks(range(len(conditions)), told, rotation=60, ha="left", rotation_mode="anchor", size=5.5)
        ax.set_yticks(range(len(names)), [n.replace("_", " ") for n in names], size=6)
        ax.xaxis.tick_top()
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_xlabel({"hit": "hits [% of positives]", "false_alarm": "false alarms [% of negatives]"}[side])
    figures.save(figure, path)


def _thresholds(made: dict[str, Any], path: Path) -> None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    from bestiary.figures import runs as figures
    from bestiary.figures import style

    names = [name for name, of in made["detectors"].items() if "tuning" in of]
    if not names:
        return
    wide = 4
    figure = Figure(figsize=(style.WIDTH, 1.25 * -(-len(names) // wide) + 0.3), layout="constrained")
    grid = np.atleast_1d(figure.subplots(-(-len(names) // wide), wide, sharey=True, squeeze=False)).ravel()
    for ax, name in zip(grid, names, strict=False):
        of = made["detectors"][name]
        x, tuning = np.array(of["tuning"]["values"]), of["tuning"]
        for side, hue in (("hit", style.HUES[0]), ("false_alarm", style.HUES[1])):
            rates = [Rate(*pair) for pair in tuning[side]]
            if not rates[0].n:
                continue
            ax.plot(x, [rate.share for rate in rates], color=hue, linewidth=1, marker=".", markersize=3)
        ax.axvline(of["default"], color=style.GREY, linewidth=0.6, linestyle=":")
        if x.max() > 6 * x.min() > 0:
            ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(style.number))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_xticks([x[0], of["default"], x[-1]], minor=False)
        ax.tick_params(axis="x", labelsize=style.SMALL - 1.5)
        ax.set_title(name.replace("_", " "), size=style.SMALL, pad=2)
        ax.set_xlabel(of["threshold"], labelpad=1)
        ax.set_ylim(-0.03, 1.03)
    for ax in grid[len(names) :]:
        ax.set_visible(False)
    for ax in grid[::wide]:
        ax.set_ylabel("share of runs")
    figures.save(figure, path)


def _roc(ax: Axes, curve: dict[str, Any], hue: str, label: str, mark: str | None) -> None:
    hit = [Rate(*pair).share for pair in curve["hit"]]
    false = [max(Rate(*pair).share, LEAST) for pair in curve["false_alarm"]]
    ax.plot(false, hit, color=hue, linewidth=0.9, label=label, marker=mark, markersize=2.4, markeredgewidth=0)


def _rules(name: str, of: dict[str, Any], path: Path) -> None:
    from matplotlib.figure import Figure

    from bestiary.figures import runs as figures
    from bestiary.figures import style

    figure = Figure(figsize=(0.62 * style.WIDTH, 2.6), layout="constrained")
    ax = figure.subplots()
    hues = (*style.HUES[1:], *style.SHADES[:2], style.GREY, "#56B4E9", "#8C564B")
    for i, (rule, told) in enumerate(of["rules"].items()):
        _roc(ax, told["tuning"], hues[i % len(hues)], rule.replace("_", " "), MARKS[i % len(MARKS)])
    _roc(ax, of["tuning"], style.HUES[0], f"{name.replace('_', ' ')} (ours)", None)
    if "told" in of:
        _roc(ax, of["told"]["tuning"], style.darker(style.HUES[0]), "the same, told what is known", None)
    at = int(np.argmin(np.abs(np.array(of["tuning"]["values"]) - of["default"])))
    point = [Rate(*of["tuning"][side][at]).share for side in ("false_alarm", "hit")]
    ax.plot(max(point[0], LEAST), point[1], "o", color=style.HUES[0], markersize=6, fillstyle="none")
    ax.set_xscale("log")
    ax.set_xlim(LEAST * 0.8, 1.1)
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel("false alarms, share of negatives (none: left edge)")
    ax.set_ylabel("hits, share of positives")
    figure.legend(loc="outside right center", frameon=False, fontsize=style.SMALL - 1)
    figures.save(figure, path)


def main() -> None:
    """Draw the figures of this checkout, each with its line in figures.json."""
    from matrix_figure import draw as matrix

    from bestiary.cli import figure_list
    from bestiary.figures import style

    try:
        commit = figure_list.clean_commit(ROOT)
    except ValueError as error:
        print(f"Error: figures: {error}", file=sys.stderr)
        sys.exit(2)
    folder = ROOT / "docs" / "figures"
    made = {path: RATES for path in draw(json.loads((ROOT / RATES).read_text("utf-8")), folder)}
    style.save(matrix(json.loads((ROOT / MATRIX).read_text("utf-8"))["cells"]), folder / "matrix.png")
    made[folder / "matrix.png"] = MATRIX
    listed = {file: of for file, of in figure_list.read(folder).items() if "data" not in of}
    for path, data in made.items():
        listed[path.name] = {"data": data, "sha256": figure_list.digest(ROOT / data), "commit": commit}
        print(f"wrote docs/figures/{path.name}")
    figure_list.write(folder, listed)


if __name__ == "__main__":
    main()

"""What the turns of a row say: ratios, shares, goals, and the tables of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from contenders import BASELINES
from machine import BUSY
from rows import ROWS

TITLES = {
    "torch": "PyTorch better way",
    "functorch": "torch.func eager",
    "functorch_compiled": "torch.func compiled",
    "loop": "jitted step",
    "scan": "scan",
    "ensemble": "vmapped scan",
}
PRODUCTS = 0.5  # goal: share of the peak, where matrix products dominate
EVERYWHERE = {"scan": 1.0, "ensemble": 1.0, "functorch_compiled": 2.0}  # goals: times faster than that
GOALS = {
    "grokking": {"torch": 8.0},
    "grokking_transformer": {"torch": 3.0},
    "sparse_attention_emergence": {"torch": 8.0},
    "adam_loss_spikes, two parameters": {"torch": 600.0},
    "adam_loss_spikes, mlp": {"torch": 60.0},
}


class Ratio(NamedTuple):
    """A ratio over rounds: the median, the least and the most."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.least:.3g} to {self.most:.3g})"


def ratio(over: Sequence[float], under: Sequence[float]) -> Ratio:
    """Of two contenders, within every round."""
    each = [a / b for a, b in zip(over, under, strict=True)]
    return Ratio(statistics.median(each), min(each), max(each))


def summarise(turns: dict[str, dict[str, list[float]]], facts: dict[str, Any]) -> dict[str, Any]:
    """How many times faster the trainer is than each contender and than the better way of each baseline."""
    trainer = turns["trainer"]
    others = [name for name in turns if name not in ("trainer", "product cores")]
    faster = {
        name: {"wall": ratio(trainer["rate"], turns[name]["rate"]), "cpu": ratio(turns[name]["cpu"], trainer["cpu"])}
        for name in others
    }
    ways = {kind: [name for name in others if name.split()[0] == kind] for kind in {n.split()[0] for n in others}}
    better = {
        kind: {what: min((faster[name][what] for name in names), key=lambda r: r.median) for what in ("wall", "cpu")}
        for kind, names in ways.items()
    }
    peak = turns["product cores"]
    return {
        "steps_per_second": {name: statistics.median(t["rate"]) for name, t in turns.items()},
        "cpu_seconds_per_step": {name: statistics.median(t["cpu"]) for name, t in turns.items()},
        "memory": {name: max(t["memory"]) for name, t in turns.items()},
        "faster": faster,
        "faster_than_better_way": better,
        "peak_flops": statistics.median(peak["rate"]),
        "share_of_peak": {
            "wall": facts["flops"] * ratio(trainer["rate"], peak["rate"]).median,
            "cpu": facts["flops"] * ratio(peak["cpu"], trainer["cpu"]).median,
        },
    }


def loaded(result: dict[str, Any]) -> str:
    """What is said of a row that was measured while the machine did something else; "" if it did not."""
    others, before = result["others"], result["load_before"]
    if others is not None:
        return f"loaded: others kept {others:.1f} cores busy" if others > BUSY else ""
    return f"loaded: load average {before:.1f} before" if before is not None and before > BUSY else ""


def report(name: str, result: dict[str, Any]) -> str:
    """All about a row, as lines of text."""
    lines = [f"{name}: a program of {result['rows']} rows, {result['lanes']} lanes" + (loaded(result) and " -- ")]
    lines[0] += loaded(result)
    lines += [f"{'':27}{'wall us':>10}{'CPU us':>10}{'trainer is faster: wall':>26}{'CPU':>26}{'MB':>7}"]
    for one, rate in result["steps_per_second"].items():
        if one == "product cores":
            continue
        faster = result["faster"].get(one, {"wall": "", "cpu": ""})
        seeds = f" of {result['together'][one]}" if one in result["together"] else ""
        lines += [
            f"{one + seeds:27}{1e6 / rate:10.2f}{1e6 * result['cpu_seconds_per_step'][one]:10.2f}"
            f"{faster['wall']!s:>26}{faster['cpu']!s:>26}{result['memory'][one] / 1e6:7.0f}"
        ]
    share = result["share_of_peak"]
    lines += [
        f"{result['flops'] / 1e6:.4g} MFLOP per step; {share['wall']:.1%} of the peak of "
        f"{result['peak_flops'] / 1e9:.0f} GFLOP/s in wall time, {share['cpu']:.1%} in CPU time",
        f"compile {result['compile_cold']:.1f} s cold, {result['compile_warm']:.2f} s with a filled cache",
    ]
    return "\n".join(lines) + "\n"


def table(results: dict[str, dict[str, Any]], what: str) -> str:
    """The summary in Markdown: times faster than the better way of each baseline, in "wall" or "cpu" time."""
    kinds = [kind for kind in BASELINES if any(kind in r["faster_than_better_way"] for r in results.values())]
    columns = [f"x {TITLES[kind]}" for kind in kinds]
    names = [f"{what} time", "seed-steps / s", *columns, "of peak", "compile cold / warm", "memory"]
    lines = [names, ["---", *["---:"] * (len(names) - 1)]]
    for name, r in results.items():
        faster = r["faster_than_better_way"]
        lines.append(
            [
                name + ("*" if loaded(r) else ""),
                f"{r['steps_per_second']['trainer']:,.0f}",
                *(str(faster[kind][what]) if kind in faster else "" for kind in kinds),
                f"{r['share_of_peak'][what]:.0%}",
                f"{r['compile_cold']:.1f} s / {r['compile_warm']:.1f} s",
                f"{r['memory']['trainer'] / 1e6:.0f} MB",
            ]
        )
    made = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    notes = [f"\\* {name}: {loaded(r)}" for name, r in results.items() if loaded(r)]
    return "\n\n".join([made, *notes])


def goals(results: dict[str, dict[str, Any]]) -> str:
    """A line for each goal of the rows: what was wanted and what was measured, in wall time."""
    lines = []
    for name, r in results.items():
        for kind, least in {**EVERYWHERE, **GOALS.get(name, {})}.items():
            if kind in r["faster_than_better_way"]:
                lines.append((name, f"x {TITLES[kind]}", least, r["faster_than_better_way"][kind]["wall"].median))
        if any(row.products for row in ROWS if row.name == name):
            lines.append((name, "of peak", PRODUCTS, r["share_of_peak"]["wall"]))
    said = [
        f"{'reached' if got >= want else 'missed':8} {name}: {what}: {got:.3g}, goal {want:g}"
        for name, what, want, got in lines
    ]
    return "\n".join(said)

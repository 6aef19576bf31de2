"""A few kB of recorded runs for every detector, with what it must say of them: tests/data/golden/.

    python benchmarks/detectors/golden_logs.py [--root 0] [--to tests/data/golden]

For each detector a run that shows its phenomenon and one that resembles it, thinned and rounded to five digits, as
detector-case.csv. A blank cell was not logged. golden.json says which run each is and what is found in it.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from judges import detectors, reads
from runs import interval, lend

from bestiary.log import Finding, Log, Series

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "data" / "golden"
RECORDS = 150  # of a channel, at most


class Golden(NamedTuple):
    """A detector, the entry it reads, the case that shows the phenomenon and the one that resembles it."""

    detector: str
    entry: str
    shows: str
    resembles: str
    records: int = RECORDS


GOLDEN = (
    Golden("collapse_after_fit", "neural_collapse", "free_features", "no_weight_decay"),
    Golden("conserved", "balancedness", "conserved", "adam"),
    Golden("cycling", "dirac_gan", "at_once", "sufficient_penalty"),
    Golden("decline", "loss_of_plasticity", "new_labels", "leak"),
    Golden("delayed_generalization", "grokking", "grokking", "nearly_all_data"),
    Golden("departure", "lazy_to_rich", "less_rich", "lazy"),
    Golden("drop_beyond_trend", "lr_decay_drop", "decay", "noise_free"),
    Golden("edge_hover", "edge_of_stability", "gradient_descent", "small_step", 601),  # an odd stride keeps rises
    Golden("ends_below", "symmetry_test", "even", "half_odd"),
    Golden("exceeds_bound", "superposition", "sparse", "dense"),
    Golden("hump", "epoch_wise_double_descent", "two_scales", "many_samples"),
    Golden("log_growth", "max_margin", "separable", "weight_decay"),
    Golden("ordered_learning", "spectral_bias", "circle", "all_waves_as_inputs", 300),
    Golden("overshoot", "catapult", "from_3", "divergence", 401),  # over within tens of steps
    Golden("plateau_escape", "sparse_attention_emergence", "emergence", "repeated_token"),
    Golden("power_tail", "zipf_scaling", "zipf", "all_alike"),
    Golden("settles_at", "rotational_equilibrium", "equilibrium", "not_normalised"),
    Golden("spikes", "adam_loss_spikes", "mlp", "mlp_short_memory", 501),  # a spike of ten steps needs records
    Golden("staggered_modes", "saddle_to_saddle", "small_weights", "equal_strengths"),
)


def flat(arguments: tuple[Any, ...] | list[Any]) -> list[str]:
    """The names of channels among arguments."""
    return [n for c in arguments for n in ([c] if isinstance(c, str) else c)]


def told(log: Log, detector: str, arguments: tuple[Any, ...] | list[Any]) -> Finding:
    """The detector's answer with its default thresholds."""
    return detectors()[detector].function(log, *(c if isinstance(c, str) else tuple(c) for c in arguments))


def table(log: Log, names: list[str], records: int) -> str:
    """CSV of the channels: every k-th record of each, so that no more than `records` are left."""
    thin = {n: Series(*(x[:: -(-log[n].steps.size // records)] for x in log[n])) for n in names}
    steps = np.unique(np.concatenate([t for t, _ in thin.values()]))
    known = {n: dict(zip(t.tolist(), y.tolist(), strict=True)) for n, (t, y) in thin.items()}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["step", *names])
    for step in steps.tolist():
        writer.writerow([f"{step:g}", *(f"{known[n][step]:.5g}" if step in known[n] else "" for n in names)])
    return out.getvalue()


def read(text: str) -> Log:
    """The log of such a CSV."""
    rows = list(csv.DictReader(io.StringIO(text)))
    names = [n for n in rows[0] if n != "step"]
    kept = {n: [(float(row["step"]), float(row[n])) for row in rows if row[n]] for n in names}
    return Log({n: Series(*np.array(pairs).T) for n, pairs in kept.items()})


def answer(log: Log, golden: Golden) -> dict[str, Any]:
    """What must be found: state, phase, and onset to within a logging interval."""
    arguments = reads(golden.entry, golden.detector)
    finding = told(log, golden.detector, arguments)
    made: dict[str, Any] = {"detector": golden.detector, "channels": arguments, "state": str(finding.state)}
    if finding.phase:
        made["phase"] = finding.phase
    if finding.found:
        made |= {"onset": finding.onset, "within": interval(log, tuple(flat(arguments)), finding.onset)}
    return made


def write(logs: dict[tuple[str, str], Log], folder: Path) -> dict[str, Any]:
    """Write the CSV of every case that is there, and return what is found in each."""
    made: dict[str, Any] = {}
    for golden in GOLDEN:
        for case in (golden.shows, golden.resembles):
            if (golden.entry, case) in logs:
                names = flat(reads(golden.entry, golden.detector))
                text = table(lend(logs[golden.entry, case]), names, golden.records)
                name = f"{golden.detector}-{case}.csv"
                (folder / name).write_text(text, "utf-8")
                made[name] = {"entry": golden.entry, "case": case} | answer(read(text), golden)
    return made


@click.command()
@click.option("--root", type=int, default=0, show_default=True, help="Root seed; the run is its first.")
@click.option("--seeds", type=click.IntRange(1), default=8, show_default=True, help="Runs to look up or to train.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder for runs [default: that of `bestiary cache`].")
@click.option("--to", type=click.Path(path_type=Path), default=FOLDER)
def main(root: int, seeds: int, cache: Path | None, to: Path) -> None:
    """Write tests/data/golden/."""
    from bestiary.cli import options
    from bestiary.files import replace_with
    from bestiary.judge import check
    from bestiary.train import runs

    to.mkdir(parents=True, exist_ok=True)
    store, entries = options.start(cache), options.entries(None, sorted({g.entry for g in GOLDEN}))
    results = check.check(options.load_setups(entries, named=False), store, roots=[root], seeds=seeds)
    logs = {(r.entry.key, r.case.name): next(runs.logs(r.runs)) for r in results}
    made = {"command": "python benchmarks/detectors/golden_logs.py", "root": root, "seed": 0, "logs": write(logs, to)}
    replace_with(to / "golden.json", (json.dumps(made, indent=1) + "\n").encode())
    for name, of in made["logs"].items():
        click.echo(f"{name}: {of['state']}")


if __name__ == "__main__":
    main()

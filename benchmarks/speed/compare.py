"""How fast the trainer is, beside the usual ways to write the same training.

    python benchmarks/speed/compare.py
    python benchmarks/speed/compare.py --entries grokking --rounds 9 --json speed.json

Measured are seeds x steps per second of whole runs: drawing data and weights, every step, and the
entry's channels every `log_every` steps. rows.py has the rows: entries of the catalog, and a small
decoder on bytes that is written as they are. The contenders:

    trainer             bestiary.train.trainer: one device per core, its own choice of lanes
    campaign            campaign.simulate, as `bestiary check` runs it: with the costly channels (the Hessian's
                        eigenvalue), which nobody else here records; runs that have settled end early and
                        count with all their steps; chunks; an xarray.Dataset at the end
    loop                jitted steps in a Python loop, one seed after another
    scan                jit(scan) over a run's steps, one seed after another
    ensemble            jit(vmap(scan)), all seeds at once: 8 or 32, whichever a trial at the start finds faster
    torch               an ordinary PyTorch loop, fused optimiser, one seed after another: torch_setups/
    functorch           the same by torch.func: vmap(grad) over stacked parameters, the fused optimiser on the stack;
                        8 or 32 seeds, by a trial
    functorch_compiled  the same under torch.compile, the update with it; the number of seeds is the row's own, since
                        every number is compiled anew, for minutes. Needs a C++ compiler
    product             the machine's peak: float32 matrix products 512 x 512, by XLA, one process per core

All may use every core. All but the first two and the last do so in two ways, and count with the better one:
`cores`, one process of one thread pinned to each core, each with seeds of its own; `threads`, one
process with the library's own threads.

Every contender is a process (or one per core) that lives through the whole row. They take turns,
one at a time, in a new random order in every round; a ratio is the median of the ratios within
rounds, so that whatever else the machine does hits both sides, and the least and the most of them stand beside it.
Ratios of CPU time, user and system over all threads, are given beside those of wall time: other people's load is not in
them. A row is marked where other processes kept more than half a core busy while it was measured.

FLOPs of a step are XLA's cost analysis of the lowered, not yet optimised step of one seed, channels
left out. Compile times are those of both programs, beginning and advance, with an empty and with a
filled cache folder. Memory is the largest resident set of a contender's processes, added up.

The goals are printed beside what was measured. In wall time: nowhere slower than a scan or a vmapped
scan; twice as fast as torch.func compiled; against PyTorch's better way 8 times on `grokking` and
`sparse_attention_emergence`, 60 on the small tanh network, 600 on two parameters, 3 on the
transformer; half of the peak where matrix products dominate.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from contenders import BASELINES, TORCH, contenders, measure
from machine import compiler, machine
from rows import ROWS, wanted
from summary import goals, report, summarise, table

SWEEP = Path(__file__).with_name("sweep.py")


def positive(kind: type) -> Callable[[str], Any]:
    """A converter for argparse that refuses what is not above zero."""

    def convert(text: str) -> Any:
        if (value := kind(text)) > 0:
            return value
        raise argparse.ArgumentTypeError(f"want a number above 0, not {text}")

    convert.__name__ = kind.__name__  # argparse names it in its message
    return convert


def available(kinds: Sequence[str]) -> tuple[list[str], list[str]]:
    """The baselines that can run here, and a line for what cannot."""
    if TORCH.isdisjoint(kinds):
        return list(kinds), []
    if importlib.util.find_spec("torch") is None:
        line = "PyTorch is not installed and left out; to have it: pip install 'bestiary[torch]'"
        return [kind for kind in kinds if kind not in TORCH], [line]
    if "functorch_compiled" in kinds and (lacking := compiler()):
        return [kind for kind in kinds if kind != "functorch_compiled"], [
            f"torch.compile is left out: it needs {lacking}, which is not installed"
        ]
    return list(kinds), []


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for and print it."""
    entries = list(dict.fromkeys(row.key for row in ROWS))
    parser = argparse.ArgumentParser(description="Speed of the trainer beside the usual ways to write the same.")
    parser.add_argument("--entries", nargs="+", choices=entries, default=entries, metavar="ENTRY", help=f"of {entries}")
    parser.add_argument("--rounds", type=positive(int), default=5, help="turns of every contender (%(default)s)")
    parser.add_argument("--seconds", type=positive(float), default=0.5, help="least length of a turn (%(default)s)")
    parser.add_argument("--steps", type=positive(int), help="of a run, in place of the row's own number")
    parser.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    parser.add_argument("--sweep", action="store_true", help="sweeps over a knob too: sweep.py")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there, every turn's too")
    asked = parser.parse_args(arguments)
    kinds, left_out = available([kind for kind in BASELINES if not (asked.no_torch and kind in TORCH)])
    rows, lines = wanted(asked.entries)
    for line in [*left_out, *lines]:
        print(line, file=sys.stderr)
    here, results = machine(), {}
    print(json.dumps(here))
    for row in rows:
        with contenders(row, asked.steps, kinds) as (everyone, facts):
            turns, others = measure(everyone, asked.rounds, asked.seconds)
        results[row.name] = facts | {"others": others} | summarise(turns, facts) | {"turns": turns}
        print("\n" + report(row.name, results[row.name]), flush=True)
        if asked.json:  # row by row: what was measured stays if a later row fails
            asked.json.write_text(json.dumps({"machine": here, "asked": vars(asked), "rows": results}, default=str))
    for what in ("wall", "cpu"):
        print(f"Times faster than each, {what} time: median over rounds (least to most).\n\n{table(results, what)}\n")
    print("Goals, wall time:\n" + goals(results))
    if asked.sweep:
        subprocess.run([sys.executable, SWEEP, "--rounds", str(asked.rounds)], check=True)


if __name__ == "__main__":
    main()

"""False alarms of the detectors that are asked of everybody's logs, on healthy curves, and hits on planted ones.

    python benchmarks/detectors/everyday.py [--seeds 1000:1500]

The curves are those of tests/helpers/healthy.py and planted.py.

Thresholds were tuned on the seeds below 1000; those from 1000 on judge.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "helpers"))


def limit(k: int, n: int) -> float:
    """The exact one-sided 95 % limit of a rate, k of n."""
    from scipy.stats import beta

    return 1.0 if k == n else float(beta.ppf(0.95, k + 1, n - k))


@click.command()
@click.option("--seeds", default="1000:1500", show_default=True, metavar="FIRST:STOP")
@click.option("--show", is_flag=True, help="Print every alarm.")
def main(seeds: str, show: bool) -> None:
    """Ask every detector, and print how often each finds something."""
    from healthy import HEALTHY, healthy
    from planted import PLANTED, planted

    from bestiary.watch import detect

    first, stop = map(int, seeds.split(":"))
    alarms, runs = Counter[tuple[str, str]](), Counter[str]()
    for kind in HEALTHY:
        for seed in range(first, stop):
            runs[kind] += 1
            for answer in detect.answers(healthy(kind, seed)):
                if answer.severity is not None:
                    alarms[answer.detector, kind] += 1
                    if show:
                        click.echo(f"{kind} {seed} {answer.detector} {answer.where}: {answer.finding.reason}")
    for name in sorted({detector for detector, _ in alarms}):
        by = {kind: alarms[name, kind] for kind in HEALTHY if alarms[name, kind]}
        k, n = sum(by.values()), runs.total()
        told = ", ".join(f"{kind} {count}/{runs[kind]}" for kind, count in by.items())
        click.echo(f"{name}: {k}/{n}, {k / n:.2%}, below {limit(k, n):.2%}: {told}")
    click.echo(f"no other detector fires; 0/{runs.total()} is below {limit(0, runs.total()):.2%}")
    for kind, (name, _) in PLANTED.items():
        logs = [planted(kind, seed)[0] for seed in range(first, stop)]
        k = sum(any(a.detector == name and a.severity is not None for a in detect.answers(log)) for log in logs)
        click.echo(f"{name} planted, {kind}: {k}/{len(logs)}, {k / len(logs):.1%}")


if __name__ == "__main__":
    main()

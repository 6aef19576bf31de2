"""False alarms of the detectors that are asked of everybody's logs, on healthy curves, and hits on planted ones.

    python benchmarks/detectors/everyday.py [--seeds 1000:2000] [--show] [--write]

The curves are those of tests/helpers/healthy.py and planted.py. Thresholds were tuned on the seeds below 1000; those
from 1000 on judge. `--write` rewrites the two tables of docs/detectors.md.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "detectors.md"
MARK = re.compile(r"(<!-- (everyday|planted): [^>]*-->\n).*?(<!-- end of \2 -->)", re.DOTALL)
sys.path.insert(0, str(ROOT / "tests" / "helpers"))


def limit(k: int, n: int) -> float:
    """The exact one-sided 95 % limit of a rate, k of n."""
    from scipy.stats import beta

    return 1.0 if k == n else float(beta.ppf(0.95, k + 1, n - k))


def alarms(seeds: Sequence[int], show: bool = False) -> dict[str, dict[str, int]]:
    """{detector: {kind of healthy run: runs in which it fires}} of those that fire at all."""
    from healthy import HEALTHY, healthy

    from bestiary.watch import detect

    made: dict[str, Counter[str]] = {}
    for kind in HEALTHY:
        for seed in seeds:
            found = [answer for answer in detect.answers(healthy(kind, seed)) if answer.severity is not None]
            for name in {answer.detector for answer in found}:
                made.setdefault(name, Counter())[kind] += 1
            for answer in found if show else ():
                click.echo(f"{kind} {seed} {answer.detector} {answer.where}: {answer.finding.reason}")
    return {name: dict(made[name]) for name in sorted(made)}


def hits(seeds: Sequence[int]) -> dict[str, tuple[str, int]]:
    """{what was planted: (detector, runs in which it finds something)}."""
    from planted import PLANTED, planted

    from bestiary.watch import detect

    made = {}
    for kind, (name, _) in PLANTED.items():
        logs = [planted(kind, seed)[0] for seed in seeds]
        made[kind] = (
            name,
            sum(
                any(answer.detector == name and answer.severity is not None for answer in detect.answers(log))
                for log in logs
            ),
        )
    return made


def tables(
    seeds: Sequence[int], false: Mapping[str, Mapping[str, int]], true: Mapping[str, tuple[str, int]]
) -> dict[str, str]:
    """The tables of the page, by the names of their marks."""
    from healthy import HEALTHY

    each, of = len(seeds), len(seeds) * len(HEALTHY)
    rows = ["| detector | false alarms | 95 % limit | on |", "| --- | ---: | ---: | --- |"]
    for name, by in false.items():
        k, where = sum(by.values()), ", ".join(f"{_words(kind)} {n}/{each}" for kind, n in by.items())
        rows.append(f"| {_words(name)} | {k}/{of} | < {100 * limit(k, of):.2f} % | {where} |")
    rows.append(f"| every other | 0/{of} | < {100 * limit(0, of):.2f} % | |")
    other = ["| planted | detector | hits |", "| --- | --- | ---: |"]
    other += [f"| {_words(kind)} | {_words(name)} | {k}/{each} |" for kind, (name, k) in true.items()]
    return {"everyday": "\n".join(rows) + "\n", "planted": "\n".join(other) + "\n"}


def _words(name: str) -> str:
    return name.replace("_", " ")


@click.command()
@click.option("--seeds", default="1000:2000", show_default=True, metavar="FIRST:STOP")
@click.option("--show", is_flag=True, help="Print every alarm.")
@click.option("--write", is_flag=True, help="Rewrite the tables of docs/detectors.md.")
def main(seeds: str, show: bool, write: bool) -> None:
    """Ask every detector, and print how often each finds something."""
    first, stop = map(int, seeds.split(":"))
    made = tables(range(first, stop), alarms(range(first, stop), show), hits(range(first, stop)))
    for table in made.values():
        click.echo(table)
    if write:
        page = MARK.sub(lambda mark: f"{mark[1]}{made[mark[2]]}{mark[3]}", PAGE.read_text("utf-8"))
        PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()

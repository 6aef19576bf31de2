"""How right each detector is: on runs of the catalog, on what real logs do to them, beside the rules in public use.

    python benchmarks/detectors/measure.py [--tuning 0] [--roots 3,4] [--seeds 8] [--out FOLDER] [ENTRY ...]
    python benchmarks/detectors/measure.py --write

Thresholds of published rules are calibrated on the tuning root, and operating curves drawn there; every rate in the
tables is of the other roots. The rates are printed. `--out` writes them, their tables and their figures to a folder;
`--write` rewrites benchmarks/measured/detectors.json, the tables of docs/detectors.md and docs/figures/detectors-*.png.
Runs come from the cache or are trained. Change points need the extra `rules`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import figures
import overlaps
import pages
from judges import detectors, reads, rules, values
from runs import CONDITIONS, Row, Task, judged
from scores import Curve, by_condition, calibrate, curve, rate

from bestiary.certify.published_rules import RULES
from bestiary.log import Log

if TYPE_CHECKING:
    from bestiary.judge.check import CaseResult

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "detectors.md"


def tasks(results: Iterable[CaseResult], per: int, **more: Any) -> list[Task]:
    """One for each case and root; a sweep along another axis than time is no training log and left out."""
    from bestiary.train import runs

    return [
        Task(
            r.entry.key,
            r.case.name,
            r.root,
            r.entry.detector,
            frozenset(r.entry.also_fires),
            r.case.control is None,
            tuple(runs.logs(r.runs)),
            reads(r.entry.key, r.entry.detector),
            per,
            **more,
        )
        for r in results
        if r.runs["step"].attrs["units"] == "step"
    ]


def judge_all(given: Sequence[Task], workers: int, tell: Callable[[str], None]) -> list[Row]:
    """The rows of all tasks, long ones first; in this process if there is one worker."""
    rows: list[Row] = []
    if workers == 1:
        for task in given:
            rows += judged(task)
        return rows
    size = {id(task): sum(c.steps.size for log in task.logs for c in log.channels.values()) for task in given}
    queue = sorted(given, key=lambda task: -size[id(task)])
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:  # a fork would inherit JAX's threads
        for i, part in enumerate(pool.map(judged, queue)):
            rows += part
            tell(f"{i + 1} of {len(queue)} cases")
    return rows


def own_rates(results: Iterable[CaseResult]) -> dict[str, dict[str, list[int]]]:
    """{detector: hits and false alarms on its own entries' runs as recorded, with the thresholds these set}."""
    made: dict[str, dict[str, list[int]]] = {}
    for r in results:
        if r.runs["step"].attrs["units"] == "step":
            of = made.setdefault(r.entry.detector, {"hit": [0, 0], "false_alarm": [0, 0]})
            pair = of["hit" if r.case.control is None else "false_alarm"]
            pair[0] += sum(f.found for f in r.findings)
            pair[1] += len(r.findings)
    return made


def _told(drawn: Curve) -> dict[str, Any]:
    return {
        "values": drawn.values,
        "hit": list(map(list, drawn.hit)),
        "false_alarm": list(map(list, drawn.false_alarm)),
    }


def _dialled(tuned: Sequence[Row], detector: str, told: bool) -> dict[str, Any]:
    """The detector's main threshold, its default and the operating curve along it; nothing without a dial."""
    dial = detectors()[detector].dial
    if dial is None:
        return {}
    tried = values(detector)
    default = float(tried[tried.size // 2])
    return {"threshold": dial.threshold, "default": default, "tuning": _told(curve(tuned, detector, told))}


def calibration(tuned: Sequence[Row]) -> dict[str, float]:
    """{rule: the laxest threshold at which its false-alarm rate on the tuning root is no more than its rival's}."""
    made = {}
    for name in rules():
        ours = rate(r for r in tuned if r.judge == RULES[name].rival and not r.positive and not r.calibrated)
        value = calibrate(curve(tuned, name), ours.share) if ours.n else None
        if value is not None:
            made[name] = value
    return made


def record(tuned: Sequence[Row], rows: Sequence[Row], own: dict[str, Any]) -> dict[str, Any]:
    """{detector: scores, threshold, operating curve, rules}."""
    made: dict[str, Any] = {}
    grouped: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row.judge, row.calibrated), []).append(row)
    fixed = calibration(tuned)
    for name in sorted({judge for judge, _ in grouped} - set(RULES)):
        made[name] = by_condition(grouped[name, False]) | _dialled(tuned, name, False)
        if name in own:
            made[name]["as_its_entries_set_it"] = own[name]
        if (name, True) in grouped:
            made[name]["told"] = by_condition(grouped[name, True]) | _dialled(tuned, name, True)
        told = {}
        for rule in (rule for rule in rules() if RULES[rule].rival == name):
            of = RULES[rule]
            told[rule] = {"threshold": of.threshold, "published": of.published, "calibrated": fixed.get(rule)}
            told[rule]["tuning"] = _told(curve(tuned, rule))
            for key, calibrated in (("at_published", False), ("at_calibrated", True)):
                if part := grouped.get((rule, calibrated)):
                    told[rule][key] = by_condition(part)
        if told:
            made[name]["rules"] = told
    return made


def publish(made: dict[str, Any], rates: Path, page: Path, drawn: Path) -> None:
    """Write the rates, docs/detectors.md with their tables in place of its own, and the figures' folder."""
    from bestiary.files import replace_with

    for folder in (rates.parent, page.parent, drawn):
        folder.mkdir(parents=True, exist_ok=True)
    replace_with(rates, (json.dumps(made, indent=1, allow_nan=False) + "\n").encode())
    page.write_text(pages.rewritten(PAGE.read_text("utf-8"), made), "utf-8")
    figures.draw(made, drawn)


def _roots(_: click.Context, __: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} is no list of root seeds; write 3,4") from None


@click.command()
@click.argument("keys", nargs=-1, metavar="[ENTRY ...]")
@click.option("--tuning", type=int, default=0, show_default=True, help="Root on which rules are calibrated.")
@click.option("--roots", callback=_roots, default="3,4", show_default=True, help="Roots on which rates are measured.")
@click.option("--seeds", type=click.IntRange(1), default=8, show_default=True, help="Runs of every case on a root.")
@click.option("--per", type=click.IntRange(1), default=2, show_default=True, help="Runs lent to other detectors.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder for runs [default: that of `bestiary cache`].")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the rates, tables, figures.")
@click.option("--write", is_flag=True, help="Rewrite detectors.json, the tables and the figures of this checkout.")
def main(
    keys: tuple[str, ...],
    tuning: int,
    roots: tuple[int, ...],
    seeds: int,
    per: int,
    workers: int,
    cache: Path | None,
    out: Path | None,
    write: bool,
) -> None:
    """Measure every detector and print its hits and false alarms."""
    import bestiary
    from bestiary.cli import options
    from bestiary.judge import check
    from bestiary.train import runs

    if tuning in roots:
        raise click.BadParameter(f"--tuning {tuning} is one of --roots; what is tuned is not measured")
    if write and keys:
        raise click.UsageError("--write rewrites what is said of every detector; leave the entries out, or use --out")
    entries = options.entries(None, keys)
    store = options.start(cache)
    setups = options.load_setups(entries, named=False)

    def tell(line: str) -> None:
        click.echo(line, err=True)

    first = check.check(setups, store, roots=[tuning], seeds=seeds)
    tuned = judge_all(tasks(first, per, sweep=True), workers, tell)
    results = check.check(setups, store, roots=roots, seeds=seeds)
    rows = judge_all(tasks(results, per, calibrated=calibration(tuned)), workers, tell)
    logs: dict[tuple[str, str], list[Log]] = {}
    for r in results:
        logs.setdefault((r.entry.key, r.case.name), []).extend(runs.logs(r.runs))
    made = {
        "roots": list(roots),
        "tuning_root": tuning,
        "seeds": seeds,
        "runs": sum(len(r.findings) for r in results),
        "answers": len(rows),
        "conditions": list(CONDITIONS),
        "date": datetime.now(UTC).date().isoformat(),
        "bestiary": bestiary.__version__,
        "detectors": record(tuned, rows, own_rates(results)),
        "overlaps": overlaps.table(logs),
    }
    if out is not None:
        publish(made, out / "detectors.json", out / "detectors.md", out / "figures")
    if write:
        publish(made, ROOT / "benchmarks" / "measured" / "detectors.json", PAGE, PAGE.parent / "figures")
    for line in pages.summary(made):
        click.echo(line)


if __name__ == "__main__":
    main()

"""How right the detectors are on anyone's logs: a folder, and what somebody saw in them.

    python benchmarks/detectors/foreign.py FOLDER LABELS [--json FILE] [--show]

LABELS is a CSV with a line of names, or a JSON list of objects with the same keys:

    file,finding,from,to
    gpt2-run3.csv,spike,40100,40250
    gpt2-run3.csv,lost,56100,
    resnet/seed0.csv,,,

`file` is a log, or a folder that is one, below FOLDER. `finding` is a detector's name, or `diverged`; a file has as
many rows as it has findings, and without one it is healthy. `from` and `to` are steps, in the unit of the log; without
`to` the finding begins at `from`, without either its place is not known. What is not labelled counts as a false alarm,
so label all that is there.

A hit is a finding as `bestiary detect` tells it, where the label is: its place, or one of them, and the labelled
stretch have something in common, give or take `--slack` of the run. Found elsewhere is no hit, and has a column of its
own. A false alarm is a finding in a labelled file that has no such label, of those in which the detector could answer.
The limits are exact, two-sided, 95 %, and take the files for independent draws: two logs of one run are not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from labels import Bad, Label, read_labels

from bestiary.log import State
from bestiary.logs.run_table import Unreadable
from bestiary.watch import detect, sentences
from bestiary.watch.detect import Answer, Read

HEAD = ("detector", "hits", "95 %", "elsewhere", "false alarms", "95 %", "in healthy", "off [record]", "off [% of run]")


class Place(NamedTuple):
    """How far from its label something was found."""

    records: float
    share: float  # [1] of the run


def limits(k: int, n: int) -> tuple[float, float]:
    """The exact two-sided 95 % interval of a rate, k of n; all of [0, 1] of none."""
    from scipy.stats import binomtest

    found = binomtest(k, n).proportion_ci(0.95) if n else (0.0, 1.0)
    return float(found[0]), float(found[1])


def places(answer: Answer) -> list[tuple[float, float]]:
    """[step] From and to of all that a finding marks; empty if it gives no place."""
    first = [answer.where] if answer.where is not None else []
    return [*first, *((span.start, span.stop) for span in answer.finding.spans)]


def off(read: Read, answer: Answer, label: Label, slack: float) -> Place | None:
    """How far a finding begins from its label; nan if a place is not known, None if it is elsewhere."""
    if np.isnan(label.start) or not places(answer):
        return Place(np.nan, np.nan)
    log = read.reading.log
    steps = max((log[name].steps for name in answer.reads if name in log), key=len, default=np.zeros(2))
    length = float(steps[-1] - steps[0]) or 1.0
    room = slack * length
    near = [lo for lo, hi in places(answer) if lo <= label.stop + room and hi >= label.start - room]
    if not near:
        return None
    at = min(near, key=lambda lo: abs(lo - label.start))
    between = np.sum((steps > min(at, label.start)) & (steps <= max(at, label.start)))
    return Place(float(between), abs(at - label.start) / length)


class Score:
    """What one detector did."""

    def __init__(self) -> None:
        self.labels = self.hits = self.elsewhere = 0
        self.alarms, self.asked, self.healthy_alarms, self.healthy = 0, 0, 0, 0
        self.places: list[Place] = []

    def json(self) -> dict[str, Any]:
        """Counts, limits, and the medians of the places that are known."""
        known = np.array([place for place in self.places if np.isfinite(place.records)]).reshape(-1, 2)
        middle = np.median(known, axis=0).tolist() if len(known) else [None, None]
        return {
            "hit": [self.hits, self.labels],
            "hit_limits": limits(self.hits, self.labels),
            "elsewhere": self.elsewhere,
            "false_alarm": [self.alarms, self.asked],
            "false_alarm_limits": limits(self.alarms, self.asked),
            "false_alarm_healthy": [self.healthy_alarms, self.healthy],
            "place": {"n": len(known), "median_records": middle[0], "median_share": middle[1]},
        }


def judge(
    labels: Sequence[Label], reads: Mapping[str, Sequence[Read]], slack: float
) -> tuple[dict[str, Score], list[str]]:
    """Score every detector that was labelled or that could answer; a line for each miss and false alarm beside it."""
    names = [detect.DIVERGED, *detect.detectors()]
    scores, lines = {name: Score() for name in names}, []
    for file, found in reads.items():
        own = [label for label in labels if label.file == file]
        told = [(read, a) for read in found for a in sentences.told(read.answers) if a.severity is not None]
        can = {a.detector for read in found for a in read.answers if a.finding.state is not State.NOT_APPLICABLE}
        for label in own:
            if label.finding:
                lines += _positive(scores[label.finding], label, told, slack)
        for name in sorted((can | {detect.DIVERGED}) - {label.finding for label in own}):
            score, alarms = scores[name], [answer for _, answer in told if answer.detector == name]
            healthy = not any(label.finding for label in own)
            score.asked += 1
            score.alarms += bool(alarms)
            score.healthy += healthy
            score.healthy_alarms += healthy and bool(alarms)
            lines += [f"false alarm: {file}: {name}: {answer.finding.reason}" for answer in alarms[:1]]
    return {name: score for name, score in scores.items() if score.labels or score.asked}, lines


def _positive(score: Score, label: Label, told: Iterable[tuple[Read, Answer]], slack: float) -> list[str]:
    score.labels += 1
    same = [(read, answer) for read, answer in told if answer.detector == label.finding]
    hits = [place for read, answer in same if (place := off(read, answer, label, slack)) is not None]
    if hits:
        score.hits += 1
        score.places.append(min(hits, key=lambda place: place.records if np.isfinite(place.records) else np.inf))
        return []
    score.elsewhere += bool(same)
    at = "" if np.isnan(label.start) else f" at step {label.start:g}"
    return [f"{'elsewhere' if same else 'missed'}: {label.file}: {label.finding}{at}"]


def table(scores: Mapping[str, Score]) -> str:
    """One line a detector, in columns."""

    def of(pair: Sequence[int]) -> str:
        return f"{pair[0]}/{pair[1]}" if pair[1] else "-"

    def percent(pair: Sequence[float], n: int) -> str:
        return f"{pair[0]:.0%} to {pair[1]:.0%}" if n else "-"

    rows = [HEAD]
    for name, score in scores.items():
        it = score.json()
        place = it["place"]
        hits = of(it["hit"]), percent(it["hit_limits"], score.labels), str(it["elsewhere"]) if score.labels else "-"
        alarms = of(it["false_alarm"]), percent(it["false_alarm_limits"], score.asked), of(it["false_alarm_healthy"])
        off_by = (f"{place['median_records']:g}", f"{place['median_share']:.1%}") if place["n"] else ("-", "-")
        rows.append((name, *hits, *alarms, *off_by))
    wide = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, wide, strict=True)).rstrip() for row in rows)


def read_all(
    folder: Path, labels: Sequence[Label], columns: Mapping[str, str]
) -> tuple[dict[str, Sequence[Read]], list[str]]:
    """Every labelled log with all answers, and a line for each that cannot be read.

    Raises:
        Bad: a label names what is not in the folder, or no log has a column of the user's.
    """
    made, failed, used = {}, [], set[str]()
    files = list(dict.fromkeys(label.file for label in labels))
    if gone := [file for file in files if not (folder / file).exists()]:
        raise Bad(f"{folder} has no {gone[0]}" + (f", nor {len(gone) - 1} more" if len(gone) > 1 else ""))
    for file in files:
        reads, lines = _read(folder / file, {})
        there = {use.column for read in reads for use in read.reading.uses}
        steps = {read.reading.steps.strip("`") for read in reads}
        own = {channel: column for channel, column in columns.items() if not reads or column in there | steps}
        if own:
            again, more = _read(folder / file, own)
            reads, lines = (again, more) if again else (reads, lines)
            used |= set(own) if again else set()
        failed += lines
        if reads:
            made[file] = reads
    if unused := [f"{channel}={column}" for channel, column in columns.items() if channel not in used]:
        raise Bad(f"--channel {unused[0]}: no log has such a column")
    return made, failed


def _read(path: Path, columns: Mapping[str, str]) -> tuple[Sequence[Read], list[str]]:
    try:
        reads, lines = detect.inspect_paths([path], columns)
    except Unreadable as error:
        reads, lines = [], [error]
    return reads, [str(line) for line in lines]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("labels", type=click.Path(path_type=Path))
@click.option("--channel", "named", multiple=True, metavar="NAME=COLUMN", help="As of `bestiary detect`, where it is.")
@click.option("--json", "out", type=click.Path(path_type=Path), metavar="FILE", help="Write the numbers, too.")
@click.option("--slack", default=0.02, show_default=True, help="[1] of a run by which a label may be off.")
@click.option("--show", is_flag=True, help="Print every miss and every false alarm.")
def main(folder: Path, labels: Path, named: Sequence[str], out: Path | None, slack: float, show: bool) -> None:
    """Measure the detectors on the logs of FOLDER against LABELS."""
    try:
        if not folder.is_dir():
            raise Bad(f"{folder} is no folder")
        if odd := [word for word in named if not all(word.partition("="))]:
            raise Bad(f"--channel {odd[0]}: want NAME=COLUMN")
        columns = dict(word.split("=", 1) for word in named)
        detect.check_channels(columns)
        rows = read_labels(labels)
        reads, failed = read_all(folder, rows, columns)
        if not reads:
            raise Bad(failed[0])
    except (Bad, Unreadable) as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    for line in failed:
        click.echo(line, err=True)
    scores, lines = judge(rows, reads, slack)
    healthy = len(reads) - len({label.file for label in rows if label.finding and label.file in reads})
    told = sum(bool(label.finding) for label in rows if label.file in reads)
    click.echo("\n".join([*(lines if show else []), table(scores)]))
    click.echo(f"{len(reads)} logs, {healthy} of them healthy, {told} labels; a label may be {slack:.0%} of a run off")
    if out is not None:
        made = {"logs": len(reads), "healthy": healthy, "labels": told, "slack": slack, "failed": failed}
        made |= {"detectors": {name: score.json() for name, score in scores.items()}, "lines": lines}
        out.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    sys.exit(2 if failed else 0)


if __name__ == "__main__":
    main()

"""`bestiary certify`: known answers for anybody's detector or estimator. Imports JAX only for --runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bestiary.cli import completion
from bestiary.cli.options import (
    ROOT,
    SEEDS,
    BadInput,
    FiniteRange,
    cache_option,
    entries,
    fitting,
    json_option,
    load_setups,
    probe,
    progress_bars,
    start,
    wide_option,
    writing,
)
from bestiary.cli.output.shown import echo, echo_json

if TYPE_CHECKING:
    from bestiary.certify.asking import Asker, OnCase
    from bestiary.certify.cases import Case
    from bestiary.certify.certificate import Certificate
    from bestiary.certify.kinds import Kind
    from bestiary.certify.problems import EstimatorKind

DETECTORS = ("spike", "grokking", "plateau", "double_descent", "edge", "divergence")
ESTIMATORS = ("sharpness", "noise_scale", "effective_rank", "participation_ratio", "stable_rank")
ESTIMATORS += ("learning_coefficient", "power_law_exponent", "coordinate_check")
DAY = 86_400.0  # [s] longest limit that is meant
FILES = {"--html": (".html", ".htm"), "--badge": (".svg", ".json")}


@click.command(short_help="Measure a detector or an estimator of your own on known answers.")
@click.argument("target", required=False, shell_complete=completion.functions)
@click.option("--as", "kind", type=click.Choice(DETECTORS + ESTIMATORS), metavar="KIND", help="What it is to tell.")
@click.option("--command", metavar="COMMAND", help="Ask a command: it reads {csv}, or standard input, and prints JSON.")
@click.option("--seeds", type=SEEDS, default=16, show_default=True, help="Logs of every shape.")
@click.option("--root", type=ROOT, default=1, show_default=True, help="Root seed of the cases; tune on 0.")
@click.option("--thorough", is_flag=True, help="Every log under every transformation [default: three each, in turn].")
@click.option("--runs", multiple=True, metavar="ENTRY", shell_complete=completion.entries, help="Add runs of an entry.")
@click.option("--alone", is_flag=True, help="Do not ask our detector and the rules in public use beside it.")
@click.option(
    "--timeout",
    type=FiniteRange(0, DAY, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds for one case.",
)
@click.option("--baseline", type=click.Path(path_type=Path, dir_okay=False), help="Compare; exit 1 if it got worse.")
@click.option("--write-baseline", "record", is_flag=True, help="Record the answers in the file of --baseline.")
@click.option("--level", type=FiniteRange(0, 0.5, min_open=True), help="False-alarm rate of --baseline [0.01].")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page there.")
@click.option(
    "--badge", type=click.Path(path_type=Path, dir_okay=False), help="Write an .svg, or .json for shields.io."
)
@json_option
@wide_option
@cache_option
def certify(
    target: str | None,
    kind: str | None,
    command: str | None,
    seeds: int,
    root: int,
    thorough: bool,
    runs: Sequence[str],
    alone: bool,
    timeout: float,
    baseline: Path | None,
    record: bool,
    level: float | None,
    html: Path | None,
    badge: Path | None,
    as_json: bool,
    wide: bool,
    cache: Path | None,
) -> None:
    """Measure a detector or an estimator of your own on cases whose answer is known.

    KIND of a detector is spike, grokking, plateau, double_descent, edge or divergence; of an estimator sharpness,
    noise_scale, effective_rank, participation_ratio, stable_rank, learning_coefficient, power_law_exponent or
    coordinate_check.

    TARGET is package.module:function or path/to/file.py:function. A detector is given a log, arrays or a DataFrame, by
    the names of its parameters, and returns whether and where; an estimator is given what its parameters name, and
    returns a number. docs/certify.md has the forms. Exit status: 0 measured, and not worse than a baseline; 1 worse, or
    no answer at all; 2 bad usage.
    """
    if kind is None:
        raise BadInput(f"certify: say with --as what it is to tell: {', '.join(DETECTORS + ESTIMATORS)}")
    _usage(target, command, baseline, record, level, html, badge)
    from bestiary.certify import certificate
    from bestiary.certify.baseline import LEVEL

    asked_as = certificate.kind_of(kind)
    asker = _asker(target, command, asked_as, timeout)
    more = _recorded(asked_as, runs, root, seeds, cache) if runs else []
    each = None if thorough else certificate.EACH
    with _counted() as on_case:
        made = certificate.certified(asker, asked_as, root, seeds, each, timeout, not alone, more, on_case)
    if baseline is not None:
        made = _kept(made, baseline, record, level or LEVEL)
    written = _written(made, html, badge)  # first: whoever reads what is printed may stop
    if as_json:
        from bestiary.cli.output.as_json import text

        echo_json(text(certificate.as_json(made)))
    else:
        from bestiary.cli.output.certificates import print_certificate

        print_certificate(made, wide)
    for path in written:
        echo(f"wrote {path}", err=as_json)
    if made.worse or made.silent:
        sys.exit(1)


def _usage(
    target: str | None,
    command: str | None,
    baseline: Path | None,
    record: bool,
    level: float | None,
    html: Path | None,
    badge: Path | None,
) -> None:
    """Refuse what does not go together, before anything is imported or asked."""
    if (target is None) == (command is None):
        raise BadInput("certify: name one target, a function (my_rule.py:spike) or --command 'python my_rule.py {csv}'")
    if baseline is None and (record or level is not None):
        raise BadInput(f"{'--write-baseline' if record else '--level'}: needs --baseline FILE")
    if record and level is not None:
        raise BadInput("--level: is of a comparison, and --write-baseline makes none")
    if baseline is not None and not record and not baseline.is_file():
        raise BadInput(f"--baseline {baseline}: no such file; --write-baseline records what the target answers today")
    for option, path in (("--html", html), ("--badge", badge)):
        if path is not None and path.suffix not in FILES[option]:
            raise BadInput(f"{option} {path}: name it {' or '.join(FILES[option])}")
        probe(option, path, path and path.parent)
    if record and baseline is not None:
        probe("--baseline", baseline, baseline.parent)


def _asker(target: str | None, command: str | None, kind: Kind | EstimatorKind, timeout: float) -> Asker:
    from bestiary.certify import asking, certificate
    from bestiary.certify.targets import NoTarget

    try:
        if command is not None:
            return asking.command(command, kind, timeout)
        return certificate.asker_of(target or "", kind)
    except NoTarget as error:
        raise BadInput(str(error)) from error


def _recorded(kind: Kind | EstimatorKind, keys: Sequence[str], root: int, seeds: int, cache: Path | None) -> list[Case]:
    """Train the cases of entries whose detector answers the question, or take them from what is kept."""
    from bestiary.certify import cases
    from bestiary.certify.kinds import Kind

    if not isinstance(kind, Kind):
        raise BadInput(f"--runs: an estimator of {kind.name} is asked about problems, not about runs")
    chosen = fitting(entries(None, keys))
    if other := [entry for entry in chosen if entry.detector not in kind.ours]:
        about = f"it shows {other[0].detector.replace('_', ' ')}, not {kind.name}"
        raise BadInput(f"--runs {other[0].key}: {about}; want an entry whose detector is {' or '.join(kind.ours)}")
    store = start(cache)
    from bestiary.judge import check
    from bestiary.train import runs

    with progress_bars() as on_progress:
        setups = load_setups(chosen, named=True)
        results = check.check(setups, store, roots=[root], seeds=seeds, on_progress=on_progress)
    logs = []
    for result in results:
        group = f"{result.entry.key}/{result.case.name}"
        if result.runs["step"].attrs["units"] != "step":
            continue  # a sweep along another axis is no log of training
        logs += [
            (f"{group}/{seed}", group, log, result.case.control is None)
            for seed, log in enumerate(runs.logs(result.runs))
        ]
    return cases.recorded(kind, logs)


@contextmanager
def _counted() -> Iterator[OnCase | None]:
    """Show on a terminal how many cases were asked about."""
    from bestiary.cli.output.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("asking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _kept(made: Certificate, path: Path, record: bool, level: float) -> Certificate:
    """Record the answers, or compare them."""
    from bestiary.certify import baseline, certificate

    if record:
        if made.silent:
            raise BadInput(f"--write-baseline {path}: the target gave no answer at all; nothing was recorded")
        with writing("--baseline", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            baseline.write(path, {"target": made.target, **made.head}, made.rows)
        echo(f"wrote {path}", err=True)
        return made
    try:
        return certificate.compared(made, path, level)
    except baseline.BadBaseline as error:
        raise BadInput(f"--baseline {error}") from error


def _written(made: Certificate, html: Path | None, badge: Path | None) -> list[Path]:
    """Write the page and the badge; return what was written."""
    from bestiary.certify import badge as badges
    from bestiary.certify import page

    asked = [("--html", html, page.write), ("--badge", badge, badges.write)]
    for option, path, write in asked:
        if path is not None:
            with writing(option, path):
                path.parent.mkdir(parents=True, exist_ok=True)
                write(made, path)
    return [path for _, path, _ in asked if path is not None]

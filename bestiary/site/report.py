"""One page of what was just run, found in logs or judged: a single file that can be mailed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from bestiary.figures.logs import DECADES, judged, panels_of, thin
from bestiary.site.listing import Block
from bestiary.site.pictures import attributes
from bestiary.site.templating import ASSETS, environment
from bestiary.site.thinning import row, short, steps
from bestiary.watch import sentences
from bestiary.watch.detect import Read

POINTS = 400  # stretches of a curve; each keeps its least and its greatest record
DRAWN = 40  # runs whose curves are drawn; of the others there are words alone


class Said(NamedTuple):
    """A finding, in a sentence; how severe it is, and what people do about it."""

    severity: str
    words: str
    remedy: str


class Run(NamedTuple):
    """A run of a log: its name, how it was read, and what was found."""

    name: str
    read: str
    said: Sequence[Said]


def page(reads: Sequence[Read], errors: Sequence[str]) -> bytes:
    """Write a page with the findings and the curves of runs; names from logs are escaped.

    Args:
        reads: the runs, with the answers of every detector.
        errors: a line for each file that could not be read.
    """
    runs = [_run(read) for read in reads]
    found = sum(bool(run.said) for run in runs)
    return _rendered(
        "report.html",
        ("uPlot.min.css", "site.css"),
        ("uPlot.iife.min.js", "site.js", "charts.js", "report.js"),
        title=f"{_runs(len(runs))}: {'nothing found' if not found else f'something found in {found}'}",
        summary="What every detector of bestiary says of these logs, in order of the files.",
        runs=runs,
        errors=errors,
        curves=[_panels(read) for read in reads[:DRAWN]] + [[]] * (len(reads) - DRAWN),
    )


class Judged(NamedTuple):
    """An entry that was judged: its blocks with their claims, and a PNG of its runs and of each of them."""

    title: str
    key: str
    definition: str
    figure: bytes
    blocks: Sequence[tuple[Block, bytes]]


def verdicts_page(entries: Sequence[Judged], summary: str) -> bytes:
    """Write a page with the verdicts on entries and their figures: a single file that can be mailed."""
    title = f"{len(entries)} entr{'y' if len(entries) == 1 else 'ies'} judged"
    told = {"title": title, "summary": summary, "entries": entries, "png": _inline}
    return _rendered("verdicts.html", ("site.css",), ("site.js",), **told)


def _rendered(template: str, styles: Sequence[str], scripts: Sequence[str], **told: Any) -> bytes:
    """Write a page with all in it that it loads."""
    told |= {"style": Markup("".join(map(_asset, styles))), "theme": Markup(_asset("theme.js"))}
    told |= {"scripts": [Markup(_asset(name)) for name in scripts], "date": datetime.now(UTC).date().isoformat()}
    return environment().get_template(template).render(**told).encode()


def _inline(content: bytes) -> Markup:
    """Write a PNG as the attributes of a picture."""
    data = base64.b64encode(content).decode()
    return Markup(' src="data:image/png;base64,{}"{}').format(data, attributes(content))


def _asset(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")


def _runs(n: int) -> str:
    return f"{n} run{'' if n == 1 else 's'}"


def _run(read: Read) -> Run:
    said = [
        Said(
            "undecided" if a.severity is None else str(a.severity),
            sentences.of_one(read, a),
            sentences.remedy(a.detector),
        )
        for a in sentences.told(read.answers)
    ]
    columns = ", ".join(f"{use.channel} from {use.column}" for use in read.reading.uses if use.channel)
    name = ", ".join(filter(None, (read.path.name, read.reading.run))) or "in memory"
    return Run(name, f"{read.reading.steps}; {columns}", said)


def _panels(read: Read) -> list[dict[str, Any]]:
    """Thin the curves of a run, panel by panel, with the spans of what was found in them."""
    log, late = read.reading.log, any(a.about.log_axis for a in judged(read))
    made = []
    for name, channels in panels_of(read):
        curves = {c: log[c].finite() for c in channels if c in log}
        curves = {c: curve for c, curve in curves.items() if curve.steps.size}
        if not curves:
            continue
        least, most = (f([f(curve.values) for curve in curves.values()]) for f in (min, max))
        own = {*channels, "loss"} if "train_loss" in channels else {*channels}
        answers = [a for a in judged(read) if own & set(a.reads)]
        thinned = {c: thin(curve, late, POINTS) for c, curve in curves.items()}
        spans = [(float(s.start), float(s.stop), sentences.name(a)) for a in answers for s in a.finding.spans]
        made.append(
            {
                "name": name,
                "logx": late,
                "logy": bool(least > 0 and np.log10(most / least) > DECADES and not channels[0].endswith("_acc")),
                "curves": [{"name": c, "t": steps(t), "y": row(y)} for c, (t, y) in thinned.items()],
                "spans": [dict(zip(("start", "stop", "name"), span, strict=True)) for span in spans if _finite(span)],
                "onsets": [short(a.finding.onset) for a in answers if np.isfinite(a.finding.onset)],
            }
        )
    return made


def _finite(span: tuple[float, float, str]) -> bool:
    return bool(np.isfinite(span[0]) and np.isfinite(span[1]))

"""What the command line prints of maps, laws, boundaries and paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bestiary.catalog.forms import FORMS
from bestiary.catalog.path_claims import EntryPath
from bestiary.catalog.words import called
from bestiary.cli.output.beside import print_published
from bestiary.cli.output.page import Column, Heading, Page, Row
from bestiary.cli.output.tables import judged, print_judged, print_reasons
from bestiary.judge.verdict import states

if TYPE_CHECKING:
    import xarray as xr

    from bestiary.judge.rounds import Judged
    from bestiary.maps.explore import Exploration
    from bestiary.maps.judge import MapResult
    from bestiary.maps.laws import Fit
    from bestiary.maps.line import Line
    from bestiary.maps.mechanism import Seen


def print_map(found: Exploration, page: Page) -> None:
    """Print rates, onsets, boundaries and laws along one knob; a diagram in letters over two or three."""
    from bestiary.maps.boundary import no_crossing

    plan = found.plan
    page.say(f"{plan.setup.name}, {plan.label}, root {plan.root}\n")
    if found.line is None:
        print_diagram(found.table, [axis.name for axis in plan.axes], page)
        if found.factorisation is not None:
            page.say(found.factorisation.words(*(axis.name for axis in plan.axes)))
        return
    _print_line(found.line, found.of, page)
    for crossing in found.crossings:
        page.say(crossing.words(found.boundary_of, plan.axes[0].name))
    if not found.crossings:
        page.say(no_crossing(found.line.counts(found.boundary_of), found.boundary_of))
    if found.laws:
        page.say("")
        _print_laws(found.laws, plan.axes[0].name, found.of, page)
        page.say(validity(found.line, found.laws[0], found.of))
    else:
        page.say(f"no law of {found.of}: {found.trouble}")


def _print_line(line: Line, of: str, page: Page) -> None:
    columns = (
        Column(line.axis.name),
        Column("found"),
        Column("rate at 95 %"),
        Column(f"{of}: median"),
        Column("5 %", drop=1),
        Column("95 %", drop=1),
        Column("states and phases", prose=16, bare=True),
    )
    page.table(
        columns,
        [
            (f"{x:g}", *rate(answer), *spread(y, cut), states(answer.findings))
            for x, answer, y, cut in zip(line.x, line.answers, *line.values(of), strict=True)
        ],
    )


def rate(answer: Judged) -> tuple[str, str]:
    """Write k/n, and its exact limits at 95 %."""
    k, n = answer.rate(), len(answer.findings)
    low, high = answer.limits()
    return f"{k}/{n}", f"{100 * low:.0f} to {100 * high:.0f} %"


def spread(y: np.ndarray, cut: np.ndarray) -> tuple[str, str, str]:
    """Write the median, 5 % and 95 % of an onset or effect over the runs that have it; a run cut off lies above all.

    Args:
        y: (S,) a value for each run, nan where there is none.
        cut: (S,) whether the run was cut off.
    """
    from bestiary.maps.censored import quantile

    found = [float(quantile(y[None], cut[None], q)[0]) for q in (0.5, 0.05, 0.95)]
    middle, low, high = ("" if np.isnan(v) else f"{v:.4g}" if np.isfinite(v) else "cut off" for v in found)
    return middle, low, high


def _print_laws(rivals: Sequence[Fit], knob: str, of: str, page: Page) -> None:
    columns = (
        Column(f"{of} against {knob}", prose=16, bare=True),
        Column("parameters and 95 % limits", prose=16, bare=True),
        Column("AIC - best"),
        Column("largest deviation", drop=1),
        Column("runs", drop=2),
        Column("cut off", drop=2),
    )
    rows = []
    for one in rivals:
        parts = [f"{p} {one.parameters[p]:.4g} ({_limits(one, p)})" for p in FORMS[one.form].parameters]
        rows.append(
            (
                f"{one.form}: {FORMS[one.form].equation.removeprefix('y = ')}",
                ", ".join(parts),
                f"{one.aic - rivals[0].aic:.1f}",
                f"{100 * one.deviation:.1f} %",
                str(one.n),
                str(one.censored),
            )
        )
    page.table(columns, rows)


def _limits(one: Fit, parameter: str) -> str:
    try:
        low, high = one.limits(0.95)[parameter]
    except ValueError:
        return "no limits"
    return f"{low:.4g} to {high:.4g}"


def validity(line: Line, one: Fit, of: str) -> str:
    """Say over which stretch of the axis the law describes the medians."""
    from bestiary.maps import laws

    span = laws.valid_range(one, line.x, *line.values(of))
    where = f"from {span[0]:g} to {span[1]:g}" if span else "nowhere"
    return f"the {one.form} law describes the medians to 10 % {where}"


def print_diagram(made: xr.Dataset, axes: Sequence[str], page: Page) -> None:
    """Print the commonest phase or state of every cell, as a letter; small where other runs disagree."""
    from bestiary.maps.table import commonest  # and with it JAX

    words, share = commonest(made)
    letters = _letters(sorted(set(words.ravel())))
    page.say(", ".join(f"{letter} {word}" for word, letter in letters.items()) + "; in small letters: not all runs\n")
    for k in range(made.sizes[axes[2]] if len(axes) > 2 else 1):
        if len(axes) > 2:
            page.say(f"{axes[2]} = {made[axes[2]].values[k]}")
        plane = (words[..., k], share[..., k]) if len(axes) > 2 else (words, share)
        if len(axes) == 1:  # along words
            plane = (plane[0][:, None], plane[1][:, None])
        columns = [_value(v) for v in made[axes[1]].values] if len(axes) > 1 else ["commonest"]
        rows = []
        for value, of_row, shares in zip(made[axes[0]].values, *plane, strict=True):
            cells = [letters[w] if s == 1 else letters[w].lower() for w, s in zip(of_row, shares, strict=True)]
            rows.append((_value(value), cells))
        page.grid(" \\ ".join(axes[:2]), columns, rows)


def _value(v: object) -> str:
    return v if isinstance(v, str) else f"{v:.3g}"


def _letters(words: Sequence[str]) -> dict[str, str]:
    """Choose a capital letter for each word, its first that is free."""
    chosen: dict[str, str] = {}
    for word in words:
        free = (c for c in word.upper() + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c.isalpha() and c not in chosen.values())
        chosen[word] = next(free)
    return chosen


def print_path(result: MapResult, page: Page) -> None:
    """Print the rungs: what changes, rate, onset, marker, verdicts; then whether each step keeps the mechanism."""
    from bestiary.maps import mechanism
    from bestiary.maps.censored import values_of

    path = result.block
    assert isinstance(path, EntryPath)
    page.say(f"{result.entry.key}/{path.name} (root {result.root}): {path.title}\n")
    columns = (
        Column("rung", bare=True),
        Column("side", drop=4),
        Column("changes", prose=16),
        Column("found"),
        Column("rate at 95 %", drop=2),
        Column(f"without {path.cause.removes}" if path.cause else "without", prose=8),
        Column("onset: median"),
        Column("5 %", drop=3),
        Column("95 %", drop=3),
        Column(f"{path.marker}: median at 95 %", prose=12),
        Column("mechanism", prose=10),
        Column("states", prose=16, bare=True, drop=1),
        Column("verdicts", prose=16, bare=True),
    )
    marked, rows = mechanism.seen(result), []
    for i, r in enumerate(result.rungs):
        change = ", ".join(f"{k}={v}" for k, v in r.rung.changes.items())
        onset = spread(*values_of(r.answer.findings, r.answer.last, "onset"))
        less = "/".join(map(str, (r.without.rate(), len(r.without.findings)))) if r.without else ""
        seen = _marked(marked[i]) if marked else ("", "")
        verdict = ", ".join(f"{called(v.claim.of)} {v.outcome}" for v in r.verdicts)
        states_ = states(r.answer.findings)
        rows.append((r.rung.name, r.rung.side or "", change, *rate(r.answer), less, *onset, *seen, states_, verdict))
    page.table(columns, rows)
    for step in mechanism.steps(result):
        page.say(f"{step.before} to {step.after}: {step.same}; {step.why}", hang=2)
    _print_changes(result, page)


def _marked(seen: Seen) -> tuple[str, str]:
    """Write the marker of a rung with its limits, and the mechanism in whose band they lie."""
    if np.isnan(seen.median):
        return "", ""
    limits = f"{seen.low:.3g} to {seen.high:.3g}" if np.isfinite(seen.low) else "no limits"
    return f"{seen.median:.3g}, {limits}", seen.band or "in no band for certain"


def _print_changes(result: MapResult, page: Page) -> None:
    """Say between which two rungs the rate changes."""
    from bestiary.maps.path import changes, continuous

    rungs = [r.rung for r in result.rungs]
    for i, j in changes(result):
        turned = continuous(rungs[j])
        how = f"{turned} can be turned in between (--refine)" if turned else "a change of kind, with nothing in between"
        page.say(f"the rate changes between {rungs[i].name} and {rungs[j].name}: {how}")


def print_maps(results: Sequence[MapResult], page: Page) -> None:
    """Print one line per claim on a law, a boundary or a rung."""
    rows: list[Row] = []
    for r in results:
        rows.append(Heading(f"{r.kind} {r.entry.key}/{r.block.name} (root {r.root})", "bold"))
        rows += [judged(v, head) for head, v in r.headed()]
    print_judged(rows, page)
    print_published(((f"{r.kind} {r.entry.key}/{r.block.name}", r.root, r.headed()) for r in results), page)
    print_reasons(((f"{r.kind} {r.entry.key}/{r.block.name}", r.root, r.verdicts) for r in results), page)

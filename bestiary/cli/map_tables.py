"""What the command line prints of maps, laws, boundaries and paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bestiary.catalog.forms import FORMS
from bestiary.cli.tables import STYLE, console, name, table
from bestiary.judge.verdict import states, value_of
from bestiary.log import Finding

if TYPE_CHECKING:
    import xarray as xr

    from bestiary.maps.explore import Exploration
    from bestiary.maps.grid import Answer
    from bestiary.maps.judge import Line, Map
    from bestiary.maps.laws import Fit

WIDEST = 24  # columns of a diagram in letters


def print_map(found: Exploration) -> None:
    """Along one knob: rates, onsets, boundaries, laws. Over two or three: a diagram in letters."""
    out = console()
    plan = found.plan
    out.print(f"{plan.setup.entry.key}, {plan.label}, root {plan.root}")
    if found.line is None:
        print_diagram(found.table, [axis.name for axis in plan.axes])
        return
    out.print(_line(found.line, found.of))
    for crossing in found.crossings:
        out.print(crossing.words(found.boundary_of, plan.axes[0].name))
    if not found.crossings:
        out.print(f"{found.boundary_of}: its rate crosses one half nowhere here")
    if found.laws:
        out.print(_laws(found.laws, plan.axes[0].name, found.of))
        print_validity(found.line, found.laws[0], found.of)
    else:
        out.print(f"no law of {found.of}: {found.trouble}")


def _line(line: Line, of: str):
    made = table(line.axis.name, "found", "rate at 95 %", f"{of}: median", "5 %", "95 %", "states and phases")
    for point, answer in zip(line.points, line.answers, strict=True):
        made.add_row(f"{point.where[0]:g}", *rate(answer), *spread(answer.findings, of), states(answer.findings))
    return made


def rate(answer: Answer) -> tuple[str, str]:
    """k/n, and its exact limits at 95 %."""
    k, n = answer.rate(), len(answer.findings)
    low, high = answer.limits()
    return f"{k}/{n}", f"{100 * low:.0f} to {100 * high:.0f} %"


def spread(findings: Sequence[Finding], of: str) -> tuple[str, str, str]:
    """Median, 5 % and 95 % of an onset or effect over the runs that have it."""
    values = [v for v in (value_of(f, of) for f in findings) if np.isfinite(v)]
    if not values:
        return "", "", ""
    low, middle, high = np.percentile(values, [5, 50, 95])
    return f"{middle:.4g}", f"{low:.4g}", f"{high:.4g}"


def _laws(rivals: Sequence[Fit], knob: str, of: str):
    made = table(
        f"{of} against {knob}", "parameters, limits at 95 %", "AIC - best", "largest deviation", "runs", "cut off"
    )
    for one in rivals:
        parts = [f"{p} {one.parameters[p]:.4g} ({_limits(one, p)})" for p in FORMS[one.form].parameters]
        made.add_row(
            f"{one.form}: {FORMS[one.form].equation}",
            ", ".join(parts),
            f"{one.aic - rivals[0].aic:.1f}",
            f"{100 * one.deviation:.1f} %",
            str(one.n),
            str(one.censored),
        )
    return made


def _limits(one: Fit, parameter: str) -> str:
    try:
        low, high = one.limits(0.95)[parameter]
    except ValueError:
        return "no limits"
    return f"{low:.4g} to {high:.4g}"


def print_validity(line: Line, one: Fit, of: str) -> None:
    """Over which stretch of the axis the law describes the medians."""
    from bestiary.maps import laws

    span = laws.valid_range(one, line.x, *line.values(of))
    where = f"from {span[0]:g} to {span[1]:g}" if span else "nowhere"
    console().print(f"the {one.form} law describes the medians to 10 % {where}")


def print_diagram(made: xr.Dataset, axes: Sequence[str]) -> None:
    """The commonest phase or state of every cell, as a letter; small where other runs disagree."""
    from bestiary.maps.table import commonest  # and with it JAX

    out = console()
    words, share = commonest(made)
    letters = _letters(sorted(set(words.ravel())))
    out.print(", ".join(f"{letter} {word}" for word, letter in letters.items()) + "; in small letters: not all runs")
    for k in range(made.sizes[axes[2]] if len(axes) > 2 else 1):
        if len(axes) > 2:
            out.print(f"{axes[2]} = {made[axes[2]].values[k]}")
        plane = (words[..., k], share[..., k]) if len(axes) > 2 else (words, share)
        columns = made[axes[1]].values[:WIDEST]
        grid = table(f"{axes[0]} \\ {axes[1]}", *(f"{v:.3g}" if not isinstance(v, str) else v for v in columns))
        for i, value in enumerate(made[axes[0]].values):
            cells = [
                letters[w] if s == 1 else letters[w].lower()
                for w, s in zip(plane[0][i][:WIDEST], plane[1][i][:WIDEST], strict=True)
            ]
            grid.add_row(f"{value:.3g}" if not isinstance(value, str) else value, *cells)
        out.print(grid)


def _letters(words: Sequence[str]) -> dict[str, str]:
    """A capital letter for each word, its first that is free."""
    chosen: dict[str, str] = {}
    for word in words:
        free = (c for c in word.upper() + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c.isalpha() and c not in chosen.values())
        chosen[word] = next(free)
    return chosen


def print_path(walked: Map) -> None:
    """The rungs side by side: what changes, rate, onset, verdicts; between which two the behaviour changes."""
    from bestiary.maps import path as trails

    out = console()
    out.print(f"{walked.entry.key}/{walked.block.name} (root {walked.root}): {walked.block.title}")
    made = table(
        "rung", "side", "changes", "found", "rate at 95 %", "onset: median", "5 %", "95 %", "states", "verdicts"
    )
    for rung, answer, verdicts in walked.rungs:
        change = ", ".join(f"{k}={v}" for k, v in rung.changes.items())
        judged = ", ".join(f"[{STYLE[v.outcome]}]{name(v.claim)} {v.outcome}[/]" for v in verdicts)
        row = (rung.name, rung.side or "", change, *rate(answer), *spread(answer.findings, "onset"))
        made.add_row(*row, states(answer.findings), judged)
    out.print(made)
    rungs = [rung for rung, _, _ in walked.rungs]
    for i, j in trails.changes(walked):
        turned = trails.continuous(rungs[j])
        how = f"{turned} can be turned in between (--refine)" if turned else "a change of kind, with nothing in between"
        out.print(f"the rate changes between {rungs[i].name} and {rungs[j].name}: {how}")


def print_judged(results: Sequence[Map]) -> None:
    """One line per claim on a law, a boundary or a rung."""
    made = table("law, boundary, path", "claim", "measured", "claimed", "source", "verdict")
    for r in results:
        for i, (head, v) in enumerate(r.headed()):
            first = f"{r.kind} {r.entry.key}/{r.block.name} (root {r.root})" if i == 0 else ""
            claim = " ".join(filter(None, (head, name(v.claim))))
            word = f"[{STYLE[v.outcome]}]{v.outcome}[/]"
            made.add_row(first, claim, v.measured, v.expected, v.claim.source, word)
    out = console()
    out.print(made)
    for r in results:
        for v in r.verdicts:
            if v.outcome != "holds":
                out.print(
                    f"{v.outcome}: {r.kind} {r.entry.key}/{r.block.name} {name(v.claim)} (root {r.root}): {v.reason}"
                )

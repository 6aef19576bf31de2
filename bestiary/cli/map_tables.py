"""What the command line prints of maps, laws, boundaries and paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bestiary.catalog.forms import FORMS
from bestiary.cli.tables import STYLE, console, name, print_reasons, table
from bestiary.judge.verdict import states

if TYPE_CHECKING:
    import xarray as xr

    from bestiary.judge.rounds import Judged
    from bestiary.maps.explore import Exploration
    from bestiary.maps.judge import MapResult
    from bestiary.maps.laws import Fit
    from bestiary.maps.line import Line

WIDEST = 24  # columns of a diagram in letters


def print_map(found: Exploration) -> None:
    """Print rates, onsets, boundaries and laws along one knob; a diagram in letters over two or three."""
    out = console()
    plan = found.plan
    out.print(f"{plan.setup.name}, {plan.label}, root {plan.root}")
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
    for x, answer, y, cut in zip(line.x, line.answers, *line.values(of), strict=True):
        made.add_row(f"{x:g}", *rate(answer), *spread(y, cut), states(answer.findings))
    return made


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


def _laws(rivals: Sequence[Fit], knob: str, of: str):
    made = table(
        f"{of} against {knob}", "parameters, limits at 95 %", "AIC - best", "largest deviation", "runs", "cut off"
    )
    for one in rivals:
        parts = [f"{p} {one.parameters[p]:.4g} ({_limits(one, p)})" for p in FORMS[one.form].parameters]
        made.add_row(
            f"{one.form}: {FORMS[one.form].equation.removeprefix('y = ')}",
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
    """Print over which stretch of the axis the law describes the medians."""
    from bestiary.maps import laws

    span = laws.valid_range(one, line.x, *line.values(of))
    where = f"from {span[0]:g} to {span[1]:g}" if span else "nowhere"
    console().print(f"the {one.form} law describes the medians to 10 % {where}")


def print_diagram(made: xr.Dataset, axes: Sequence[str]) -> None:
    """Print the commonest phase or state of every cell, as a letter; small where other runs disagree."""
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
    """Choose a capital letter for each word, its first that is free."""
    chosen: dict[str, str] = {}
    for word in words:
        free = (c for c in word.upper() + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c.isalpha() and c not in chosen.values())
        chosen[word] = next(free)
    return chosen


def print_path(result: MapResult) -> None:
    """Print the rungs: what changes, rate, onset, verdicts; between which two the behaviour changes."""
    from bestiary.maps.censored import values_of
    from bestiary.maps.path import changes, continuous

    out = console()
    out.print(f"{result.entry.key}/{result.block.name} (root {result.root}): {result.block.title}")
    made = table(
        "rung", "side", "changes", "found", "rate at 95 %", "onset: median", "5 %", "95 %", "states", "verdicts"
    )
    for rung, answer, verdicts in result.rungs:
        change = ", ".join(f"{k}={v}" for k, v in rung.changes.items())
        judged = ", ".join(f"[{STYLE[v.outcome]}]{name(v.claim)} {v.outcome}[/]" for v in verdicts)
        onset = spread(*values_of(answer.findings, answer.last, "onset"))
        row = (rung.name, rung.side or "", change, *rate(answer), *onset)
        made.add_row(*row, states(answer.findings), judged)
    out.print(made)
    rungs = [rung for rung, _, _ in result.rungs]
    for i, j in changes(result):
        turned = continuous(rungs[j])
        how = f"{turned} can be turned in between (--refine)" if turned else "a change of kind, with nothing in between"
        out.print(f"the rate changes between {rungs[i].name} and {rungs[j].name}: {how}")


def print_judged(results: Sequence[MapResult]) -> None:
    """Print one line per claim on a law, a boundary or a rung."""
    made = table("law, boundary, path", "claim", "measured", "claimed", "source", "verdict")
    for r in results:
        for i, (head, v) in enumerate(r.headed()):
            first = f"{r.kind} {r.entry.key}/{r.block.name} (root {r.root})" if i == 0 else ""
            claim = " ".join(filter(None, (head, name(v.claim))))
            word = f"[{STYLE[v.outcome]}]{v.outcome}[/]"
            made.add_row(first, claim, v.measured, v.expected, v.claim.source, word)
    console().print(made)
    print_reasons((f"{r.kind} {r.entry.key}/{r.block.name}", r.root, r.verdicts) for r in results)

"""Recordings as they are kept: docs/recordings/<entry>.json, written by `make recordings` alone."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

WIDE, HIGH, EDGE = 240, 72, 3  # [unit] of a card's drawing
DRAWN = 3  # runs on a card, beside the median
REST, AFTER = 0.02, 1.5  # [1] of the way within which a curve is at rest; how much is shown after it has come there


def read(folder: Path, key: str) -> dict[str, Any] | None:
    """Read the recording of an entry; None if there is none.

    Returns:
        `channels` {name: unit, range, whether logarithmic} in `panels`; `cases`, each with `states` {state: runs},
        `onset`, and `curves` {channel: t, band (3, T) of 5 %, median and 95 % over all runs, seeds (S, T)}; a channel
        at the steps of another says `as`, and has no t; one with `dots` is too fast for lines between its records.
        `sweeps` of a knob, of which each point has the same but no seeds.
    """
    path = folder / f"{key}.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def drawing(made: Mapping[str, Any] | None) -> Markup:
    """Draw a channel of the first case, its seeds and their median, as an SVG of a card; empty without one.

    It is the first channel that is not too fast for lines, or the first.
    """
    if made is None or not made["cases"]:
        return Markup("")
    case = made["cases"][0]
    told = [channel for channel in made["channels"] if channel in case["curves"]]
    if not told:
        return Markup("")
    channel = next((channel for channel in told if "dots" not in case["curves"][channel]), told[0])
    curve = case["curves"][channel]
    t = case["curves"][curve["as"]]["t"] if "as" in curve else curve["t"]
    rows = [*curve["seeds"][:DRAWN], curve["band"][1]]
    xs, ys = _scale(t, made["log"]), [_scale(values, made["channels"][channel]["log"]) for values in rows]
    known = [y for values in ys for y in values if y is not None]
    there = [x for x in xs if x is not None]
    if not known or not there:
        return Markup("")
    if not made["log"]:
        xs = _while_it_moves(xs, ys[-1], max(known) - min(known))
        there = [x for x in xs if x is not None]
    ends = (min(there), max(there)), (min(known), max(known))
    lines = [_path(xs, values, ends, dots="dots" in curve) for values in ys]
    paths = [
        Markup('<path class="{}" d="{}"/>').format("median" if i == len(lines) - 1 else "run", line)
        for i, line in enumerate(lines)
        if line
    ]
    words = f"{channel.replace('_', ' ')} of {len(rows) - 1} runs of {case['name'].replace('_', ' ')}"
    box = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">').format(
        WIDE, HIGH, words
    )
    return box + Markup("").join(paths) + Markup("</svg>")


def _scale(values: Sequence[float | None], log: bool) -> list[float | None]:
    if not log:
        return list(values)
    return [math.log10(v) if v is not None and v > 0 else None for v in values]


def _while_it_moves(xs: Sequence[float | None], median: Sequence[float | None], way: float) -> list[float | None]:
    """Cut the axis off some way after the median has come to rest: what happens early would be a stroke at the edge."""
    last = next((y for y in reversed(median) if y is not None), 0.0)
    moving = [
        x for x, y in zip(xs, median, strict=True) if x is not None and y is not None and abs(y - last) > REST * way
    ]
    end = AFTER * max(moving, default=math.inf)
    return [x if x is not None and x <= end else None for x in xs]


def _path(
    xs: Sequence[float | None],
    ys: Sequence[float | None],
    ends: tuple[tuple[float, float], tuple[float, float]],
    dots: bool,
) -> str:
    """Write a line through the points that there are, or a dot at each."""
    (left, right), (low, high) = ends
    made, pen = [], "M"
    for x, y in zip(xs, ys, strict=True):
        if x is None or y is None:
            continue
        across = EDGE + (x - left) / ((right - left) or 1) * (WIDE - 2 * EDGE)
        down = HIGH - EDGE - (y - low) / ((high - low) or 1) * (HIGH - 2 * EDGE)
        made.append(f"{pen}{across:.1f} {down:.1f}{'h0' if dots else ''}")
        pen = "M" if dots else "L"
    return "".join(made)

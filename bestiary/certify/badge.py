"""A badge: an SVG, or the JSON from which shields.io draws one."""

from __future__ import annotations

import html
import json
from pathlib import Path

from bestiary.certify import scores
from bestiary.certify.certificate import Certificate
from bestiary.certify.scores import Detected
from bestiary.files import replace_with

LABEL = "bestiary certify"
COLOURS = {"blue": "#007ec6", "brightgreen": "#4c1", "red": "#e05d44"}  # of shields.io
WIDE, PAD = 6.6, 10  # [pixel] of a letter of 11 pixels Verdana, on average; beside the text


def message(made: Certificate) -> str:
    """Say in a few words what a target is worth."""
    of = scores.score(made.rows)
    if isinstance(of, Detected):
        said = f"{of.hits.share:.0%} hits, {of.false_alarms.share:.0%} false alarms"
    else:
        said = f"{of.right.share:.0%} right, bias {of.bias:+.1%}" if of.right.n > of.failures.k else "no answer"
    return f"{made.kind.name.replace('_', ' ')}: {said}{', worse than recorded' if made.worse else ''}"


def colour(made: Certificate) -> str:
    """Return red of a target that got worse or gives no answer, green of one that was compared, else blue."""
    if made.worse or made.silent:
        return "red"
    return "blue" if made.changes is None else "brightgreen"


def write(made: Certificate, path: Path) -> None:
    """Write the badge, an SVG, or by the name .json an endpoint of shields.io.

    Raises:
        OSError: it cannot be written.
    """
    if path.suffix == ".json":
        told = {"schemaVersion": 1, "label": LABEL, "message": message(made), "color": colour(made)}
        replace_with(path, (json.dumps(told, ensure_ascii=False) + "\n").encode())
    else:
        replace_with(path, svg(LABEL, message(made), COLOURS[colour(made)]).encode())


def svg(label: str, text: str, fill: str) -> str:
    """Draw two fields beside each other, of one line each."""
    left, right = (round(WIDE * len(part)) + PAD for part in (label, text))
    width, label, text = left + right, html.escape(label), html.escape(text)
    font = 'font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" fill="#fff" text-anchor="middle"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {text}">'
        f"<title>{label}: {text}</title>"
        f'<rect width="{width}" height="20" rx="3" fill="#555"/>'
        f'<rect x="{left}" width="{right}" height="20" rx="3" fill="{fill}"/><rect x="{left}" width="4" height="20" '
        f'fill="{fill}"/><g {font}><text x="{left / 2:g}" y="14" textLength="{left - PAD}">{label}</text>'
        f'<text x="{left + right / 2:g}" y="14" textLength="{right - PAD}">{text}</text></g></svg>\n'
    )

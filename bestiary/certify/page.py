"""A certificate as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import html
from pathlib import Path

from bestiary.certify import badge, scores, words
from bestiary.certify.asking import Row
from bestiary.certify.certificate import Certificate
from bestiary.certify.kinds import Kind
from bestiary.certify.rates import Rate
from bestiary.certify.scores import Detected
from bestiary.files import replace_with
from bestiary.version import __version__

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 0 0 1.5em; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .2em .9em .2em 0; border-bottom: 1px solid #ddd; white-space: nowrap }
h2 { font-size: 1.1em; margin: 1.5em 0 .3em }
.worse { color: #b00020; font-weight: 600 }
.note { color: #666; max-width: 55em }
div { overflow-x: auto }
"""
HIT, ALARM, ROW, LEFT, LONG = "#0072b2", "#d55e00", 22, 210, 420  # colours of Okabe and Ito; [pixel]


def write(made: Certificate, path: Path) -> None:
    """Write the page.

    Raises:
        OSError: it cannot be written.
    """
    replace_with(path, text(made).encode())


def text(made: Certificate) -> str:
    """Return the page."""
    title = html.escape(f"{made.target} as {made.kind.name}")
    said = [
        f"<p{' class=worse' if line.startswith('worse') else ''}>{html.escape(line)}</p>" for line in words.lines(made)
    ]
    parts = [f"<h2>{html.escape(table.title)}</h2>\n<div>{_table(table)}</div>" for table in words.tables(made)]
    drawn = _drawn(made)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>\n'
        f"<h1>{title}</h1>\n{badge.svg(badge.LABEL, badge.message(made), badge.COLOURS[badge.colour(made)])}"
        f"{''.join(said)}\n{drawn}{''.join(parts)}\n"
        f'<p class="note">{html.escape(words.legend(made))} bestiary {__version__}.</p></body></html>\n'
    )


def _table(table: words.Table) -> str:
    """Write a table without its empty columns; its title stands above it."""
    kept = [k for k in range(len(table.columns)) if any(row[k] for row in table.rows)]
    head = "".join(f"<th>{html.escape(table.columns[k]) if k else ''}</th>" for k in kept)
    cells = (f"<tr>{''.join(f'<td>{html.escape(row[k])}</td>' for k in kept)}</tr>\n" for row in table.rows)
    rows = "".join(cells)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table>"


def _drawn(made: Certificate) -> str:
    """Draw hits and false alarms, or what is right, of each shape and transformation: a dot with exact limits."""
    groups = scores.apart(made.rows, lambda row: row.case.group)
    if isinstance(made.kind, Kind):
        groups |= scores.apart(made.rows, _condition)
    rates: list[tuple[str, Rate, str]] = []
    for name, of in groups.items():
        pairs = ((of.hits, HIT), (of.false_alarms, ALARM)) if isinstance(of, Detected) else ((of.right, HIT),)
        rates += [(name.replace("_", " "), rate, colour) for rate, colour in pairs if rate.n]
    names = list(dict.fromkeys(name for name, _, _ in rates))
    height = ROW * len(names) + 30
    drawn = [
        f'<line x1="{_x(at)}" x2="{_x(at)}" y1="0" y2="{height - 26}" stroke="#ddd"/>'
        f'<text x="{_x(at)}" y="{height - 10}" text-anchor="middle">{at:.0%}</text>'
        for at in (0, 0.25, 0.5, 0.75, 1)
    ]
    for name, rate, colour in rates:
        y = ROW * names.index(name) + 12 + (3 if colour == ALARM else -3)
        low, high = rate.interval
        drawn.append(
            f'<line x1="{_x(low)}" x2="{_x(high)}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2" opacity=".5"/>'
            f'<circle cx="{_x(rate.share)}" cy="{y}" r="3.5" fill="{colour}"><title>{html.escape(name)}: '
            f"{words.share(rate)}, {words.limits(rate)}</title></circle>"
        )
    drawn += [f'<text x="0" y="{ROW * i + 16}">{html.escape(name)}</text>' for i, name in enumerate(names)]
    what = f'<b style="color:{HIT}">hits</b> and <b style="color:{ALARM}">false alarms</b>'
    what = what if isinstance(made.kind, Kind) else f'<b style="color:{HIT}">right</b>'
    return (
        f"<h2>{what}, with exact 95 % limits</h2>\n"
        f'<div><svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + LONG + 30}" height="{height}" font-size="12" '
        f'font-family="system-ui, sans-serif" role="img">{"".join(drawn)}</svg></div>\n'
    )


def _condition(row: Row) -> str:
    return row.case.condition


def _x(share: float) -> float:
    return round(LEFT + LONG * share, 1)

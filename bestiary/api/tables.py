"""An entry as tables: its knobs, its cases, its claims."""

from __future__ import annotations

from html import escape

import pandas as pd

from bestiary.catalog.entries import Entry
from bestiary.catalog.setups.knobs import knobs_of
from bestiary.catalog.words import called
from bestiary.entry import Phenomenon

LONG = 60  # [character] of a text in a printed table


def knobs(p: Phenomenon, key: str | None = None) -> pd.DataFrame:
    """Return a row per knob and static value: whether it is traced, its default, unit and meaning.

    Args:
        p: the setup.
        key: of the entry whose file states units and meanings; None for a setup of one's own.
    """
    known = {k.name: k for k in knobs_of(key)} if key else {}
    rows = []
    for traced, part in ((True, p.knobs), (False, p.static)):
        for name, default in part._asdict().items():
            k = known.get(name)
            unit, meaning = (k.unit, k.meaning) if k else ("", "")
            row = {"name": name, "traced": traced, "default": default}
            rows.append(row | ({"unit": unit, "meaning": meaning} if known else {}))
    return pd.DataFrame(rows).set_index("name").astype({"default": object})


def cases(entry: Entry) -> pd.DataFrame:
    """Return a row per case: what a control removes, seeds, changed values."""
    rows = [
        {
            "case": case.name,
            "removes": case.control or "",
            "seeds": case.seeds,
            "changes": ", ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in changed.items()),
        }
        for case in entry.cases.values()
        for changed in [{**case.knobs, **case.static}]
    ]
    return pd.DataFrame(rows).set_index("case")


def claims(entry: Entry) -> pd.DataFrame:
    """Return a row per claim on a case: what of, statistic, interval, unit, source, published number."""
    rows = [
        {
            "case": case.name,
            "of": called(claim.of),
            "statistic": claim.statistic,
            "low": claim.interval[0],
            "high": claim.interval[1],
            "unit": claim.unit or "1",
            "source": f"{claim.source}: {claim.where}" if claim.where else claim.source,
            "published": claim.published.words() if claim.published else "",
        }
        for case in entry.cases.values()
        for claim in case.claims
    ]
    return pd.DataFrame(rows)


def head(e: Entry) -> list[str]:
    """Say in a few lines what an entry is."""
    lines = [f"{e.key}: {e.title}", e.definition]
    lines.append(f"zone {e.zone}, {e.kind}, {', '.join(e.particle)}; {e.status}; detector {e.detector}")
    counts = {"laws": len(e.laws), "boundaries": len(e.boundaries), "paths": len(e.paths)}
    counts |= {"interactions": len(e.interactions)}
    more = [f"{n} {word}" for word, n in counts.items() if n]
    return [*lines, f"claims also {', '.join(more)}"] if more else lines


def text(entry: Entry, values: pd.DataFrame) -> str:
    """Print an entry: what it is, its knobs, its cases."""

    def shown(frame: pd.DataFrame) -> str:
        short = frame.map(lambda v: f"{v[: LONG - 3]}..." if isinstance(v, str) and len(v) > LONG else v)
        return short.to_string()

    return "\n".join([*head(entry), "", shown(values), "", shown(cases(entry))])


def html(entry: Entry, values: pd.DataFrame) -> str:
    """Print an entry for a notebook."""
    title, *lines = head(entry)
    made = [f"<h4>{escape(title)}</h4>", *(f"<p>{escape(line)}</p>" for line in lines)]
    for word, frame in (("Knobs", values), ("Cases", cases(entry)), ("Claims", claims(entry))):
        made.append(
            f"<details{' open' if word == 'Knobs' else ''}><summary>{word}</summary>{frame.to_html()}</details>"
        )
    return "".join(made)

"""docs/interactions.md: what becomes of an entry when something else is on, as measured. `make readme` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bestiary.catalog.entries import Entry
from bestiary.catalog.interaction_claims import RULES, TOLERANCE, Interaction
from bestiary.cli import measured
from bestiary.cli.compared import Compared, compared
from bestiary.maps.interactions.summary import Cell, cells

HEAD = f"""# Interactions

What becomes of a phenomenon when something else is switched on: the sum of parts, or a correction. `make readme` writes
this page, `bestiary check ENTRY --laws` judges its claims, and `bestiary interact ENTRY --with KNOB=VALUES` tries a
pair that has none.

Neither, A, B and both are run with the same draws. A rule predicts a quantity of A with B on from the parts, and kappa
is the logarithm of what is measured over that: the median over pairs of runs, with limits at 95 % that hold whatever
the law of the runs. It is the **sum of parts** if the limits lie within {TOLERANCE:g} of 0, **synergy** or
**antagonism** if they lie outside, at the side where A is stronger or weaker than the parts predict, **destroyed** if A
is gone in most runs with B on, **mimicry** if B alone looks like A, and **undecided** else.
"""
TABLE = """## Entry by partner

kappa at the last value of B's knob, on the first of the roots of the record. An empty cell is a pair that nobody has
measured.
"""
COLUMNS = ("entry", "interaction", "claim", "measured", "claimed", "source", "published", "measured - published")


def page(entries: Iterable[Entry], source: Path) -> str:
    """Markdown: entry by partner, then kappa along each knob, then one row for each claim."""
    known = [e for e in entries if not e.draft]
    paired = [e for e in known if e.interactions]
    records = {e.key: measured.read(e, source) or {} for e in paired}
    keys = {e.key for e in known}
    made = cells(paired, records)
    among = {(cell.a, cell.partner) for cell in made if cell.partner in keys}
    all_pairs, several = len(keys) * (len(keys) - 1), "s" if len(made) != 1 else ""
    count = f"{len(made)} interaction{several}; of the {all_pairs:,} ordered pairs of entries {len(among)}."
    parts = [f"{HEAD}\n{count}", f"{TABLE}\n{_matrix(made)}"]
    parts += ["## Along the knob", _along(paired, records), "## Claims", _claims(paired, records)]
    return "\n\n".join(parts) + "\n"


def _matrix(made: Sequence[Cell]) -> str:
    partners = list(dict.fromkeys(cell.partner for cell in made))
    names = [f"`{p}`" if " " not in p else p for p in partners]
    rows = [_row(["A \\ B", *names]), "|" + "---|" * (len(partners) + 1)]
    for a in dict.fromkeys(cell.a for cell in made):
        of_row = [[c for c in made if (c.a, c.partner) == (a, partner)] for partner in partners]
        rows.append(_row([f"`{a}`", *("<br>".join(map(_cell, some)) for some in of_row)]))
    return "\n".join(rows)


def _cell(cell: Cell) -> str:
    if not cell.at:
        return f"{cell.of}: not measured"
    return f"{_kappa((cell.kappa, cell.low, cell.high))} {cell.outcome} ({cell.of}, {cell.at})"


def _kappa(told: Sequence[float | None]) -> str:
    value, low, high = told
    if value is None:
        return ""
    return f"{value:+.2g}" + (f" ({low:+.2g} to {high:+.2g})" if low is not None and high is not None else "")


def _along(paired: Sequence[Entry], records: Mapping[str, Mapping[str, Any]]) -> str:
    """One row for each value of a knob."""
    rows = [_row(["entry", "interaction", "the parts predict", "at", "neither, A, B, both", "kappa", "outcome"])]
    rows.append("|" + "---|" * 7)
    for e in paired:
        for name, pair in e.interactions.items():
            roots = records[e.key].get("maps", {}).get(f"interaction {name}", {})
            for point in next(iter(roots.values()), {}).get("points", []):
                at = point["at"] if isinstance(point["at"], str) else f"{point['at']:g}"
                found = point["found"]
                rates = ", ".join(f"{found[cell]}/{found['n']}" for cell in ("neither", "a", "b", "both"))
                told = (f"`{e.key}`", _title(name, pair), f"{pair.of}: {_rule(pair)}", f"{pair.axis.name}={at}", rates)
                rows.append(_row([*told, _kappa(point["kappa"]), point["outcome"]]))
    return "\n".join(rows)


def _title(name: str, pair: Interaction) -> str:
    return pair.title or f"with {pair.partner} ({name})"


def _rule(pair: Interaction) -> str:
    rule = pair.rule
    told = f"{RULES[rule.name]}, f = `{rule.formula}`" if rule.formula else RULES[rule.name]
    return f"{rule.name}, {told}"


def _claims(paired: Sequence[Entry], records: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [_row(COLUMNS), "|" + "---|" * len(COLUMNS)]
    for e in paired:
        beside = {id(one.claim): one for one in compared(e, records[e.key])}
        for name, pair in e.interactions.items():
            roots = records[e.key].get("maps", {}).get(f"interaction {name}", {})
            seen = next(iter(roots.values()), {"claims": []})["claims"]
            for i, claim in enumerate(pair.claims):
                was = seen[i]["measured"].replace(" at 95 %", "") if i < len(seen) else "not measured"
                claimed = claim.interval
                told = claimed.replace("_", " ") if isinstance(claimed, str) else f"{claimed[0]:g} to {claimed[1]:g}"
                published, apart = _beside(beside.get(id(claim)))
                own = (f"`{e.key}`", _title(name, pair), claim.of, was, told, claim.source, published, apart)
                rows.append(_row(own))
    return "\n".join(rows)


def _beside(one: Compared | None) -> tuple[str, str]:
    """The published number and how far ours is from it on the first of the roots; nothing where none is published."""
    if one is None or one.claim.published is None:
        return "", ""
    return one.claim.published.words(), next((d.words() for d in one.differences().values()), "")


def _row(told: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in told) + " |"

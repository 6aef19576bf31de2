"""Items of the checklist that files of the checkout decide: records, figures, the matrix, what is unfilled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bestiary.catalog.words import called
from bestiary.cli import figure_list, measured
from bestiary.cli.contribute.checklist import Row, row
from bestiary.cli.contribute.unfilled import marked

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry

MATRIX = Path("benchmarks") / "detectors" / "matrix.json"


def roots(record: Mapping[str, Any] | None) -> Row:
    """Say on which roots an entry was measured; 0 is for tuning, and two are asked for."""
    there = measured.roots_of(dict(record) if record else None)
    short = [] if len(there) >= 2 else [f"measured on {len(there)} roots; want two that tuned nothing"]
    short += ["root 0 is for tuning"] if 0 in there else []
    told = f"measured on {' and '.join(map(str, there))}: did any tune anything? CONTRIBUTING.md has the table of roots"
    return row("Roots", short, [told] if there else [])


def record_row(entry: Entry, record: dict[str, Any] | None, code: Mapping[str, str]) -> Row:
    """Say whether what was measured is of today's claims and code, and whether any of it fails.

    Args:
        entry: the catalog's block.
        record: of the entry; None if there is none.
        code: hashes of today's code that can be compared with the record's.
    """
    if record is None:
        return row("Record", [f"benchmarks/measured/{entry.key}.json is missing: run `bestiary measure {entry.key}`"])
    short, look = [], []
    if measured.is_stale(record, entry, code):
        short.append(f"{measured.verdict(record, entry, code)}: run `bestiary measure {entry.key}`")
    parts = {**record["cases"], **record.get("maps", {})}
    for name, by_root in parts.items():
        for root, seen in by_root.items():
            for outcome, told in (("fails", short), ("inconclusive", look)):
                of = [called(claim["of"]) for claim in seen["claims"] if claim["outcome"] == outcome]
                told += [f"{name}, {root}: {', '.join(of)} {outcome}"] if of else []
    return row("Record", short, look, measured.told(record, entry))


def figures(entry: Entry, root: Path) -> Row:
    """Say which figures of an entry are missing or of another one than today's."""
    folder = root / "docs" / "figures"
    needed = figure_list.wanted([entry], figure_list.recipe(folder))
    old = [one.file for one in needed if figure_list.stale(folder, one)]
    short = [f"{', '.join(old)}: run `make figures ENTRIES={entry.key}` on a clean commit"] if old else []
    if not needed:
        short = ["drawn once it is no draft" if entry.draft else "there is no law, boundary or path to draw"]
    return row("Figures", short, [], f"{len(needed)} of today")


def matrix(entry: Entry, root: Path) -> Row:
    """Say which detectors fire on an entry that has not declared it, by the kept matrix."""
    path = root / MATRIX
    cells = json.loads(path.read_text("utf-8"))["cells"] if path.is_file() else []
    mine = [cell for cell in cells if cell["entry"] == entry.key and cell["case"] in entry.cases]
    again = f"python benchmarks/detectors/matrix.py {entry.key}"
    unseen = [name for name in entry.cases if name not in {cell["case"] for cell in mine}]
    return row("Matrix", firings(entry, mine), [f"no row of {', '.join(unseen)}: run `{again}`"] if unseen else [],
               f"no detector fires unannounced on {len(entry.cases)} cases")  # fmt: skip


def firings(entry: Entry, cells: Iterable[Mapping[str, Any]]) -> list[str]:
    """List the detectors that fire on runs of an entry, and are neither its own nor declared in `also_fires`."""
    known = {entry.detector, *entry.also_fires}
    return [
        f"{cell['detector']} fires on {cell['fired']} of {cell['n']} runs of {cell['case']}, undeclared"
        for cell in cells
        if cell["fired"] and cell["detector"] not in known
    ]


def filled(entry: Entry, root: Path) -> Row:
    """Say which places of an entry's files are still marked as unfilled."""
    catalog = (root / "catalog.yaml").read_text("utf-8")
    block = re.search(rf"^{entry.key}:\n(?:[ #].*\n|\n)*", catalog, re.MULTILINE)
    parts = [(f"phenomena/{entry.key}.py", (root / "phenomena" / f"{entry.key}.py").read_text("utf-8"), 1)]
    parts += [("catalog.yaml", block[0], catalog[: block.start()].count("\n") + 1)] if block else []
    left = [f"{name}:{line}" for name, text, first in parts for line, _ in marked(text, first)]
    short = [f"still TODO: {', '.join(left)}"] if left else []
    short += [f"references.bib: {work} is a stub" for work in entry.references if work.startswith("todo")]
    return row("Filled in", short + (["status is draft"] if entry.draft else []), [], "nothing is marked TODO")

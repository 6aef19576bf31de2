"""What the site says of every entry, put together from the catalog, the records, the figures and the change log."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from bestiary.catalog.claims import Case, Claim
from bestiary.catalog.entries import Entry
from bestiary.catalog.interaction_claims import Interaction, InteractionClaim
from bestiary.catalog.map_claims import Boundary, Law, MapClaim
from bestiary.catalog.path_claims import EntryPath
from bestiary.catalog.questions import questions
from bestiary.catalog.setups.knobs import knobs_of
from bestiary.catalog.setups.source_files import source_file
from bestiary.catalog.words import called
from bestiary.cli import budget, measured
from bestiary.cli.compared import Compared, compared
from bestiary.cli.output.tables import short
from bestiary.cli.recordings import is_stale
from bestiary.site import recordings
from bestiary.site.docstrings import module_text
from bestiary.site.listing import Block, Listing, Operating, Row
from bestiary.site.works import works

TRANSFORMED = "under all transformations"
AnyClaim = Claim | MapClaim | InteractionClaim
AnyMap = Law | Boundary | EntryPath | Interaction


def listing(entry: Entry, root: Path, rates: Mapping[str, Any], history: Sequence[tuple[str, str]]) -> Listing:
    """Put together what the page of an entry says.

    Args:
        entry: the catalog's block.
        root: of the checkout.
        rates: how right detectors are; `detectors` of benchmarks/measured/detectors.json.
        history: of the catalog; see `editions`.
    """
    record = measured.read(entry, root / "benchmarks" / "measured")
    seconds, file = budget.seconds_of(record), source_file("phenomena", entry.key)
    beside = {id(one.claim): one for one in compared(entry, record)}
    made = recordings.read(root / "docs" / "recordings", entry.key)
    about = getattr(import_module(f"bestiary.detectors.{entry.detector}"), "ABOUT", None)
    figures = root / "docs" / "figures"
    return Listing(
        entry=entry,
        docstring=module_text(file),
        source=file.read_text("utf-8"),
        knobs=knobs_of(entry.key),
        cases=[*_cases(entry, record, beside, control=False), *_cases(entry, record, beside, control=True)],
        maps=list(_maps(entry, record, beside, figures)),
        record=record or {},
        measured=measured.told(record, entry),
        cost="" if seconds is None else budget.words(seconds),
        scale=budget.scale(seconds) or "",
        detector=module_text(source_file("detectors", entry.detector)),
        about={name: getattr(about, name, "") for name in ("why", "do", "source")},
        operating=list(operating(rates.get(entry.detector, {}))),
        works=works(entry.references),
        questions={one: questions()[one] for one in entry.open},
        history=[(edition, words) for edition, words in history if f"`{entry.key}`" in words],
        figure=f"{entry.key}.png" if (figures / f"{entry.key}.png").is_file() else "",
        recording=made,
        recorded=_recorded(made, entry),
    )


def _cases(entry: Entry, record: Any, beside: Mapping[int, Compared], control: bool) -> Iterator[Block]:
    for name, case in (entry.controls if control else entry.positives).items():
        seen = (record or {}).get("cases", {}).get(name, {})
        title, roots = name.replace("_", " "), [measured.root_of(one) for one in seen]
        rows = _rows([("", claim) for claim in case.claims], seen, beside)
        yield Block("case", name, title, case.control or "", setting_of(case), case.seeds, roots, rows)


def _maps(entry: Entry, record: Any, beside: Mapping[int, Compared], figures: Path) -> Iterator[Block]:
    blocks: list[tuple[str, str, AnyMap]] = [("law", *item) for item in entry.every_law.items()]
    blocks += [("boundary", *item) for item in entry.boundaries.items()]
    blocks += [("path", *item) for item in entry.paths.items()]
    blocks += [("interaction", *item) for item in entry.interactions.items()]
    for kind, name, block in blocks:
        seen = (record or {}).get("maps", {}).get(f"{kind} {name}", {})
        file = f"maps/{entry.key}-{'with-' if kind == 'interaction' else ''}{name}.png"
        removes = block.cause.removes if isinstance(block, EntryPath) and block.cause else ""
        yield Block(
            kind,
            name,
            block.title or name.replace("_", " "),
            removes,
            turned(block),
            block.seeds,
            [measured.root_of(one) for one in seen],
            _rows(list(_claims(block)), seen, beside),
            file if (figures / file).is_file() else "",
        )


def _claims(block: AnyMap) -> Iterator[tuple[str, AnyClaim]]:
    """The claims of a block, in the order of its record; those of a path after the name of the rung."""
    if not isinstance(block, EntryPath):
        yield from (("", claim) for claim in block.claims)
        return
    for rung in block.rungs:
        yield from ((rung.name, claim) for claim in rung.claims)
        if rung.without is not None and block.cause is not None:
            removed = {"of": "found", "rate": rung.without, "source": "measured"}
            yield f"{rung.name}, without {block.cause.removes}", Claim.model_validate(removed)


def _rows(claims: Sequence[tuple[str, AnyClaim]], seen: Mapping[str, Any], beside: Mapping[int, Compared]) -> list[Row]:
    rows = []
    for i, (rung, claim) in enumerate(claims):
        there = [was["claims"][i] for was in seen.values() if i < len(was["claims"])]
        there = [was for was in there if was["of"] == (list(claim.of) if isinstance(claim.of, tuple) else claim.of)]
        of = called(claim.of)
        row = Row(
            f"{rung}: {of}" if rung else of,
            _interval(claim),
            [short(was["measured"]) for was in there],
            [was["outcome"] for was in there],
            f"{claim.source}, {claim.where}" if claim.where else claim.source,
        )
        one = beside.get(id(claim))
        if one is not None and claim.published is not None:
            apart = next((d.words().partition(", ")[0] for d in one.differences().values()), "")
            row = row._replace(published=claim.published.words(), difference=apart, agrees=one.agrees)
            row = row._replace(cited=claim.published.where)
        rows.append(row)
    return rows


def _interval(claim: AnyClaim) -> str:
    if isinstance(claim.interval, str):
        return claim.interval.replace("_", " ")
    lo, hi = claim.interval
    if claim.statistic == "rate":
        words = f"at least {100 * lo:g} %" if hi == 1 else f"at most {100 * hi:g} %"
        return words if lo == 0 or hi == 1 else f"{100 * lo:g} to {100 * hi:g} %"
    unit = f" {claim.unit}" if claim.unit not in (None, "1") else ""
    return f"{lo:g} to {hi:g}{unit}"


def setting_of(case: Case) -> str:
    """Say what a case changes."""
    return ", ".join(f"{name} = {value}" for name, value in (case.knobs | case.static).items())


def turned(block: AnyMap) -> str:
    """Say what is turned, or what the rungs of a path are."""
    if isinstance(block, EntryPath):
        return " -> ".join(rung.name for rung in block.rungs)
    partner = f"with {block.partner}, " if isinstance(block, Interaction) else ""
    fixed = "".join(f", {name} = {value}" for name, value in (block.knobs | block.static).items())
    return f"{partner}over {block.over}{fixed}"


def operating(rates: Mapping[str, Any]) -> Iterator[Operating]:
    """Yield how right a detector is: on logs as recorded, under all transformations, and under each."""
    if not rates:
        return
    rows = [("as recorded", rates["recorded"]), (TRANSFORMED, rates), *rates.get("transformed", {}).items()]
    for name, one in rows:
        error = one.get("onset_error") or {}
        known = error.get("n") and name != TRANSFORMED
        words = f"{error['median']:g} ({error['q05']:g} to {error['q95']:g})" if known else ""
        yield Operating(name.replace("_", " "), _share(one.get("hit")), _share(one.get("false_alarm")), words)


def _share(counts: Sequence[int] | None) -> str:
    if not counts or not counts[1]:
        return "not asked"
    return f"{counts[0]} of {counts[1]} ({100 * counts[0] / counts[1]:.3g} %)"


def _recorded(made: Mapping[str, Any] | None, entry: Entry) -> str:
    """Say where a recording comes from, and whether the entry has changed since."""
    if made is None:
        return ""
    commit = f" at commit {made['commit'][:7]}" if made.get("commit") else ""
    other = ", with other code than today's" if is_stale(dict(made), entry) else ""
    return f"root seed {made['root']}, recorded {made['date']}{commit} on {made['machine'].get('device', 'cpu')}{other}"


def editions(changes: str) -> list[tuple[str, str]]:
    """Read a change log: every item, with the edition under which it stands."""
    made, edition = [], ""
    for part in re.split(r"\n(?=## |- |### )", changes):
        if part.startswith("## "):
            edition = part.splitlines()[0].strip("# []")
            edition = edition.partition("]")[0]
        elif part.startswith("- "):
            made.append((edition, " ".join(part.partition("\n\n")[0][2:].split())))
    return made


def doors(init: Path) -> dict[str, str]:
    """Return {name: module} of what `bestiary` gives to Python users, read from the text of its `__init__`."""
    for node in ast.parse(init.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_HOMES":
            return ast.literal_eval(node.value)
    return {}

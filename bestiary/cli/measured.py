"""What was measured, with its provenance: benchmarks/measured/<entry>.json, written by `bestiary measure` alone."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bestiary import files
from bestiary.catalog.setups.source_files import source_file
from bestiary.cli.budget import scale, seconds_of
from bestiary.cli.budget import words as words_of
from bestiary.files import replace_with
from bestiary.train.source.text import text_hash

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry
    from bestiary.catalog.listed import Listed
    from bestiary.judge.check import CaseResult
    from bestiary.judge.outcome import Verdict
    from bestiary.judge.setup import Setup
    from bestiary.maps.interactions.cells import Seen, Table
    from bestiary.maps.judge import MapResult

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def folder() -> Path | None:
    """benchmarks/measured of a checkout; None for an installed package."""
    root = files.checkout()
    return root / "benchmarks" / "measured" if root else None


def record(setup: Setup, results: Sequence[CaseResult], alpha: float, maps: Sequence[MapResult] = ()) -> dict[str, Any]:
    """One entry's measurements over cases and roots.

    Args:
        setup: what was run.
        results: of the setup; at least one.
        alpha: false-alarm rate of one claim.
        maps: the entry's laws, boundaries, paths and interactions.

    Returns:
        Provenance (version of the entry, software, device, date), then for each case and
        root the seeds, states, phases, raw onsets [step] of the runs where it was found, the
        quantiles of every effect, and each claim with its outcome; for each law, boundary,
        path and interaction and root what was claimed and measured, of an interaction kappa at each
        value of the knob too.
    """
    import numpy as np  # reading a record needs none of it

    from bestiary.train.provenance import commit  # and with it JAX, which reading a record needs none of

    entry, attrs = setup.entry, results[0].runs.attrs
    cases: dict[str, Any] = {}
    for r in results:
        effects: dict[tuple[str, str], list[float]] = {}
        for finding in r.findings:
            for name, (value, unit) in finding.effects.items():
                effects.setdefault((name, unit), []).append(value)
        cases.setdefault(r.case.name, {})[f"root {r.root}"] = {
            "seeds": len(r.findings),
            "states": dict(sorted(Counter(str(f.state) for f in r.findings).items())),
            "phases": dict(sorted(Counter(f.phase for f in r.findings if f.phase).items())),
            "onsets": [f.onset for f in r.findings if f.found],
            "effects": {
                name: {"n": len(v), "unit": unit, "quantiles": [_short(q) for q in np.quantile(v, QUANTILES)]}
                for (name, unit), v in sorted(effects.items())
            },
            "claims": [_claim(v) for v in r.verdicts],
        }
    beyond: dict[str, Any] = {}
    for m in maps:
        claims = [({"rung": head} if head else {}) | _claim(v) for head, v in m.headed()]
        more = {"points": [_point(m.table, one) for one in m.table.points]} if m.table is not None else {}
        beyond.setdefault(f"{m.kind} {m.block.name}", {})[f"root {m.root}"] = {"claims": claims} | more
    made = {
        "entry": entry.key,
        "version": entry.version,
        "date": datetime.now(UTC).date().isoformat(),
        "bestiary": attrs["bestiary"],
        "commit": commit(),
        "code": code_of(setup),
        "python": python(),
        "text": text_of(entry),
        "machine": json.loads(attrs["machine"]),
        "alpha": alpha,
        "quantiles": QUANTILES,
        "cases": cases,
    }
    return made | ({"maps": beyond} if beyond else {})


def with_cost(
    record: dict[str, Any], spent: Mapping[str, Any] | None, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Add what the measurement cost; where it trained little itself, what one of the same code had cost before.

    Args:
        record: of an entry.
        spent: see `bestiary.judge.costs.costs`; None if most was kept, or trained elsewhere.
        before: the record that is replaced; None if there was none.
    """
    if spent is None and before and before.get("code", {}).get("runs") == record["code"]["runs"]:
        spent = before.get("cost")
    return record | {"cost": spent} if spent else record


def _claim(v: Verdict) -> dict[str, Any]:
    claim = v.claim
    said = "claimed" if isinstance(claim.interval, str) else claim.statistic  # `outcome` is the verdict's
    made = {"of": claim.of, said: claim.interval, "measured": v.measured, "outcome": v.outcome}
    number = v.estimate and [float(f"{x:.6g}") if math.isfinite(x) else None for x in v.estimate]
    return made | ({"estimate": number} if number else {})


def _point(table: Table, one: Seen) -> dict[str, Any]:
    """What was seen of an interaction at one value of B's knob."""
    from bestiary.maps.interactions.kappa import answer, limits

    told, found = answer(one.kappa, one.rates, table.design.more), limits(one.kappa)
    kappa = [_short(x) if math.isfinite(x) else None for x in found]
    return {"at": one.x, "kappa": kappa, "found": one.rates._asdict(), "outcome": str(told.correction)}


def _short(x: float) -> float:
    return float(f"{x:.5g}")


def write(record: dict[str, Any], to: Path) -> Path:
    """Write a record whole or not at all; returns its path."""
    path = to / f"{record['entry']}.json"
    to.mkdir(parents=True, exist_ok=True)
    replace_with(path, (json.dumps(record, indent=1) + "\n").encode())
    return path


def read(entry: Entry | Listed, source: Path) -> dict[str, Any] | None:
    """The record of an entry, or None if there is none."""
    path = source / f"{entry.key}.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def verdict(record: dict[str, Any] | None, entry: Entry, code: Mapping[str, str] | None = None) -> str:
    """Say in a table's cell how many claims held on how many roots.

    Args:
        record: of the entry; None if there is none.
        entry: the catalog's block.
        code: hashes of what decides runs and verdicts today; None if nobody asks.
    """
    if record is None:
        return "not measured"
    if record["version"] != entry.version:
        return f"measured as version {record['version']}"
    parts = [*record["cases"].values(), *record.get("maps", {}).values()]
    outcomes = [c["outcome"] for part in parts for root in part.values() for c in root["claims"]]
    roots = {root for case in record["cases"].values() for root in case}
    words = f"{outcomes.count('holds')}/{len(outcomes)} hold on {len(roots)} roots"
    other = [name for name, value in (code or {}).items() if record.get("code", {}).get(name) != value]
    return f"{words}, measured with other code ({', '.join(other)})" if other else words


def told(record: dict[str, Any] | None, entry: Entry) -> str:
    """Say in a sentence when an entry was measured, what came of it, and whether its text has changed since.

    The text is compared and not the code that README compares, which takes JAX to follow. Another version of
    Python writes other text: it is not compared then.
    """
    if record is None:
        return "never measured"
    commit = f" at commit {record['commit'][:7]}" if record.get("commit") else ""
    roots = " and ".join(map(str, roots_of(record)))
    words = verdict(record, entry).partition(" on ")[0]
    comparable = "text" in record and record.get("python") == python()
    other = ", measured with other code" if comparable and record["text"] != text_of(entry) else ""
    on = f" on roots {roots}{other}" if "hold" in words else ""
    seconds = seconds_of(record)
    cost = "" if seconds is None else f"; one root costs {words_of(seconds)} of CPU time ({scale(seconds)})"
    return f"measured {record['date'][:10]}{commit}: {words}{on}{cost}"


def text_of(entry: Entry) -> str | None:
    """Return the hash of the text that an entry's file leads to; None if it has no file of its own."""
    try:
        return text_hash(source_file("phenomena", entry.key))
    except ValueError:
        return None


def restamped(record: dict[str, Any], entry: Entry, code: Mapping[str, str]) -> dict[str, Any]:
    """Renew the hash of the text where nothing that decides runs and verdicts has changed, as the finer hashes tell.

    Args:
        record: of the entry.
        entry: the catalog's block.
        code: all hashes of the code today.
    """
    same = record["version"] == entry.version and record.get("code") == code and record.get("python") == python()
    return record | {"text": text_of(entry)} if same else record


def roots_of(record: dict[str, Any] | None) -> list[int]:
    """Return the roots that a record is of, in increasing order."""
    cases = (record or {}).get("cases", {}).values()
    return sorted({root_of(key) for case in cases for key in case})


def root_of(key: str) -> int:
    """Return the root of which a part of a record is, by the part's key."""
    return int(key.removeprefix("root "))


def is_stale(record: dict[str, Any] | None, entry: Entry, code: Mapping[str, str]) -> bool:
    """Return whether an entry was never measured, or as another version, or with code or claims that differ."""
    if record is None or record["version"] != entry.version:
        return True
    return any(record.get("code", {}).get(name) != value for name, value in code.items())


def code_of(setup: Setup) -> dict[str, str]:
    """Return the hashes of what decides an entry's runs, and its verdicts."""
    return {"runs": setup.code, "judge": setup.judge_code}


def comparable_code(record: dict[str, Any] | None, setup: Setup) -> dict[str, str]:
    """Return those hashes that can be compared with a record's.

    What decides runs leads into packages: its hash is another one with other versions of them, or of Python.
    """
    from bestiary.train.store import machine

    here = dict(machine(setup.packages)) | {"python": python()}
    there = {} if record is None else record["machine"] | {"python": record.get("python")}
    same = all(there.get(name) == version for name, version in here.items() if name not in ("platform", "device"))
    code = code_of(setup)
    return code if same else {"judge": code["judge"]}


def python() -> str:
    """Return the version of Python that hashes depend on."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"

"""The claims of the catalog, judged on this device on a root that they were recorded on: do the verdicts agree?"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from accelerator import costs
from accelerator.kept import Kept, OutOfTime, failure, say
from bestiary import files
from bestiary.catalog.read import read_catalog
from bestiary.cli import measured
from bestiary.judge.check import CaseResult, check
from bestiary.judge.setup import load
from bestiary.train.store import NoStore

THREADS = 2  # entries at once; each has two threads that compile
LAST = 3.0  # [s] for judging what has just been trained


def run(
    kept: Kept,
    quick: bool,
    share: int = 0,
    shares: int = 1,
    skip: Sequence[str] = (),
    only: Sequence[str] | None = None,
) -> None:
    """Check one entry in so many, the cheapest first, as far as the time goes.

    Args:
        kept: where what was found is kept.
        quick: whether one entry alone is checked, to try this script.
        share: which of the entries: those whose place in the order is this number,
        shares: modulo this one.
        skip: entries that are left out: one of them has ended the process before.
        only: entries that are checked; default: all.
    """
    catalog, records, loading = read_catalog(), files.measured(), threading.Lock()
    some = [key for key in costs.ordered(catalog) if only is None or key in only]
    keys = [key for key in some[share::shares] if key not in skip]
    keys = [costs.QUICK] if quick else keys
    for key in keys:
        kept.put("entries", key, value={"not_reached": "out of time"})

    def stop(_: Any) -> None:
        if kept.left() < 0:
            raise OutOfTime

    def one(key: str) -> None:
        if kept.left() < 0:
            return
        kept.put("entries", key, value={"not_reached": "begun, and not ended in time", "begun": True})
        try:
            started, entry = time.monotonic(), catalog[key]
            record = measured.read(entry, Path(records))
            with loading:
                setup = load(entry)
            root = (measured.roots_of(record) or [21])[0]
            results = check([setup], NoStore(), roots=[root], on_progress=stop)
            found = compared(results, record, root)
            same = measured.comparable_code(record, setup)
            found["code"] = {n: (record or {}).get("code", {}).get(n) == value for n, value in same.items()}
            kept.put("entries", key, value=found | {"seconds": time.monotonic() - started, "version": entry.version})
            say(f"check {key}: {told(found)}, {time.monotonic() - started:.0f} s, {kept.left():.0f} s left")
        except OutOfTime:
            kept.put("entries", key, value={"not_reached": "out of time"})
        except Exception as error:  # the others go on
            kept.put("entries", key, value=failure(error))
            say(f"check {key}: FAILED: {failure(error)['failed']}")

    pool = ThreadPoolExecutor(THREADS)
    wait([pool.submit(one, key) for key in keys], timeout=max(0.0, kept.left()) + LAST)
    pool.shutdown(wait=False, cancel_futures=True)


def compared(results: list[CaseResult], record: dict[str, Any] | None, root: int) -> dict[str, Any]:
    """Return each claim's outcome and estimate, here and in the record, and how many runs are in which state."""
    claims, cases = [], {}
    for result in results:
        there = (record or {}).get("cases", {}).get(result.case.name, {}).get(f"root {root}", {})
        states = dict(sorted(Counter(str(f.state) for f in result.findings).items()))
        onsets = [f.onset for f in result.findings if f.found]
        cases[result.case.name] = {"states": states, "recorded_states": there.get("states")}
        cases[result.case.name] |= onsets_apart(onsets, there.get("onsets"))
        judged = there.get("claims") or [None] * len(result.verdicts)
        for verdict, known in zip(result.verdicts, judged, strict=True):
            number = list(verdict.estimate) if verdict.estimate else None
            one = {"case": result.case.name, "of": verdict.claim.of, "statistic": verdict.claim.statistic}
            one |= {"outcome": str(verdict.outcome), "measured": verdict.measured, "estimate": number}
            if known is not None:
                one["recorded"] = {name: known.get(name) for name in ("outcome", "measured", "estimate")}
                one["same"] = one["outcome"] == known["outcome"]
                one["overlap"] = overlap(number, known.get("estimate"))
            claims.append(one)
    return {"root": root, "claims": claims, "cases": cases}


def overlap(here: list[float] | None, there: list[float | None] | None) -> bool | None:
    """Return whether the limits of two estimates (value, low, high) meet; None without both."""
    if here is None or there is None or None in there:
        return None
    slack = 2e-5 * max(map(abs, here + there))  # a record has six digits, and exact theory leaves only rounding
    return here[1] <= there[2] + slack and there[1] <= here[2] + slack


def onsets_apart(here: list[float], there: list[float] | None) -> dict[str, Any]:
    """Return how many of the onsets of equal seeds are equal, where as many runs have one here as there."""
    if not there or len(here) != len(there):
        return {}
    equal = [abs(a - b) < 1e-6 * max(1.0, abs(b)) for a, b in zip(here, there, strict=True)]
    return {"onsets": len(here), "equal_onsets": sum(equal)}


def told(found: dict[str, Any]) -> str:
    """Return in words how many verdicts are those of the record, and which are not."""
    known = [c for c in found["claims"] if "same" in c]
    other = [f"{c['case']} {c['of']}: {c['recorded']['outcome']} -> {c['outcome']}" for c in known if not c["same"]]
    return f"{len(known) - len(other)}/{len(known)} verdicts as recorded" + "".join(f"; {line}" for line in other)

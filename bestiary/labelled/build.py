"""Make labelled runs from the catalog: every case of every entry, root after root, with what is known of each run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bestiary.files import replace_with
from bestiary.judge.rounds import answer
from bestiary.judge.setup import Setup
from bestiary.labelled.pack import FORMAT, LICENCE, packed, read
from bestiary.labelled.run import FIRST, LAST, LabelledRun, split_of
from bestiary.log import Log, Series
from bestiary.train import runs as files
from bestiary.train.event import OnProgress
from bestiary.train.executors.protocol import Executor
from bestiary.train.jobs import Request
from bestiary.train.store import Store

MANIFEST = "manifest.json"


class Shard(NamedTuple):
    """One file of a large build: all cases of an entry on one root."""

    file: str
    entry: str
    root: int
    split: str
    runs: int
    bytes: int
    digest: str


def label(
    setup: Setup,
    root: int,
    store: Store,
    *,
    seeds: int | None = None,
    records: int | None = None,
    on_progress: OnProgress = lambda p: None,
    executor: Executor | None = None,
) -> Iterator[LabelledRun]:
    """Train the cases of an entry on a root, and say what is known of each run.

    Args:
        setup: of the entry.
        root: 1000 to 1999: the catalog is tuned and judged on others.
        store: where runs are looked up and kept.
        seeds: of every case; default: the case's own number.
        records: how many of a curve are kept at most, every k-th; default: all.
        on_progress: called with each Progress.
        executor: who trains; default: this process.

    Yields:
        The runs, case by case, with the channels that the entry's figure has.

    Raises:
        ValueError: the root is not one of labelled runs.
    """
    p, entry, split = setup.phenomenon, setup.entry, split_of(root)
    removed = dict.fromkeys(case.control or "" for case in entry.controls.values())
    wanted = {
        case.name: Request(
            setup, p.knobs._replace(**case.knobs), p.static._replace(**case.static), seeds or case.seeds, root, True
        )
        for case in entry.cases.values()
    }
    seen = answer(list(wanted.values()), store, on_progress, executor)
    for case in entry.cases.values():
        request, there = wanted[case.name], seen[wanted[case.name]]
        assert there.curves is not None  # they were asked for
        for seed, (log, finding) in enumerate(zip(files.logs(there.curves), there.findings, strict=True)):
            yield LabelledRun(
                entry.key,
                case.name,
                root,
                seed,
                split,
                case.control is None,
                case.control or "; ".join(removed),
                setup.detector,
                str(finding.state),
                finding.phase or "",
                float("nan") if finding.onset is None else finding.onset,
                ", ".join(sorted(entry.also_fires)),
                {name: float(v) for name, v in request.knobs._asdict().items()},
                request.static._asdict(),
                _thinned(log, [c for c in p.figure if c in log], records),
            )


def _thinned(log: Log, channels: Sequence[str], records: int | None) -> Log:
    """Every k-th record of some channels, as one logs who logs less often."""

    def of(series: Series) -> Series:
        every = 1 if records is None else -(-series.steps.size // records)
        return Series(series.steps[::every], np.asarray(series.values)[::every])

    return Log({name: of(log[name]) for name in channels})


def build(
    setups: Sequence[Setup],
    out: Path,
    *,
    seconds: float,
    most: int | None = None,
    on_shard: Callable[[Shard], None] = lambda shard: None,
    clock: Callable[[], float] = time.monotonic,
    **how: Any,
) -> list[Shard]:
    """Write labelled runs to a folder, a file for each entry and root, until the time is spent.

    Roots are taken in order, all entries on one before the next. A file that is there and sound is not made again, so a
    build that was stopped goes on; each is written whole or not at all, and manifest.json after it.

    Args:
        setups: of the entries.
        out: the folder.
        seconds: after which no further file is begun.
        most: number of runs after which none is begun either.
        on_shard: called with each file, made or found.
        clock: a time [s].
        how: `store`, `seeds`, `records`, `on_progress`, `executor` of `label`.

    Returns:
        The files.
    """
    out.mkdir(parents=True, exist_ok=True)
    shards: list[Shard] = []
    ends = clock() + seconds
    for root, setup in product(range(FIRST, LAST + 1), setups):
        if clock() >= ends or (most is not None and sum(shard.runs for shard in shards) >= most):
            break
        shards.append(_shard(setup, root, out, how))
        _write_manifest(out, shards)
        on_shard(shards[-1])
    return shards


def _shard(setup: Setup, root: int, out: Path, how: dict[str, Any]) -> Shard:
    file = out / f"{setup.entry.key}-{root}.nc"
    made_by = {"entry": setup.entry.key, "version": str(setup.entry.version), "code": setup.code}
    made_by |= {name: str(how.get(name)) for name in ("seeds", "records")}
    try:
        pack = read(file)
    except (FileNotFoundError, ValueError):
        pack = None
    if pack is None or {name: pack.dataset.attrs.get(name) for name in made_by} != made_by:
        files.write(files.seal(packed(list(label(setup, root, **how)), made_by)), file)
        pack = read(file)
    size, digest = file.stat().st_size, str(pack.dataset.attrs["digest"])
    return Shard(file.name, setup.entry.key, root, split_of(root), len(pack), size, digest)


def _write_manifest(out: Path, shards: Sequence[Shard]) -> None:
    told = {"format": FORMAT, "licence": LICENCE, "runs": sum(s.runs for s in shards)}
    content = json.dumps(told | {"files": [shard._asdict() for shard in shards]}, indent=1) + "\n"
    replace_with(out / MANIFEST, content.encode())

"""Jobs for the trainer: what is wanted, grouped by what one program can run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self
from weakref import WeakKeyDictionary

import jax
import numpy as np

from bestiary.entry import Knobs, Phenomenon, Static, TrainState
from bestiary.train import layout, store, trainer
from bestiary.train.source.parsed import Unfollowed
from bestiary.train.source.walk import Source, source_of
from bestiary.train.store import Cell

BLOCK = 16  # seeds in a cell; the last cell of a setting has what is left, and a seed is the same run in either
SETTLING = 8  # boundaries at which a setup's `settled` is asked
ENDS = "each run by itself, twice as late as it has settled"  # by number of boundaries; see batches._drive
SLAB = 256 * 2**20  # [byte] of curves that one job holds
UNHASHED = {"knobs", "static", "detect", "units", "figure", "clock", "needs"}  # stand in the address, or decide no run


@dataclass(frozen=True, eq=False)
class Setup:
    """A phenomenon under the name by which its runs are kept; hashed by identity, as the phenomenon is.

    Attributes:
        name: key of the entry, or any name.
        phenomenon: the setup.
        code: hash of the source of all that decides a run; empty if that cannot be followed.
        packages: installed packages that the source names.
        unkept: why the runs are not kept; empty if they are.
    """

    name: str
    phenomenon: Phenomenon
    code: str
    packages: tuple[str, ...] = ()
    unkept: str = ""

    @property
    def cases(self) -> Mapping[str, Any]:
        """Settings with names of their own; only an entry of the catalog has some."""
        return {}

    @property
    def detector(self) -> str:
        """Name of the detector that `detect` calls; only an entry of the catalog states it."""
        return ""

    @classmethod
    def of(cls, name: str, phenomenon: Phenomenon) -> Setup:
        """Hash the source of a phenomenon and name it."""
        return cls(name, phenomenon, **_hashed(phenomenon))

    def renewed(self) -> Self:
        """Return the setup as its functions are now: what they name, such as a constant, may be another since."""
        new = _hashed(self.phenomenon)
        return self if new["code"] and new["code"] == self.code else replace(self, **new)


_codes: WeakKeyDictionary[Phenomenon, str] = WeakKeyDictionary()  # of every phenomenon, when it was last hashed
_names: dict[str, str] = {}  # what every name in a source stood for, when it was last read


def _hashed(p: Phenomenon) -> dict[str, Any]:
    """The fields of a setup that its source decides.

    JAX traces a function once, with what its names stand for then. If that changed since, or if nobody can tell, all
    that was traced is forgotten.
    """
    try:
        source = run_source(p)
    except Unfollowed as error:
        trainer.forget()
        return {"code": "", "packages": (), "unkept": str(error)}
    if _codes.get(p, source.code) != source.code or any(_names.get(k, v) != v for k, v in source.names.items()):
        trainer.forget()
    _codes[p] = source.code
    _names.update(source.names)
    return {"code": source.code, "packages": source.packages, "unkept": ""}


def run_source(p: Phenomenon) -> Source:
    """Hash the source of all that decides a phenomenon's runs: its functions but `detect`, and the trainer.

    Knobs and static values are no part of it: they stand in the address of a run by value.

    Raises:
        Unfollowed: a function leads to an object whose source cannot be found.
    """
    own = {field.name: getattr(p, field.name) for field in fields(p) if field.name not in UNHASHED}
    ends = {"ends": ENDS} if p.settled is not None else {}  # else no run can end early
    return source_of(own | of_every_run() | {"settling": SETTLING} | ends)


def of_every_run() -> dict[str, Any]:
    """Return what decides a run whatever the setup."""
    return {
        "functions": trainer.functions,
        "beginning": trainer.BEGINNING,
        "lanes": layout.default_lanes,
        "state": TrainState,
    }


@dataclass(frozen=True)
class Request:
    """Runs that are wanted: seeds 0..seeds-1 of one setting of one setup on one root.

    Attributes:
        setup: the setup.
        knobs: traced values.
        static: static values.
        seeds: number of seeds.
        root: root seed.
        curves: whether the curves are wanted too, and not only what the detector says.
    """

    setup: Setup
    knobs: Knobs
    static: Static
    seeds: int
    root: int
    curves: bool = False


@dataclass(frozen=True, eq=False)
class Job:
    """Settings of one setup and static part, each over the seeds 0..seeds-1.

    Attributes:
        entry: name of the setup.
        phenomenon: the setup.
        static: static part.
        settings: (K) knobs.
        seeds: (K) number of seeds of each setting.
        root: root seed.
        code: hash of the sources that decide the runs; empty if they are not kept.
        packages: installed packages that these name.
        unkept: why the runs are not kept.
    """

    entry: str
    phenomenon: Phenomenon
    static: Static
    settings: tuple[Knobs, ...]
    seeds: tuple[int, ...]
    root: int
    code: str
    packages: tuple[str, ...] = ()
    unkept: str = ""

    def cells(self, machine: tuple[tuple[str, str], ...] | None = None) -> list[list[Cell]]:
        """Return the blocks of seeds of every setting.

        Args:
            machine: that trains them; default: this one.
        """
        static, here = tuple(self.static._asdict().items()), machine or store.machine(self.packages)

        def cell(knobs: Knobs, seeds: range) -> Cell:
            # The shortest decimal of the float32 that is trained with: 0.2, not 0.20000000298.
            values = tuple((name, float(str(np.float32(v)))) for name, v in knobs._asdict().items())
            return Cell(self.entry, self.code, static, values, self.root, tuple(seeds), here)

        return [
            [cell(knobs, range(lo, min(lo + BLOCK, n))) for lo in range(0, n, BLOCK)]
            for knobs, n in zip(self.settings, self.seeds, strict=True)
        ]


def jobs_of(requests: Sequence[Request]) -> Iterator[tuple[Job, list[list[Request]]]]:
    """Group requests into jobs, each with the requests that each of its settings answers.

    A job has one setup, root and static part, and its curves fit a slab. Requests for the same runs are one setting.
    """
    groups: dict[tuple, dict[tuple, list[Request]]] = {}
    for request in dict.fromkeys(requests):
        group = groups.setdefault((request.setup, request.root, request.static), {})
        group.setdefault((request.knobs, request.seeds), []).append(request)
    for (setup, _, static), settings in groups.items():
        room = max(1, SLAB // max(1, curve_bytes(setup.phenomenon, static)))
        slab: list[list[Request]] = []
        for same in settings.values():
            if slab and sum(one[0].seeds for one in slab) + same[0].seeds > room:
                yield _job(slab), slab
                slab = []
            slab.append(same)
        yield _job(slab), slab


def _job(slab: Sequence[Sequence[Request]]) -> Job:
    first, setup = slab[0][0], slab[0][0].setup
    knobs, seeds = tuple(same[0].knobs for same in slab), tuple(same[0].seeds for same in slab)
    return Job(
        setup.name, setup.phenomenon, first.static, knobs, seeds, first.root, setup.code, setup.packages, setup.unkept
    )


def curve_bytes(p: Phenomenon, static: Static) -> int:
    """Return the size of the recorded curves of one run [byte]."""
    records = len(p.schedule(static))
    abstract = trainer.outline(p, static)
    seen = jax.eval_shape(lambda c: p.observe(c.state, c.data, c.knobs, static), abstract)
    probe = p.probe
    probed = jax.eval_shape(lambda c: probe(c.state, c.data, c.knobs, static), abstract) if probe else {}
    return 4 * (len(seen) * records + len(probed) * -(-records // p.probe_every))

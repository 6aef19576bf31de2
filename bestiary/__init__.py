"""bestiary: a catalog of training-dynamics phenomena, each with a setup, a detector and claims.

Names for Python users. Each is imported when it is first asked for, so that `import bestiary` is quick.

    load(key)           an entry of the catalog, ready to run: run, detect, replace, map, interact, check, cite
    entries             the entries by key; print it for a list
    detect(source)      every detector about training logs: files, folders, data frames, mappings
    open_runs(file)     what `bestiary run --out` or `bestiary map --out` wrote, as an xarray.Dataset
    labelled_runs()     recorded runs whose answer is known, to try a detector on
    Monitor             the detectors on a run while it trains
    Log, Series         what a detector reads
    Finding, State, Effect, Span, Severity     what a detector answers
    Phenomenon          a setup of one's own: Model = Network + Data
    Experiment(setup)   a setup of one's own, ready to run: run, detect, replace, map, interact
    simulate(setup)     the trainer alone, without store, progress and findings

The detectors are in `bestiary.detectors`, each in a file of its own; the setups in `bestiary.phenomena`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bestiary.version import __version__

if TYPE_CHECKING:
    from bestiary.about import Severity
    from bestiary.api.entries import entries, load
    from bestiary.api.experiment import Experiment
    from bestiary.api.opened import open_runs
    from bestiary.api.report import detect
    from bestiary.entry import Phenomenon
    from bestiary.labelled.small import labelled_runs
    from bestiary.log import Effect, Finding, Log, Series, Span, State
    from bestiary.train.campaign import simulate
    from bestiary.watch.monitor import Monitor

__all__ = [
    "Effect",
    "Experiment",
    "Finding",
    "Log",
    "Monitor",
    "Phenomenon",
    "Series",
    "Severity",
    "Span",
    "State",
    "__version__",
    "detect",
    "entries",
    "labelled_runs",
    "load",
    "open_runs",
    "simulate",
]

_HOMES = {
    "Effect": "log",
    "Experiment": "api.experiment",
    "Finding": "log",
    "Log": "log",
    "Monitor": "watch.monitor",
    "Phenomenon": "entry",
    "Series": "log",
    "Severity": "about",
    "Span": "log",
    "State": "log",
    "detect": "api.report",
    "entries": "api.entries",
    "labelled_runs": "labelled.small",
    "load": "api.entries",
    "open_runs": "api.opened",
    "simulate": "train.campaign",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: NumPy alone is half the start-up of `bestiary list`."""
    if name in _HOMES:
        return getattr(import_module(f"bestiary.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'bestiary' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

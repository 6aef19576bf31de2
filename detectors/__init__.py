"""One file per detector: a pure function from a Log to a Finding, in NumPy.

A detector is imported from its own file: `from bestiary.detectors.spikes import spikes`. `dir(bestiary.detectors)`
lists the detectors by their file names and imports none.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def __dir__() -> list[str]:
    return [module.name for module in iter_modules(__path__) if not module.name.startswith("_")]


def __getattr__(name: str) -> ModuleType:
    """Import a detector's file when it is first asked for."""
    if name in __dir__():
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; there are {', '.join(__dir__())}")

"""bestiary: a catalog of training-dynamics phenomena, each with a setup, a detector and claims."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bestiary.log import Effect, Finding, Log, Series, Span, State
    from bestiary.watch.monitor import Monitor

from bestiary.version import __version__

__all__ = ["Effect", "Finding", "Log", "Monitor", "Series", "Span", "State", "__version__"]


def __getattr__(name: str) -> Any:
    """Import what detectors use when it is first asked for: NumPy is half the start-up of `bestiary list`."""
    if name in __all__:
        return getattr(import_module("bestiary.watch.monitor" if name == "Monitor" else "bestiary.log"), name)
    raise AttributeError(f"module 'bestiary' has no attribute {name!r}")

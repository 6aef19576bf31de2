"""bestiary: a catalog of training-dynamics phenomena, each with a setup, a detector and claims."""

from bestiary.log import Effect, Finding, Log, Series, Span, State

__version__ = "2026.0"

__all__ = ["Effect", "Finding", "Log", "Series", "Span", "State", "__version__"]

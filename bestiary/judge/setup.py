"""Load the setup of an entry: phenomenon, block of the catalog, and the hashes of what decides runs and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bestiary.catalog.claims import Case
from bestiary.catalog.entries import Entry
from bestiary.catalog.read import check_against, check_text
from bestiary.entry import Phenomenon
from bestiary.train import jobs
from bestiary.train.source.parsed import Unfollowed
from bestiary.train.source.walk import source_of

# Fields that decide no verdict.
PROSE = ("control", "direction", "partner", "published", "removes", "side", "title", "where")


AXES = ("setting", "seed", "step", "last_step", "probe_step")  # of what is recorded


class NotInstalled(ValueError):
    """A setup needs an extra; the message says which."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Setup(jobs.Setup):
    """The setup of an entry; like the phenomenon, hashed by identity.

    Attributes:
        entry: the catalog's block.
    """

    entry: Entry

    @property
    def cases(self) -> Mapping[str, Case]:
        """The cases of the entry by name."""
        return self.entry.cases

    @property
    def detector(self) -> str:
        """Name of the entry's detector."""
        return self.entry.detector

    @property
    def judge_code(self) -> str:
        """Hash of the source of `detect` with its detector, and of the claims; empty if that cannot be followed."""
        parts = {"cases", "laws", "boundaries", "paths"} | ({"interactions"} if self.entry.interactions else set())
        claims = self.entry.model_dump(mode="json", include=parts)
        try:
            return source_of({"detect": self.phenomenon.detect, "claims": _without_prose(claims)}).code
        except Unfollowed:
            return ""


def _without_prose(block: Any) -> Any:
    """A piece of the catalog without what decides no verdict."""
    if isinstance(block, dict):
        return {k: _without_prose(v) for k, v in block.items() if k not in PROSE}
    return [_without_prose(v) for v in block] if isinstance(block, list | tuple) else block


def check_channels(name: str, phenomenon: Phenomenon) -> None:
    """Check that no channel has the name of a knob, or of an axis: both stand in one array of runs.

    Args:
        name: of the setup, for the message.
        phenomenon: the setup; its channels are those that `units` and `figure` name.

    Raises:
        ValueError: in one line.
    """
    for channel in dict.fromkeys((*phenomenon.units, *phenomenon.figure)):
        knob = channel in phenomenon.knobs._fields
        if knob or channel in AXES:
            taken = "a knob" if knob else "an axis"
            raise ValueError(f"{name}: {taken} is called {channel!r} too; rename the channel")


def load(entry: Entry, phenomenon: Phenomenon | None = None) -> Setup:
    """Load the setup of an entry; JAX is imported here.

    Args:
        entry: the catalog's block.
        phenomenon: what runs in place of the entry's own; default: the entry's own.

    Raises:
        CatalogError: the catalog names a knob, a static value, a detector or an effect that the setup does not have, or
            a value that it refuses.
        ValueError: a channel has the name of a knob; in one line.
        NotInstalled: the setup needs an extra.
    """
    if phenomenon is None:
        check_text([entry])
        p = import_module(f"bestiary.phenomena.{entry.key}").PHENOMENON
    else:
        p = phenomenon
        check_against(entry, p)
    check_channels(entry.key, p)
    extras = {extra for module, extra in p.needs.items() if find_spec(module) is None}
    if extras:
        wanted = ",".join(sorted(extras))
        raise NotInstalled(f"{entry.key}: needs what is not installed; pip install 'bestiary[{wanted}]'")
    own = jobs.Setup.of(entry.key, p)
    return Setup(own.name, p, own.code, own.packages, own.unkept, entry=entry)

"""One setting of an entry: the values that were asked for, and its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from bestiary.catalog import values
from bestiary.entry import Knobs, Static
from bestiary.judge.rounds import Asking, drive
from bestiary.log import Finding
from bestiary.train.event import OnProgress
from bestiary.train.executors.protocol import Executor
from bestiary.train.jobs import Request, Setup
from bestiary.train.memory import check_memory
from bestiary.train.store import Store


@dataclass(frozen=True)
class Setting:
    """A setup with all its values, and a name for what was asked for."""

    setup: Setup
    knobs: Knobs
    static: Static
    label: str


def parse(setup: Setup, case: str | None, changes: Sequence[str]) -> Setting:
    """Read the setting that `--case` and `--set name=value` ask for.

    Raises:
        ValueError: an unknown case or name, a name that is set twice, or a value that is refused; in one line.
    """
    p = setup.phenomenon
    asked = values.setting(setup.name, values.declared(p.knobs, p.static), setup.cases, case, changes)
    return _setting(setup, asked, " ".join([case or "", *changes]).strip())


def change_values(setup: Setup, case: str | None, changes: Mapping[str, Any]) -> Setting:
    """Change values of a setup, from its own or from those of a case.

    Args:
        setup: of the entry.
        case: name of a case of the catalog; None for the setup's own values.
        changes: {knob or static value: new value}.

    Raises:
        ValueError: `name: why`, in one line, for an unknown case or name, or a value that is refused: of the wrong
            type, a word that is none of those it may be, not finite, or out of range.
    """
    p = setup.phenomenon
    asked = values.change_values(setup.name, values.declared(p.knobs, p.static), setup.cases, case, changes)
    return _setting(setup, asked, " ".join([*([case] if case else []), *(f"{k}={v}" for k, v in changes.items())]))


def _setting(setup: Setup, asked: Mapping[values.Key, Any], label: str) -> Setting:
    knobs, static = ({name: v for (traced, name), v in asked.items() if traced is part} for part in (True, False))
    p = setup.phenomenon
    return Setting(setup, p.knobs._replace(**knobs), p.static._replace(**static), label or "default")


def run(
    asked: Setting,
    seeds: int,
    root: int,
    store: Store,
    on_progress: OnProgress = lambda p: None,
    executor: Executor | None = None,
) -> tuple[xr.Dataset, list[Finding]]:
    """Train a setting; return its runs, and a finding for each.

    Args:
        asked: the setting.
        seeds: number of seeds.
        root: root seed.
        store: where runs are kept.
        on_progress: called with each Progress.
        executor: who trains; default: this process.
    """
    return drive([ask(asked, seeds, root)], store, on_progress, executor)[0]


def ask(asked: Setting, seeds: int, root: int) -> Asking[tuple[xr.Dataset, list[Finding]]]:
    """Ask for the runs of a setting, and for a finding for each.

    Raises:
        TooLarge: the runs need more memory than there is; in one line.
    """
    check_memory(asked.setup.phenomenon, asked.static)
    (seen,) = yield [Request(asked.setup, asked.knobs, asked.static, seeds, root, curves=True)]
    assert seen.curves is not None  # they were asked for
    return seen.curves, list(seen.findings)

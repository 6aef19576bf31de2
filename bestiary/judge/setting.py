"""One setting of an entry: the values that were asked for, and its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from bestiary.catalog.yaml_source import nearest
from bestiary.entry import Knobs, Static
from bestiary.judge.rounds import Asking, drive
from bestiary.log import Finding
from bestiary.train.campaign import OnProgress
from bestiary.train.jobs import Request, Setup
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
        ValueError: an unknown case or name, or a value of the wrong type; in one line.
    """
    p, values = setup.phenomenon, {}
    fields = {**p.knobs._asdict(), **p.static._asdict()}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"--set {change}: want NAME=VALUE")
        kind = float if name in p.knobs._fields else type(fields.get(name, ""))
        try:
            values[name] = kind(text)
        except ValueError:
            want = "an integer" if kind is int else "a number"
            raise ValueError(f"--set {change}: want {want}, not {text!r}") from None
    try:
        made = change_values(setup, case, values)
    except ValueError as error:
        name, _, why = str(error).partition(": ")
        change = next((c for c in changes if c.partition("=")[0] == name), None)
        raise ValueError(f"--set {change}: {why}" if change else f"--case {error}") from None
    return Setting(setup, made.knobs, made.static, " ".join([case or "", *changes]).strip() or "default")


def change_values(setup: Setup, case: str | None, values: Mapping[str, Any]) -> Setting:
    """Change values of a setup, from its own or from those of a case.

    Args:
        setup: of the entry.
        case: name of a case of the catalog; None for the setup's own values.
        values: {knob or static value: new value}.

    Raises:
        ValueError: `name: why`, in one line, for an unknown case or name, or a value of the wrong type.
    """
    p, cases = setup.phenomenon, setup.cases
    knobs, static = p.knobs, p.static
    if case is not None:
        if case not in cases:
            raise ValueError(f"{case}: {setup.name} has no such case{nearest(case, cases)}")
        block = cases[case]
        knobs, static = knobs._replace(**block.knobs), static._replace(**block.static)
    for name, value in values.items():
        if name in knobs._fields:
            if isinstance(value, str | bool) or not hasattr(value, "__float__"):
                raise ValueError(f"{name}: want a number, not {value!r}")
            knobs = knobs._replace(**{name: float(value)})
        elif name in static._fields:
            kind = type(getattr(static, name))
            if isinstance(value, bool) or not isinstance(value, kind):
                raise ValueError(f"{name}: want {'an integer' if kind is int else 'a word'}, not {value!r}")
            static = static._replace(**{name: value})
        else:
            known = [*knobs._fields, *static._fields]
            hint = nearest(name, known) or f"; it has {', '.join(known)}"
            raise ValueError(f"{name}: {setup.name} has no knob {name!r}{hint}")
    label = " ".join([*([case] if case else []), *(f"{k}={v}" for k, v in values.items())])
    return Setting(setup, knobs, static, label or "default")


def run(
    asked: Setting, seeds: int, root: int, store: Store, on_progress: OnProgress = lambda p: None
) -> tuple[xr.Dataset, list[Finding]]:
    """Train a setting; return its runs, and a finding for each.

    Args:
        asked: the setting.
        seeds: number of seeds.
        root: root seed.
        store: where runs are kept.
        on_progress: called with each Progress.
    """
    return drive([ask(asked, seeds, root)], store, on_progress)[0]


def ask(asked: Setting, seeds: int, root: int) -> Asking[tuple[xr.Dataset, list[Finding]]]:
    """Ask for the runs of a setting, and for a finding for each."""
    (seen,) = yield [Request(asked.setup, asked.knobs, asked.static, seeds, root, curves=True)]
    assert seen.curves is not None  # they were asked for
    return seen.curves, list(seen.findings)

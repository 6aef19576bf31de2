"""One setting of an entry, asked for on the command line: its knobs, its static values, its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from bestiary.catalog.entries import Entry
from bestiary.catalog.yaml_source import nearest
from bestiary.entry import Knobs, Phenomenon, Static
from bestiary.judge import check
from bestiary.log import Finding
from bestiary.train import runs
from bestiary.train.campaign import Job, Tell, execute
from bestiary.train.sources import code_of
from bestiary.train.store import Store


@dataclass(frozen=True)
class Setting:
    """A setup with all its values, and a name for what was asked for."""

    entry: Entry
    phenomenon: Phenomenon
    knobs: Knobs
    static: Static
    label: str


def of(entry: Entry, case: str | None, changes: Sequence[str]) -> Setting:
    """The setting that `--case` and `--set name=value` ask for.

    Raises:
        ValueError: an unknown case or name, or a value of the wrong type; in one line.
    """
    p = check.load(entry)
    knobs, static = p.knobs, p.static
    if case is not None:
        if case not in entry.cases:
            raise ValueError(f"--case {case}: {entry.key} has no such case{nearest(case, entry.cases)}")
        block = entry.cases[case]
        knobs, static = knobs._replace(**block.knobs), static._replace(**block.static)
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"--set {change}: want NAME=VALUE")
        if name in knobs._fields:
            knobs = knobs._replace(**{name: _value(change, text, float)})
        elif name in static._fields:
            static = static._replace(**{name: _value(change, text, type(getattr(static, name)))})
        else:
            known = [*knobs._fields, *static._fields]
            raise ValueError(f"--set {change}: {entry.key} has no knob {name!r}{nearest(name, known)}")
    return Setting(entry, p, knobs, static, " ".join([case or "", *changes]).strip() or "default")


def _value(change: str, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"--set {change}: want {'an integer' if kind is int else 'a number'}, not {text!r}") from None


def run(asked: Setting, seeds: int, root: int, cabinet: Store, tell: Tell) -> tuple[xr.Dataset, list[Finding]]:
    """The runs of a setting, and a finding for each."""
    code = code_of(asked.entry.key)
    job = Job(asked.entry.key, asked.phenomenon, asked.static, (asked.knobs,), (seeds,), root, code)
    ((_, ds),) = execute([job], cabinet, tell)
    return ds, [asked.phenomenon.detect(log) for log in runs.logs(ds)]

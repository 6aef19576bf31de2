"""Which column is which channel, by the tables of aliases."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bestiary.log import Log, Series
from bestiary.logs import axes, parts_of_loss, records, thinning
from bestiary.logs.aliases import ALONE as ALONE
from bestiary.logs.aliases import BEHIND, KNOWN, LAST, PADDING, place
from bestiary.logs.aliases import PHRASES as PHRASES
from bestiary.logs.evaluations import named
from bestiary.logs.names import ROLES as ROLES
from bestiary.logs.names import role as role
from bestiary.logs.names import words
from bestiary.logs.percent import PERCENT, in_percent
from bestiary.logs.run_table import NotALog, RunTable, plural
from bestiary.logs.steps import split

TAG = re.compile(r"tag-(.+)")  # in the name of a CSV that TensorBoard's page downloads: run-NAME-tag-METRIC.csv
NONE = np.zeros(0, np.int64)
MAIN = ("loss", "_acc", "_score", "reward", "success_rate")
LOSSES = ("_loss", "_acc")  # what is behind the last `/` of a name alone does not make these
BLANK, FEW = 4, 20  # [longest gap], [row] for which a column is blank to the end before that is said


@dataclass(frozen=True)
class Use:
    """How one column was read: as which channel, None for none; how many records; why so, where that is not plain."""

    column: str
    channel: str | None
    records: int
    note: str = ""


@dataclass(frozen=True)
class Reading:
    """One run as detectors read it, and how it came to that.

    Attributes:
        run: its name; empty if the file has but one.
        log: its channels.
        steps: which column is the step.
        uses: every column.
        notes: what was left out, changed or overwritten.
        warnings: which channels lost more than a few per cent of their records, and why.
    """

    run: str
    log: Log
    steps: str
    uses: tuple[Use, ...]
    notes: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())

    def noting(self, note: str) -> Reading:
        """The same with a further note, if that says anything."""
        return replace(self, notes=(*self.notes, note)) if note else self

    @property
    def longest(self) -> int:
        """[record] of the channel that has most."""
        return max((curve.steps.size for curve in self.log.channels.values()), default=0)


def channel(name: str, own: Collection[str] = ()) -> tuple[str, int] | None:
    """Find the channel that a column's name says, and how far down the table of aliases the name stands.

    Where the whole name says nothing, what stands behind its last `/` may, if it is no loss and no accuracy:
    `coco/bbox_mAP`, `optim/total_grad_norm`.

    Args:
        name: of the column.
        own: channels that are known by their own names alone, such as those of one detector.
    """
    if (known := KNOWN.get(" ".join(words(name)))) is not None:
        return known, 0
    found = _said(name)
    roles = [(role, i) for role, known in ROLES.items() for i, word in enumerate(known) if word in found]
    exact = place(_rest(found), roles, {name: (name.replace("_", " "),) for name in own})
    if exact is not None or "/" not in name:
        return exact
    last = place(_rest(_said(name.removesuffix("/mean").rpartition("/")[2])), roles, {})
    return None if last is None or last[0].endswith(LOSSES) else (last[0], last[1] + BEHIND)


def _said(name: str) -> list[str]:
    return [word for word in " ".join(words(name)).replace("held out", "heldout").split() if word not in PADDING]


def _rest(found: list[str]) -> str:
    return " ".join(word for word in found if not any(word in known for known in ROLES.values()))


def instead(name: str) -> bool:
    """Whether a column is read as a loss where there is none, as a perplexity is."""
    found = channel(name)
    return found is not None and found[1] >= LAST


def readings(table: RunTable, columns: Mapping[str, str], path: Path, own: Collection[str] = ()) -> list[Reading]:
    """Read every run of a table.

    Args:
        table: as a reader returned it.
        columns: {channel: column} that the user named; `step` is one of the channels.
        path: of the file, whose name may say what its one column is.
        own: channels that are known by their own names alone.

    Raises:
        NotALog: no run has a curve.
        Unreadable: there are too many runs.
    """
    if table.clock:
        steps = {name: records.counted(column.at) for name, column in table.columns.items()}
        still = [name for name, column in table.columns.items() if steps[name] is not column.at]
        if still:
            more = f" and of {plural(len(still) - 1, 'other column')}" if len(still) > 1 else ""
            table.notes.append(f"every record of {still[0]}{more} is of one step: records counted")
        return [_reading(table, table.clock, (), steps, columns, own)]
    if "Value" in table.columns and "Wall time" in table.columns and (tag := TAG.search(path.stem)):
        table.columns[tag[1]] = table.columns.pop("Value")
    made: list[Reading] = []
    passed: list[NotALog] = []
    for run in split(table):
        try:
            column = columns.get("step")
            found = axes.axis(run, column if column in run.columns else None, _wanted(run, columns, own))
            for part, axis in axes.restarts(named(run, found.own), found):
                steps = {name: axis.of(column) for name, column in part.columns.items() if name not in axis.used}
                made.append(_reading(part, axis.told, axis.used, steps, columns, own))
        except NotALog as error:  # a run of one record, beside others
            passed.append(error)
    if not made:  # nor one that was passed over, if every stretch between two starts is a single record
        raise passed[0] if passed else NotALog("has no curve: every run has one record at most")
    return made


def _wanted(table: RunTable, columns: Mapping[str, str], own: Collection[str]) -> list[str]:
    """The columns that are channels, losses first; none if there are only a learning rate and the like."""
    known = {name: found[0] for name in table.columns if (found := channel(name, own))}
    known |= {column: name for name, column in columns.items() if column in table.columns and name != "step"}
    if not any(name.endswith(MAIN) for name in known.values()):
        return []
    return sorted(known, key=lambda name: not known[name].endswith("loss"))


def _reading(
    table: RunTable,
    clock: str,
    used: tuple[str, ...],
    steps: Mapping[str, np.ndarray],
    columns: Mapping[str, str],
    own: Collection[str],
) -> Reading:
    notes = list(table.notes)
    curves: dict[str, Series] = {}
    changes: dict[str, list[str]] = {}
    warned: dict[str, str] = {}
    for name, at in steps.items():
        at, values = thinning.thinned(np.asarray(at, np.float64), table.columns[name].values)
        at = records.spread(at, values) if table.clock else at
        t, y, change = records.increasing(at, values)
        curves[name] = Series(t, y)
        if t.size < at.size and records.too_many(gone := records.lost(at, values), at.size):
            warned[name] = f"{name}: {gone} of {plural(at.size, 'record')} lost, {change}"
        if change:
            changes.setdefault(change, []).append(name)
    if max((curve.steps.size for curve in curves.values()), default=0) < 2:
        raise NotALog("has no curve: every column has one record at most")
    sizes = {name: curve.steps.size for name, curve in curves.items()}
    chosen, why = _chosen(sizes, columns, own, table.standard)
    if not table.standard:
        notes += [f"{known} is `{name}`, lower is better" for known, name in chosen.items() if instead(name)]
        notes += parts_of_loss.add(curves, chosen, why, columns.values())
    for change, names in changes.items():
        names = [name for name in names if name not in warned or name not in chosen.values()]
        if any(name in chosen.values() for name in names):
            several = f"{names[0]} and {plural(len(names) - 1, 'other column')}" if len(names) > 1 else names[0]
            notes.append(f"{several}: {change}")
    channels = {name: curves[column] for name, column in chosen.items()}
    _rescale(channels, curves, chosen, why)
    for column in chosen.values():
        bad = int((~np.isfinite(curves[column].values)).sum())
        if bad and not np.isfinite(curves[column].diverged_at):
            notes.append(f"{column}: {plural(bad, 'record')} not finite, left out")
    notes += [] if table.clock else _left_blank(table, curves, chosen.values())
    lent = {"loss": channels["train_loss"]} if "train_loss" in channels and "loss" not in channels else {}
    reads = {column: name for name, column in chosen.items() if name in channels}
    uses = [Use(name, reads.get(name), curve.steps.size, why.get(name, "")) for name, curve in curves.items()]
    uses += [Use(name, None, text.at.size, "text") for name, text in table.words.items()]
    warnings = tuple(warned[column] for column in chosen.values() if column in warned)
    return Reading(table.name, Log(channels | lent), clock, tuple(uses), tuple(notes), warnings)


def _left_blank(table: RunTable, curves: Mapping[str, Series], read: Collection[str]) -> list[str]:
    """Note the columns that are blank to the end of a run, for far longer than between their values.

    Many tools write NaN as a blank cell; others stop logging a metric. Nothing in the file tells the two apart.
    """
    last = max((column.at[-1] for column in table.columns.values() if column.at.size), default=0)
    notes = []
    for name in read:
        at = table.columns[name].at if name in table.columns else NONE  # a sum
        if at.size > 1 and last - at[-1] > max(BLANK * int(np.diff(at).max()), FEW):
            step = curves[name].steps[-1]
            notes.append(f"{name}: blank from step {step:g} to the end; if not a number was meant, it diverged there")
    return notes


def _chosen(
    records: Mapping[str, int], columns: Mapping[str, str], own: Collection[str], standard: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Choose {channel: column}, as named, else the fullest, else the first alias; return {column: why not used} too."""
    chosen = {name: column for name, column in columns.items() if column in records and name != "step"}
    if standard:
        return {name: name for name in records} | chosen, {}
    ranked: dict[str, list[tuple[bool, int, int, str]]] = {}
    for column, size in records.items():
        if (found := channel(column, own)) and column not in chosen.values():
            ranked.setdefault(found[0], []).append((found[1] >= LAST, -size, found[1], column))
    why = {}
    for name, candidates in ranked.items():
        (*_, best), *others = sorted(candidates)
        taken = chosen.setdefault(name, best)
        for column in {best, *(column for *_, column in others)} - {taken}:
            why[column] = f"{name} is read from {taken}"
    return chosen, why


def _rescale(
    channels: dict[str, Series], curves: Mapping[str, Series], chosen: Mapping[str, str], why: dict[str, str]
) -> None:
    """Divide accuracies in per cent by 100; drop what cannot be an accuracy."""
    for name in {"train_acc", "test_acc"} & set(channels):
        values = channels[name].finite().values
        if values.size and (values.min() < 0 or values.max() > PERCENT):
            odd = values.min() if values.min() < 0 else values.max()
            why[chosen[name]] = f"no accuracy: it reaches {odd:g}"
            del channels[name]
    scaled = in_percent(curves, {name: column for name, column in chosen.items() if name in channels})
    for name, column in chosen.items():
        if name in channels and column in scaled:
            channels[name] = Series(channels[name].steps, channels[name].values / PERCENT)
            why[column] = "in per cent, divided by 100"

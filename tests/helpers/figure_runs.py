"""Made-up setups, entries and runs of which figures are drawn."""

from typing import NamedTuple

import numpy as np

from bestiary.catalog.entries import Entry
from bestiary.entry import Phenomenon, linear_schedule
from bestiary.figures import runs as figures
from bestiary.judge import check
from bestiary.judge.setup import Setup
from bestiary.log import Finding, State
from bestiary.train import runs

STEPS = np.arange(0, 101, 2)
ATTRS = {"root": 7, "bestiary": "2026.0", "commit": "abc1234", "machine": {"jax": "0.8.0", "platform": "cpu"}}
ABSENCE, DIVERGENCE = Finding(State.ABSENT, ""), Finding(State.DIVERGED, "")


class Knobs(NamedTuple):
    lr: float = 0.1


class Static(NamedTuple):
    steps: int = 100
    log_every: int = 2


def nothing(*arguments):
    raise AssertionError("a figure is drawn from runs, not from the setup")


def setup(units, schedule=linear_schedule, clock=("step", "step")):
    return Phenomenon(
        knobs=Knobs(),
        static=Static(),
        data=nothing,
        init=nothing,
        observe=nothing,
        step=nothing,
        detect=nothing,
        units={channel: unit for channel, unit in units.items() if unit != "1"},
        figure=tuple(units),
        schedule=schedule,
        clock=clock,
    )


LOSS = setup({"loss": "1"})


def decay(n=4, to=0.5, steps=STEPS):
    """(n, T) from 1 to `to`, each run 1 % above the one before."""
    return np.geomspace(1, to, steps.size) * 1.01 ** np.arange(n)[:, None]


def found(onset, *spans):
    return Finding(State.FOUND, "", onset, spans=spans)


def result(p, name, seen, findings, control=None, probed=None, root=7, detector="spikes", steps=STEPS):
    """A case of an entry of its own; `seen` and `probed` are {channel: (S, T)}."""
    block = {
        "title": "Sudden fall of the loss",
        "definition": "The loss falls, and then it does not.",
        "particle": ("MLP",),
        "kind": "transition",
        "complexity": {"network": 1, "data": 1},
        "status": "established",
        "version": 1,
        "references": ("someone2020",),
        "added": {"by": "test", "date": "2026-01-01"},
        "detector": detector,
        "cases": {name: {"claims": ({"of": "found", "rate": (0.0, 1.0), "source": "measured"},)}},
    }
    block["cases"][name] |= {"control": control} if control else {}
    entry = Entry.model_validate(block)
    entry._key, entry.cases[name]._name = "sudden_fall", name
    seeds, probe_steps = range(len(findings)), steps[::5]
    ds = runs.dataset(p, Knobs(), seeds, steps, seen, probe_steps, probed or {}, ATTRS)
    return check.CaseResult(Setup(entry.key, p, "", entry=entry), entry.cases[name], root, ds, list(findings), [])


def drawn(p, *results):
    return figures.draw(results[0].entry, p, results)


def marks(ax, name):
    return [line for line in ax.lines if line.get_label() == name]


def words(figure):
    return " ".join(text.get_text() for text in figure.texts)


def case(name="falls", control=None, onsets=(10, 20, 40, 90), **more):
    findings = [found(t) if np.isfinite(t) else ABSENCE for t in onsets]
    return result(LOSS, name, {"loss": decay(len(onsets))}, findings, control, **more)
